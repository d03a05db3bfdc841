"""Builds the frozen program of one edition: an environment of its own, PyInstaller, and what each package weighs.

Usage: python installers/build.py [cpu|gpu]. Writes dist/EDITION/skinkd (or SkinKD.app); the environment is
build/EDITION/env. Every package has the version and hash of requirements.lock, but for torch and torchvision where an
edition needs another build of them than the package index serves: SKINKD_CPU_TORCH or SKINKD_GPU_TORCH then names the
folder of wheels, or the index, that has it. Needs uv: that of UV, of the PATH or of .tools/.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bundle

ROOT = Path(__file__).resolve().parents[1]
EDITIONS = ("cpu", "gpu")
_TORCH = re.compile(r"(torch|torchvision|triton|nvidia-.*|cuda-.*)==")
_BINARIES = "Scripts" if sys.platform == "win32" else "bin"


def main() -> None:
    """Build the edition that the command line names."""
    edition = sys.argv[1] if len(sys.argv) > 1 else "cpu"
    if edition not in EDITIONS:
        sys.exit(f"There is no edition '{edition}', only {' and '.join(EDITIONS)}.")
    python = environment(edition)
    work = ROOT / "build" / edition
    shutil.rmtree(ROOT / "dist" / edition, ignore_errors=True)
    command = [python, "-P", "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    folders = ["--distpath", ROOT / "dist" / edition, "--workpath", work / "pyinstaller"]
    # The hash of a str decides the order of Python's sets, and with it that of the files in the archives.
    run([*command, *folders, ROOT / "installers" / "skinkd.spec"], PYTHONHASHSEED="1")
    if sys.platform == "linux":
        strip(ROOT / "dist" / edition / "skinkd" / "_internal")


def strip(folder: Path) -> None:
    """Take the symbols for debuggers out of the libraries that come with many."""
    files = [file for pattern in bundle.STRIPPED for file in sorted(folder.glob(pattern)) if not file.is_symlink()]
    run(["strip", "--strip-unneeded", *files])


def environment(edition: str) -> Path:
    """Make the environment that is frozen; returns its Python. Takes seconds when it is there already."""
    folder = ROOT / "build" / edition / "env"
    source = torch_source(edition)
    python = folder / _BINARIES / ("python.exe" if sys.platform == "win32" else "python")
    if not python.exists():
        base = getattr(sys, "_base_executable", sys.executable)
        run([uv(), "venv", "--quiet", "--clear", "--python", base, folder])
    lock = ROOT / "build" / edition / "requirements.txt"
    lock.write_text("".join(locked(with_torch=source is None)), encoding="utf-8")
    install = [uv(), "pip", "install", "--quiet", "--python", python]
    build_lock = ROOT / "installers" / "requirements-build.lock"
    run([*install, "--require-hashes", "--no-deps", "-r", lock, "-r", build_lock])
    if source is not None:
        run([*install, *torch_arguments(source)])
    run([*install, "--no-deps", "--no-build-isolation", "--reinstall-package", "skinkd", ROOT])
    return python


def locked(with_torch: bool) -> Iterator[str]:
    """The packages of requirements.lock, each with its hashes; `with_torch`: also torch and what only it needs."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for package in re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE):
        if with_torch or not _TORCH.match(package):
            yield package


def torch_source(edition: str) -> str | None:
    """The folder or index of torch's build for this edition; None where that of the package index is the right one.

    The package index serves CUDA builds for Linux and CPU builds for Windows and macOS.
    """
    variable = f"SKINKD_{edition.upper()}_TORCH"
    source = os.environ.get(variable) or None
    if source is None and (sys.platform, edition) in {("linux", "cpu"), ("win32", "gpu")}:
        sys.exit(
            f"The {edition.upper()} edition for this system needs a torch that the package index does not serve. "
            f"Set {variable} to a folder of wheels, or to the address of an index, that has it."
        )
    if sys.platform == "darwin" and edition == "gpu":
        sys.exit("There is one edition for macOS: its torch uses the Mac's GPU as it is.")
    return source


def torch_arguments(source: str) -> list[str]:
    """What tells uv to take torch from `source`, and the torchvision that fits it from there or from the index.

    A folder offers what its wheels are called; of an index the locked version is asked for, in its own build.
    """
    folder = Path(source)
    if not folder.is_dir():
        versions = dict(re.findall(r"^(torch|torchvision)==([\w.]+)", "".join(locked(True)), re.MULTILINE))
        return ["--index", source, *(f"{name}=={version}" for name, version in versions.items())]
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    names = [path.name.split("-") for path in sorted(folder.glob(f"torch-*-{tag}-*.whl"))]
    if not names:
        sys.exit(f"There is no wheel of torch for Python {sys.version.split()[0]} in {folder}.")
    return ["--find-links", source, f"torch=={names[-1][1]}", "torchvision"]


def uv() -> str:
    """The path of uv; ends the program where there is none."""
    private = ROOT / ".tools" / "uv-env" / _BINARIES / "uv"
    found = os.environ.get("UV") or shutil.which("uv") or shutil.which(str(private))
    return found or sys.exit("uv is missing: python -m pip install uv")


def run(command: list[str | Path], **variables: str) -> None:
    """Run a command; the program ends with its status when it fails."""
    status = subprocess.run([str(word) for word in command], cwd=ROOT, env=os.environ | variables, check=False)
    if status.returncode:
        sys.exit(status.returncode)


if __name__ == "__main__":
    main()
