"""`make torture`: injects real faults, many times, and prints how the program came through.

A part is a function that injects faults and counts; `--only` takes parts by name (`week` only so), `--scale` makes all
longer or shorter.
Ends with status 1 when anything was lost.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # forked processes must not inherit half a thread pool
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import core  # noqa: F401  (before numpy and torch: it says how their threads wait)

# isort: split
import argparse
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.torture.tally import Tally


def main() -> int:
    """Do the parts, print and write the table."""
    arguments = _parsed()
    found: list[Tally] = []
    for name in arguments.only or [part for part in PARTS if part != "week"]:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            tallies = PARTS[name](Path(folder), arguments.scale, arguments.seed)
        found += tallies
        _say(f"{name}: {sum(item.injected for item in tallies):,} in {time.monotonic() - begin:.0f} s")
    lines = table(found)
    _say("\n" + lines)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "latest.md").write_text(lines + "\n", encoding="utf-8")
    (arguments.out / "latest.json").write_text(
        json.dumps([asdict(item) for item in found], indent=2) + "\n", encoding="utf-8"
    )
    return 1 if any(item.lost for item in found) else 0


def table(found: list[Tally]) -> str:
    """The table as Markdown."""
    return "\n".join(["| fault | injected | survived | lost |", "|---|---:|---:|---:|", *(item.row for item in found)])


def _kills(folder: Path, scale: float, seed: int) -> list[Tally]:
    from tests.torture.kills import kills
    from tests.torture.workshop import open_workshop

    return kills(open_workshop(folder), max(1, round(60 * scale)), seed)


def _windows(folder: Path, scale: float, seed: int) -> list[Tally]:
    from tests.torture.windows import windows
    from tests.torture.workshop import open_workshop

    return windows(open_workshop(folder), max(1, round(80 * scale)), seed)


def _faults(folder: Path, scale: float, seed: int) -> list[Tally]:
    from tests.torture.faults import fault_table, faults
    from tests.torture.workshop import open_workshop

    return faults(open_workshop(folder), fault_table(scale), max(1, round(9 * scale)), seed)


def _changes(folder: Path, scale: float, seed: int) -> list[Tally]:
    from tests.torture.changes import CHANGES
    from tests.torture.faults import faults
    from tests.torture.workshop import open_workshop

    return faults(open_workshop(folder), CHANGES, max(1, round(9 * scale)), seed)


def _clocks(folder: Path, scale: float, seed: int) -> list[Tally]:
    from tests.torture.clocks import jumps

    return jumps(folder, max(1, round(9 * scale)), seed)


def _uses(folder: Path, scale: float, seed: int) -> list[Tally]:
    from tests.torture.uses import uses
    from tests.torture.workshop import open_workshop

    return uses(open_workshop(folder), max(1, round(9 * scale)), max(100, round(30_000 * scale)))


def _soak(folder: Path, scale: float, seed: int) -> list[Tally]:
    from tests.torture.soak import soak
    from tests.torture.workshop import open_workshop

    return soak(open_workshop(folder), scale)


def _week(folder: Path, scale: float, seed: int) -> list[Tally]:
    from tests.torture.soak import WEEK, soak
    from tests.torture.workshop import open_workshop

    return soak(open_workshop(folder), scale, WEEK)


def _fuzz(folder: Path, scale: float, seed: int) -> list[Tally]:
    """Every `fuzz_*.py` beside this file, by its `cases(count, seed)`."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("fuzz_*.py"))
    modules = {name: importlib.import_module(f"tests.torture.{name}") for name in names}
    return [
        module.cases(max(1, round(scale * _FUZZ_CASES.get(name, _FUZZ_CASES_OF_OTHERS))), seed)
        for name, module in modules.items()
    ]


_FUZZ_CASES = {"fuzz_images": 6000, "fuzz_tables": 3000}
_FUZZ_CASES_OF_OTHERS = 1500

PARTS: dict[str, Callable[[Path, float, int], list[Tally]]] = {
    "kills": _kills,
    "windows": _windows,
    "faults": _faults,
    "changes": _changes,
    "clocks": _clocks,
    "uses": _uses,
    "fuzz": _fuzz,
    "soak": _soak,
    "week": _week,
}
"""Name -> part(empty folder, scale, seed). The week takes hours, and is done when it is named."""


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="these parts only")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of everything (default: 1)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(".torture"), help="folder for the table")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
