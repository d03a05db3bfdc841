"""Licences of the packages: each is found, may be passed on, and comes with its text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import licences
from core.errors import SkinKDError
from core.licences import Licence, gather, may_be_passed_on, needed, to_json

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def found() -> dict[str, Licence]:
    return {one.name.lower().replace("_", "-"): one for one in gather()}


def test_every_package_that_is_bundled_may_be_passed_on(found: dict[str, Licence]) -> None:
    wrong = {one.name: one.expression for one in found.values() if not may_be_passed_on(one.expression)}
    assert wrong == {}, "add a licence to core/licences.py only after reading it"


def test_every_package_brings_its_text(found: dict[str, Licence]) -> None:
    silent = {name for name, one in found.items() if not one.text}
    assert silent <= {"cuda-toolkit"}  # an empty package
    assert "Apache License" in found["skinkd"].text
    assert "zlib" in found["numpy"].text.lower()  # of what is in its wheel
    assert len(found["onnxruntime"].text) > 100_000  # its notices of others
    assert "GNU GENERAL PUBLIC LICENSE" in found["shiboken6"].text


def test_what_is_listed_is_what_the_lock_holds_without_the_tools(found: dict[str, Licence]) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {name.lower().replace("_", "-").replace(".", "-") for name in re.findall(r"^([\w.-]+)==", lock, re.M)}
    assert set(found) - locked <= {"skinkd", "python"}
    assert {"torch", "timm", "pyside6-essentials", "onnxruntime"} <= set(found)
    assert not {"pytest", "mypy", "ruff"} & set(found)
    assert [one.metadata["Name"] for one in needed(["cycler"])] == ["cycler"]


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ("MIT", True),
        ("LGPL-3.0-only OR GPL-2.0-only", True),
        ("BSD-3-Clause AND (MIT OR GPL-3.0-only)", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("Something Of My Own", False),
        ("", False),
    ],
)
def test_which_licences_let_a_package_be_passed_on(expression: str, passes: bool) -> None:
    assert may_be_passed_on(expression) == passes


def test_an_installed_program_reads_the_list_it_was_built_with(monkeypatch: pytest.MonkeyPatch) -> None:
    built = (Licence("a", "1", "MIT", "Permission is hereby granted"), Licence("b", "2", "", ""))
    texts = {licences.LIST: to_json(built)}
    monkeypatch.setattr(licences, "resource_text", texts.__getitem__)
    assert licences.licences() == built
    texts[licences.LIST] = '[{"name": "a"}]'
    with pytest.raises(SkinKDError, match="Install SkinKD again"):
        licences.licences()
