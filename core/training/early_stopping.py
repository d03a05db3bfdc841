"""Which epoch is best, and when to stop waiting for a better one (paper, section 5.2); the loss that may say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class EarlyStopping:
    """The best value so far and the epochs since; `update` returns the next state.

    `patience` counts consecutive epochs without a new best (0: never stop). Only a strictly better value is a new
    best, so of equal epochs the first is kept. `smaller_is_better` is for a watched loss.
    """

    patience: int
    smaller_is_better: bool = False
    best: float | None = None
    best_epoch: int = 0
    waited: int = 0

    def update(self, epoch: int, value: float) -> EarlyStopping:
        """The state after an epoch (counted from 1) with this watched value."""
        if self.best is None or self.is_better(value, self.best):
            return EarlyStopping(self.patience, self.smaller_is_better, value, epoch, 0)
        return EarlyStopping(self.patience, self.smaller_is_better, self.best, self.best_epoch, self.waited + 1)

    def is_better(self, value: float, other: float) -> bool:
        """Whether a watched value is better than another, strictly."""
        return value < other if self.smaller_is_better else value > other

    @property
    def stop(self) -> bool:
        """Whether patience is used up."""
        return self.patience > 0 and self.waited >= self.patience

    @property
    def patience_left(self) -> int | None:
        """Epochs that may still pass without a new best; None when there is no early stop."""
        return self.patience - self.waited if self.patience else None

    def to_values(self) -> dict[str, Any]:
        """The part of the state that a checkpoint keeps."""
        return {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited}

    def with_values(self, values: dict[str, Any]) -> EarlyStopping:
        """This rule in the state that a checkpoint kept."""
        return EarlyStopping(
            self.patience, self.smaller_is_better, values["best"], int(values["best_epoch"]), int(values["waited"])
        )


def cross_entropy(labels: NDArray[np.int64], logits: NDArray[np.float32]) -> float:
    """The mean of -log softmax(logits)[label] of labels (n,) and logits (n, classes), in nats, by float64."""
    from scipy.special import log_softmax

    return float(-log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels].mean())
