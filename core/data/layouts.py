"""The layouts that SkinKD reads: how each is recognised, and how its rows are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.classes import ClassSet
from core.data.finding import Folder, printable, relative_name, without_downsampled, without_suffix
from core.data.labels import flag, optional_age, optional_sex, optional_text
from core.data.rows import Row
from core.data.tables import Table
from core.data.terms import HAM10000_TERMS
from core.data.types import ProblemKind
from core.documents import some
from core.errors import SkinKDError
from core.registry import Registry

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
_NAMED_KINDS = (ProblemKind.UNKNOWN_LABEL, ProblemKind.MAPPED_OUT)
_FEWEST_CLASS_COLUMNS = 3
"""Or all columns of a smaller set."""
_MOST_NAMED = 12
_ANSWER, _BESIDE_ANSWER = "diagnosis_name", ("malignant_probability", "prediction_set")
"""Columns of the tables that classifying saves; no collection of labelled images has one of each."""


@dataclass(frozen=True)
class Layout:
    """A way to store labels beside images: an entry of `LAYOUTS`.

    `looks_like` says what must be there, for the classes of a run. `detect` gets a folder and the beginnings of its
    tables (or the one table that the user named) and gives those that hold labels, none for labels that are in no
    table, and None when the folder has another layout. `read` gets the folder, these tables and those that tell other
    facts, all in full, and gives a row for each labelled image. `terms` are those of the data, where they are known.
    """

    name: str
    title: str
    help: str
    looks_like: Callable[[ClassSet], str]
    detect: Callable[[Folder, Sequence[Table], ClassSet], Sequence[Table] | None]
    read: Callable[[Folder, Sequence[Table], Sequence[Table], ClassSet], list[Row]]
    source: str = ""
    terms: str = ""


@dataclass(frozen=True)
class Automatic:
    """What a recipe says instead of a layout's name."""

    name: str = "auto"
    title: str = "Automatic"
    help: str = "look, and say what was found"
    source: str = ""


AUTO = Automatic()


def tables_that(
    fits: Callable[[Table, ClassSet], bool],
) -> Callable[[Folder, Sequence[Table], ClassSet], Sequence[Table] | None]:
    """How a layout is detected whose labels stand in tables: `fits` knows one by its columns."""

    def detect(folder: Folder, tables: Sequence[Table], classes: ClassSet) -> Sequence[Table] | None:
        fitting = [table for table in tables if fits(table, classes)]
        # Tables deeper down are usually copies or excerpts of those above.
        return [table for table in fitting if len(table.path.parts) == len(fitting[0].path.parts)] or None

    return detect


def fits_isic2019(table: Table, classes: ClassSet) -> bool:
    """An image column and one column of zeros and ones for most classes."""
    return _has_flag_columns(table, classes) and odd_flag(table, classes) == ""


def odd_flag(table: Table, classes: ClassSet) -> str:
    """What an early cell of the class columns holds, if it is a number but neither 0 nor 1; otherwise empty.

    Tables of predictions have the columns of ISIC 2019, but probabilities or logits in them.
    """
    if not _has_flag_columns(table, classes):
        return ""
    cells = (row[position] for row in table.rows[:50] for position in _class_columns(table, classes))
    return next((cell for cell in cells if flag(cell) not in (0.0, 1.0, None)), "")


def _has_flag_columns(table: Table, classes: ClassSet) -> bool:
    if _holds_answers(table) or table.find(*_IMAGE) is None:
        return False
    return len(set(_class_columns(table, classes).values())) >= min(_FEWEST_CLASS_COLUMNS, len(classes))


def fits_ham10000(table: Table, classes: ClassSet) -> bool:
    """The columns image_id and dx of HAM10000's metadata."""
    return table.find(*_IMAGE) is not None and "dx" in table.columns


def fits_csv(table: Table, classes: ClassSet) -> bool:
    """An image column and a label column."""
    return not _holds_answers(table) and table.find(*_IMAGE) is not None and table.find(*_LABEL) is not None


def _holds_answers(table: Table) -> bool:
    """Whether a model gave the diagnoses: taken as labels, they would praise or teach it with its own answers."""
    return _ANSWER in table.columns and any(name in table.columns for name in _BESIDE_ANSWER)


def fits_metadata(table: Table) -> bool:
    """An image column and anything that is known about lesions or people."""
    return table.find(*_IMAGE) is not None and table.find(*_METADATA) is not None


def _class_columns(table: Table, classes: ClassSet) -> dict[int, int]:
    """Position of column -> class index."""
    found = {position: classes.index_of(name) for position, name in enumerate(table.columns)}
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


def read_isic2019(folder: Folder, tables: Sequence[Table], metadata: Sequence[Table], classes: ClassSet) -> list[Row]:
    """One-hot rows joined with the metadata of the same image, with or without `_downsampled`."""
    known = _Metadata((*metadata, *tables))
    rows: list[Row] = []
    for table in tables:
        image = table.find(*_IMAGE)
        assert image is not None
        columns = _class_columns(table, classes)
        others = {
            position: name
            for position, name in enumerate(table.columns)
            if classes.is_unknown(name) or classes.is_left_out(name)
        }
        _check_once(table, image)
        for number, cells in enumerate(table.rows):
            name = without_suffix(cells[image])
            if name:
                too_long = number in table.too_long
                label, kind, reason = _TOO_LONG if too_long else _one_hot(cells, columns, others, classes)
                found = _marked(cells, others)[0] if kind in _NAMED_KINDS else ""
                rows.append(known.complete(Row(name, label, table.path, kind, reason, found=found)))
    return rows


def _one_hot(
    cells: tuple[str, ...], columns: dict[int, int], others: dict[int, str], classes: ClassSet
) -> tuple[int | None, ProblemKind | None, str]:
    values = {position: flag(cells[position]) for position in (*columns, *others)}
    if any(value not in (0.0, 1.0) for value in values.values()):
        return None, ProblemKind.NO_LABEL, "A class column holds something else than 0 or 1."
    chosen = sorted({columns[position] for position in columns if values[position] == 1.0})
    marked = _marked(cells, others)
    if len(chosen) == 1 and not marked:
        return chosen[0], None, ""
    said = [classes.codes[label] for label in chosen] + [name.upper() for name in marked]
    if len(said) > 1:
        return None, ProblemKind.TWO_LABELS, f"Its row says {' and '.join(said)}."
    if marked and classes.is_left_out(marked[0]):
        return None, ProblemKind.MAPPED_OUT, f"Its row says {said[0]}."
    if marked:
        return None, ProblemKind.UNKNOWN_LABEL, f"Its row says {said[0]}: none of the classes."
    return None, ProblemKind.NO_LABEL, "All class columns of its row are 0."


def _marked(cells: tuple[str, ...], columns: dict[int, str]) -> list[str]:
    """The names of the columns whose cell is 1."""
    return [name for position, name in columns.items() if flag(cells[position]) == 1.0]


def read_labelled(folder: Folder, tables: Sequence[Table], metadata: Sequence[Table], classes: ClassSet) -> list[Row]:
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
                text = cells[label]
                index, kind, reason = _TOO_LONG if number in table.too_long else _worded(text, classes)
                found = text if kind in _NAMED_KINDS else ""
                rows.append(known.complete(Row(name, index, table.path, kind, reason, found=found)))
    return rows


def _worded(text: str, classes: ClassSet) -> tuple[int | None, ProblemKind | None, str]:
    index = classes.index_of(text)
    if index is not None:
        return index, None, ""
    if classes.is_left_out(text):
        return None, ProblemKind.MAPPED_OUT, f"Its label is {text!r}."
    if not text:
        return None, ProblemKind.NO_LABEL, "Its label is empty."
    parts = [classes.index_of(part) for part in text.replace("/", ";").replace("|", ";").replace("+", ";").split(";")]
    codes = sorted({part for part in parts if part is not None})
    if len(codes) > 1:
        return None, ProblemKind.TWO_LABELS, f"Its label is {text!r}."
    return None, ProblemKind.UNKNOWN_LABEL, f"Its label is {text!r}; known are {some(classes.codes, _MOST_NAMED)}."


def read_folders(folder: Folder, tables: Sequence[Table], metadata: Sequence[Table], classes: ClassSet) -> list[Row]:
    """The label of an image is the nearest folder above it, below the data folder, that is named after a class."""
    rows: list[Row] = []
    known = _Metadata(metadata)
    names = _unique_names(folder)
    for path in folder.images:
        parents = path.relative_to(folder.root).parts[:-1]
        nearest = next((part for part in reversed(parents) if _means_something(part, classes)), "")
        label, kind, reason = classes.index_of(nearest), None, ""
        found = nearest or (parents[-1] if parents else "")
        if label is None and nearest:
            kind, reason = ProblemKind.MAPPED_OUT, f"Its folder is {nearest!r}."
        elif label is None and parents:
            kind, reason = ProblemKind.UNKNOWN_LABEL, f"Its folder is {parents[-1]!r}, which is not a class."
        elif label is None:
            kind, reason = ProblemKind.NO_LABEL, "It lies beside the class folders, not in one."
        row = Row(names[path], label, folder.root, kind, reason, path, found=found if kind in _NAMED_KINDS else "")
        rows.append(known.complete(row))
    return rows


def has_class_folders(folder: Folder, classes: ClassSet) -> bool:
    """Whether any image lies below a folder named after a class."""
    return any(
        classes.index_of(part) is not None
        for path in folder.images
        for part in path.relative_to(folder.root).parts[:-1]
    )


def _means_something(text: str, classes: ClassSet) -> bool:
    return classes.index_of(text) is not None or classes.is_left_out(text)


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
        lesion, age, sex, site = facts
        return replace(row, lesion=lesion, age=age, sex=sex, site=site)


_SHIPPED = (
    Layout(
        "isic2019",
        "ISIC 2019 tables",
        "tables with a column of zeros and ones for every class",
        lambda classes: (
            f"ISIC 2019: a CSV table with the columns image, {some(classes.codes, _MOST_NAMED)} (and UNK) of "
            "zeros and ones"
        ),
        tables_that(fits_isic2019),
        read_isic2019,
    ),
    Layout(
        "ham10000",
        "HAM10000 table",
        "a table with the columns image_id and dx",
        lambda classes: "HAM10000: a CSV table with the columns image_id and dx (and lesion_id)",
        tables_that(fits_ham10000),
        read_labelled,
        terms=HAM10000_TERMS,
    ),
    Layout(
        "csv",
        "CSV table",
        "a table with the columns image and label",
        lambda classes: "a CSV table with the columns image and label (and perhaps lesion_id, age, sex, site)",
        tables_that(fits_csv),
        read_labelled,
    ),
    Layout(
        "folders",
        "One folder per class",
        "a folder of images for every class",
        lambda classes: (
            f"a folder of images for every class, named by its code ({classes.codes[0]}) or its name "
            f"({classes.names[0]})"
        ),
        lambda folder, tables, classes: () if has_class_folders(folder, classes) else None,
        read_folders,
    ),
)

LAYOUTS: Registry[Layout] = Registry("layout", _SHIPPED)


def tried_by_auto() -> tuple[Layout, ...]:
    """The layouts in the order in which `auto` tries them: people's own, then ours, tables before folders and the more
    particular before the more general."""
    own = (layout for layout in LAYOUTS.values() if layout not in _SHIPPED)
    return (*own, *_SHIPPED)
