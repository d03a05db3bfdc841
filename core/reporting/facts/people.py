"""Who is in each part of a split: patients, lesions, age, sex, site and skin type, with what is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from core.data.types import made_parts
from core.reporting import cells
from core.reporting.parts import PART_TITLES
from core.reporting.table import Cell, Column, ResultsTable
from core.runs.tables import SplitRow

_MOST = 8
"""So many values of sex or site have rows of their own."""

_Tell = Callable[[Sequence[SplitRow]], Cell]


def people_table(rows: Sequence[SplitRow]) -> ResultsTable:
    """A row for each fact, a column for each part and for all: counts, and of age the median with the quartiles."""
    parts = made_parts(row.part for row in rows)
    groups = [[row for row in rows if row.part is part] for part in parts]
    columns = [*(PART_TITLES[part] for part in parts), "All"]
    groups.append([row for row in rows if row.part is not None])
    facts: list[tuple[str, _Tell]] = [
        ("Images", lambda rows: cells.count(len(rows))),
        ("Patients", lambda rows: _different(row.patient or "" for row in rows)),
        ("Patient not known", lambda rows: cells.count(sum(not row.patient for row in rows))),
        ("Lesions", lambda rows: _different(row.lesion for row in rows)),
        ("Lesion not known", lambda rows: cells.count(sum(not row.lesion for row in rows))),
        ("Age in years, median (quartiles)", _age),
        ("Age not known", lambda rows: cells.count(sum(row.age is None for row in rows))),
        *_counted(rows, "Sex", "sex"),
        *_counted(rows, "Site", "site"),
    ]
    if any(row.skin_type is not None for row in rows):
        facts += _counted(rows, "Skin type", "skin_type")
    body = tuple((cells.words(title), *(tell(group) for group in groups)) for title, tell in facts)
    return ResultsTable(
        "People in each part", (Column("", words=True, fields=("fact",)), *(Column(title) for title in columns)), body
    )


def _different(values: Iterable[str]) -> Cell:
    known = {value for value in values if value}
    return cells.count(len(known)) if known else cells.nothing()


def _age(rows: Sequence[SplitRow]) -> Cell:
    ages = [row.age for row in rows if row.age is not None]
    if not ages:
        return cells.nothing()
    low, middle, high = np.percentile(ages, [25, 50, 75])
    return Cell(f"{middle:g} ({low:g} to {high:g})", (float(middle),))


def _counted(rows: Sequence[SplitRow], title: str, name: str) -> list[tuple[str, _Tell]]:
    """A row for each of the most frequent values, for the others together, and for what is not known."""

    def value(row: SplitRow) -> str:
        known = getattr(row, name)
        return "" if known is None else str(known).strip().lower()

    counts = Counter(value(row) for row in rows)
    missing = counts.pop("", 0)
    shown = [text for text, _ in counts.most_common(_MOST)]
    if name == "skin_type":
        shown.sort()

    def of(wanted: str) -> _Tell:
        return lambda rows: cells.count(sum(value(row) == wanted for row in rows))

    def others(rows: Sequence[SplitRow]) -> Cell:
        return cells.count(sum(value(row) not in (*shown, "") for row in rows))

    found = [(f"{title}: {text}", of(text)) for text in shown]
    if len(counts) > len(shown):
        found.append((f"{title}: others", others))
    if missing or not counts:
        found.append((f"{title} not known", of("")))
    return found
