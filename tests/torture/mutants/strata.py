"""Which mutants there are, in which order they are tried: a seeded one in which the strata take turns.

So any beginning of the order is a stratified sample, and a run that is stopped has told something of every stratum.
"""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from tests.torture.mutants.places import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[3]
TABLE = Path(__file__).with_name("strata.toml")


@dataclass(frozen=True)
class Subject:
    """A file whose mutants are tried, the tests that are to notice (paths below the root), and its stratum."""

    stratum: str
    file: str
    tests: tuple[str, ...]

    @property
    def module(self) -> str:
        """Its name to import."""
        return self.file.removesuffix(".py").replace("/", ".")


@dataclass(frozen=True)
class Planned:
    """A mutant and where it belongs."""

    subject: Subject
    mutant: Mutant


def subjects(table: Path = TABLE) -> list[Subject]:
    """All of the table, in its order."""
    strata = tomllib.loads(table.read_text(encoding="utf-8"))
    return [
        Subject(stratum, file, tuple(f"tests/{test}" for test in tests))
        for stratum, files in strata.items()
        for file, tests in files.items()
    ]


def planned(found: list[Subject], seed: int, root: Path = ROOT) -> list[Planned]:
    """Every mutant of the subjects, each once: one of every stratum in turn, drawn within by the seed."""
    of_strata: dict[str, list[Planned]] = {}
    for subject in found:
        mutants = mutants_of(subject.module, (root / subject.file).read_bytes())
        of_strata.setdefault(subject.stratum, []).extend(Planned(subject, mutant) for mutant in mutants)
    chance = random.Random(seed)
    for items in of_strata.values():
        chance.shuffle(items)
    return [item for item in chain.from_iterable(zip_longest(*of_strata.values())) if item is not None]
