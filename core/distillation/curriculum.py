"""The order in which the images of an epoch are shown (paper, section 4.3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def confidence(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The probability of each sample's most likely class, in 1 / classes .. 1. Shape (n, classes) to (n,), float64."""
    values = np.asarray(logits, np.float64)
    total: NDArray[np.float64] = np.exp(values - values.max(axis=1, keepdims=True)).sum(axis=1)
    return 1.0 / total


def order_by_confidence(drawn: NDArray[np.int64], logits: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """`drawn` with the images first that the teacher is surest of; equals keep their order, repeats stay.

    `drawn` are rows of `logits`, the teacher's (n, classes). Weakness of the paper's order: the copies of a rare
    image that the weighted sampler drew become neighbours. Raises ValueError when a drawn image has no logits (NaN).
    """
    used = np.asarray(logits)[drawn]
    if not np.isfinite(used).all():
        raise ValueError("the teacher's logits of some drawn images were not computed")
    order = np.argsort(-confidence(used), kind="stable")
    return np.asarray(drawn[order], np.int64)
