"""Which images belong together: of one patient, of one lesion, the same picture, or nearly the same.

Such images teach a model about one another. A model that is tested on some and learnt from others comes out better
than it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.data.components import components
from core.data.types import DataSet, GroupBy, ImageRecord, ProblemKind


def together(by: GroupBy) -> str:
    """How images are divided, for people."""
    words = {"patient": "by patient, lesion and near-copy", "lesion": "by lesion", "image": "by image"}
    return words[by]


def group_numbers(dataset: DataSet, by: GroupBy = "patient") -> NDArray[np.int64]:
    """The group of every record, int64 (records,): connected components over what ties images together.

    `image` ties only the same picture, `lesion` lesions as well, `patient` also patients and near-copies. Images that
    are left out take part: a picture that stood under two lesions makes the two one.
    """
    known = (*dataset.records, *dataset.left_out)
    links = [link for tied in _ties(dataset, known, by) for link in pairwise(tied)]
    return components(np.array(links, np.int64).reshape(-1, 2), len(known))[: len(dataset.records)]


def _ties(dataset: DataSet, known: Sequence[ImageRecord], by: GroupBy) -> Iterable[list[int]]:
    """Indices of images that belong together."""
    yield from _named_together(known, _same_picture(dataset))
    if by == "image":
        return
    yield from _sharing(record.lesion for record in known)
    yield from _named_together(known, dataset.together)
    if by == "patient":
        yield from _sharing(record.patient for record in known)
        yield from _named_together(known, dataset.near_copies)


def _same_picture(dataset: DataSet) -> Iterable[Sequence[str]]:
    return ((item.subject, *item.names) for item in dataset.problems if item.kind is ProblemKind.DUPLICATE)


def _sharing(values: Iterable[str | None]) -> Iterable[list[int]]:
    found: dict[str, list[int]] = {}
    for index, value in enumerate(values):
        if value:
            found.setdefault(value, []).append(index)
    return found.values()


def _named_together(known: Sequence[ImageRecord], names: Iterable[Sequence[str]]) -> Iterable[list[int]]:
    places = {record.name: index for index, record in enumerate(known)}
    return ([places[name] for name in together if name in places] for together in names)
