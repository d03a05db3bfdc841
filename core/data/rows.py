"""From labelled rows, whichever table or folder they come from, to records and named problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.classes import ClassSet
from core.data.finding import Folder, ImageIndex, printable, relative_name
from core.data.types import ImageRecord, Problem, ProblemKind


@dataclass(frozen=True)
class Row:
    """One picture as a table or folder gives it; `label` is None when `kind` and `reason` say what is wrong;
    `found` is then the label that was found, where there was one."""

    name: str
    label: int | None
    origin: Path
    kind: ProblemKind | None = None
    reason: str = ""
    path: Path | None = None
    lesion: str | None = None
    age: float | None = None
    sex: str | None = None
    site: str | None = None
    found: str = ""


@dataclass(frozen=True)
class Assembled:
    """What the rows of a data set come to."""

    records: tuple[ImageRecord, ...]
    problems: tuple[Problem, ...]
    unknown_labels: tuple[tuple[str, int], ...]


def assemble(folder: Folder, rows: Sequence[Row], classes: ClassSet) -> Assembled:
    """Join rows with image files; labels are numbers of `classes`. Records keep the order of first rows; a record
    without a file has path None.

    When no row at all has a file there is one NO_IMAGES problem instead of one for every image.
    """
    index = ImageIndex(folder)
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    records: list[ImageRecord] = []
    problems: list[Problem] = []
    missing: list[Problem] = []
    mapped_out: dict[str, list[str]] = {}
    unknown: Counter[str] = Counter()
    used: set[Path] = set()
    for same, files in _by_file(by_name, index):
        name = relative_name(files[0], folder.root) if files else same[0].name
        used.update(files)
        left_out = next((row.found for row in same if row.kind is ProblemKind.MAPPED_OUT), None)
        if left_out is not None:
            mapped_out.setdefault(left_out, []).append(name)
            continue
        unknown.update({row.found for row in same if row.found})
        trouble = _row_trouble(name, same, classes.codes)
        if trouble is not None:
            problems.append(trouble)
            if trouble.excludes:
                continue
        if not files:
            missing.append(_missing(same[0]))
        elif len(files) > 1:
            problems.append(_ambiguous(folder, name, files))
        records.append(_record(name, same[0], files[0] if files else None))
    problems += _file_problems(folder, records, missing, used)
    problems += [
        Problem(ProblemKind.UNREADABLE, str(path), f"The folder can not be opened: {reason}.", excludes=False)
        for path, reason in folder.closed
    ]
    problems += [_mapped_out(label, names) for label, names in mapped_out.items()]
    return Assembled(tuple(records), tuple(problems), tuple(unknown.most_common()))


def _by_file(by_name: dict[str, list[Row]], index: ImageIndex) -> Iterable[tuple[list[Row], list[Path]]]:
    """The rows of every image with its files; several names (a.jpg, ./A.jpg) that mean one file are one image."""
    found: dict[Path | str, tuple[list[Row], list[Path]]] = {}
    for name, same in by_name.items():
        files = [same[0].path] if same[0].path else index.find(name, same[0].origin)
        found.setdefault(files[0] if files else name, ([], files))[0].extend(same)
    return found.values()


def _record(name: str, row: Row, path: Path | None) -> ImageRecord:
    assert row.label is not None
    return ImageRecord(name, path, row.label, row.lesion, row.age, row.sex, row.site)


def _row_trouble(name: str, same: list[Row], codes: Sequence[str]) -> Problem | None:
    for row in same:
        if row.kind is not None:
            return Problem(row.kind, name, f"{row.reason} ({row.origin.name})", (name,))
    labels = list(dict.fromkeys(row.label for row in same if row.label is not None))
    if len(labels) > 1:
        said = " and ".join(codes[label] for label in labels)
        return Problem(ProblemKind.TWO_LABELS, name, f"Its rows say {said}.", (name,))
    if len(same) > 1:
        reason = f"It stands in {len(same)} rows with the same label; the first row is used."
        return Problem(ProblemKind.DUPLICATE_ROW, name, reason, (name,), excludes=False)
    return None


def _mapped_out(label: str, names: list[str]) -> Problem:
    reason = f"{len(names):,} images have this label, which classes.mapping in the recipe leaves out."
    return Problem(ProblemKind.MAPPED_OUT, label, reason, tuple(names), excludes=False)


def _missing(row: Row) -> Problem:
    reason = f"{row.origin.name} lists it, but no image file of this name is in or below the data folder."
    return Problem(ProblemKind.MISSING_IMAGE, row.name, reason, (row.name,))


def _ambiguous(folder: Folder, name: str, files: list[Path]) -> Problem:
    listed = ", ".join(relative_name(path, folder.root) for path in files)
    reason = f"{len(files)} files have this name ({listed}); the first is used."
    return Problem(ProblemKind.DUPLICATE, name, reason, (name,), excludes=False)


def _file_problems(
    folder: Folder, records: list[ImageRecord], missing: list[Problem], used: set[Path]
) -> list[Problem]:
    if records and len(missing) == len(records):
        return [_no_images(folder, records)]
    unlisted = [
        Problem(
            ProblemKind.MISSING_ROW,
            relative_name(path, folder.root),
            "The image has no row in the table, so its label is not known; it is not used.",
            (relative_name(path, folder.root),),
            excludes=False,
        )
        for path in folder.images
        if path not in used
    ]
    return missing + unlisted


def _no_images(folder: Folder, records: list[ImageRecord]) -> Problem:
    count = f"The tables name {len(records):,} images"
    if folder.images:
        other = printable(folder.images[0].name)
        reason = (
            f"{count}, such as {records[0].name}, but none of the {len(folder.images):,} image files has a name from "
            f"them; the first is {other}. Choose the folder that holds the images of these tables."
        )
    else:
        reason = (
            f"{count}, but there is no image file in or below {folder.root}. "
            "Put the images into this folder, or choose the folder that holds both."
        )
    return Problem(ProblemKind.NO_IMAGES, str(folder.root), reason)
