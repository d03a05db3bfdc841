"""The program itself: its version and edition, and what is different in the installed one.

PyInstaller makes that: one folder with Python and all libraries in it, and `sys.executable` is the program.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core import __version__
from core.paths import cache_root
from core.terminal import clean_streams
from core.visible_text import visible

_PATH = "LD_LIBRARY_PATH"
_USERS_PATH = "LD_LIBRARY_PATH_ORIG"  # where PyInstaller's start keeps what the user had


def program_version() -> str:
    """SkinKD's version, with the remark that it is not installed where that is so."""
    try:
        return version("skinkd")
    except PackageNotFoundError:
        return f"{__version__} (not installed as a package)"


def is_frozen() -> bool:
    """Whether this is the installed program, and `sys.executable` not a Python."""
    return bool(getattr(sys, "frozen", False))


def prepare() -> None:
    """What a program sets right before it imports anything heavy. Where names of files would not be read as UTF-8, it
    starts anew."""
    _read_names_as_utf_8()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # a program with a window on Windows; libraries write there all the same
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open until the end
    clean_streams()
    if is_frozen():
        # PyInstaller gives matplotlib a new folder at every start: it would look for the system's fonts each time.
        os.environ["MPLCONFIGDIR"] = str(cache_root() / "matplotlib")


def _read_names_as_utf_8() -> None:
    """In a locale of another encoding names of files would be torn or other ones, in all that is written. What is shown
    on the terminal stays in its encoding."""
    if os.name != "posix" or is_frozen() or sys.getfilesystemencoding() == "utf-8":
        return
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    os.environ["PYTHONIOENCODING"] = f"{encoding}:backslashreplace"
    os.environ["PYTHONUTF8"] = "1"  # for the processes that it starts
    os.execv(sys.executable, [sys.orig_argv[0], "-X", "utf8", *sys.orig_argv[1:]])


def say(*lines: str) -> None:
    """Write lines to whoever started the program; a program with a window on Windows has nobody to write to."""
    if sys.stdout is not None:
        sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
        sys.stdout.flush()


@contextmanager
def for_other_programs() -> Iterator[None]:
    """Inside the block a program of the system can be started: it gets the user's libraries, not those in our folder.

    The processes that SkinKD starts of itself need ours; so the environment is changed here alone.
    """
    if not (is_frozen() and sys.platform.startswith("linux")):
        yield
        return
    ours, users = os.environ.get(_PATH), os.environ.get(_USERS_PATH)
    _set(users)
    try:
        yield
    finally:
        _set(ours)


def edition() -> str:
    """The edition of the installed program: CPU, GPU or macOS; "" from source, and where that can not be told."""
    if not is_frozen():
        return ""
    if sys.platform == "darwin":
        return "macOS"
    try:
        build = version("torch").partition("+")[2]
    except PackageNotFoundError:
        return ""
    with_cuda_by_itself = not build and sys.platform.startswith("linux")
    return "GPU" if with_cuda_by_itself or build.startswith(("cu", "rocm", "xpu")) else "CPU"


def repair_hint() -> str:
    """What a person does about a part of SkinKD that is missing or broken, as a sentence without a full stop."""
    return "install SkinKD again" if is_frozen() else "set SkinKD up again (make setup)"


def _set(path: str | None) -> None:
    if path is None:
        os.environ.pop(_PATH, None)
    else:
        os.environ[_PATH] = path
