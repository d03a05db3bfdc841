"""What an epoch leaves behind: its record, and the loss on the validation images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.events import EpochRecord, LossParts


def cross_entropy(labels: NDArray[np.int64], logits: NDArray[np.float32]) -> float:
    """The mean of -log softmax(logits)[label] of labels (n,) and logits (n, classes), in nats, by float64."""
    from scipy.special import log_softmax

    return float(-log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels].mean())


def record_from_values(values: Mapping[str, Any]) -> EpochRecord:
    """An epoch's record from the nested values that `dataclasses.asdict` gave."""
    return EpochRecord(**{**values, "train_loss": LossParts(**values["train_loss"])})
