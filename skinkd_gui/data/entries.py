"""The pictures of a data set as the gallery shows them: with their problems and corrections, filtered. Knows no Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from core.data.components import components
from core.data.corrections import Correction, CorrectionKind
from core.data.types import DataSet, ImageRecord, Part, Problem, ProblemKind
from core.runs.corrections import SuspectedLabel
from skinkd_gui.data.opening import LabelFindings

Marks = Mapping[CorrectionKind, Correction]
_NO_MARKS: Marks = {}


class Aspect(StrEnum):
    """Which pictures are of interest; the value is shown. Kinds of problems are offered besides."""

    ALL = "All pictures"
    PROBLEM = "With any problem"
    NEAR_COPIES = "Near-copies, side by side"
    SUSPECTED = "Suspected wrong labels"
    UNUSUAL = "Least like the rest"
    CORRECTED = "Corrected"
    LEFT_OUT = "Left out by you"


@dataclass(frozen=True)
class PictureEntry:
    """One picture. `label` is the data's class code, empty for a picture without a usable label; `part` that of the
    chosen run, else of the data's own. `copies` numbers what is nearly the same, -1 for none;
    `unusual` says how far the most alike pictures are, 0 where that is near or not known."""

    name: str
    path: Path | None
    label: str
    record: ImageRecord | None
    part: Part | None
    problems: tuple[Problem, ...] = ()
    marks: Marks = field(default_factory=dict)
    suspicion: SuspectedLabel | None = None
    copies: int = -1
    unusual: float = 0.0

    @property
    def code(self) -> str:
        """The class code with corrections."""
        said = self.marks.get(CorrectionKind.RELABEL)
        return said.value if said else self.label

    @property
    def excluded(self) -> bool:
        """Whether somebody left it out."""
        return CorrectionKind.EXCLUDE in self.marks

    @property
    def texts(self) -> str:
        """What a search looks through, in small letters."""
        record, note = self.record, self.marks.get(CorrectionKind.NOTE)
        known = (record.lesion, record.patient) if record else ()
        return "\n".join(text for text in (self.name, *known, note.value if note else "") if text).casefold()


@dataclass(frozen=True)
class EntryFilter:
    """What is shown; empty fields ask for nothing. `names` are images that another tab asked for."""

    aspect: Aspect | ProblemKind = Aspect.ALL
    code: str = ""
    part: Part | None = None
    site: str = ""
    text: str = ""
    names: frozenset[str] = frozenset()


def entries_of(
    dataset: DataSet, unlabelled: Mapping[str, Path], findings: LabelFindings | None, unusual: Mapping[str, float]
) -> tuple[PictureEntry, ...]:
    """All pictures in the order of the data, without corrections; `unlabelled` ones, by name, come last. `findings` are
    those of a run, whose parts count then; `unusual` names the pictures that are least like the others."""
    problems: dict[str, list[Problem]] = {}
    for problem in dataset.problems:
        for name in dict.fromkeys(problem.names or (problem.subject,)):
            problems.setdefault(name, []).append(problem)
    parts = findings.parts if findings else {}
    doubts = {each.image: each for each in findings.suspected} if findings else {}
    copies = _numbered_copies(dataset.near_copies)
    codes = dataset.classes.codes
    labelled = [
        PictureEntry(
            record.name,
            record.path,
            codes[record.label],
            record,
            parts.get(record.name) if findings else record.part,
            tuple(problems.get(record.name, ())),
            suspicion=doubts.get(record.name),
            copies=copies.get(record.name, -1),
            unusual=unusual.get(record.name, 0.0),
        )
        for record in dataset.records
    ]
    rest = (
        PictureEntry(name, path, "", None, None, tuple(problems.get(name, ()))) for name, path in unlabelled.items()
    )
    return (*labelled, *rest)


def marked(entries: Iterable[PictureEntry], corrections: Iterable[Correction]) -> tuple[PictureEntry, ...]:
    """The entries with these corrections, and no others."""
    marks: dict[str, dict[CorrectionKind, Correction]] = {}
    for each in corrections:
        marks.setdefault(each.path, {})[each.kind] = each
    return tuple(
        entry if entry.marks == (said := marks.get(entry.name, _NO_MARKS)) else replace(entry, marks=said)
        for entry in entries
    )


def filtered(entries: Sequence[PictureEntry], wanted: EntryFilter) -> list[PictureEntry]:
    """The entries that are asked for. Near-copies stand beside each other; the most doubtful labels and the most
    unusual pictures come first."""
    text = wanted.text.strip().casefold()
    left = [
        entry
        for entry in entries
        if _has(entry, wanted.aspect)
        and (not wanted.code or entry.code == wanted.code)
        and (wanted.part is None or entry.part is wanted.part)
        and (not wanted.site or (entry.record is not None and entry.record.site == wanted.site))
        and (not wanted.names or entry.name in wanted.names)
        and (not text or text in entry.texts)
    ]
    order = _ORDERS.get(wanted.aspect)
    return left if order is None else sorted(left, key=order)


def aspect_counts(entries: Sequence[PictureEntry]) -> dict[Aspect | ProblemKind, int]:
    """How many entries each aspect and each kind of problem has; without those that none has."""
    kinds = Counter(kind for entry in entries if entry.problems for kind in {item.kind for item in entry.problems})
    counts: list[tuple[Aspect | ProblemKind, int]] = [(each, sum(map(has, entries))) for each, has in _HAS.items()]
    counts += [(kind, kinds[kind]) for kind in ProblemKind]
    return {aspect: count for aspect, count in counts if count}


def near_copies_of(entry: PictureEntry, entries: Sequence[PictureEntry]) -> list[PictureEntry]:
    """The entry and what is nearly the same picture; nothing where there is none."""
    return [] if entry.copies < 0 else [other for other in entries if other.copies == entry.copies]


_HAS: dict[Aspect, Callable[[PictureEntry], bool]] = {
    Aspect.ALL: lambda entry: True,
    Aspect.PROBLEM: lambda entry: bool(entry.problems),
    Aspect.NEAR_COPIES: lambda entry: entry.copies >= 0,
    Aspect.SUSPECTED: lambda entry: entry.suspicion is not None,
    Aspect.UNUSUAL: lambda entry: entry.unusual > 0,
    Aspect.CORRECTED: lambda entry: bool(entry.marks),
    Aspect.LEFT_OUT: lambda entry: entry.excluded,
}


_ORDERS: dict[Aspect | ProblemKind, Callable[[PictureEntry], float]] = {
    Aspect.NEAR_COPIES: lambda entry: entry.copies,
    Aspect.SUSPECTED: lambda entry: -entry.suspicion.margin if entry.suspicion else 0.0,
    Aspect.UNUSUAL: lambda entry: -entry.unusual,
}


def _has(entry: PictureEntry, aspect: Aspect | ProblemKind) -> bool:
    if isinstance(aspect, Aspect):
        return _HAS[aspect](entry)
    return any(problem.kind is aspect for problem in entry.problems)


def _numbered_copies(pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    names = sorted({name for pair in pairs for name in pair})
    rows = {name: row for row, name in enumerate(names)}
    links = np.array([[rows[left], rows[right]] for left, right in pairs], np.int64).reshape(-1, 2)
    return dict(zip(names, components(links, len(names)).tolist(), strict=True)) if names else {}
