"""Labels that are likely wrong, told by what models say of images that they did not learn from.

Northcutt, Jiang, Chuang: "Confident Learning: Estimating Uncertainty in Dataset Labels" (JAIR 2021), section 3: an
image labelled i is counted as one of class j when its probability of j is at least the mean probability of j among the
images labelled j.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class SuspectedLabels:
    """Suspects first to last: `indices` (n,) in the arrays that were given, the class (n,) that each seems to be, and
    how much more probable that class is than the label, 0..1 (n,)."""

    indices: NDArray[np.int64]
    classes: NDArray[np.int64]
    margins: NDArray[np.float64]


def suspected_labels(labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> SuspectedLabels:
    """The images, labels (n,) and probabilities (n, classes), whose label is likely wrong, the likeliest first.

    Probabilities must be of models that did not learn from these images. A class without images has no threshold, and
    no image is suspected to be one of it.
    """
    rows = np.arange(len(labels))
    sizes = np.bincount(labels, minlength=probabilities.shape[1])
    confident = np.bincount(labels, weights=probabilities[rows, labels], minlength=probabilities.shape[1])
    thresholds = np.where(sizes > 0, confident / np.maximum(sizes, 1), np.inf)
    reached = np.where(probabilities >= thresholds, probabilities, -1.0)
    likely = reached.argmax(axis=1)
    margins = probabilities[rows, likely] - probabilities[rows, labels]
    indices = np.flatnonzero((reached[rows, likely] >= 0) & (likely != labels) & (margins > 0))
    order = indices[np.argsort(-margins[indices], kind="stable")]
    return SuspectedLabels(order, likely[order], margins[order].astype(np.float64))
