"""What a person changed about a data set: other labels, images left out, images that belong together, notes.

The data themselves are never touched. The corrections of a data folder lie in a file of SkinKD's own, named after the
folder's path: the data may be read-only or on a drive of many, and a table among them would be read as one of theirs. A
run keeps the corrections that it used beside its recipe.
"""

from __future__ import annotations

import csv
import getpass
import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from core.data.tables import write_table
from core.data.types import DataSet, Problem, ProblemKind
from core.errors import SkinKDError
from core.paths import make_private, state_root
from core.user_paths import full_path, is_file

EYE = "eye"
"""The source of a correction that somebody made by looking; otherwise it names the run that disagreed."""


class CorrectionKind(StrEnum):
    """What a correction changes."""

    RELABEL = "relabel"
    EXCLUDE = "exclude"
    GROUP = "group"
    NOTE = "note"


@dataclass(frozen=True)
class Correction:
    """One change of one image, whose `path` is `ImageRecord.name`. `value` is the new class code, the name of the group
    that it belongs to, or the note; `before` the code that was replaced. `time` is ISO 8601, in UTC."""

    path: str
    kind: CorrectionKind
    value: str = ""
    author: str = ""
    time: str = ""
    source: str = EYE
    before: str = ""


_COLUMNS = tuple(field.name for field in fields(Correction))


def corrections_file(data: Path) -> Path:
    """Where the corrections of a data folder, or of the folder of a table, lie, whether there are any or not. Raises
    `SkinKDError` as `full_path`."""
    place = full_path(data.parent if is_file(data) else data)
    name = re.sub(r"[^\w.-]+", "-", place.name)[:40] or "data"
    digest = hashlib.blake2b(str(place).encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
    return state_root() / "corrections" / f"{name}-{digest}" / "corrections.csv"


def correction(path: str, kind: CorrectionKind, value: str = "", *, source: str = EYE, before: str = "") -> Correction:
    """A correction by whoever is logged in, at this moment."""
    try:
        author = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a computer that knows no users
        author = ""
    return Correction(path, kind, value, author, datetime.now(UTC).isoformat(timespec="seconds"), source, before)


def read_corrections(file: Path) -> tuple[Correction, ...]:
    """The corrections in a file, in its order; none where there is no such file. Raises `SkinKDError`."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, restval=""))
        return tuple(
            Correction(row["path"], CorrectionKind(row["kind"]), *(row.get(name, "") for name in _COLUMNS[2:]))
            for row in rows
        )
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SkinKDError(
            "The corrections can not be read",
            f"{file} could not be opened: {error.strerror or error}. See to its permissions and to the disk.",
        ) from error
    except (UnicodeDecodeError, csv.Error, KeyError, ValueError) as error:
        raise SkinKDError(
            "The corrections can not be read",
            f"{file} should have the columns {', '.join(_COLUMNS)}, and one of {', '.join(CorrectionKind)} as kind. "
            "Mend it, or move it away to go on without corrections.",
            str(error),
        ) from error


def write_corrections(file: Path, corrections: Iterable[Correction]) -> None:
    """Replace the corrections in a file. Raises `SkinKDError`."""
    try:
        make_private(file.parent)
    except OSError as error:
        raise SkinKDError("The corrections can not be saved", f"{file.parent}: {error.strerror}.") from error
    write_table(file, _COLUMNS, (astuple(each) for each in corrections))


def with_corrections(known: Sequence[Correction], added: Iterable[Correction]) -> tuple[Correction, ...]:
    """The corrections with further ones: an image has one label, is left out once, and has one group and note; the last
    one said counts, and remembers the label of the data."""
    found = {(each.path, each.kind): each for each in known}
    for each in added:
        former = found.pop((each.path, each.kind), None)
        found[each.path, each.kind] = replace(each, before=former.before) if former and former.before else each
    return tuple(found.values())


def without_corrections(known: Iterable[Correction], removed: Collection[Correction]) -> tuple[Correction, ...]:
    """The corrections without those that are taken back."""
    return tuple(each for each in known if each not in removed)


def corrected(dataset: DataSet, corrections: Iterable[Correction]) -> DataSet:
    """The data set as the corrections want it. What can not be used is a CORRECTION problem: an image that is not
    there, a class that the data set's class set does not have (its image is left out then)."""
    places = {record.name: index for index, record in enumerate(dataset.records)}
    records, gone, problems = list(dataset.records), set(), []
    groups: dict[str, list[str]] = {}
    for each in corrections:
        index = places.get(each.path)
        if index is None:
            reason = f"A correction ({each.kind.value}) is of this image, which is not among the data."
            problems.append(Problem(ProblemKind.CORRECTION, each.path, reason, excludes=False))
        elif each.kind is CorrectionKind.EXCLUDE:
            gone.add(each.path)
        elif each.kind is CorrectionKind.GROUP:
            groups.setdefault(each.value, []).append(each.path)
        elif each.kind is CorrectionKind.RELABEL and (label := dataset.classes.index_of(each.value)) is not None:
            records[index] = replace(records[index], label=label)
        elif each.kind is CorrectionKind.RELABEL:
            reason = f"It was relabelled {each.value}, which is none of the classes of {dataset.classes.name}."
            problems.append(Problem(ProblemKind.CORRECTION, each.path, reason, (each.path,)))
    changed = replace(
        dataset,
        records=tuple(records),
        problems=dataset.problems + tuple(problems),
        together=dataset.together + tuple(tuple(names) for names in groups.values() if len(names) > 1),
    )
    return changed.without(gone)


def corrections_note(corrections: Sequence[Correction], lead: str = "Corrections of the data set were used") -> str:
    """What a reader of the scores must know of them, after `lead`; empty without corrections."""
    counts = Counter(each.kind for each in corrections)
    words = {CorrectionKind.RELABEL: "relabelled", CorrectionKind.EXCLUDE: "left out", CorrectionKind.GROUP: "grouped"}
    listed = ", ".join(f"{counts[kind]:,} {word}" for kind, word in words.items() if counts[kind])
    if not listed:
        return ""
    found = sum(each.source != EYE for each in corrections)
    flattered = f" {found:,} of them were found by a model's disagreement, which flatters that model." if found else ""
    return f"{lead}: {listed}.{flattered}"


def write_cleaned(file: Path, dataset: DataSet) -> None:
    """The data set as a table that any program reads: image, label, lesion_id, patient_id, part, age, sex, site."""
    codes = dataset.classes.codes
    rows = (
        (
            *(record.name, codes[record.label], record.lesion or "", record.patient or ""),
            *(record.part.value if record.part else "", "" if record.age is None else f"{record.age:g}"),
            *(record.sex or "", record.site or ""),
        )
        for record in dataset.records
    )
    write_table(file, ("image", "label", "lesion_id", "patient_id", "part", "age", "sex", "site"), rows)
