"""The check that stands before QApplication: a window that can not open must be said, not met."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core import system_libraries
from core.system_libraries import (
    MissingLibrary,
    install_command,
    missing_libraries,
    platform_plugin,
    window_problem,
)

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux asks for its libraries")

CURSOR = MissingLibrary("libxcb-cursor.so.0", "libxcb-cursor0")


@pytest.mark.parametrize(
    ("environ", "plugin"),
    [
        ({"DISPLAY": ":0"}, "xcb"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "xcb"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "wayland"),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, "offscreen"),
        ({"QT_QPA_PLATFORM": "wayland;xcb"}, "wayland"),
        ({"QT_QPA_PLATFORM": "vnc:size=800x600"}, "vnc"),
        ({}, ""),
    ],
)
def test_the_plugin_that_qt_will_choose(environ: dict[str, str], plugin: str) -> None:
    assert platform_plugin(environ) == plugin


@linux_only
def test_libraries_that_the_loader_does_not_find_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ldd = tmp_path / "ldd"
    ldd.write_text(
        "#!/bin/sh\n"
        "echo '\tlibxcb-cursor.so.0 => not found'\n"
        "echo '\tlibc.so.6 => /lib/libc.so.6 (0x00007f)'\n"
        "echo '\tlibstrange.so.3 => not found'\n"
    )
    ldd.chmod(0o755)
    monkeypatch.setattr(system_libraries.shutil, "which", lambda name: str(ldd) if name == "ldd" else None)
    monkeypatch.setattr(system_libraries, "_has_fonts", lambda: True)
    assert missing_libraries("xcb") == (MissingLibrary("libstrange.so.3", ""), CURSOR)


@linux_only
def test_without_fonts_a_font_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries, "_FONT_FOLDERS", ())
    assert MissingLibrary("fonts", "fonts-dejavu-core") in missing_libraries("offscreen")


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("apt-get", "sudo apt-get install --yes --no-install-recommends fonts-dejavu-core libxcb-cursor0"),
        ("dnf", "sudo dnf install 'libxcb-cursor.so.0()(64bit)' dejavu-sans-fonts"),
        ("pacman", ""),
    ],
)
def test_one_command_installs_what_is_missing(tool: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries.shutil, "which", lambda name: f"/usr/bin/{name}" if name == tool else None)
    assert install_command((CURSOR, MissingLibrary("fonts", "fonts-dejavu-core"))) == command
    assert install_command(()) == ""


@linux_only
def test_a_missing_library_is_a_problem_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries, "missing_libraries", lambda plugin: (CURSOR,))
    monkeypatch.setattr(
        system_libraries.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None
    )
    problem = window_problem({"DISPLAY": ":0"})
    assert problem is not None
    assert "libxcb-cursor.so.0" in problem.summary
    assert "apt-get install --yes --no-install-recommends libxcb-cursor0" in problem.summary


@linux_only
def test_missing_fonts_alone_do_not_keep_the_window_shut(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = MissingLibrary("fonts", "fonts-dejavu-core")
    monkeypatch.setattr(system_libraries, "missing_libraries", lambda plugin: (fonts,))
    assert window_problem({"QT_QPA_PLATFORM": "offscreen"}) is None


@linux_only
def test_no_screen_and_a_dead_screen_are_said() -> None:
    nothing, dead = window_problem({}), window_problem({"DISPLAY": ":4242"})
    assert nothing is not None
    assert nothing.title == "There is no screen"
    assert dead is not None


def test_other_systems_have_their_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries.sys, "platform", "darwin")
    assert window_problem({}) is None
    assert missing_libraries("cocoa") == ()


def test_the_set_up_reads_a_command_or_an_empty_line() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "core.system_libraries"], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.count("\n") == 1
    assert result.stdout == "\n" or "install" in result.stdout
