"""From tables to rows: which files each table speaks of, what it calls them, and what it knows of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from core.classes import ClassSet
from core.data.choices import Choice, ChoiceNeededError, Choices, Option
from core.data.facts import ImageFacts, Key, facts_of
from core.data.finding import without_suffix
from core.data.headings import FACTS, IMAGE, LESION
from core.data.label_columns import LabelColumns, find_labels
from core.data.locating import ImageIndex
from core.data.names import plain_name
from core.data.rows import Row
from core.data.tables import Table, heading
from core.data.types import Problem

_SAMPLE = 60
_MATCHED = 0.5

T = TypeVar("T")


@dataclass(frozen=True)
class MatchedTable:
    """A table with the column that names images, and for every row the files that it may mean (below `scope`); a row
    that names none has None.

    `labels` are its columns of labels, None where it has none.
    """

    table: Table
    image: int
    scope: str
    files: tuple[tuple[Path, ...] | None, ...]
    labels: LabelColumns | None = None

    @property
    def matched(self) -> bool:
        """Whether any row means a file."""
        return any(self.files)

    @property
    def order(self) -> tuple[int, int]:
        """Whose word counts: of the table nearest to the files, then of the one that lies highest."""
        return -self.scope.count("/"), len(self.table.path.parts)

    @cached_property
    def keys(self) -> tuple[Key | None, ...]:
        """The image of every row."""
        return tuple(map(self._key, self.files, self.table.rows))

    def _key(self, files: tuple[Path, ...] | None, cells: tuple[str, ...]) -> Key | None:
        if files is None:
            return None
        return files[0] if len(files) == 1 else plain_name(cells[self.image])


@dataclass(frozen=True)
class TableRows:
    """The rows of all tables; `facts` of images, also of those without a label; `scopes` are the folders that tables
    with labels speak of."""

    rows: list[Row]
    facts: Mapping[Key, ImageFacts]
    scopes: tuple[str, ...]
    choices: tuple[Choice, ...]
    problems: tuple[Problem, ...]


def read_tables(
    index: ImageIndex, tables: Iterable[Table], classes: ClassSet | None, choices: Choices, only: Path | None = None
) -> TableRows:
    """A row for every image that a table gives a label; of tables other than `only`, where it is given, facts alone.
    Raises `ChoiceNeededError` where it is not clear which column names the images or their labels."""
    items: list[MatchedTable] = []
    others: list[Table] = []
    for table in tables:
        found = match_table(index, table, classes, choices)
        if found is None:
            others.append(table)
        else:
            items.append(found)
    items.sort(key=lambda item: item.order)
    known = facts_of(items, index.root, same_numbers=choices.same_numbers)
    labelled = [item for item in items if item.labels is not None and only in (None, item.table.path)]
    if any(item.matched for item in labelled):
        labelled = [item for item in labelled if item.matched]
    ranks = {order: rank for rank, order in enumerate(sorted({item.order for item in labelled}))}
    rows = [row for item in labelled for row in _rows(item, ranks[item.order], known.by_image)]
    scopes = [item.scope for item in labelled]
    for table in others if only is None else ():
        found_rows = _by_lesion(table, items, classes, choices, known.by_image)
        scopes += [""] if found_rows else []
        rows += found_rows
    asked = tuple(item.labels.choice for item in labelled if item.labels is not None and item.labels.choice is not None)
    return TableRows(rows, known.by_image, tuple(scopes), tuple(dict.fromkeys(asked)), known.problems)


def match_table(index: ImageIndex, table: Table, classes: ClassSet | None, choices: Choices) -> MatchedTable | None:
    """The table with its images and labels found; None where no column names images.

    Raises `ChoiceNeededError` where it is not clear which column holds either.
    """
    if _first_row_is_data(index, table):
        table = table.without_heading()
    columns = _image_columns(index, table, choices.image_column)
    if not columns:
        return None
    column = columns[0]
    cells = [row[column] for row in table.rows]
    sample = _sample(cells)
    scope = index.scope_of(table.path, sample)
    strict = index.names_folders(sample, scope)
    found = [index.find(cell, scope, strict=strict) if cell else None for cell in cells]
    files = tuple(
        None if paths is None else tuple(index.distinguished(paths, row) if len(paths) > 1 else paths)
        for paths, row in zip(found, table.rows, strict=True)
    )
    taken = {column, *(place for names in FACTS if (place := table.find(*names)) is not None)}
    labels = find_labels(table, classes, taken, choices.label_column)
    if labels and len(columns) > 1:
        raise ChoiceNeededError(_which_images(table, sorted(columns)))
    for position in (column, *(labels.columns if labels else ())):
        table.check_once(position)
    return MatchedTable(table, column, scope, files, labels)


def _first_row_is_data(index: ImageIndex, table: Table) -> bool:
    """Whether the first line names an image, as in tables without headings."""
    return table.find(*IMAGE) is None and any(cell and not cell.isdigit() and index.has(cell) for cell in table.columns)


def may_speak(index: ImageIndex, table: Table) -> bool:
    """Whether the beginning of a table names images or lesions."""
    return bool(_image_columns(index, table, "")) or table.find(*LESION) is not None or _first_row_is_data(index, table)


def _image_columns(index: ImageIndex, table: Table, wanted: str) -> list[int]:
    """The column whose cells are names of files, by its heading where no cell is; then those that name other files."""
    if wanted and (column := table.find(wanted)) is not None:
        return [column]
    sample = _sample(table.rows)
    keys = [heading(name) for name in IMAGE]
    found: list[tuple[float, int, int]] = []
    for column, key in enumerate(table.keys):
        cells = [row[column] for row in sample if row[column]]
        share = sum(map(index.has, cells)) / len(cells) if cells else 0.0
        if share >= _MATCHED or (share and key in keys):
            numbers = all(cell.isdigit() for cell in cells)  # as an index has, which fits 0.jpg by chance
            rank = keys.index(key) if key in keys else len(keys) + numbers
            found.append((-(share >= _MATCHED), rank, column))
    if not found:
        column = table.find(*IMAGE[: IMAGE.index("md5hash")])
        return [] if column is None else [column]
    best = min(found)[2]
    return [best, *(one for _, rank, one in found if rank <= len(keys) and _differ(index, sample, best, one))]


def _which_images(table: Table, columns: Sequence[int]) -> Choice:
    examples = {column: next((row[column] for row in table.rows if row[column]), "") for column in columns}
    options = tuple(Option(table.columns[column], f"such as {examples[column]}") for column in columns)
    return Choice("data.image_column", f"Which column of {table.path.name} names the pictures", options)


def _differ(index: ImageIndex, sample: Sequence[tuple[str, ...]], one: int, two: int) -> bool:
    """Whether two columns name different files in one row."""
    pairs = ((index.find(row[one], ""), index.find(row[two], "")) for row in sample if row[one] and row[two])
    return any(first and second and set(first).isdisjoint(second) for first, second in pairs)


def _sample(items: Sequence[T]) -> Sequence[T]:
    """A few of many, from all over."""
    return items[:: max(1, len(items) // _SAMPLE)]


def _rows(item: MatchedTable, rank: int, facts: Mapping[Key, ImageFacts]) -> Iterator[Row]:
    assert item.labels is not None
    for number, (key, files) in enumerate(zip(item.keys, item.files, strict=True)):
        if key is not None:
            text, kind, reason = item.labels.read(item.table, number)
            name = item.table.rows[number][item.image]
            row = Row(without_suffix(name), None, item.table.path, kind, reason, raw_label=text, files=files, rank=rank)
            yield completed(row, facts.get(key))


def completed(row: Row, facts: ImageFacts | None) -> Row:
    """The row with what is known of its image."""
    if facts is None:
        return row
    return replace(
        row,
        lesion=facts.lesion,
        age=facts.age,
        sex=facts.sex,
        site=facts.site,
        patient=facts.patient or row.patient,
        skin_type=facts.skin_type,
        part=facts.part,
    )


def _by_lesion(
    table: Table,
    items: Sequence[MatchedTable],
    classes: ClassSet | None,
    choices: Choices,
    facts: Mapping[Key, ImageFacts],
) -> list[Row]:
    """The rows of a table that labels lesions, for the pictures that other tables know to show them."""
    lesion = table.find(*LESION)
    if lesion is None:
        return []
    taken = {lesion, *(place for names in FACTS if (place := table.find(*names)) is not None)}
    labels = find_labels(table, classes, taken, choices.label_column)
    numbers = {cells[lesion]: number for number, cells in enumerate(table.rows)}
    rows = []
    for item in items if labels else ():
        column = item.table.find(*LESION)
        for key, cells, files in zip(item.keys, item.table.rows, item.files, strict=True):
            number = numbers.get(cells[column]) if column is not None and key is not None else None
            if number is not None and labels is not None and key is not None:
                text, kind, reason = labels.read(table, number)
                name = without_suffix(cells[item.image])
                row = Row(name, None, table.path, kind, reason, raw_label=text, files=files)
                rows.append(completed(row, facts.get(key)))
    return rows
