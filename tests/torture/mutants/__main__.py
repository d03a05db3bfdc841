"""`make mutants`: changes the program a little, thousands of times, and counts how often no test notices.

Mutants are tried in a seeded order in which the strata take turns, one process at a time. What was tried is kept in
`--out` line by line: stopped (Ctrl+C) and started again it goes on where it was; a file that was changed since is tried
anew, and so are survivors with `--again`. Survivors are looked at by a person, who writes a test, or the reason why
there is none into survivors.toml.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.torture.mutants.strata import ROOT, Planned, Subject, planned, subjects
from tests.torture.mutants.survivors import Survivor, survivors
from tests.torture.mutants.trial import BROKEN, DIED, LATE, LIVED, get_ready, tried

_LIMIT = (4.0, 60.0)
"""A trial may take so many times as long as the tests of the unchanged program, and so many seconds more."""
_UNCHANGED_LIMIT = 900.0


@dataclass(frozen=True)
class Found:
    """A mutant that was tried: `source` is the digest of the unchanged file."""

    name: str
    stratum: str
    source: str
    fate: str
    seconds: float
    said: str = ""


def main() -> int:
    """Try what was not tried yet, then print the table. Ends with status 1 when an unexplained one lived."""
    arguments = _parsed()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    plan = [item for item in planned(subjects(), arguments.seed) if arguments.only in item.subject.file]
    if arguments.most:
        with suppress(KeyboardInterrupt):
            _try_all(plan, arguments)
    known = read(arguments.out)
    found = [known[key] for item in plan if (key := _key(item, _digests(plan))) in known]
    _say(table(found, survivors()))
    unexplained = [item for item in found if item.fate == LIVED and item.name not in survivors()]
    for item in unexplained:
        _say(f"lived: {item.name}")
    return 1 if unexplained else 0


def _try_all(plan: list[Planned], arguments: argparse.Namespace) -> None:
    known, end = read(arguments.out), time.monotonic() + arguments.minutes * 60
    digests = _digests(plan)
    unchanged = Unchanged(arguments.out.with_suffix(".tests.json"))
    get_ready()
    begin, done = len(known), 0
    with arguments.out.open("a", encoding="utf-8") as file:
        for item in plan:
            before = known.get(_key(item, digests))
            again = arguments.again and before is not None and before.fate in (LIVED, LATE)
            if before is not None and not again:
                continue
            if done >= arguments.most or time.monotonic() > end:
                return
            result = _tried(item, unchanged, digests[item.subject.file])
            if result is None:
                continue
            done += 1
            file.write(json.dumps(asdict(result)) + "\n")
            file.flush()
            _say(f"{begin + done:5,} {result.fate:5} {result.seconds:5.1f} s  {result.name}")


def _tried(item: Planned, unchanged: Unchanged, digest: str) -> Found | None:
    """One mutant; None where its tests fail on the unchanged program, or its file has changed since it was planned."""
    subject, source = item.subject, (ROOT / item.subject.file).read_bytes()
    seconds = unchanged.seconds(subject)
    if seconds is None or _digest(source) != digest:
        return None
    content = item.mutant.applied(source)
    compile(content, subject.file, "exec")  # what is no program would count as dead
    factor, more = _LIMIT
    trial = tried(subject.module, content, subject.tests, factor * seconds + more)
    assert trial.fate != BROKEN, f"{item.mutant.name}: {trial.said}"
    said = trial.said if trial.fate == DIED else ""
    return Found(item.mutant.name, subject.stratum, digest, trial.fate, round(trial.seconds, 1), said)


class Unchanged:
    """How long the tests take on the unchanged program, kept in a file; those that fail there tell nothing."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, float | None] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def seconds(self, subject: Subject) -> float | None:
        """Of all tests of a subject; None when one fails."""
        found = [self._of(test, subject) for test in subject.tests]
        return None if None in found else sum(item for item in found if item is not None)

    def _of(self, test: str, subject: Subject) -> float | None:
        if test not in self._known:
            trial = tried(subject.module, (ROOT / subject.file).read_bytes(), (test,), _UNCHANGED_LIMIT)
            self._known[test] = trial.seconds if trial.fate == LIVED else None
            self._file.write_text(json.dumps(self._known, indent=1) + "\n", encoding="utf-8")
            if trial.fate != LIVED:
                _say(f"of no use, it {trial.fate} on the unchanged program: {test}: {trial.said}")
        return self._known[test]


def read(file: Path) -> dict[tuple[str, str], Found]:
    """What was tried, by name and digest of the file; of what was tried again, the last."""
    lines: Iterator[str] = iter(file.read_text(encoding="utf-8").splitlines() if file.exists() else ())
    found = [Found(**json.loads(line)) for line in lines]
    return {(item.name, item.source): item for item in found}


def table(found: list[Found], explained: dict[str, Survivor]) -> str:
    """Counts by stratum as Markdown: how many of those that change behaviour died."""
    lines = [
        "| stratum | tried | died | of them by the time limit | lived | of them equivalent | died of the others |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    strata = list(dict.fromkeys(subject.stratum for subject in subjects()))
    for name, items in [*((name, [item for item in found if item.stratum == name]) for name in strata), ("all", found)]:
        lived = [item.name for item in items if item.fate == LIVED]
        late = sum(item.fate == LATE for item in items)
        same = sum(item in explained and explained[item].equivalent for item in lived)
        others = len(items) - same
        share = f"{(len(items) - len(lived)) / others:.1%}" if others else "–"
        lines.append(
            f"| {name} | {len(items):,} | {len(items) - len(lived):,} | {late} | {len(lived)} | {same} | {share} |"
        )
    return "\n".join(lines)


def _digests(plan: list[Planned]) -> dict[str, str]:
    files = {item.subject.file for item in plan}
    return {file: _digest((ROOT / file).read_bytes()) for file in files}


def _digest(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()[:16]


def _key(item: Planned, digests: dict[str, str]) -> tuple[str, str]:
    return item.mutant.name, digests[item.subject.file]


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--most", type=int, default=10**9, help="how many to try now; 0 prints what is known")
    parser.add_argument("--minutes", type=float, default=10**6, help="begin none after so many minutes")
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    parser.add_argument("--only", default="", metavar="PART", help="files whose path holds this")
    parser.add_argument("--again", action="store_true", help="try survivors again")
    parser.add_argument("--out", type=Path, default=Path(".torture/mutants.jsonl"), help="what was tried")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
