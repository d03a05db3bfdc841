"""Look at every image file before training: what can not be read, and what is the same picture twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.data.types import CLASS_CODES, DataSet, ImageRecord, Problem, ProblemKind
from core.data.verdicts import examine_files
from core.events import CancelToken, Phase, Report, ignore


def check_images(
    dataset: DataSet, *, report: Report = ignore, token: CancelToken | None = None, threads: int = 0
) -> DataSet:
    """The same set with UNREADABLE and DUPLICATE problems added; the records stay.

    Decodes every file fully in `threads` threads (0: all cores), unless it was decoded before and has not changed.
    Pictures are the same when all their decoded pixels are. Raises `Cancelled`; what was found is kept for next time.
    """
    present = [(record, record.path) for record in dataset.records if record.path is not None]
    verdicts = examine_files(
        [path for _, path in present],
        decode=True,
        phase=Phase.CHECKING,
        report=report,
        token=token or CancelToken(),
        threads=threads,
    )
    problems: list[Problem] = []
    copies: dict[str, list[ImageRecord]] = {}
    for (record, _), verdict in zip(present, verdicts, strict=True):
        if verdict.error:
            problems.append(Problem(ProblemKind.UNREADABLE, record.name, verdict.error, (record.name,)))
        elif verdict.pixels is not None:
            copies.setdefault(verdict.pixels, []).append(record)
    problems += [_duplicate(same) for same in copies.values() if len(same) > 1]
    known = frozenset(dataset.problems)
    return replace(dataset, problems=dataset.problems + tuple(item for item in problems if item not in known))


def excluded_names(problems: Iterable[Problem]) -> frozenset[str]:
    """The images that going on leaves out: for `DataSet.without`."""
    return frozenset(name for problem in problems if problem.excludes for name in problem.names)


def _duplicate(same: list[ImageRecord]) -> Problem:
    names = tuple(record.name for record in same)
    labels = list(dict.fromkeys(record.label for record in same))
    listed = ", ".join(names[1:])
    if len(labels) > 1:
        codes = " and ".join(CLASS_CODES[label] for label in labels)
        reason = f"The same picture as {listed}, but labelled {codes}; none of them can be used."
        return Problem(ProblemKind.DUPLICATE, names[0], reason, names)
    reason = f"The same picture as {listed}; only {names[0]} is used."
    return Problem(ProblemKind.DUPLICATE, names[0], reason, names[1:])
