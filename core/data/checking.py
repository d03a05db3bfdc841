"""Look at every image file before training: what can not be read, and what is the same picture twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from core.data.file_checks import Depth, FileCheck, examine_files
from core.data.near_copies import near_copies, tied
from core.data.types import DataSet, ImageRecord, Part, Problem, ProblemKind
from core.events import CancelToken, Emit, Phase, ignore
from core.paths import cache_root


def check_images(
    dataset: DataSet, *, emit: Emit = ignore, token: CancelToken | None = None, threads: int = 0
) -> DataSet:
    """The same set with its near-copies and with problems of what was seen in the pictures; the records stay.

    Decodes every file in `threads` threads (0: all cores), unless it was decoded before and has not changed.
    Pictures are the same when all their decoded pixels are. Raises `Cancelled`; what was found is kept for next time.
    """
    present = [(record, record.path) for record in dataset.records if record.path is not None]
    token = token or CancelToken()
    examine = partial(examine_files, phase=Phase.CHECKING, emit=emit, token=token, threads=threads)
    paths = [path for _, path in present]
    verdicts = dict(zip(paths, examine(paths, depth=Depth.PREVIEW), strict=True))
    if alike := [path for path in _alike(verdicts) if verdicts[path].pixels is None]:
        verdicts.update(zip(alike, examine(alike, depth=Depth.PIXELS), strict=True))
    problems: list[Problem] = []
    copies: dict[str, list[ImageRecord]] = {}
    strange: dict[str, list[str]] = {}
    pixels = {verdict.digest: verdict.pixels for verdict in verdicts.values() if verdict.pixels is not None}
    for record, path in present:
        verdict = verdicts[path]
        if verdict.error:
            problems.append(Problem(ProblemKind.UNREADABLE, record.name, verdict.error, (record.name,)))
        else:
            if verdict.not_skin:
                strange.setdefault(verdict.not_skin, []).append(record.name)
            copies.setdefault(pixels.get(verdict.digest, verdict.digest), []).append(record)
    problems += [_duplicate(same, dataset.classes.codes) for same in copies.values() if len(same) > 1]
    problems += [
        Problem(ProblemKind.NOT_SKIN, names[0], _also(reason, names), tuple(names)) for reason, names in strange.items()
    ]
    readable = {verdict.digest: verdict.sketch for verdict in verdicts.values() if verdict.sketch}
    near, chained = tied(near_copies(readable, cache_root(), emit, token, threads), len(present))
    digests = {verdicts[path].digest: record for record, path in reversed(present)}
    problems += [_chain([digests[digest] for digest in chain]) for chain in chained]
    pairs = tuple((digests[left], digests[right]) for left, right in near)
    problems += _labelled_otherwise(pairs, dataset.classes.codes)
    known = frozenset(dataset.problems)
    return replace(
        dataset,
        problems=dataset.problems + tuple(item for item in problems if item not in known),
        near_copies=tuple((left.name, right.name) for left, right in pairs),
    )


def _also(reason: str, names: Sequence[str]) -> str:
    return reason if len(names) == 1 else f"{reason} So are {len(names) - 1:,} more."


def excluded_names(problems: Iterable[Problem]) -> frozenset[str]:
    """The images that going on leaves out: for `DataSet.without`."""
    return frozenset(name for problem in problems if problem.excludes for name in problem.names)


def _alike(verdicts: Mapping[Path, FileCheck]) -> list[Path]:
    """The files that may hold a picture which another file holds too, told by what a quick decode shows.

    A quick decode compares only with another one: a JPEG beside a picture of its size in another format is among them.
    """
    looks: dict[str, dict[str, set[str]]] = {}
    for verdict in verdicts.values():
        looks.setdefault(verdict.size, {}).setdefault(verdict.preview, set()).add(verdict.digest)
    return [
        path
        for path, verdict in verdicts.items()
        if verdict.preview and ("" in looks[verdict.size] or len(looks[verdict.size][verdict.preview]) > 1)
    ]


def _duplicate(same: list[ImageRecord], known: Sequence[str]) -> Problem:
    """Which of the copies of one picture can be used. A test part that the data bring along is never changed."""
    tested = [record for record in same if record.part is Part.TEST]
    held = [record for record in same if record.part is Part.VALIDATION]
    kept = tested or (held or same)[:1]
    others = [record for record in same if record not in kept]
    labels = list(dict.fromkeys(record.label for record in same))
    codes = " and ".join(known[label] for label in labels)
    listed = ", ".join(record.name for record in same if record is not kept[0])
    left_out = tuple(record.name for record in others)
    if len(labels) > 1 and not tested:
        reason = f"The same picture as {listed}, but labelled {codes}; none of them can be used."
        return Problem(ProblemKind.DUPLICATE, kept[0].name, reason, (kept[0].name, *left_out))
    reason = f"The same picture as {listed}"
    if len(labels) > 1:
        reason += f", but labelled {codes}"
    reason += f"; only {kept[0].name} is used." if len(kept) == 1 else "; the test part of the data stays as it is."
    return Problem(ProblemKind.DUPLICATE, kept[0].name, reason, left_out or tuple(r.name for r in kept), bool(others))


def _chain(records: list[ImageRecord]) -> Problem:
    reason = (
        f"{len(records):,} pictures hang together by being nearly alike, one with the next. Near-copies make no such "
        "chains, so they are not kept in one part for it; look at them."
    )
    return Problem(ProblemKind.CHAIN, records[0].name, reason, tuple(record.name for record in records), excludes=False)


def _labelled_otherwise(pairs: Iterable[tuple[ImageRecord, ImageRecord]], known: Sequence[str]) -> list[Problem]:
    return [
        Problem(
            ProblemKind.NEAR_COPIES,
            left.name,
            f"Nearly the same picture as {right.name}, but labelled {known[left.label]} and {known[right.label]}.",
            (left.name, right.name),
            excludes=False,
        )
        for left, right in pairs
        if left.label != right.label
    ]
