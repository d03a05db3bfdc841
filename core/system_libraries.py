"""Whether Qt can open a window here, found out before Qt tries: it aborts the process when it can not.

Needs no Qt: the platform plugin's shared libraries are resolved as the loader does it, and libxcb asks the X server.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import SkinKDError
from core.program import is_frozen

PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""The Debian package of each library that Qt's plugins load; none of them comes with PySide6."""

FONT_PACKAGE = "fonts-dejavu-core"
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_MISSING = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)


@dataclass(frozen=True)
class MissingLibrary:
    """A shared library (or the fonts) that is not installed; `package` is Debian's name for it, empty when unknown."""

    name: str
    package: str


def platform_plugin(environ: Mapping[str, str] = os.environ) -> str:
    """The Qt platform plugin that a window will use on Linux: xcb, wayland, offscreen, ...; empty without a screen."""
    asked = environ.get("QT_QPA_PLATFORM", "").partition(";")[0].partition(":")[0]
    if asked:
        return asked
    if environ.get("DISPLAY"):
        return "xcb"
    return "wayland" if environ.get("WAYLAND_DISPLAY") else ""


def missing_libraries(plugin: str = "xcb") -> tuple[MissingLibrary, ...]:
    """What Qt lacks to load a platform plugin, sorted by name. Empty on other systems, and without PySide6."""
    folder = _pyside_folder()
    if not sys.platform.startswith("linux") or folder is None:
        return ()
    files = [folder / "Qt" / "plugins" / "platforms" / f"libq{plugin}.so", *folder.glob("QtWidgets.*.so")]
    names = {name for file in files if file.is_file() for name in _unresolved(file)}
    missing = [MissingLibrary(name, PACKAGES.get(name, "")) for name in sorted(names)]
    if not _has_fonts():
        missing.append(MissingLibrary("fonts", FONT_PACKAGE))
    return tuple(missing)


def install_command(missing: tuple[MissingLibrary, ...]) -> str:
    """The one command that installs them, for Debian's, Fedora's and openSUSE's families; empty for other systems."""
    if not missing:
        return ""
    packages = " ".join(sorted({library.package for library in missing if library.package}))
    if shutil.which("apt-get"):
        return f"sudo apt-get install --yes --no-install-recommends {packages}" if packages else ""
    tool = next((name for name in ("dnf", "zypper") if shutil.which(name)), "")
    bits = "()(64bit)" if sys.maxsize > 2**32 else ""
    wanted = " ".join("dejavu-sans-fonts" if item.name == "fonts" else f"'{item.name}{bits}'" for item in missing)
    return f"sudo {tool} install {wanted}" if tool else ""


def window_problem(environ: Mapping[str, str] = os.environ) -> SkinKDError | None:
    """Why Qt would abort instead of opening a window, or None. Call it before QApplication is made."""
    if not sys.platform.startswith("linux"):
        return None
    plugin = platform_plugin(environ)
    if not plugin:
        return SkinKDError(
            "There is no screen",
            "SkinKD's window needs a graphical session, and none is set (DISPLAY and WAYLAND_DISPLAY are empty). "
            "skinkd-cli does the same work without a window.",
        )
    missing = tuple(library for library in missing_libraries(plugin) if library.name != "fonts")
    if missing:
        names = ", ".join(library.name for library in missing)
        command = install_command(missing)
        advice = f"Install them with:\n    {command}" if command else "Install them with your system's package manager."
        return SkinKDError("System libraries are missing", f"Qt's window can not open without {names}. {advice}")
    if plugin == "xcb" and not _screen_reachable(environ.get("DISPLAY", "")):
        return SkinKDError(
            "The screen does not answer",
            f"No X server answers at DISPLAY={environ.get('DISPLAY', '')}. Start SkinKD in a graphical session, or use "
            "skinkd-cli.",
        )
    return None


def _pyside_folder() -> Path | None:
    spec = importlib.util.find_spec("PySide6")
    return Path(spec.origin).parent if spec and spec.origin else None


def _unresolved(file: Path) -> tuple[str, ...]:
    """The libraries that the loader would not find for a shared object, through all that it loads."""
    if is_frozen():  # the loader of this process knows what lies in the program's folder, and ldd does not
        return _first_unresolved(file)
    ldd = shutil.which("ldd")
    if ldd is None:
        return tuple(name for name in PACKAGES if "wayland" not in name and not _loads(name))
    result = subprocess.run([ldd, str(file)], capture_output=True, text=True, check=False, timeout=30)
    # Qt's own libraries lie beside the plugin; when one of them shows up here the wheel is broken, not the system.
    return tuple(name for name in dict.fromkeys(_MISSING.findall(result.stdout)) if not name.startswith("libQt6"))


def _first_unresolved(file: Path) -> tuple[str, ...]:
    """The first library that is missing when this process loads a shared object; empty where all are there."""
    try:
        ctypes.CDLL(str(file))
    except OSError as error:
        name = str(error).partition(":")[0]
        return (name,) if ".so" in name and "/" not in name else ()
    return ()


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _has_fonts() -> bool:
    folders = (Path(folder).expanduser() for folder in _FONT_FOLDERS)
    return any(next(folder.rglob("*.[to]tf"), None) is not None for folder in folders if folder.is_dir())


def _screen_reachable(display: str) -> bool:
    """Whether an X server accepts a connection; True as well when that can not be asked."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode() or None, None)
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


if __name__ == "__main__":  # for installers/system-libraries.sh
    sys.stdout.write(install_command(missing_libraries()) + "\n")
