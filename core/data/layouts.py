"""The layouts that SkinKD reads: how each is recognised, and how its rows are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.data.finding import Folder, printable, relative_name, without_downsampled, without_suffix
from core.data.labels import (
    flag,
    is_unknown,
    label_index,
    optional_age,
    optional_sex,
    optional_text,
)
from core.data.rows import Row
from core.data.tables import Table
from core.data.types import CLASS_CODES, Layout, ProblemKind
from core.errors import SkinKDError

_IMAGE = (
    "image",
    "image_id",
    "image_name",
    "isic_id",
    "filename",
    "file_name",
    "file",
    "image_path",
    "path",
    "img",
)
_LABEL = ("label", "diagnosis", "class", "dx", "target", "category", "diagnosis_1")
_LESION = ("lesion_id", "lesion")
_AGE = ("age_approx", "age")
_SEX = ("sex", "gender")
_SITE = ("anatom_site_general", "anatom_site", "localization", "localisation", "site", "anatom_site_general_challenge")
_METADATA = (*_LESION, *_AGE, *_SEX, *_SITE)
_TOO_LONG = (
    None,
    ProblemKind.NO_LABEL,
    "Its row has more cells than there are columns; put quotation marks around text with separators in it.",
)
_FEWEST_CLASS_COLUMNS = 3
_ANSWERS = ("diagnosis_name", "malignant_probability")
"""Columns of the tables that classifying saves; no collection of labelled images has them."""


@dataclass(frozen=True)
class Reader:
    """One layout: what it looks like in words, which tables belong to it, and how it is read."""

    layout: Layout
    looks_like: str
    fits: Callable[[Table], bool] | None
    read: Callable[[Folder, Sequence[Table], Sequence[Table]], list[Row]]


def fits_isic2019(table: Table) -> bool:
    """An image column and one column of zeros and ones for most classes."""
    return _has_flag_columns(table) and odd_flag(table) == ""


def odd_flag(table: Table) -> str:
    """What an early cell of the class columns holds, if it is a number but neither 0 nor 1; otherwise empty.

    Tables of predictions have the columns of ISIC 2019, but probabilities or logits in them.
    """
    if not _has_flag_columns(table):
        return ""
    cells = (row[position] for row in table.rows[:50] for position in _class_columns(table))
    return next((cell for cell in cells if flag(cell) not in (0.0, 1.0, None)), "")


def _has_flag_columns(table: Table) -> bool:
    classes = set(_class_columns(table).values())
    return not _holds_answers(table) and table.find(*_IMAGE) is not None and len(classes) >= _FEWEST_CLASS_COLUMNS


def fits_ham10000(table: Table) -> bool:
    """The columns image_id and dx of HAM10000's metadata."""
    return table.find(*_IMAGE) is not None and "dx" in table.columns


def fits_csv(table: Table) -> bool:
    """An image column and a label column."""
    return not _holds_answers(table) and table.find(*_IMAGE) is not None and table.find(*_LABEL) is not None


def _holds_answers(table: Table) -> bool:
    """Whether a model gave the diagnoses: taken as labels, they would praise or teach it with its own answers."""
    return all(name in table.columns for name in _ANSWERS)


def fits_metadata(table: Table) -> bool:
    """An image column and anything that is known about lesions or people."""
    return table.find(*_IMAGE) is not None and table.find(*_METADATA) is not None


def _class_columns(table: Table) -> dict[int, int]:
    """Position of column -> class index."""
    found = {position: label_index(name) for position, name in enumerate(table.columns)}
    return {position: label for position, label in found.items() if label is not None}


def _check_once(table: Table, *positions: int) -> None:
    """Refuse a table in which one of these columns stands twice, with different cells: nobody knows which counts."""
    for position in positions:
        name = table.columns[position]
        for other in range(position + 1, len(table.columns)):
            if table.columns[other] != name:
                continue
            for cells in table.rows:
                if cells[other] != cells[position]:
                    raise SkinKDError(
                        "A column stands twice in a table",
                        f"{table.path} has two columns {name!r}, which differ: {cells[position]!r} and "
                        f"{cells[other]!r} in one row. Delete or rename one of them.",
                    )


def read_isic2019(folder: Folder, tables: Sequence[Table], metadata: Sequence[Table]) -> list[Row]:
    """One-hot rows joined with the metadata of the same image, with or without `_downsampled`."""
    known = _Metadata((*metadata, *tables))
    rows: list[Row] = []
    for table in tables:
        image = table.find(*_IMAGE)
        assert image is not None
        classes = _class_columns(table)
        unknown = [position for position, name in enumerate(table.columns) if is_unknown(name)]
        _check_once(table, image)
        for number, cells in enumerate(table.rows):
            name = without_suffix(cells[image])
            if name:
                label, kind, reason = _TOO_LONG if number in table.too_long else _one_hot(cells, classes, unknown)
                rows.append(known.complete(Row(name, label, table.path, kind, reason)))
    return rows


def _one_hot(
    cells: tuple[str, ...], classes: dict[int, int], unknown: list[int]
) -> tuple[int | None, ProblemKind | None, str]:
    values = {position: flag(cells[position]) for position in (*classes, *unknown)}
    if any(value not in (0.0, 1.0) for value in values.values()):
        return None, ProblemKind.NO_LABEL, "A class column holds something else than 0 or 1."
    chosen = sorted({classes[position] for position in classes if values[position] == 1.0})
    is_unk = any(values[position] == 1.0 for position in unknown)
    if len(chosen) == 1 and not is_unk:
        return chosen[0], None, ""
    codes = [CLASS_CODES[label] for label in chosen] + (["UNK"] if is_unk else [])
    if len(codes) > 1:
        return None, ProblemKind.TWO_LABELS, f"Its row says {' and '.join(codes)}."
    if is_unk:
        return None, ProblemKind.UNKNOWN_LABEL, "Its row says UNK: none of the eight classes."
    return None, ProblemKind.NO_LABEL, "All class columns of its row are 0."


def read_labelled(folder: Folder, tables: Sequence[Table], metadata: Sequence[Table]) -> list[Row]:
    """Rows with a label in words or codes: HAM10000's dx, or the label column of a plain table."""
    known = _Metadata((*metadata, *tables))
    rows: list[Row] = []
    for table in tables:
        image, label = table.find(*_IMAGE), table.find(*_LABEL)
        assert image is not None
        assert label is not None
        _check_once(table, image, label)
        for number, cells in enumerate(table.rows):
            name = without_suffix(cells[image].replace("\\", "/"))
            if name:
                index, kind, reason = _TOO_LONG if number in table.too_long else _worded(cells[label])
                rows.append(known.complete(Row(name, index, table.path, kind, reason)))
    return rows


def _worded(text: str) -> tuple[int | None, ProblemKind | None, str]:
    index = label_index(text)
    if index is not None:
        return index, None, ""
    if not text:
        return None, ProblemKind.NO_LABEL, "Its label is empty."
    parts = [label_index(part) for part in text.replace("/", ";").replace("|", ";").replace("+", ";").split(";")]
    codes = sorted({part for part in parts if part is not None})
    if len(codes) > 1:
        return None, ProblemKind.TWO_LABELS, f"Its label is {text!r}."
    return None, ProblemKind.UNKNOWN_LABEL, f"Its label is {text!r}; known are {', '.join(CLASS_CODES)}."


def read_folders(folder: Folder, tables: Sequence[Table], metadata: Sequence[Table]) -> list[Row]:
    """The label of an image is the nearest folder above it, below the data folder, that is named after a class."""
    rows: list[Row] = []
    known = _Metadata(metadata)
    names = _unique_names(folder)
    for path in folder.images:
        parents = path.relative_to(folder.root).parts[:-1]
        labels = [index for index in map(label_index, reversed(parents)) if index is not None]
        kind, reason = None, ""
        if not labels and parents:
            kind, reason = ProblemKind.UNKNOWN_LABEL, f"Its folder is {parents[-1]!r}, which is not a class."
        elif not labels:
            kind, reason = ProblemKind.NO_LABEL, "It lies beside the class folders, not in one."
        row = Row(names[path], labels[0] if labels else None, folder.root, kind, reason, path)
        rows.append(known.complete(row))
    return rows


def has_class_folders(folder: Folder) -> bool:
    """Whether any image lies below a folder named after a class."""
    return any(
        label_index(part) is not None for path in folder.images for part in path.relative_to(folder.root).parts[:-1]
    )


def _unique_names(folder: Folder) -> dict[Path, str]:
    """File names without suffix where they are unique, otherwise relative paths."""
    counts: dict[str, int] = {}
    paths: dict[str, int] = {}
    for path in folder.images:
        relative = without_suffix(relative_name(path, folder.root))
        counts[path.stem] = counts.get(path.stem, 0) + 1
        paths[relative] = paths.get(relative, 0) + 1
    names: dict[Path, str] = {}
    for path in folder.images:
        full = relative_name(path, folder.root)
        relative = without_suffix(full)
        names[path] = printable(path.stem) if counts[path.stem] == 1 else relative if paths[relative] == 1 else full
    return names


class _Metadata:
    """What tables tell about images besides the label, by image name; of several tables, the first that tells it."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._known: dict[str, tuple[str | None, float | None, str | None, str | None]] = {}
        for table in tables:
            if not fits_metadata(table):
                continue
            image = table.find(*_IMAGE)
            assert image is not None
            columns = [table.find(*names) for names in (_LESION, _AGE, _SEX, _SITE)]
            for cells in table.rows:
                lesion, age, sex, site = ("" if column is None else cells[column] for column in columns)
                facts = (optional_text(lesion), optional_age(age), optional_sex(sex), optional_text(site))
                self._add(without_suffix(cells[image].replace("\\", "/")), facts)

    def _add(self, name: str, facts: tuple[str | None, float | None, str | None, str | None]) -> None:
        for key in dict.fromkeys((name.lower(), without_downsampled(name.lower()))):
            lesion, age, sex, site = self._known.get(key, (None, None, None, None))
            first_age = facts[1] if age is None else age
            self._known[key] = (lesion or facts[0], first_age, sex or facts[2], site or facts[3])

    def complete(self, row: Row) -> Row:
        """The row with what is known of its image; the row itself where nothing is."""
        key = row.name.lower()
        # One table may name files with their folders (a/b.jpg), another without.
        plain = without_downsampled(key)
        facts = self._known.get(key) or self._known.get(plain) or self._known.get(plain.rpartition("/")[2])
        if facts is None:
            return row
        return Row(row.name, row.label, row.origin, row.kind, row.reason, row.path, *facts)


READERS: tuple[Reader, ...] = (
    Reader(
        Layout.ISIC2019,
        f"ISIC 2019: a CSV table with the columns image, {', '.join(CLASS_CODES)} (and UNK) of zeros and ones",
        fits_isic2019,
        read_isic2019,
    ),
    Reader(
        Layout.HAM10000,
        "HAM10000: a CSV table with the columns image_id and dx (and lesion_id)",
        fits_ham10000,
        read_labelled,
    ),
    Reader(
        Layout.CSV,
        "a CSV table with the columns image and label (and perhaps lesion_id, age, sex, site)",
        fits_csv,
        read_labelled,
    ),
    Reader(
        Layout.FOLDERS,
        "a folder of images for every class, named by its code (MEL) or its name (melanoma)",
        None,
        read_folders,
    ),
)
"""In the order in which `auto` tries them: tables before folders, the more particular before the more general."""
