"""Whether a model is right as often as it is sure, and the temperature that makes it so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ReliabilityBin:
    """The images with a confidence in (low, high]: their mean confidence and accuracy, None without images."""

    low: float
    high: float
    confidence: float | None
    accuracy: float | None
    count: int


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram's bins and the expected calibration error (0..1, 0 is best) of `images` images."""

    bins: tuple[ReliabilityBin, ...]
    expected_error: float
    images: int


def reliability(
    labels: NDArray[np.int64], logits: NDArray[np.floating[Any]], temperature: float = 1.0, bins: int = 15
) -> Reliability:
    """Reliability of logits (n, 8) / temperature."""
    return Reliability((), 0.0, len(labels))


def fit_temperature(labels: NDArray[np.int64], logits: NDArray[np.floating[Any]]) -> float:
    """The temperature in 0.05..20 with the smallest negative log-likelihood."""
    return 1.0
