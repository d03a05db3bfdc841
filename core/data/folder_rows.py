"""Labels that stand in the names of folders: one folder per class, perhaps within parts, sites or years."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from core.classes import CLASS_SETS, ClassSet
from core.data.locating import ImageIndex
from core.data.parts import is_part_folder
from core.data.rows import Row, is_mask
from core.data.types import Problem, ProblemKind
from core.documents import some

_FEWEST, _MOST = 2, 200
_PATIENT = re.compile(r"(?i)(patient|patienten|pat|subject|subj|person|paciente|paziente|case)[\W_]*.*\d")


def folder_rows(
    index: ImageIndex, images: Iterable[Path], classes: ClassSet | None, *, any_name: bool, patients: bool = False
) -> list[Row]:
    """A row for each image below a folder whose name can be a label; masks beside pictures give none.

    The label is the nearest folder above that is named after a class; elsewhere the folder at the depth at which
    classes stand. Where none is named after a class, there are rows only with `any_name`: then the first depth with
    several names gives labels. A folder below the label that is named as a patient is one; with `patients` any is.
    """
    below = {path: _folders(index.names[path]) for path in images if not is_mask(path, index)}
    known = _knower(classes)
    depth = _depth(list(below.values()), known, any_name=any_name)
    if depth is None:
        return []
    return [_row(index, path, folders, depth, known, patients=patients) for path, folders in below.items()]


def has_class_folders(index: ImageIndex, classes: ClassSet) -> bool:
    """Whether any image lies below a folder named after a class."""
    known = _knower(classes)
    return any(known(folder) for folders in set(map(_folders, index.names.values())) for folder in folders)


def _row(
    index: ImageIndex, path: Path, folders: tuple[str, ...], depth: int, known: Callable[[str], bool], *, patients: bool
) -> Row:
    places = [place for place, folder in enumerate(folders) if known(folder)]
    place = places[-1] if places else min(depth, len(folders) - 1)
    label = folders[place] if folders else ""
    kind = None if label else ProblemKind.NO_LABEL
    reason = "" if label else "It lies beside the class folders, not in one."
    below = folders[place + 1 :] if folders else ()
    patient = next((folder for folder in below if patients or _PATIENT.match(folder)), None)
    return Row(index.names[path], None, index.root, kind, reason, path, raw_label=label, patient=patient)


def unread_patients(rows: Sequence[Row], index: ImageIndex) -> tuple[Problem, ...]:
    """What to know where the folders below those of the classes may be patients, and nobody said so."""
    groups = Counter(
        folders[folders.index(row.raw_label) + 1]
        for row in rows
        if row.path and row.raw_label in (folders := _folders(index.names[row.path])) and row.raw_label != folders[-1]
    )
    if any(row.patient for row in rows) or len(groups) < _FEWEST or sum(groups.values()) * 2 < len(rows):
        return ()
    named = some(list(groups), 3)
    reason = (
        f"{len(groups):,} folders below those of the classes ({named}) may be patients or lesions. "
        "data.patient_folders = true keeps the images of each in one part."
    )
    return (Problem(ProblemKind.PATIENT_FOLDERS, "folders", reason, excludes=False),)


def _folders(name: str) -> tuple[str, ...]:
    """The folders above an image, from the top, without those that only name a part."""
    return tuple(folder for folder in name.split("/")[:-1] if not is_part_folder(folder))


def _depth(below: Sequence[tuple[str, ...]], known: Callable[[str], bool], *, any_name: bool) -> int | None:
    """At which depth the names of folders are labels; None where they are not."""
    counts = Counter(below)
    found = Counter[int]()
    for folders, count in counts.items():
        found.update({place: count for place, folder in enumerate(folders) if known(folder)})
    if found:
        return found.most_common(1)[0][0]
    for place in range(max(map(len, counts), default=0)) if any_name else ():
        names = {folders[place] for folders in counts if len(folders) > place}
        if _FEWEST <= len(names) <= _MOST:
            return place
    return None


def _knower(classes: ClassSet | None) -> Callable[[str], bool]:
    sets = tuple(CLASS_SETS.values()) if classes is None else (classes,)
    cache: dict[str, bool] = {}

    def known(folder: str) -> bool:
        if folder not in cache:
            cache[folder] = any(item.meaning(folder) is not None for item in sets)
        return cache[folder]

    return known
