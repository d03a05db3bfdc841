"""What a data set and its split amount to, computed in a worker for the Data page. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.data.leakage import Leakage
from core.data.types import DataSet, ImageRecord, Part, Split
from core.events import CancelToken
from core.recipe import Recipe
from core.training.draw_coverage import DrawCoverage, draw_coverage

MOST_EXAMPLES = 12
THUMBNAIL_PIXELS = 92
"""Edge of an example image, in device-independent pixels."""


@dataclass(frozen=True)
class SplitPreview:
    """The numbers of a split. `rows` has one entry per part that there is: (part, images, images per class in order).

    `images` and `lesions` count what can be used; `notes` say what a reader of the scores must know; `leakage` how much
    of the test part is half known; `coverage` which share of the training images the sampler shows.
    """

    rows: tuple[tuple[Part, int, tuple[int, ...]], ...]
    images: int
    lesions: int
    notes: tuple[str, ...]
    leakage: Leakage
    coverage: DrawCoverage


@dataclass(frozen=True)
class Example:
    """One picture of a class, (size, size, 3) uint8 RGB."""

    code: str
    title: str
    name: str
    picture: NDArray[np.uint8]


def split_preview(dataset: DataSet, excluded: frozenset[str], recipe: Recipe) -> SplitPreview:
    """Divide the usable images as the run would. Raises `SkinKDError` where that is impossible."""
    from core.data.leakage import leakage
    from core.data.splitting import make_split, split_notes

    data, settings = recipe.data, recipe.optimisation
    usable = usable_part(dataset, excluded)
    split = make_split(usable, data)
    return SplitPreview(
        rows=tuple(_row(usable, split, part) for part in split.made),
        images=len(usable.records),
        lesions=lesion_count(usable),
        notes=_notes(usable, split, split_notes(usable, split, data)),
        leakage=leakage(usable, split),
        coverage=draw_coverage(
            usable.labels[split.train],
            usable.classes.codes,
            sampler=settings.sampler,
            seed=settings.seed,
            draws=settings.epochs,
        ),
    )


def _notes(dataset: DataSet, split: Split, notes: tuple[str, ...]) -> tuple[str, ...]:
    """The notes without the counts, which the table shows, but with the images that stand in no part."""
    unused = len(dataset.records) - split.used
    first = (f"{unused:,} images stand in none of the parts.",) if unused else ()
    return (*first, *(note for note in notes if not note.startswith("Images: ")))


def usable_part(dataset: DataSet, excluded: frozenset[str]) -> DataSet:
    """The data set without images that are missing or left out."""
    missing = {record.name for record in dataset.records if record.path is None}
    return dataset.without(excluded | missing)


def patient_count(dataset: DataSet) -> int:
    """How many different known patients the images show; 0 when none is known."""
    return len({record.patient for record in dataset.records if record.patient})


def lesion_count(dataset: DataSet) -> int:
    """How many different known lesions the images show; 0 when none is known."""
    return len({record.lesion for record in dataset.records if record.lesion})


def examples(dataset: DataSet, excluded: frozenset[str], token: CancelToken) -> tuple[Example, ...]:
    """One picture per class that has a readable one, in class order: the first of the table that can be decoded; of
    the first `MOST_EXAMPLES` classes with images where there are more."""
    found: list[Example] = []
    for label, (code, title) in enumerate(zip(dataset.classes.codes, dataset.classes.names, strict=True)):
        if len(found) == MOST_EXAMPLES:
            break
        candidates = [r for r in dataset.records if r.label == label and r.path and r.name not in excluded]
        example = _first_readable(candidates[:_TRIES], code, title, token)
        if example is not None:
            found.append(example)
    return tuple(found)


_TRIES = 5


def _first_readable(candidates: list[ImageRecord], code: str, title: str, token: CancelToken) -> Example | None:
    from core.data.decoding import UnreadableImageError, decode_image

    for record in candidates:
        token.check()
        if record.path is None:
            continue
        try:
            # twice the shown size, so that it is sharp on high-resolution screens
            picture = decode_image(record.path, 2 * THUMBNAIL_PIXELS)
        except UnreadableImageError:
            # the check lists it with its reason; the next image of the class stands in as example only
            continue
        return Example(code, title, record.name, picture)
    return None


def _row(dataset: DataSet, split: Split, part: Part) -> tuple[Part, int, tuple[int, ...]]:
    indices = split.of(part)
    return part, len(indices), tuple(dataset.counts_of(indices).values())
