from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import system_libraries
from core.cli import doctor
from core.system_libraries import MissingLibrary

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def state(document: Any, name: str) -> str:
    return next(check["state"] for check in document["checks"] if check["name"] == name)


@pytest.mark.usefixtures("no_display")
def test_all_is_well_here(as_json: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries, "missing_libraries", lambda plugin: ())
    code, document = as_json("doctor")
    assert (code, document["ok"]) == (0, True)
    names = {check["name"] for check in document["checks"]}
    assert {"Python", "torch", "torch with torchvision", "device cpu", "display", "runs folder"} <= names
    assert state(document, "display") == "note"


def test_missing_libraries_come_with_their_command(as_json: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_GROUPS", (doctor._display,))
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    missing = (MissingLibrary("libxcb-cursor.so.0", "libxcb-cursor0"),)
    monkeypatch.setattr(system_libraries, "missing_libraries", lambda plugin: missing)
    monkeypatch.setattr(system_libraries, "install_command", lambda missing: "sudo apt-get install libxcb-cursor0")
    code, document = as_json("doctor")
    assert (code, document["ok"]) == (1, False)
    assert document["checks"][0]["advice"] == "sudo apt-get install libxcb-cursor0"


def test_a_folder_that_can_not_be_written_is_told(
    as_json: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "_GROUPS", (doctor._folders,))
    monkeypatch.setattr(doctor, "_writable", lambda folder: False)
    code, document = as_json("doctor")
    assert code == 1
    assert "SKINKD_RUNS" in document["checks"][0]["advice"]


def test_a_full_disk_is_told(as_json: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_GROUPS", (doctor._folders,))
    monkeypatch.setattr(doctor, "_NEEDED_DISK", 2**80)
    code, document = as_json("doctor")
    assert code == 1
    assert "disk" in document["checks"][0]["advice"]
