"""Read a data set: its labelled images, wherever their labels stand, and what is wrong with the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.classes import CLASS_SETS, ClassSet
from core.data.choices import NO_CHOICES, Choice, ChoiceNeededError, Choices, Option
from core.data.decoding import IMAGE_SUFFIXES
from core.data.facts import ImageFacts, Key
from core.data.finding import SYNTHETIC_MARKER, Folder, scan_folder
from core.data.folder_rows import folder_rows, has_class_folders, unread_patients
from core.data.label_columns import holds_predictions, odd_flag
from core.data.layouts import AUTO, FOLDERS, LAYOUTS, TABLES, Layout, layout_name, own_layouts
from core.data.locating import ImageIndex
from core.data.names import plain_name
from core.data.parts import part_of_name, part_of_path
from core.data.rows import Row, assemble
from core.data.table_rows import TableRows, completed, match_table, may_speak, read_tables
from core.data.tables import Table, peek_table, read_table
from core.data.terms import terms_of
from core.data.types import DataSet, Part, Problem, ProblemKind
from core.documents import some
from core.errors import SkinKDError
from core.user_paths import expanded
from core.visible_text import visible, visible_lines

_MOST_TABLES = 200
_MOST_SHOWN = 300

OWN_CLASSES = (
    'a recipe can say what they mean. [classes.mapping] takes a label to a code ("" leaves its images out), and '
    'set = "own" with [[classes.own]] makes classes of your own; '
    "skinkd-cli inspect DATA --map --write RECIPE begins either."
)
"""What can be done with labels that are no class."""


@dataclass(frozen=True)
class FolderLabels:
    """What a folder says of its images before anybody asks for classes: a row for every labelled image."""

    folder: Folder
    index: ImageIndex
    layout: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...] = ()
    problems: tuple[Problem, ...] = ()
    terms: str = ""


def read_dataset(path: Path, classes: ClassSet, choices: Choices = NO_CHOICES) -> DataSet:
    """The data set in a folder, or named by one table (its images lie beside or below it).

    Labels are recognised by `classes`. Reads tables and walks the folder once; opens no image that is named as one.
    Problems are listed in the result. Raises `SkinKDError` when there are no
    labels, and says what was looked for, and `ChoiceNeededError` when it is not clear which ones are meant.
    """
    found = find_labelled(path, classes, choices)
    assembled = assemble(found.folder, found.index, found.rows, classes)
    if not assembled.records and not assembled.problems:
        raise SkinKDError("The data set is empty", f"{found.folder.root} has tables of labels, but no rows.")
    return DataSet(
        found.folder.root,
        found.layout,
        assembled.records,
        (*assembled.problems, *found.problems),
        found.folder.synthetic,
        found.terms,
        label_counts=assembled.label_counts,
        choices=found.choices,
        classes=classes,
    )


def find_labelled(path: Path, classes: ClassSet | None, choices: Choices = NO_CHOICES) -> FolderLabels:
    """The labelled images of a folder or table, for known classes or for none yet. Raises `SkinKDError` and
    `ChoiceNeededError` as `read_dataset`."""
    place = expanded(path).absolute()
    if not place.exists():
        raise SkinKDError("The data is not there", f"{place} does not exist. Choose the folder with your images.")
    layout = layout_name(choices.layout)
    if layout != AUTO.name and layout not in LAYOUTS:
        raise SkinKDError("Unknown layout", f"T{LAYOUTS.unknown(layout)[1:]}")
    named = None if place.is_dir() else peek_table(_named_table(place))
    folder = scan_folder(place.parent if named else place)
    return _Search(folder, ImageIndex(folder), named, classes, choices).by(layout)


class _Search:
    """Looks for labels where they may stand."""

    def __init__(
        self, folder: Folder, index: ImageIndex, named: Table | None, classes: ClassSet | None, choices: Choices
    ) -> None:
        self._folder, self._index, self._named = folder, index, named
        self._classes, self._choices = classes, choices
        self._hints = classes or next(iter(CLASS_SETS.values()))

    def by(self, layout: str) -> FolderLabels:
        """What the named layout finds, or the first of all that finds anything. Raises `SkinKDError` for nothing."""
        for item in own_layouts():
            if layout in (AUTO.name, item.name) and (found := self._by_own(item)) is not None:
                return found
        tables = layout in (AUTO.name, TABLES.name)
        read = read_tables(self._index, self._tables(), self._classes, self._choices, self._only)
        if tables and (found := self._by_tables(read, alone=layout == TABLES.name)) is not None:
            return found
        if layout in (AUTO.name, FOLDERS.name) and self._named is None:
            patients = self._choices.patient_folders
            rows = folder_rows(self._index, self._folder.images, self._classes, any_name=True, patients=patients)
            if rows:
                rows = [completed(row, read.facts.get(row.path or "")) for row in rows]
                return self._result(
                    FOLDERS, rows, replace(read, choices=(), problems=unread_patients(rows, self._index))
                )
        if self._named is not None:
            raise _does_not_fit(self._named, self._hints)
        raise _nothing_fits(self._folder, layout, self._hints)

    @property
    def _only(self) -> Path | None:
        """The table that the user named: no other gives labels."""
        return self._named.path if self._named else None

    def _by_own(self, layout: Layout) -> FolderLabels | None:
        peeks = [self._named] if self._named else _peek(_shallow_first(self._folder))
        assert layout.detect is not None
        assert layout.read is not None
        chosen = layout.detect(self._folder, peeks, self._hints)
        if chosen is None or (self._named is not None and not chosen):
            return None
        rows = layout.read(self._folder, [read_table(table.path) for table in chosen], [], self._hints)
        return self._result(layout, rows, TableRows(rows, {}, (), (), ()))

    def _by_tables(self, read: TableRows, *, alone: bool) -> FolderLabels | None:
        """Labels in tables; pictures of which no table speaks have those of their folders. Tables that name no image at
        all are believed only where there are no folders of classes."""
        if not read.rows:
            return None
        folders = not alone and self._named is None and has_class_folders(self._index, self._hints)
        if folders and not any(row.files for row in read.rows):
            return None
        rows = read.rows
        if folders:
            left = [path for path in self._folder.images if not self._spoken_of(read.scopes, path)]
            rows = rows + folder_rows(self._index, left, self._classes, any_name=False)
        return self._result(TABLES, rows, read)

    def _spoken_of(self, scopes: tuple[str, ...], path: Path) -> bool:
        return self._index.names[path].lower().startswith(scopes)

    def _tables(self) -> list[Table]:
        """All tables that may say something of images, in full."""
        peeks = (table for table in _peek(_shallow_first(self._folder)) if not holds_predictions(table))
        speaking = [table.path for table in peeks if may_speak(self._index, table)]
        named = [self._named.path] if self._named else []
        return [read_table(path) for path in dict.fromkeys([*named, *speaking])]

    def _result(self, layout: Layout, rows: Sequence[Row], read: TableRows) -> FolderLabels:
        kept, kinds, problems = _of_kind(rows, read.facts, self._choices.image_type)
        parted = _parted(self._index, kept)
        licences = [facts.licence for facts in read.facts.values() if facts.licence]
        terms = self._choices.terms or terms_of(
            layout.terms, licences, self._folder.licences, synthetic=self._folder.synthetic
        )
        choices = (*read.choices, *kinds)
        return FolderLabels(
            self._folder, self._index, layout.name, tuple(parted), choices, (*read.problems, *problems), terms
        )


def _of_kind(
    rows: Sequence[Row], facts: Mapping[Key, ImageFacts], wanted: str
) -> tuple[Sequence[Row], tuple[Choice, ...], tuple[Problem, ...]]:
    """The rows of one kind of picture (clinical, dermoscopic) where one is wanted; which kinds there are; and those
    that are left out for it."""
    if not any(item.image_type for item in facts.values()):
        return rows, (), ()
    kinds = [_kind(row, facts) for row in rows]
    counts = Counter(kind for kind in kinds if kind)
    if len(counts) < 2:
        return rows, (), ()
    options = tuple(Option(kind, f"{count:,} images") for kind, count in counts.most_common())
    choice = Choice("data.image_type", "Which kind of pictures is to be used", options, wanted)
    if not wanted:
        return rows, (choice,), ()
    if wanted not in counts:
        raise ChoiceNeededError(replace(choice, taken=""))
    left = [(row.name, kind) for row, kind in zip(rows, kinds, strict=True) if kind != wanted]
    said = ", ".join(f"{kind or 'not known'}: {count:,}" for kind, count in Counter(kind for _, kind in left).items())
    reason = f"{len(left):,} images are of another kind than data.image_type, {wanted}: {said}."
    problem = Problem(ProblemKind.NOT_CHOSEN, wanted, reason, tuple(name for name, _ in left), excludes=False)
    return [row for row, kind in zip(rows, kinds, strict=True) if kind == wanted], (choice,), (problem,)


def _kind(row: Row, facts: Mapping[Key, ImageFacts]) -> str:
    key = row.path or (row.files[0] if row.files and len(row.files) == 1 else plain_name(row.name))
    known = facts.get(key)
    return (known.image_type if known else None) or ""


def _parted(index: ImageIndex, rows: Sequence[Row]) -> list[Row]:
    """The rows with the data's own parts, where there are at least two of them: by a column, else by the folder of the
    image, else by the name of the table or its folder."""
    folders: dict[str, Part | None] = {}
    tables: dict[Path, Part | None] = {}
    parts: list[Part | None] = []
    for row in rows:
        path = row.path or (row.files[0] if row.files else None)
        folder = "" if path is None else index.names[path].rpartition("/")[0]
        if folder not in folders:
            folders[folder] = part_of_path(f"{folder}/")
        if row.origin not in tables:
            tables[row.origin] = part_of_name(row.origin.stem) if row.origin != index.root else None
        parts.append(row.part or folders[folder] or tables[row.origin])
    if len({part for part in parts if part}) < 2:
        return [replace(row, part=None) if row.part else row for row in rows]
    return [replace(row, part=part) for row, part in zip(rows, parts, strict=True)]


def _named_table(file: Path) -> Path:
    """The file itself, unless its name says that it is no table."""
    if file.suffix.lower() in IMAGE_SUFFIXES:
        raise SkinKDError(
            "This is one image, not a data set",
            f"{file.name} is an image. Choose the folder that holds the images and their labels, or a table of labels.",
        )
    return file


def _shallow_first(folder: Folder) -> list[Path]:
    ordered = sorted(folder.tables, key=lambda path: (len(path.parts), path))
    return ordered[:_MOST_TABLES]


def _peek(paths: Sequence[Path], refused: list[str] | None = None) -> list[Table]:
    """The beginnings of the tables that can be read; other files called .csv are none of ours (`refused`: why)."""
    found: list[Table] = []
    for path in paths:
        try:
            found.append(peek_table(path))
        except SkinKDError as error:
            if refused is not None:
                refused.append(error.summary)
    return found


def _nothing_fits(folder: Folder, layout: str, classes: ClassSet) -> SkinKDError:
    candidates = [item for item in LAYOUTS.values() if layout in (AUTO.name, item.name)]
    looked_for = "\n".join(f"- {item.description(classes)}" for item in candidates)
    refused: list[str] = []
    peeks = _peek(_shallow_first(folder), refused)
    found = [f"- {table.path.name}: {', '.join(table.columns[:12])[:_MOST_SHOWN]}" for table in peeks[:20]]
    tables = visible_lines(found + [f"- {reason}" for reason in refused[:20]]) or "- none"
    summary = (
        f"In and below {folder.root} are {len(folder.images):,} images and {len(peeks):,} tables, but no labels in a "
        "known layout. Choose the folder that holds both the images and their labels."
    )
    if refused:
        summary += f" {refused[0]}"
    if folder.others:
        kinds = some([f"{suffix or 'without a suffix'} ({count:,})" for suffix, count in folder.others], 4)
        summary += f" Files of other kinds are not read: {kinds}; save labels in them as CSV."
    if (folder.root.parent / SYNTHETIC_MARKER).is_file() or _labels_above(folder, classes):
        summary += f" The folder above, {folder.root.parent}, looks like it."
    return SkinKDError("No labelled images found", summary, f"Looked for:\n{looked_for}\nTables found:\n{tables}")


def _does_not_fit(table: Table, classes: ClassSet) -> SkinKDError:
    columns = visible(", ".join(table.columns[:12]))
    summary = f"{table.path.name} has no columns that name images and their labels. Choose another table, or a folder."
    if odd := odd_flag(table, classes):
        summary = (
            f"The class columns of {table.path.name} should hold 0 and 1, but one holds {odd}. If it is a table of "
            "predictions, choose that of the labels."
        )
    details = f"Looked for:\n- {TABLES.description(classes)}\nIts columns: {columns}"
    return SkinKDError("This table holds no labels", summary, details)


def _labels_above(folder: Folder, classes: ClassSet) -> bool:
    """Whether a table in the folder above names images of this folder and their labels."""
    above = sorted(path for path in folder.root.parent.glob("*.csv") if path.is_file())
    index = ImageIndex(folder)
    return any(
        (item := match_table(index, table, classes, NO_CHOICES)) is not None and item.matched and item.labels
        for table in _peek(above[:20])
    )
