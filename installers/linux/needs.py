"""Which Debian packages the frozen program needs: found out from the libraries that its own libraries ask for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from core.system_libraries import FONT_PACKAGE, PACKAGES

# Beside the libraries of Qt: those of C, C++ and the desktop.
_MORE = {
    "ld-linux-x86-64.so.2": "libc6",
    "libc.so.6": "libc6",
    "libdl.so.2": "libc6",
    "libm.so.6": "libc6",
    "libpthread.so.0": "libc6",
    "librt.so.1": "libc6",
    "libutil.so.1": "libc6",
    "libresolv.so.2": "libc6",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libcrypt.so.1": "libcrypt1",
    "libdrm.so.2": "libdrm2",
    "libexpat.so.1": "libexpat1",
    "libgcc_s.so.1": "libgcc-s1",
    "libgio-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libstdc++.so.6": "libstdc++6",
    "libtinfo.so.6": "libtinfo6",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}

# Debian 13 and Ubuntu 24.04 renamed these when the time of day got 64 bits.
_RENAMED = {"libglib2.0-0": "libglib2.0-0t64 | libglib2.0-0"}

# Qt's look of GNOME loads GTK where it is installed and does without elsewhere.
_OPTIONAL = ("libqgtk3.so",)
RECOMMENDED = ("libgtk-3-0t64 | libgtk-3-0", "shared-mime-info", "desktop-file-utils", "xdg-utils")

_NEEDED = re.compile(r"\(NEEDED\).*\[(.+)]$", re.MULTILINE)
_GLIBC = re.compile(r"Name: GLIBC_2\.(\d+)")
_ELF = b"\x7fELF"


def packages(libraries: Iterable[str]) -> tuple[str, ...]:
    """The packages of some libraries (file names), as a Depends line names them, sorted. Raises ValueError, naming it,
    for a library whose package is not known."""
    known = {**PACKAGES, **_MORE}
    wanted = sorted(set(libraries))
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(
            f"No package is known for {', '.join(unknown)}: core/system_libraries.py, installers/linux/needs.py"
        )
    return tuple(sorted({_RENAMED.get(known[name], known[name]) for name in wanted}))


def depends(folder: Path) -> tuple[str, ...]:
    """What the program in `folder` needs of the system, with the oldest C library that it runs on."""
    files = [file for file in sorted(folder.rglob("*")) if _is_library(file)]
    wanted = [file for file in files if file.name not in _OPTIONAL]
    result = subprocess.run(["readelf", "--wide", "-d", "-V", *wanted], capture_output=True, text=True, check=True)
    carried = {file.name for file in folder.rglob("*.so*")}
    found = packages(set(_NEEDED.findall(result.stdout)) - carried)
    oldest = max(map(int, _GLIBC.findall(result.stdout)))
    fonts = f"{FONT_PACKAGE} | fonts-dejavu | fonts-liberation | fonts-noto-core"
    return (*(f"libc6 (>= 2.{oldest})" if name == "libc6" else name for name in found), fonts)


def _is_library(file: Path) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as stream:
        return stream.read(4) == _ELF
