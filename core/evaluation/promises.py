"""What temperature, prediction sets and thresholds of a model rest on, in the one wording that every view has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.data.types import Part

UPRIGHT_TEMPERATURE = "upright_temperature"
"""In the calibration of metrics.json: what the logits of predictions.csv, those of upright images, are divided by."""

_SHARED = (
    "The validation images behind this also chose the best epoch, so on new images the promises hold a little less "
    "often. A recipe with data.calibration above 0 sets images aside that choose nothing."
)
_OWN = "The calibration images behind this neither trained the model nor chose its best epoch."


def calibrating_images(count: int, part: Part) -> str:
    """How many images of which part a model was calibrated on: "412 calibration images"."""
    return f"{count:,} {part.value} image{'' if count == 1 else 's'}"


def promise_note(part: Part) -> str:
    """What to know of promises that were made from images of `part`, as a sentence or two."""
    return _OWN if part is Part.CALIBRATION else _SHARED


def part_of_calibration(recorded: object) -> Part:
    """The part that a model file or metrics.json names as what it was calibrated on; those of older versions name none
    and were calibrated on the validation images."""
    return Part.CALIBRATION if recorded == Part.CALIBRATION.value else Part.VALIDATION


def upright_temperature(calibration: Mapping[str, Any]) -> float | None:
    """What the logits of upright images, those of predictions.csv, are divided by, of the calibration in metrics.json;
    None before a run was calibrated, and where a model was calibrated with test-time augmentation by an earlier
    version."""
    averaged = calibration.get("positions", 1) != 1
    value = calibration.get(UPRIGHT_TEMPERATURE, None if averaged else calibration.get("temperature"))
    return float(value) if isinstance(value, int | float) and value > 0 else None
