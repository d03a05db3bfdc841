"""What a calibration on one's own images changed, as a table: the model's own calibration, and the new one."""

from __future__ import annotations

from core.documents import listed
from core.evaluation.proportions import Proportion
from core.inference.local_calibration import LocalCalibration, LocalMeasure
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable
from core.reporting.words import interval_of

HOW_MEASURED = (
    "Each image was measured with a calibration made from the half of the lesions that it is not in; what is stored is "
    "made from all of them. Thresholds of malignant and benign are made from one half and measured on the other, one "
    "picture a lesion. Brackets hold 95 % intervals."
)

_COLUMNS = (
    Column("On your own images", words=True),
    Column(
        "Before: the model's own", "With the calibration in the model file", ("before", "before_low", "before_high")
    ),
    Column("After: on your images", "Calibrated on your own images", ("after", "after_low", "after_high")),
)


def local_calibration_table(local: LocalCalibration) -> ResultsTable:
    """A row for each thing that was measured, before and after."""
    before, after = local.before, local.after
    level = f"{100 * after.level:.0f} %"
    rows = (
        ("Temperature", _number(local.own_temperature), _number(local.temperature)),
        ("Calibration error", _error(before), _error(after)),
        (f"Truth in the set ({level} promised)", _share(before.covered), _share(after.covered)),
        (f"The same, class covered least ({before.least}, {after.least})", _share(before.least_covered),
         _share(after.least_covered)),
        ("Classes in a set, mean", _number(before.mean_size), _number(after.mean_size)),
        ("Sets of one class, like known images", _share(before.single), _share(after.single)),
        ("Of these, right", _share(before.single_right), _share(after.single_right)),
        ("Taken for unlike the known images", _share(before.out_of_distribution), _share(after.out_of_distribution)),
    )  # fmt: skip
    decisions = (
        ("Malignant lesions called benign", *_decided(local, "malignant_called_benign")),
        ("Benign lesions called malignant", *_decided(local, "benign_called_malignant")),
        ("Lesions called either", *_decided(local, "decided")),
        ("Lesions whose diagnosis is given", *_decided(local, "diagnosed")),
        ("Of these, wrong", *_decided(local, "wrong")),
    )
    return ResultsTable(
        f"Before and after, on {local.images:,} images of {local.lesions:,} lesions",
        _COLUMNS,
        tuple((cells.words(title), first, second) for title, first, second in (*rows, *decisions)),
        (HOW_MEASURED, *not_better(local), *local.notes),
    )


def not_better(local: LocalCalibration) -> tuple[str, ...]:
    """What the calibration on one's own images did not improve, in a sentence; nothing where it made nothing worse. A
    set is worse off only where it holds the truth less often than promised."""
    before, after = local.before, local.after
    promised = after.level
    found = [
        title
        for title, worse in (
            ("the calibration error", after.error > before.error),
            ("how often a set holds the truth", _less(after.covered, before.covered, promised)),
            ("the same in the class covered least", _less(after.least_covered, before.least_covered, promised)),
        )
        if worse
    ]
    if not found:
        return ()
    return (
        f"Not better after it: {listed(found)}. With so few images that may be chance. Your calibration is in use all "
        "the same, until you remove it.",
    )


def _less(after: Proportion, before: Proportion, promised: float) -> bool:
    return after.value is not None and before.value is not None and after.value < min(before.value, promised)


def _decided(local: LocalCalibration, name: str) -> tuple[Cell, Cell]:
    counted = (getattr(measure.decisions, name, None) for measure in (local.before, local.after))
    before, after = (cells.nothing(3) if each is None else _share(each) for each in counted)
    return before, after


def _number(value: float) -> Cell:
    return Cell(f"{value:.2f}", (value, None, None))


def _error(measure: LocalMeasure) -> Cell:
    interval = measure.error_interval
    bounds = (None, None) if interval is None else (interval.low, interval.high)
    return Cell(interval_of(measure.error, interval), (measure.error, *bounds))


def _share(counted: Proportion) -> Cell:
    interval = counted.interval
    bounds = (None, None) if interval is None else (interval.low, interval.high)
    return Cell(
        f"{counted.count:,} of {counted.of:,}: {interval_of(counted.value, interval)}", (counted.value, *bounds)
    )
