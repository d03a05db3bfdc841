"""Class-conditional conformal prediction sets: for every class, its images have it in their set as often as promised.

Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World" (2005), label-conditional Mondrian predictors; the
nonconformity of a class is 1 - its calibrated probability. An ordinary (marginal) set keeps its promise over all images
and breaks it for rare classes. A class of few calibration images (`FEW`) could never be excluded and would stand in
every set: where its group is known it is excluded with its group, by the group's summed probability, and the promise is
the group's. The guarantee of CV+ (1 - 2 alpha; Barber, Candès, Ramdas, Tibshirani, 2021) is one of all networks of a
cross-validation together: a single network may not borrow it, and no file holds them all.

The p-values are those of crepes' class-conditional classifier without smoothing: a test holds them equal. crepes itself
takes seconds to import, asks image by image and knows no ties (`_TIE`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.evaluation.class_groups import NO_GROUP

_ROUNDING = 1e-9
_TIE = 1e-6
"""Of probabilities that count as equal. Batches of another size, other threads and other programs round them by 1e-7; a
calibration image that is looked at again must get the same set from all of them."""


FEW = 9
"""With fewer calibration images a class can not be excluded at 90 % by itself."""


@dataclass(frozen=True)
class ClassCoverage:
    """How often the sets of a class's `images` hold it; `calibrated_on` counts its calibration images."""

    code: str
    images: int
    coverage: float | None
    calibrated_on: int


@dataclass(frozen=True)
class Coverage:
    """How the sets at `level` do on other images: shares of all images in 0..1, None without images.

    `mean_size` counts classes per set, `single` is the share of sets with one class, `empty` with none.
    `never_excluded` names classes with too few calibration images to be left out of any set at this level.
    """

    level: float
    images: int
    coverage: float | None
    mean_size: float | None
    single: float | None
    empty: float | None
    per_class: tuple[ClassCoverage, ...]
    never_excluded: tuple[str, ...]


class PredictionSets:
    """Sets calibrated on labels (n,) and logits (n, classes) that the model did not learn from. With the `groups` of
    the classes (classes,) as `class_groups` numbers them, the `rare` classes are those that go by their group."""

    def __init__(
        self,
        labels: NDArray[np.integer[Any]],
        logits: NDArray[np.floating[Any]],
        temperature: float = 1.0,
        groups: NDArray[np.int64] | None = None,
    ) -> None:
        self.temperature = temperature
        self.classes = logits.shape[1]
        self.images = np.bincount(labels, minlength=self.classes)
        self._groups = np.full(self.classes, NO_GROUP) if groups is None else groups
        known = [(self.images[code], self._groups[code]) for code in range(self.classes)]
        self.rare = tuple(code for code, (images, group) in enumerate(known) if images < FEW and group != NO_GROUP)
        alphas = self._nonconformity(logits)
        self.alphas = [np.sort(alphas[self._like(labels, code), code]) for code in range(self.classes)]

    def p_values(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """For each image and class the share of the class's calibration images, and the image itself, that conform
        no better: (m, classes), in 1 / (images of the class + 1) .. 1. A class without calibration images gets 1."""
        alphas = self._nonconformity(logits)
        found = np.ones_like(alphas)
        for code, known in enumerate(self.alphas):
            worse = len(known) - np.searchsorted(known, alphas[:, code] - _TIE, side="left")
            found[:, code] = (worse + 1) / (len(known) + 1)
        return found

    def _nonconformity(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Of each class, of a rare one that of its group: (n, classes)."""
        alphas = nonconformity(logits, self.temperature)
        own = 1 - alphas
        for code in self.rare:
            alphas[:, code] = 1 - own[:, self._groups == self._groups[code]].sum(axis=1)
        return alphas

    def _like(self, labels: NDArray[np.integer[Any]], code: int) -> NDArray[np.bool_]:
        """The calibration images of a class, of a rare one those of its group: (n,)."""
        alike: NDArray[np.bool_] = self._groups[labels] == self._groups[code] if code in self.rare else labels == code
        return alike

    def never_excluded(self, level: float) -> tuple[int, ...]:
        """Classes that are in every set at this level: with n calibration images no p-value is below 1 / (n + 1)."""
        return tuple(c for c, known in enumerate(self.alphas) if 1 / (len(known) + 1) > 1 - level + _ROUNDING)


def sets_at(p_values: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """The classes that can not be excluded at `level` (0..1): those with p > 1 - level; (n, classes)."""
    return p_values > 1 - level + _ROUNDING


def images_needed(level: float) -> int:
    """How many calibration images a class needs so that it can be excluded at `level`: 9 at 90 %."""
    return int(np.ceil(1 / (1 - level) - 1 - _ROUNDING))


def nonconformity(logits: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """1 - softmax(logits / temperature), float64 (n, classes) as `logits`."""
    return 1 - probabilities_of(logits, temperature)


def probabilities_of(logits: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """softmax(logits / temperature), float64 (n, classes) as `logits`."""
    from scipy.special import softmax

    found: NDArray[np.float64] = softmax(np.asarray(logits, np.float64) / temperature, axis=1)
    return found


def coverage(
    sets: PredictionSets,
    labels: NDArray[np.integer[Any]],
    logits: NDArray[np.floating[Any]],
    level: float,
    classes: ClassSet,
) -> Coverage:
    """How the sets at `level` do on labelled images that neither training nor calibration saw.

    Labels (n,), logits (n, classes). Shares are None without images, and for a class that has none.
    """
    holds = sets_at(sets.p_values(logits), level)
    covered, sizes = holds[np.arange(len(labels)), labels], holds.sum(axis=1)
    per_class = tuple(
        ClassCoverage(
            classes.codes[code],
            int((labels == code).sum()),
            float(covered[labels == code].mean()) if (labels == code).any() else None,
            int(sets.images[code]),
        )
        for code in range(sets.classes)
    )

    def share(values: NDArray[Any]) -> float | None:
        return float(values.mean()) if len(labels) else None

    return Coverage(
        level,
        len(labels),
        coverage=share(covered),
        mean_size=share(sizes),
        single=share(sizes == 1),
        empty=share(sizes == 0),
        per_class=per_class,
        never_excluded=tuple(classes.codes[code] for code in sets.never_excluded(level)),
    )


def coverage_to_json(measured: Coverage) -> dict[str, Any]:
    """The coverage for metrics.json."""
    return {
        "level": measured.level,
        "images": measured.images,
        "coverage": measured.coverage,
        "mean_size": measured.mean_size,
        "single": measured.single,
        "empty": measured.empty,
        "per_class": {
            item.code: {"images": item.images, "coverage": item.coverage, "calibrated_on": item.calibrated_on}
            for item in measured.per_class
        },
        "never_excluded": list(measured.never_excluded),
    }
