"""From rates measured here to the hours of a whole run and of the paper's study, by arithmetic that can be checked.

The counts are the paper's. Nobody stops early on either side. What costs both sides next to nothing (losses, sorting,
scores, saving) is left out; what only ours does (checking the images, the reference for verdicts) is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ratios import Ratio

IMAGES, TRAIN, VALIDATION, TEST = 25_331, 17_728, 5_062, 2_541
EPOCHS = 25
STUDENTS_IN_ORDER = STUDENTS_UNORDERED = 10
"""KL and DIST at five alphas, with and without the curriculum; a plain student and the teacher make 22 runs."""

REFERENCE = 2_000
"""Training images that a finished run of ours asks the network for once more (core.inference.calibrating)."""

Hours = list[tuple[str, float]]
"""Parts with what they take."""


@dataclass(frozen=True)
class Rates:
    """Images per second of one side. `reading` is 0 where every epoch decodes, `answering` where every batch asks."""

    plain: float
    kl: float
    dist: float
    ordered: float
    validating: float
    teacher_training: float
    teacher_validating: float
    reading: float = 0.0
    answering: float = 0.0


def measured_parts(ours: Rates, peer: Rates) -> list[Ratio]:
    """The rates that the hours are made of, side by side."""
    unit = "images/s"
    return [
        Ratio("plain student epoch / peer", ours.plain, peer.plain, unit, note="both with images"),
        Ratio("KL epoch / peer, teacher B7", ours.kl, peer.kl, unit, note="ours with stored answers"),
        Ratio("validation of a student / peer", ours.validating, peer.validating, unit),
        Ratio("answers of the B7 teacher / peer", ours.answering, peer.teacher_validating, unit, note="ours once"),
        Ratio(
            "training the B7 teacher / peer", ours.teacher_training, peer.teacher_training, unit, note="batches of 8"
        ),
        Ratio("checking and decoding / KL epoch of the peer", ours.reading, peer.kl, unit, note="ours once"),
    ]


def hours(ours: Rates, peer: Rates) -> list[Ratio]:
    """A 25-epoch KL run and the 22-run study, in hours: the peer's over ours."""
    run = [*_reading(ours), *_answers(ours), *_student(ours, ours.kl, "KL")]
    students = [*_reading(ours), *_answers(ours), *_students(ours)]
    study = [*_teacher(ours), *students]
    kind = replace(peer, ordered=peer.kl)  # as if the answers that order an epoch were kept for its steps
    return [
        _compared("whole KL run of 25 epochs, B7 teacher: peer / ours", _student(peer, peer.kl, "KL"), run, 6.0),
        _compared("study of 22 runs: peer / ours", [*_teacher(peer), *_students(peer)], study, 6.0),
        _compared("its 21 students alone: peer / ours", _students(peer), students, None),
        _compared("the study, if the peer's curriculum asked once", [*_teacher(kind), *_students(kind)], study, None),
    ]


def _compared(name: str, peer: Hours, ours: Hours, goal: float | None) -> Ratio:
    total: Callable[[Hours], float] = lambda parts: sum(hours for _, hours in parts)  # noqa: E731
    words = [" + ".join(f"{part} {time:.2f}" for part, time in side) for side in (peer, ours)]
    return Ratio(name, total(peer), total(ours), "hours", goal, note=f"peer: {words[0]}; ours: {words[1]}")


def _reading(rates: Rates) -> Hours:
    return [(f"{IMAGES:,} images checked and decoded", _hours(IMAGES, rates.reading))]


def _answers(rates: Rates) -> Hours:
    return [(f"{TRAIN:,} answers of the teacher", _hours(TRAIN, rates.answering))]


def _student(rates: Rates, rate: float, name: str, runs: int = 1) -> Hours:
    """Runs of students: epochs, a validation after each, and the test."""
    return [
        (f"{runs * EPOCHS} {name} epochs of {TRAIN:,}", runs * _hours(EPOCHS * TRAIN, rate)),
        ("validation and test", runs * _asked(rates, rates.validating)),
    ]


def _students(rates: Rates) -> Hours:
    half = STUDENTS_UNORDERED // 2
    parts = [
        *_student(rates, rates.plain, "plain"),
        *_student(rates, rates.kl, "KL", half),
        *_student(rates, rates.dist, "DIST", half),
        *_student(rates, rates.ordered, "curriculum", STUDENTS_IN_ORDER),
    ]
    asked = sum(time for part, time in parts if part == "validation and test")
    return [*(item for item in parts if item[0] != "validation and test"), ("validation and test", asked)]


def _teacher(rates: Rates) -> Hours:
    return [
        (f"teacher: {EPOCHS} epochs of {TRAIN:,}", _hours(EPOCHS * TRAIN, rates.teacher_training)),
        ("its validation and test", _asked(rates, rates.teacher_validating)),
    ]


def _asked(rates: Rates, rate: float) -> float:
    """Validation after every epoch and the test; ours validates once more and asks for its reference."""
    own = VALIDATION + REFERENCE if rates.reading else 0
    return _hours(EPOCHS * VALIDATION + TEST + own, rate)


def _hours(images: int, rate: float) -> float:
    return images / rate / 3600
