"""The program itself: its version and edition, and what the installed one does differently."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from core import __version__, program, system_libraries


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)


def test_without_metadata_the_version_comes_with_a_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    assert program.program_version() == __version__
    monkeypatch.setattr(program, "version", missing)
    assert program.program_version() == f"{__version__} (not installed as a package)"


@pytest.mark.parametrize(
    ("torch", "system", "edition"),
    [
        ("2.15.0+cpu", "linux", "CPU"),
        ("2.15.0", "linux", "GPU"),
        ("2.15.0+cu130", "win32", "GPU"),
        ("2.15.0", "win32", "CPU"),
        ("2.15.0", "darwin", "macOS"),
    ],
)
@pytest.mark.usefixtures("frozen")
def test_the_edition_is_told_by_torch(monkeypatch: pytest.MonkeyPatch, torch: str, system: str, edition: str) -> None:
    monkeypatch.setattr(program, "version", lambda name: torch)
    monkeypatch.setattr(sys, "platform", system)
    assert program.edition() == edition


def test_from_source_there_is_no_edition_and_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    program.prepare()
    assert program.edition() == ""
    assert "MPLCONFIGDIR" not in os.environ
    assert "make setup" in program.repair_hint()


@pytest.mark.usefixtures("frozen")
def test_other_programs_get_the_users_libraries_and_ours_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle")
    monkeypatch.delenv("LD_LIBRARY_PATH_ORIG", raising=False)
    with program.for_other_programs():
        assert "LD_LIBRARY_PATH" not in os.environ
    assert os.environ["LD_LIBRARY_PATH"] == "/bundle"
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/users")
    with program.for_other_programs():
        assert os.environ["LD_LIBRARY_PATH"] == "/users"
    assert os.environ["LD_LIBRARY_PATH"] == "/bundle"


@pytest.mark.usefixtures("frozen")
def test_an_installed_program_keeps_what_it_knows_of_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLCONFIGDIR", "/a/new/folder/at/every/start")
    program.prepare()
    assert Path(os.environ["MPLCONFIGDIR"]).parent == Path(os.environ["SKINKD_CACHE"])
    assert "make" not in program.repair_hint()


def test_a_program_without_a_terminal_can_be_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    program.prepare()
    assert sys.stdout.write("to nobody") == len("to nobody")
    sys.stdout.close()


@pytest.mark.usefixtures("frozen")
def test_the_installed_program_asks_the_loader_for_missing_libraries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_process(*arguments: object, **options: object) -> None:
        raise AssertionError("ldd would not find what lies in the program's folder")

    def load(name: str) -> None:
        raise OSError("libxcb-cursor.so.0: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(system_libraries.subprocess, "run", no_process)
    assert system_libraries._unresolved(tmp_path / "absent.so") == ()
    monkeypatch.setattr(system_libraries.ctypes, "CDLL", load)
    assert system_libraries._unresolved(tmp_path / "libqxcb.so") == ("libxcb-cursor.so.0",)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locales")
def test_names_are_read_as_utf_8_in_any_locale(tmp_path: Path) -> None:
    (tmp_path / "læsion").mkdir()
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = (sys.executable, "-m", "core.cli", "inspect", tmp_path / "læsion", "--json")
    result = subprocess.run(command, capture_output=True, check=False, timeout=60, env={**os.environ, **locale})
    assert "læsion" in json.loads(result.stdout)["error"]["summary"]
    told = subprocess.run(command[:-1], capture_output=True, check=False, timeout=60, env={**os.environ, **locale})
    assert rb"l\xe6sion" in told.stderr  # what the terminal can show
    assert b"udc" not in told.stderr
