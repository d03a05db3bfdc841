"""From labelled rows, whichever table or folder they come from, to records and named problems."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.classes import ClassSet
from core.data.finding import Folder
from core.data.locating import ImageIndex
from core.data.types import ImageRecord, LabelCount, Part, Problem, ProblemKind
from core.documents import some
from core.twin_names import one_name
from core.visible_text import writable

_MASK = re.compile(r"(.+)_(segmentation|mask|seg|superpixels|groundtruth|attribute_[a-z_]+|lesion)$")
_EXAMPLES = 3
_NAMED = 5


@dataclass(frozen=True)
class Row:
    """One picture as a table or folder gives it.

    `raw_label` is the label as it stands there; `label` its class where a layout knows it already. `kind` and `reason`
    say what is wrong with the row. `path` is its file; where only a name is known, `files` are all that it may mean
    (None: not looked for yet). Of several rows for one file, that of the smallest `rank` speaks.
    """

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
    raw_label: str = ""
    patient: str | None = None
    part: Part | None = None
    skin_type: int | None = None
    files: tuple[Path, ...] | None = None
    rank: int = 0


@dataclass(frozen=True)
class Assembled:
    """What the rows of a data set come to."""

    records: tuple[ImageRecord, ...]
    problems: tuple[Problem, ...]
    label_counts: tuple[LabelCount, ...]


def is_mask(path: Path, index: ImageIndex) -> bool:
    """Whether the name of a file says that it is a drawing of where the lesion of another picture lies."""
    found = _MASK.fullmatch(path.stem.lower())
    return found is not None and index.has(found[1])


def assemble(folder: Folder, index: ImageIndex, rows: Iterable[Row], classes: ClassSet) -> Assembled:
    """Join rows with image files; labels become numbers of `classes`. Records keep the order of first rows; a record
    without a file has path None.

    When no row at all has a file there is one NO_IMAGES problem instead of one for every image.
    """
    return _Assembly(folder, index, classes).of(rows)


class _Assembly:
    def __init__(self, folder: Folder, index: ImageIndex, classes: ClassSet) -> None:
        self._folder, self._index, self._classes = folder, index, classes
        self._records: list[ImageRecord] = []
        self._problems: list[Problem] = []
        self._missing: list[Problem] = []
        self._wrong: dict[tuple[ProblemKind, str], list[str]] = {}
        self._groups: dict[tuple[ProblemKind, str], list[str]] = {}
        self._labels: dict[str, list[Path | None]] = {}
        self._meanings: dict[str, tuple[int | None, ProblemKind | None]] = {}
        self._used: set[Path] = set()
        self._twins = _twins(index.names.values())

    def of(self, rows: Iterable[Row]) -> Assembled:
        for same, files in self._by_file(rows):
            self._add(same, files)
        problems = [*self._problems, *self._grouped(), *self._of_files()]
        problems += [
            Problem(ProblemKind.UNREADABLE, str(path), f"The folder can not be opened: {reason}.", excludes=False)
            for path, reason in self._folder.closed
        ]
        return Assembled(tuple(self._records), tuple(problems), _label_counts(self._labels, self._classes))

    def _by_file(self, rows: Iterable[Row]) -> Iterator[tuple[list[Row], tuple[Path, ...]]]:
        """The rows of every image with its files; several names (a.jpg, ./A.jpg) that mean one file are one image."""
        found: dict[Path | str, tuple[list[Row], tuple[Path, ...]]] = {}
        for row in rows:
            files = (row.path,) if row.path else row.files
            if files is None:
                files = tuple(self._index.find(row.name, ""))
            # Sites may call different images alike.
            key = files[0] if len(files) == 1 else f"{row.origin.parent}/{row.name}"
            found.setdefault(key, ([], files))[0].append(row)
        yield from found.values()

    def _add(self, same: list[Row], files: tuple[Path, ...]) -> None:
        self._used.update(files)
        first = min(same, key=lambda row: row.rank)
        speaking = [row for row in same if row.rank == first.rank]
        name = self._index.names[files[0]] if len(files) == 1 else first.name
        if len(files) > 1:
            self._problems.append(self._ambiguous(name, files))
            return
        if files and (others := self._twins.get(name)):
            self._problems.append(_twin(name, others))
            return
        wrong = next((row for row in speaking if row.kind is not None), None)
        if wrong is not None and wrong.kind is not None:
            self._wrong.setdefault((wrong.kind, f"{wrong.reason} ({wrong.origin.name})"), []).append(name)
            return
        labels = [self._class_of(row) for row in speaking]
        index, kind = labels[0]
        if first.raw_label:
            self._labels.setdefault(first.raw_label, []).append(files[0] if files else None)
        trouble = self._trouble(name, speaking, labels)
        if trouble is not None:
            self._problems.append(trouble)
            if trouble.excludes:
                return
        elif kind is not None:
            self._groups.setdefault((kind, first.raw_label), []).append(name)
            return
        if not files:
            self._missing.append(_missing(first, name))
        assert index is not None
        path = files[0] if files else None
        facts = (first.lesion, first.age, first.sex, first.site, first.patient, first.part, first.skin_type)
        self._records.append(ImageRecord(name, path, index, *facts))

    def _class_of(self, row: Row) -> tuple[int | None, ProblemKind | None]:
        """The class of a row, or why it has none."""
        if row.label is not None:
            return row.label, None
        if row.raw_label not in self._meanings:
            self._meanings[row.raw_label] = _meaning(row.raw_label, self._classes)
        return self._meanings[row.raw_label]

    def _trouble(
        self, name: str, same: Sequence[Row], labels: Sequence[tuple[int | None, ProblemKind | None]]
    ) -> Problem | None:
        codes = self._classes.codes
        said = list(
            dict.fromkeys(
                row.raw_label if label is None else codes[label] for row, (label, _) in zip(same, labels, strict=True)
            )
        )
        if len(said) > 1:
            return Problem(ProblemKind.TWO_LABELS, name, f"Its rows say {' and '.join(said)}.", (name,))
        if labels[0][1] is ProblemKind.TWO_LABELS:
            return Problem(ProblemKind.TWO_LABELS, name, f"Its label is {same[0].raw_label!r}.", (name,))
        twice = Counter(row.origin for row in same).most_common(1)[0][1]
        if twice > 1 and labels[0][1] is None:
            reason = f"It stands in {twice} rows with the same label; the first row is used."
            return Problem(ProblemKind.DUPLICATE_ROW, name, reason, (name,), excludes=False)
        return None

    def _grouped(self) -> Iterator[Problem]:
        """Rows and labels that give no image, one problem for each reason and label."""
        for (kind, reason), names in self._wrong.items():
            more = f" So it is with {len(names) - 1:,} more." if len(names) > 1 else ""
            yield Problem(kind, names[0], f"{reason}{more}", tuple(names))
        for (kind, label), names in sorted(self._groups.items(), key=lambda item: -len(item[1])):
            count = f"{len(names):,} {'image has' if len(names) == 1 else 'images have'} the label {label!r}"
            if kind is ProblemKind.MAPPED_OUT:
                reason = f"{count}, which classes.mapping in the recipe leaves out."
                yield Problem(kind, label, reason, tuple(names), excludes=False)
            else:
                known = some(self._classes.codes, 12)
                yield Problem(kind, label, f"{count}, which is none of the classes; known are {known}.", tuple(names))

    def _ambiguous(self, name: str, files: Sequence[Path]) -> Problem:
        listed = some([self._index.names[path] for path in files], _NAMED)
        reason = f"{len(files)} files have this name ({listed}); write the folder before the name in the table."
        return Problem(ProblemKind.AMBIGUOUS, name, reason, (name,))

    def _of_files(self) -> list[Problem]:
        """What is wrong with the files themselves: missing, unlisted, masks."""
        left = [path for path in self._folder.images if path not in self._used]
        masks = tuple(self._index.names[path] for path in left if is_mask(path, self._index))
        if self._records and len(self._missing) == len(self._records):
            return [_no_images(self._folder, self._records)]
        unlisted = [self._index.names[path] for path in left]
        return self._missing + _unlisted([name for name in unlisted if name not in set(masks)]) + _masks(masks)


def _twins(names: Iterable[str]) -> dict[str, list[str]]:
    """Names of files that some disk takes for one, each with all of them."""
    same: dict[str, list[str]] = {}
    for name in names:
        same.setdefault(one_name(name), []).append(name)
    return {name: group for group in same.values() if len(group) > 1 for name in group}


def _twin(name: str, group: Sequence[str]) -> Problem:
    others = some([other for other in group if other != name], _NAMED)
    reason = (
        f"{name} and {others} are two files here and one on other disks (capitals, accents, dots at the end), where "
        "one would have the other's label; rename one of them."
    )
    return Problem(ProblemKind.AMBIGUOUS, name, reason, (name,))


def labels_of(rows: Iterable[Row], classes: ClassSet | None) -> tuple[LabelCount, ...]:
    """The labels of rows as they stand there, the most frequent first, each image once; what they mean by `classes`."""
    images: dict[Path | str, Row] = {}
    for row in rows:
        key = row.path or (row.files[0] if row.files else row.name)
        if row.raw_label and (key not in images or row.rank < images[key].rank):
            images[key] = row
    labels: dict[str, list[Path | None]] = {}
    for key, row in images.items():
        labels.setdefault(row.raw_label, []).append(key if isinstance(key, Path) else None)
    return _label_counts(labels, classes)


def _label_counts(labels: Mapping[str, Sequence[Path | None]], classes: ClassSet | None) -> tuple[LabelCount, ...]:
    """Every label with its images and what it means, the most frequent first."""
    found = []
    for label, paths in sorted(labels.items(), key=lambda item: -len(item[1])):
        examples = tuple(path for path in paths[:_EXAMPLES] if path is not None)
        item = LabelCount(label, len(paths), examples, None)
        found.append(item if classes is None else item.meant_by(classes))
    return tuple(found)


def _meaning(text: str, classes: ClassSet) -> tuple[int | None, ProblemKind | None]:
    meaning = classes.meaning(text)
    if meaning is not None:
        return meaning.index, ProblemKind.MAPPED_OUT if meaning.index is None else None
    parts = {classes.index_of(part) for part in re.split(r"[/;|+]", text)} - {None}
    return None, ProblemKind.TWO_LABELS if len(parts) > 1 else ProblemKind.UNKNOWN_LABEL


def _unlisted(names: Sequence[str]) -> list[Problem]:
    """Images without a row, one problem a folder."""
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    problems = []
    for folder, own in folders.items():
        subject = own[0] if len(own) == 1 else f"{folder or '.'}: {len(own):,} images"
        reason = "No table has a row for them, so their labels are not known; they are not used."
        problems.append(Problem(ProblemKind.MISSING_ROW, subject, reason, tuple(own), excludes=False))
    return problems


def _masks(names: tuple[str, ...]) -> list[Problem]:
    if not names:
        return []
    reason = (
        f"{len(names):,} files are named as drawings of where a lesion lies, not as pictures of it; they are not used."
    )
    return [Problem(ProblemKind.MASK, names[0], reason, names, excludes=False)]


def _missing(row: Row, name: str) -> Problem:
    reason = f"{row.origin.name} lists it, but no image file of this name is where the table's images are."
    return Problem(ProblemKind.MISSING_IMAGE, name, reason, (name,))


def _no_images(folder: Folder, records: Sequence[ImageRecord]) -> Problem:
    count = f"The tables name {len(records):,} images"
    if folder.images:
        other = writable(folder.images[0].name)
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
