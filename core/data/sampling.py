"""Which training images an epoch shows, in which order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STREAM = 0x5A3B
"""Keeps the sampler's random numbers apart from other uses of the same seed."""


def epoch_order(labels: NDArray[np.int64], *, sampler: str, seed: int, epoch: int) -> NDArray[np.int64]:
    """Positions into the training part, int64 of shape (n,), for one epoch (from 1).

    `weighted`: n draws with replacement in which every class present is equally likely (the paper's weighted random
    sampler, weight 1 / class count). `shuffle`: every position once. A pure function of its arguments, so that a
    resumed run draws what it would have drawn. Raises ValueError for another sampler or no labels.
    """
    if labels.size == 0:
        raise ValueError("the training part has no images")
    generator = np.random.default_rng([seed, epoch, _STREAM])
    if sampler == "shuffle":
        return generator.permutation(labels.size).astype(np.int64)
    if sampler != "weighted":
        raise ValueError(f"sampler must be weighted or shuffle; it is {sampler!r}")
    weights = 1.0 / np.bincount(labels)[labels]
    edges = np.cumsum(weights)
    drawn: NDArray[np.int64] = np.searchsorted(edges, generator.random(labels.size) * edges[-1], side="right").astype(
        np.int64
    )
    return np.minimum(drawn, labels.size - 1)
