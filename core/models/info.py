"""What a model file says of itself: enough to classify with that file alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from core.classes import ClassSet


@dataclass(frozen=True)
class Preprocessing:
    """From an upright RGB picture to the network's input: resized to `image_size` x `image_size` pixels of 0..255, then
    (x / 255 - mean) / std. `resize`, `interpolation` and `antialias` say how `core.data.decoding` does the first: both
    sides brought to that size whatever their proportions, as Pillow's `resize` does it.
    """

    image_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize: Literal["squash"] = "squash"
    interpolation: Literal["bilinear"] = "bilinear"
    antialias: Literal[True] = True


@dataclass(frozen=True)
class ModelInfo:
    """The metadata of a model.safetensors file. `temperature` divides the logits before softmax (1: uncalibrated).

    `positions` is over how many of the eight flips and turns logits and features are averaged before anything is made
    of them: 8 for a model that was calibrated with test-time augmentation, 1 for others. An exported network does it in
    its graph. `calibrated_on` is the part of the data that temperature and calibration statistics are from:
    "calibration", or "validation" for images that also chose the best epoch; empty where the file does not say (then it
    was the validation part). `origin` says where the starting weights of the network and of its teachers are from, and
    under which licence; empty where nobody recorded it. `classes` are those of the logits, in order, with everything
    that a reader of the answers needs to know of them.
    """

    architecture: str
    preprocessing: Preprocessing
    temperature: float = 1.0
    skinkd_version: str = ""
    recipe_hash: str = ""
    task: str = ""
    trained_on: str = ""
    synthetic: bool = False
    calibrated_on: str = ""
    positions: int = 1
    origin: str = ""
    classes: ClassSet = field(kw_only=True)
