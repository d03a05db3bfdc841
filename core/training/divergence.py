"""A training whose loss is no longer a number."""

from __future__ import annotations

from core.errors import SkinKDError


class TrainingDivergedError(SkinKDError):
    """The loss is no longer a number; the checkpoint of the last good epoch is untouched."""


def diverged(epoch: int, where: str, learning_rate: float, precision: str) -> TrainingDivergedError:
    """What to raise in an epoch (from 1); `where` says where in it that was noticed."""
    kept = f"The state after epoch {epoch - 1} is kept. " if epoch > 1 else ""
    return TrainingDivergedError(
        f"Training came apart in epoch {epoch}",
        f"The loss is no longer a number. {kept}Start again with a lower learning rate"
        + (" or with 32-bit precision (hardware.precision)." if precision != "32" else "."),
        f"noticed {where}; learning rate {learning_rate:g}, precision {precision}",
    )
