"""The parts of a split in plain words. Apart from the other words, which a window needs before it needs any numbers."""

from __future__ import annotations

from collections.abc import Mapping

from core.data.types import Part, made_parts

PART_TITLES = {part: part.word.capitalize() for part in Part}
"""Each part of a split as a heading."""

_PURPOSES = {
    Part.TRAIN: "to learn from",
    Part.VALIDATION: "to choose the best epoch",
    Part.CALIBRATION: "to calibrate",
    Part.TEST: "to test",
}


def purposes(counts: Mapping[Part | None, int]) -> tuple[str, ...]:
    """What each part of a split is for, with its images: "154 to test". Without a calibration part the validation
    images calibrate too, which is said."""
    shown = made_parts(part for part, count in counts.items() if count)
    both = " and calibrate" if Part.CALIBRATION not in shown else ""
    return tuple(
        f"{counts.get(part, 0):,} {_PURPOSES[part]}{both if part is Part.VALIDATION else ''}" for part in shown
    )
