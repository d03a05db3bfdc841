"""The licences of the packages that SkinKD consists of: read from the packages themselves.

The installed program brings a list that was made when it was built (installers/licences.py writes it into resources).
"""

from __future__ import annotations

import json
import re
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from email.message import Message
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from core.errors import SkinKDError
from resources.files import resource_text

LIST = "licences.json"
"""The list's name in resources."""

_TEXT = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)
_LONGEST_NAME = 80  # of a licence; longer is its text

_SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "NVIDIA Proprietary Software": "LicenseRef-NVIDIA-Proprietary",
    "Python Software Foundation License": "PSF-2.0",
}
"""What packages write instead of the usual short names."""

_SILENT = {"cuda-toolkit": "LicenseRef-NVIDIA-Proprietary"}
"""Packages that name no licence: an empty one that only asks for NVIDIA's libraries."""

_PERMISSIVE = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
    "ISC", "MIT", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
}  # fmt: skip
_LIBRARY = {"LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later"}
_NVIDIA = "LicenseRef-NVIDIA-Proprietary"
"""NVIDIA lets these libraries be passed on as part of a program; they are in the GPU edition alone."""

_QT = """PySide6 and Qt are used under the GNU Lesser General Public License, version 3.
It follows, and with it the GNU General Public License that it refers to.
SkinKD does not change PySide6 or Qt.

Their source, under the tag of the version above:
    https://code.qt.io/cgit/pyside/pyside-setup.git
    https://code.qt.io/cgit/qt/
    https://download.qt.io/official_releases/

You may exchange them. They are shared libraries in the folder PySide6 of the
program's own folder (of the Python environment, where SkinKD is installed as a
Python package): put libraries of the same major version there instead.
"""


@dataclass(frozen=True)
class Licence:
    """A package with its version and licence; `text` is all of it that the package brings, "" where it brings none."""

    name: str
    version: str
    expression: str
    text: str


def licences() -> tuple[Licence, ...]:
    """Those of the program that runs: the list that it was built with, otherwise what the packages here say.

    Raises `SkinKDError` when SkinKD runs from a folder without being installed, or its list is damaged.
    """
    try:
        return tuple(Licence(**values) for values in json.loads(resource_text(LIST)))
    except FileNotFoundError:
        pass
    except (ValueError, TypeError) as error:
        raise SkinKDError("The list of licences is damaged", "Install SkinKD again.", str(error)) from error
    try:
        return gather()
    except PackageNotFoundError as error:
        raise SkinKDError("The licences are not known", "SkinKD is not installed as a package.", str(error)) from error


def gather(more: Iterable[str] = ()) -> tuple[Licence, ...]:
    """Those of SkinKD and of all that it needs here, and of the packages `more`, by name; Python's own comes first.

    Raises PackageNotFoundError for a package that is not installed.
    """
    return _python(), *(_licence_of(one) for one in needed(["skinkd", *more]))


def needed(names: Iterable[str]) -> tuple[Distribution, ...]:
    """These packages and all that they need here, by name; what only develops or tests them is not among them."""
    from packaging.requirements import Requirement

    found: dict[str, Distribution] = {}
    asked = list(names)
    while asked:
        one = distribution(asked.pop())
        name = one.metadata["Name"].lower()
        if name not in found:
            found[name] = one
            wanted = [Requirement(line) for line in one.requires or ()]
            asked += [item.name for item in wanted if item.marker is None or item.marker.evaluate({"extra": ""})]
    return tuple(found[name] for name in sorted(found))


def to_json(licences: Iterable[Licence]) -> str:
    """The list as it lies in resources."""
    return json.dumps([asdict(one) for one in licences], ensure_ascii=False, indent=1)


def may_be_passed_on(expression: str) -> bool:
    """Whether a licence (an SPDX expression of AND and OR) lets the package be part of an installer of SkinKD."""
    plain = expression.replace("(", " ").replace(")", " ")
    known = _PERMISSIVE | _LIBRARY | {_NVIDIA}
    return all(any(one.strip() in known for one in part.split(" OR ")) for part in plain.split(" AND "))


def _licence_of(one: Distribution) -> Licence:
    name = str(one.metadata["Name"])
    expression = _expression(name, one.metadata)  # type: ignore[arg-type]  # a Message in all Pythons that we run on
    texts = [f"{path}\n{'-' * len(path)}\n{text.strip()}" for path, text in _texts(one)]
    if not texts:
        texts = list(_standard(expression))
    return Licence(name, one.version, expression, "\n\n\n".join(texts))


def _expression(name: str, facts: Message) -> str:
    said = str(facts.get("License-Expression") or facts.get("License") or "").strip()
    if not said or "\n" in said or len(said) > _LONGEST_NAME:
        listed = [line for line in facts.get_all("Classifier") or () if line.startswith("License ::")]
        kinds = [line.rpartition(" :: ")[2] for line in listed]
        said = facts.get("License-Expression") or " AND ".join(_SPDX.get(kind, kind) for kind in kinds)
    return _SPDX.get(said, said) or _SILENT.get(name, "")


def _texts(one: Distribution) -> Iterator[tuple[str, str]]:
    """The texts of licences and notices that a package brings, each with its path; the licence first."""
    named = [file for file in one.files or () if _TEXT.search(file.name) and not file.name.endswith((".py", ".pyc"))]
    for file in sorted(named, key=lambda file: ("notice" in file.name.lower(), len(file.parts), str(file))):
        path = Path(str(one.locate_file(file)))
        if path.is_file():
            yield file.as_posix(), path.read_text(encoding="utf-8", errors="replace")


def _standard(expression: str) -> Iterator[str]:
    """The text of a licence whose package names it and does not bring it."""
    if "LGPL-3.0" in expression:
        yield _QT
        for name in ("LGPL-3.0", "GPL-3.0"):
            yield resource_text(f"licences/{name}.txt")
    elif expression == "Apache-2.0":
        yield resource_text("licences/Apache-2.0.txt")


def _python() -> Licence:
    file = Path(sysconfig.get_path("stdlib")) / "LICENSE.txt"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    return Licence("Python", sysconfig.get_python_version(), "PSF-2.0", text)
