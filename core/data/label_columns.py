"""Which columns of a table hold the labels: told by what stands in them, then by their headings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

from core.classes import ClassSet
from core.data.choices import Choice, ChoiceNeededError, Option
from core.data.headings import ANSWER, BESIDE_ANSWER, LABEL, NEVER_CLASSES
from core.data.labels import flag
from core.data.tables import Table, heading
from core.data.types import ProblemKind
from core.documents import some

_SAMPLE = 50
_IMAGE_AND_LABEL = 2
_FEWEST_FLAGS = 3
_EXACTLY_ONE = 0.95
_MOST_LABELS = 400
_FILLED = 0.99

TOO_LONG = "Its row has more cells than there are columns; put quotation marks around text with separators in it."

Known = Callable[[str], bool]
"""Whether a label is recognised, or said to be left out."""


@dataclass(frozen=True)
class LabelColumns:
    """Where a table says what its images show: `columns` of zeros and ones (`flags`), or of words, of which the first
    that is filled counts. `choice` holds the other columns that could have been taken."""

    columns: tuple[int, ...]
    flags: bool = False
    choice: Choice | None = None

    def read(self, table: Table, number: int) -> tuple[str, ProblemKind | None, str]:
        """The label in a row, or what is wrong with it and why."""
        if number in table.too_long:
            return "", ProblemKind.NO_LABEL, TOO_LONG
        cells = table.rows[number]
        if not self.flags:
            text = next((cells[column] for column in self.columns if cells[column]), "")
            return text, None if text else ProblemKind.NO_LABEL, "" if text else "Its label is empty."
        return self._flagged(table, cells)

    def _flagged(self, table: Table, cells: tuple[str, ...]) -> tuple[str, ProblemKind | None, str]:
        values = [flag(cells[column]) for column in self.columns]
        if any(value not in (0.0, 1.0) for value in values):
            return "", ProblemKind.NO_LABEL, "A class column holds something else than 0 or 1."
        said = [table.columns[column] for column, value in zip(self.columns, values, strict=True) if value]
        if len(said) == 1:
            return said[0], None, ""
        if said:
            return "", ProblemKind.TWO_LABELS, f"Its row says {' and '.join(said)}."
        if len(self.columns) < _FEWEST_FLAGS:  # as in ISIC 2017, where the rest is nevi
            return f"neither {' nor '.join(table.columns[column] for column in self.columns)}", None, ""
        return "", ProblemKind.NO_LABEL, "All class columns of its row are 0."


def holds_predictions(table: Table) -> bool:
    """Whether a model gave the diagnoses: taken as labels, they would praise or teach it with its own answers."""
    return table.find(ANSWER) is not None and table.find(*BESIDE_ANSWER) is not None


def find_labels(
    table: Table, classes: ClassSet | None, taken: Collection[int], wanted: str = ""
) -> LabelColumns | None:
    """The label columns of a table, None where it has none. Without `classes` any words are labels. `taken` are columns
    that hold something else; `wanted` is the column that the user named, where the table has it. Raises
    `ChoiceNeededError` where two columns say different things and neither is better."""
    if wanted and (column := table.find(wanted)) is not None:
        return LabelColumns(_levels(table, column))
    if holds_predictions(table):
        return None
    known = _knower(classes)
    free = [column for column in range(len(table.columns)) if column not in taken]
    flags = _flag_columns(table, free, known)
    if flags and _names_classes(table, flags, known):
        return LabelColumns(tuple(flags), flags=True)
    return _words(table, free, known, partly=classes is None) or (
        LabelColumns(tuple(flags), flags=True) if flags else None
    )


def odd_flag(table: Table, classes: ClassSet) -> str:
    """What an early cell of the columns named as classes holds, if it is a number but neither 0 nor 1; else empty.

    Tables of predictions have the columns of ISIC 2019, but probabilities or logits in them.
    """
    return _odd_flag(table, [column for column, text in enumerate(table.columns) if classes.index_of(text) is not None])


def _odd_flag(table: Table, named: Sequence[int]) -> str:
    if len(named) < _FEWEST_FLAGS:
        return ""
    cells = (row[column] for row in table.rows[:_SAMPLE] for column in named)
    return next((cell for cell in cells if flag(cell) not in (0.0, 1.0, None)), "")


def _knower(classes: ClassSet | None) -> Known:
    from core.classes import CLASS_SETS

    sets = tuple(CLASS_SETS.values()) if classes is None else (classes,)

    @cache
    def known(text: str) -> bool:
        return any(item.meaning(text) is not None or item.is_unknown(text) for item in sets)

    return known


def _flag_columns(table: Table, free: Sequence[int], known: Known) -> list[int]:
    """Neighbouring columns of zeros and ones of which exactly one is 1 in nearly every row; else none."""
    rows = table.rows[: _SAMPLE * 4]
    if _odd_flag(table, [column for column in free if known(table.columns[column])]):
        return []
    runs: list[list[int]] = []
    for column in free:
        if _holds_flags(table, column, known):
            if runs and runs[-1][-1] == column - 1:
                runs[-1].append(column)
            else:
                runs.append([column])
    named = [run for run in runs if _names_classes(table, run, known)]
    if named:
        return max(named, key=len)
    runs = [run for run in runs if len(run) >= _FEWEST_FLAGS]
    single = {id(run): sum(sum(flag(row[column]) == 1.0 for column in run) == 1 for row in rows) for run in runs}
    return next((run for run in runs if single[id(run)] >= _EXACTLY_ONE * len(rows) > 0), [])


def _holds_flags(table: Table, column: int, known: Known) -> bool:
    text = table.columns[column]
    if not text or heading(text).endswith(NEVER_CLASSES):
        return False
    values = [flag(row[column]) for row in table.rows[:_SAMPLE]]
    if any(value not in (0.0, 1.0, None) for value in values):
        return False
    return any(value is not None for value in values) if known(text) else None not in values


def _names_classes(table: Table, columns: Sequence[int], known: Known) -> bool:
    """Whether enough of the columns are named as classes: three, or all where there are two."""
    named = sum(known(table.columns[column]) for column in columns)
    return named >= _FEWEST_FLAGS or (named == len(columns) == _FEWEST_FLAGS - 1)


@dataclass(frozen=True)
class _Candidate:
    """A column of words: its place among the headings, and the shares of its rows that are recognised and filled."""

    column: int
    rank: int
    recognised: float
    filled: float
    whole_numbers: bool
    labels: tuple[tuple[str, int], ...]


def _words(table: Table, free: Sequence[int], known: Known, *, partly: bool) -> LabelColumns | None:
    """`partly`: that anything is recognised counts, not how much."""
    found = [item for column in free if (item := _candidate(table, column, known)) is not None]
    named = [item for item in found if item.rank < len(LABEL)]
    # A column of words that fits by chance (a cell type that is always "Nevus") gives way to one that is called so.
    pool = [item for item in named if item.recognised] or [item for item in found if item.recognised > 0.5] or named
    if not pool:
        return None
    best = max(
        pool,
        key=lambda item: (
            item.recognised > 0 if partly else round(item.recognised, 3),
            not item.whole_numbers,
            -item.rank,
        ),
    )
    options = _choice(table, best, named)
    levels = _levels(table, best.column)
    others = [
        item for item in named if item.filled >= _FILLED and _stem(table, item.column) != _stem(table, best.column)
    ]
    if any(item.column in levels and item.filled > best.filled for item in named) and others:
        raise ChoiceNeededError(options)
    taken = Choice(options.setting, options.question, options.options, table.columns[best.column])
    return LabelColumns(levels, choice=taken if len(options.options) > 1 else None)


def _candidate(table: Table, column: int, known: Known) -> _Candidate | None:
    keys = [heading(name) for name in LABEL]
    rank = keys.index(table.keys[column]) if table.keys[column] in keys else len(LABEL)
    if rank == len(LABEL) and len(table.columns) == _IMAGE_AND_LABEL:
        rank -= 1
    if rank == len(LABEL) and not any(known(row[column]) for row in table.rows[:_SAMPLE] if row[column]):
        return None
    counts = Counter(row[column] for row in table.rows)
    empty = counts.pop("", 0)
    filled = sum(counts.values())
    if not filled or len(counts) > max(_MOST_LABELS, 1):
        return None
    recognised = sum(count for text, count in counts.items() if known(text))
    whole = all(text.lstrip("-").replace(".0", "").isdigit() for text in counts)
    if whole and table.keys[column] not in keys and not recognised:
        return None
    share = recognised / (filled + empty)
    return _Candidate(column, rank, share, filled / (filled + empty), whole, tuple(counts.most_common()))


def _choice(table: Table, best: _Candidate, candidates: Sequence[_Candidate]) -> Choice:
    options = tuple(
        Option(table.columns[item.column], some([f"{text}: {count:,}" for text, count in item.labels], 4))
        for item in sorted({item.column: item for item in (best, *candidates)}.values(), key=lambda item: item.column)
    )
    return Choice("data.label_column", f"Which column of {table.path.name} holds the diagnosis", options)


def _levels(table: Table, column: int) -> tuple[int, ...]:
    """The column and, from fine to coarse, those of the same diagnosis that count where it is empty: diagnosis_3, then
    diagnosis_2 and diagnosis_1."""
    key = table.keys[column]
    above = {table.keys.index(stem): stem for stem in table.keys if stem[:-1] == key[:-1] and stem[-1:] < key[-1:]}
    if not key[-1:].isdigit():
        return (column,)
    return (column, *sorted((place for place, stem in above.items() if stem[-1:].isdigit()), reverse=True))


def _stem(table: Table, column: int) -> str:
    """What levels of one diagnosis have in common: diagnosis_1 and diagnosis_3, iddx_1 and iddx_full."""
    return table.keys[column].rstrip("0123456789").removesuffix("full")
