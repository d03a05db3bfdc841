"""Read a data set: which layout it has, its labelled images, and what is wrong with the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from core.classes import ClassSet
from core.data.decoding import IMAGE_SUFFIXES
from core.data.finding import SYNTHETIC_MARKER, Folder, printable, scan_folder
from core.data.layouts import AUTO, LAYOUTS, Layout, fits_metadata, odd_flag, tried_by_auto
from core.data.rows import assemble
from core.data.tables import Table, peek_table, read_table
from core.data.terms import terms_for
from core.data.types import DataSet
from core.documents import some
from core.errors import SkinKDError
from core.user_paths import expanded

_MOST_TABLES = 200
_MOST_SHOWN = 300

OWN_CLASSES = (
    'a recipe can say what they mean. [classes.mapping] takes a label to a code ("" leaves its images out), and '
    'set = "own" with [[classes.own]] makes classes of your own.'
)
"""What can be done with labels that are no class."""


def read_dataset(path: Path, classes: ClassSet, layout: str = AUTO.name) -> DataSet:
    """The data set in a folder, or named by one CSV table (its images lie beside or below it).

    Labels are recognised by `classes`. Reads tables and walks the folder once; opens no image. `layout` is `auto` or a
    name in `LAYOUTS`. Problems are listed in the result. Raises `SkinKDError` when nothing fits, and says what was
    looked for.
    """
    place = expanded(path).absolute()
    if not place.exists():
        raise SkinKDError("The data is not there", f"{place} does not exist. Choose the folder with your images.")
    table = None if place.is_dir() else peek_table(_named_table(place))
    folder = scan_folder(place.parent if table else place)
    found, chosen = _choose(folder, [table] if table else _peek(_shallow_first(folder)), layout, table, classes)
    tables = [read_table(table.path) for table in chosen]
    others = _metadata_tables(folder, {table.path for table in chosen})
    assembled = assemble(folder, found.read(folder, tables, others, classes), classes)
    if not assembled.records and not assembled.problems:
        raise SkinKDError("The data set is empty", f"{place} has the layout {found.name}, but no rows.")
    names = tuple(record.name for record in assembled.records)
    terms = terms_for(found.terms, names, synthetic=folder.synthetic)
    return DataSet(
        folder.root,
        found.name,
        assembled.records,
        assembled.problems,
        folder.synthetic,
        terms,
        unknown_labels=assembled.unknown_labels,
        classes=classes,
    )


def _named_table(file: Path) -> Path:
    """The file itself, unless its name says that it is no table."""
    if file.suffix.lower() in IMAGE_SUFFIXES:
        raise SkinKDError(
            "This is one image, not a data set",
            f"{file.name} is an image. Choose the folder that holds the images and their labels, or a CSV table.",
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


def _choose(
    folder: Folder, peeks: list[Table], layout: str, named: Table | None, classes: ClassSet
) -> tuple[Layout, Sequence[Table]]:
    """The layout that fits. A table that the user named must itself fit; the folder around it is not read instead."""
    if layout != AUTO.name and layout not in LAYOUTS:
        raise SkinKDError("Unknown layout", f"T{LAYOUTS.unknown(layout)[1:]}")
    candidates = tried_by_auto() if layout == AUTO.name else (LAYOUTS[layout],)
    for candidate in candidates:
        tables = candidate.detect(folder, peeks, classes)
        if tables or (tables is not None and named is None):
            return candidate, tables
    if named is not None:
        raise _does_not_fit(named, candidates, classes)
    raise _nothing_fits(folder, peeks, candidates, classes)


def _metadata_tables(folder: Folder, chosen: set[Path]) -> list[Table]:
    paths = [path for path in _shallow_first(folder) if path not in chosen]
    return [read_table(table.path) for table in _peek(paths) if fits_metadata(table)]


def _nothing_fits(folder: Folder, peeks: list[Table], candidates: Sequence[Layout], classes: ClassSet) -> SkinKDError:
    looked_for = "\n".join(f"- {layout.looks_like(classes)}" for layout in candidates)
    refused: list[str] = []
    _peek(_shallow_first(folder), refused)
    found = [f"- {table.path.name}: {', '.join(table.columns[:12])[:_MOST_SHOWN]}" for table in peeks[:20]]
    tables = "\n".join(found + [f"- {reason}" for reason in refused[:20]]) or "- none"
    folders = _folder_labels(folder)
    summary = (
        f"In and below {folder.root} are {len(folder.images):,} images and {len(peeks):,} tables, but no labels in a "
        "known layout. Choose the folder that holds both the images and their labels."
    )
    if (folder.root.parent / SYNTHETIC_MARKER).is_file() or _labels_above(folder, candidates, classes):
        summary += f" The folder above, {folder.root.parent}, looks like it."
    details = f"Looked for:\n{looked_for}\nTables found:\n{tables}"
    if folders:
        named = some([f"{name} ({count:,})" for name, count in folders], 3)
        summary += f" If the folders {named} are classes: {OWN_CLASSES}"
        listed = "\n".join(f"- {name}: {count:,} images" for name, count in folders)
        details += f"\nFolders of images, none of them named as a class:\n{listed}"
    return SkinKDError("No labelled images found", summary, details)


def _folder_labels(folder: Folder) -> list[tuple[str, int]]:
    """The names of the folders that directly hold images, below the data folder, the largest first."""
    names = (path.parent.name for path in folder.images if path.parent != folder.root)
    return Counter(printable(name) for name in names).most_common(_MOST_SHOWN)


def _does_not_fit(table: Table, candidates: Sequence[Layout], classes: ClassSet) -> SkinKDError:
    looked_for = "\n".join(f"- {layout.looks_like(classes)}" for layout in candidates)
    columns = ", ".join(column for column in table.columns[:12] if column.isprintable())
    summary = f"{table.path.name} has no columns that name images and their labels. Choose another table, or a folder."
    if odd := odd_flag(table, classes):
        summary = (
            f"The class columns of {table.path.name} should hold 0 and 1, but one holds {odd}. If it is a table of "
            "predictions, choose that of the labels."
        )
    return SkinKDError("This table holds no labels", summary, f"Looked for:\n{looked_for}\nIts columns: {columns}")


def _labels_above(folder: Folder, candidates: Sequence[Layout], classes: ClassSet) -> bool:
    above = sorted(path for path in folder.root.parent.glob("*.csv") if path.is_file())
    tables, parent = _peek(above[:20]), Folder(folder.root.parent, (), tuple(above))
    return any(layout.detect(parent, tables, classes) for layout in candidates)
