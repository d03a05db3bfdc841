"""What ARCHITECTURE.md and CONTRIBUTING.md name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_place_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    files = set(re.findall(r"[`(]((?:core|skinkd_gui|resources|installers|tests|\.ci)/[\w./-]*|\w+\.md)[`)]", text))
    rooms = {name.replace(".", "/") for name in re.findall(r"`((?:core|skinkd_gui|resources)(?:\.\w+)*)`", text)}
    places = {place: [ROOT / place, ROOT / f"{place}.py"] for place in files | rooms}
    assert len(places) > 5
    assert [place for place, found in places.items() if not any(path.exists() for path in found)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_make_is_there(page: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"(?:^    |`)make ([a-z]+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    missing = [name for name in commands if f"\n{name}:" not in makefile]
    assert missing == []
