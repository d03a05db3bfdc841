"""The list of licences that an installer brings, and that a package without a known licence stops it."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from core import licences

ROOT = Path(__file__).resolve().parents[2]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "installers" / "licences.py"))


def test_the_list_is_what_the_program_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SCRIPT["main"](tmp_path / "licences.json", []) == ""
    text = (tmp_path / "licences.json").read_text(encoding="utf-8")
    monkeypatch.setattr(licences, "resource_text", {licences.LIST: text}.__getitem__)
    assert [one.name for one in licences.licences()] == [values["name"] for values in json.loads(text)]


def test_a_licence_that_is_not_known_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "_expression", lambda name, facts: "GPL-3.0-only" if name == "cycler" else "MIT")
    assert SCRIPT["main"](tmp_path / "licences.json", []) == "cycler: GPL-3.0-only"
