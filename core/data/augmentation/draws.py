"""Random numbers as pure functions of what they are for: no generator has a state that a resume would have to keep."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STREAM = 0x417
_MOST = 2**62
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def drawn_views(count: int, *, seed: int, epoch: int, most: int | None = None) -> NDArray[np.int64]:
    """Which view each of the `count` images of an epoch (from 1) is shown in, int64 (count,), in their order.

    Drawn evenly from views 0 to `most` - 1; with None from so many that hardly any comes twice. A pure function of its
    arguments, so that a resumed run shows what it would have shown.
    """
    return np.random.default_rng([seed, epoch, _STREAM]).integers(0, _MOST if most is None else most, count)


def even_draws(indices: NDArray[np.int64], views: NDArray[np.int64], count: int, seed: int = 0) -> NDArray[np.float64]:
    """`count` even draws in 0 to 1 for each image and view (n,), float64 (count, n); another seed, other draws.

    Each column depends on nothing but its own image, view and the seed.
    """
    steps = np.arange(1, count + 1, dtype=np.uint64)[:, None]
    mixed = _mixed(_mixed(indices.astype(np.uint64) + _GOLDEN) ^ views.astype(np.uint64))
    if seed:
        mixed = _mixed(mixed ^ _mixed(np.full(1, seed, np.uint64)))
    return (_mixed(mixed + steps * _GOLDEN) >> np.uint64(11)).astype(np.float64) / 2**53


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's mixing: neighbouring numbers become unrelated ones."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
