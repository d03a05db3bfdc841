"""What tables tell about images besides their labels, and whose numbers a lesion or patient number is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from core.data.headings import AGE, IMAGE_TYPE, LESION, LICENCE, PART, PATIENT, SEX, SITE, SKIN_TYPE
from core.data.labels import optional_age, optional_sex, optional_skin_type, optional_text
from core.data.parts import part_of_cell
from core.data.tables import Table
from core.data.types import Part, Problem, ProblemKind
from core.documents import some

Key = Path | str
"""An image: its file, or what it is called where there is none."""

_REGISTERED = re.compile(r".*\d{5}.*")
"""What a number of an archive looks like (HAM_0012153, IL_1234567): it is the same lesion wherever it stands."""

_MOST_FOLDS = 50
_MOST_NAMED = 5


@dataclass(frozen=True)
class ImageFacts:
    """What is known of one image; None for what is not."""

    lesion: str | None = None
    patient: str | None = None
    age: float | None = None
    sex: str | None = None
    site: str | None = None
    skin_type: int | None = None
    part: Part | None = None
    licence: str | None = None
    image_type: str | None = None


_READ: Mapping[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {
    "lesion": (LESION, optional_text),
    "patient": (PATIENT, optional_text),
    "age": (AGE, optional_age),
    "sex": (SEX, optional_sex),
    "site": (SITE, optional_text),
    "skin_type": (SKIN_TYPE, optional_skin_type),
    "part": (PART, part_of_cell),
    "licence": (LICENCE, optional_text),
    "image_type": (IMAGE_TYPE, optional_text),
}
"""Each fact: the headings of its column, and what its cells mean."""


class KeyedTable(Protocol):
    """A table of which it is known what image each row is of; None for a row without one."""

    @property
    def table(self) -> Table: ...
    @property
    def keys(self) -> Sequence[Key | None]: ...


@dataclass(frozen=True)
class KnownFacts:
    """ImageFacts by image, and what must be known of the numbers in them."""

    by_image: Mapping[Key, ImageFacts]
    problems: tuple[Problem, ...] = field(default=())


def facts_of(tables: Sequence[KeyedTable], root: Path, *, same_numbers: bool) -> KnownFacts:
    """What tables tell of images; of several, the first that tells it.

    Numbers that are no archive's count for the images of one source: a table, with others about the same images. A
    number that stands in two of them is two numbers, written with their tables' names, unless `same_numbers`.
    """
    sources = _sources(tables)
    columns = [{name: table.table.find(*names) for name, (names, _) in _READ.items()} for table in tables]
    problems: list[Problem] = []
    renamed: dict[str, dict[tuple[int, str], str]] = {}
    for name in () if same_numbers else ("lesion", "patient"):
        renamed[name], shared = _renamed(tables, [found[name] for found in columns], sources, root)
        problems += [_local(name, shared)] if shared else []
    problems += _folds(tables, [found["part"] for found in columns])
    known: dict[Key, dict[str, Any]] = {}
    for table, own, source in zip(tables, columns, sources, strict=True):
        found = _facts(table.table, own, renamed, source)
        for key, facts in zip(table.keys, found, strict=True):
            if key in known:
                known[key] = {**facts, **known[key]}
            elif key is not None:
                known[key] = facts
    return KnownFacts({key: ImageFacts(**facts) for key, facts in known.items()}, tuple(problems))


def _facts(
    table: Table, columns: Mapping[str, int | None], renamed: Mapping[str, dict[tuple[int, str], str]], source: int
) -> list[dict[str, Any]]:
    """What is known in each row, by the names of facts."""
    own = {name: column for name, column in columns.items() if column is not None}
    within = _within_patients(table, own)

    def reader(name: str) -> Callable[[str], Any]:
        new, read = renamed.get(name, {}), _READ[name][1]

        def meaning(text: str) -> Any:
            value = read(text)
            return new.get((source, value), value)

        return cache(meaning)

    readers = [(name, column, reader(name)) for name, column in own.items()]
    rows = []
    for cells in table.rows:
        facts = {name: value for name, column, read in readers if (value := read(cells[column])) is not None}
        if within and cells[own["lesion"]] in within and "lesion" in facts:
            facts["lesion"] = f"{cells[own['patient']]} {facts['lesion']}"
        rows.append(facts)
    return rows


def _sources(tables: Sequence[KeyedTable]) -> list[int]:
    """For each table the first one that tells of some of the same images."""
    images = [{key for key in table.keys if key is not None} for table in tables]
    sources = list(range(len(tables)))
    for later in range(len(tables)):
        for earlier in range(later):
            if sources[later] == later and not images[later].isdisjoint(images[earlier]):
                sources[later] = sources[earlier]
    return sources


def _renamed(
    tables: Sequence[KeyedTable], columns: Sequence[int | None], sources: Sequence[int], root: Path
) -> tuple[dict[tuple[int, str], str], dict[str, list[str]]]:
    """New names for local numbers that stand in several sources, by source and number; and the tables of each."""
    places: dict[str, dict[int, str]] = {}
    for number, (table, column) in enumerate(zip(tables, columns, strict=True)):
        if column is None:
            continue
        for text in {cells[column] for cells in table.table.rows}:
            value = optional_text(text)
            if value is not None and not _REGISTERED.fullmatch(value):
                name = table.table.path.relative_to(root).as_posix()
                places.setdefault(value, {}).setdefault(sources[number], name)
    shared = {value: found for value, found in places.items() if len(found) > 1}
    new = {(source, value): f"{name}: {value}" for value, found in shared.items() for source, name in found.items()}
    return new, {value: list(found.values()) for value, found in shared.items()}


def _local(name: str, shared: Mapping[str, Iterable[str]]) -> Problem:
    tables = list(dict.fromkeys(table for found in shared.values() for table in found))
    reason = (
        f"{len(shared):,} {name} numbers ({some(list(shared), _MOST_NAMED)}) stand in {some(tables, _MOST_NAMED)}. "
        f"They are taken for different {name}s; data.same_numbers = true takes them for the same."
    )
    return Problem(ProblemKind.LOCAL_NUMBERS, f"{name} numbers", reason, excludes=False)


def _numbers_in(table: Table, column: int | None) -> set[str]:
    """The values of a column that names parts by numbers alone; empty where it does not."""
    values = set() if column is None else {cells[column] for cells in table.rows} - {""}
    return values if all(value.isdecimal() for value in values) and 1 < len(values) <= _MOST_FOLDS else set()


def _folds(tables: Sequence[KeyedTable], columns: Sequence[int | None]) -> list[Problem]:
    """What is said of columns of numbered folds: nobody knows which of them is the test part."""
    found = []
    for table, column in zip(tables, columns, strict=True):
        if column is None or not (numbers := _numbers_in(table.table, column)):
            continue
        reason = (
            f"{table.table.columns[column]} in {table.table.path.name} numbers {len(numbers)} folds, and nothing says "
            "which is for training and which for the test; the images are divided anew. Write train, validation and "
            "test into that column to keep a division."
        )
        found.append(Problem(ProblemKind.FOLDS, table.table.columns[column], reason, excludes=False))
    return found


def _within_patients(table: Table, columns: Mapping[str, int]) -> set[str]:
    """Lesion numbers that several patients of a table have: each counts its own lesions."""
    if not {"lesion", "patient"} <= columns.keys():
        return set()
    owner: dict[str, str] = {}
    shared = set()
    for cells in table.rows:
        lesion, patient = cells[columns["lesion"]], cells[columns["patient"]]
        if owner.setdefault(lesion, patient) != patient and not _REGISTERED.fullmatch(lesion):
            shared.add(lesion)
    return shared
