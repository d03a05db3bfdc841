"""Test-time augmentation: a network is asked about all eight flips and turns of an image, and the mean counts.

It takes eight times the time. What is averaged are logits and pooled features: so temperatures, prediction sets and
out-of-distribution scores are made of them as of those of one view, by whoever calibrates with it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.data.augmentation.augmentation import POSITIONS
from core.events import CancelToken
from core.inference.network import Network

ABOUT = "The mean over the eight flips and turns of each image counts, for eight times the time."
"""What it does and costs, for people."""

NOT_CALIBRATED_AVERAGED = (
    "The model was calibrated without the mean over flips and turns, so there is no verdict on what it says with it. "
    "If you have the run, 'skinkd-cli calibrate RUN --tta' calibrates it with it. Until then do not rely on the "
    "probabilities."
)


def averaged_note(seconds: float) -> str:
    """What to say of scores that were made with it, which took so many seconds an image."""
    return (
        f"Test-time augmentation: the mean over the eight flips and turns of each image was scored. It took "
        f"{1000 * seconds:.3g} ms an image, some eight times what one view takes."
    )


class AveragedNetwork:
    """A network whose logits and features are means over the eight flips and turns of every image."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def infer(
        self, images: NDArray[np.uint8], token: CancelToken | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """As `Network.infer`."""
        found = [self.network.infer(_in_position(images, position), token) for position in range(POSITIONS)]
        features = [seen for _, seen in found if seen is not None]
        return _mean([logits for logits, _ in found]), _mean(features) if len(features) == POSITIONS else None


def _mean(values: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.asarray(np.mean(values, axis=0), np.float32)


def _in_position(images: NDArray[np.uint8], position: int) -> NDArray[np.uint8]:
    """As `core.data.augmentation.turns.in_position`, without torch: exported models are asked where there is none."""
    found = images[:, ::-1] if position & 1 else images
    found = found[:, :, ::-1] if position & 2 else found
    return np.ascontiguousarray(found.transpose(0, 2, 1, 3) if position & 4 else found)
