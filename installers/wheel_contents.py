"""Looks what is in the wheel and the sdist. Usage: wheel_contents.py WHEEL WHEEL-FROM-THE-SDIST SDIST.

Fails when anything is missing, when something is in the wheel that a user does not need, or when the two wheels differ.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("core", "skinkd_gui", "resources")
_NOT_OURS = {"__pycache__", ".DS_Store"}
_LICENCE = "dist-info/licenses/LICENSE"


def problems(wheel: dict[str, bytes], again: dict[str, bytes], sdist: set[str]) -> list[str]:
    """What is wrong, in words: the files of a wheel, of the one that the sdist builds, and the names in the sdist."""
    source = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not _NOT_OURS & set(path.parts) and path.name != "licences.json"
    }
    ours = {name for name in wheel if ".dist-info/" not in name}
    found = [f"the wheel lacks {name}" for name in sorted(source - ours)]
    found += [f"the wheel holds {name}, which is no part of the program" for name in sorted(ours - source)]
    found += [f"the wheel has no {_LICENCE}"] * (not any(name.endswith(_LICENCE) for name in wheel))
    differing = {name for name in wheel.keys() | again.keys() if wheel.get(name) != again.get(name)}
    found += [f"{name} is not the same in the wheel that the sdist builds" for name in sorted(differing)]
    names = {name.partition("/")[2] for name in sdist}
    wanted = {"pyproject.toml", "README.md", "LICENSE", "requirements.lock"} | source
    found += [f"the sdist lacks {name}" for name in sorted(wanted - names)]
    unwanted = [name for name in names if name.startswith((".venv", ".tools", "dist/", "build/", ".benchmarks"))]
    found += [f"the sdist holds {name}" for name in sorted(unwanted)]
    return found


def files_of(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def main(arguments: list[str]) -> str:
    """Look; returns what is wrong, one line each, or nothing."""
    first, second, source = (Path(argument) for argument in arguments)
    with tarfile.open(source) as archive:
        names = {member.name for member in archive if member.isfile()}
    wheel = files_of(first)
    size, packed = first.stat().st_size, source.stat().st_size
    sys.stdout.write(f"{first.name}: {len(wheel)} files, {size / 1e6:.2f} MB; {source.name}: {packed / 1e6:.2f} MB\n")
    return "\n".join(problems(wheel, files_of(second), names))


if __name__ == "__main__":
    problem = main(sys.argv[1:])
    if problem:
        sys.exit(problem)
