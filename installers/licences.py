"""Writes the list of licences that an installer brings: of SkinKD and all that it needs, as they are installed here.

Usage: python installers/licences.py OUT.json [PACKAGE...]. PACKAGE: further packages of which parts are in the
installer (pyinstaller). Run it with the Python of the environment that is frozen. Fails for a package whose licence is
not known to let it be passed on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from core.licences import gather, may_be_passed_on, to_json

OF_TOOLS = {"pyinstaller", "pyinstaller-hooks-contrib"}
"""GPL with an exception that lets the program it starts have any licence; its starter is all that is passed on. Of the
other one only what is under the Apache license is passed on: its hooks for the start of a program."""


def main(out: Path, more: list[str]) -> str:
    """Write the list; returns what is wrong with a licence, or nothing."""
    found = gather(more)
    wrong = [
        f"{one.name}: {one.expression or 'names no licence'}" for one in found if not _passes(one.name, one.expression)
    ]
    out.write_text(to_json(found), encoding="utf-8")
    return "\n".join(wrong)


def _passes(name: str, expression: str) -> bool:
    return may_be_passed_on(expression) or name.lower() in OF_TOOLS


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    problem = main(Path(sys.argv[1]), sys.argv[2:])
    if problem:
        sys.exit(f"These packages may not be passed on, or their licence is not known (core/licences.py):\n{problem}")
