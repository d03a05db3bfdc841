"""The cells of tables of results: one function for each kind of value, so that a fact has one wording everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.quantities import NONE, duration, file_size, fraction, million, p_value, signed
from core.reporting.table import Cell, Value
from core.reporting.words import area_of, difference_of, error_of, interval_of

if TYPE_CHECKING:
    from core.evaluation.calibration import Reliability
    from core.evaluation.intervals import Interval


def nothing(values: int = 1) -> Cell:
    """There is no value, where a column has so many."""
    return Cell(NONE, (None,) * values)


def words(text: str | None, value: Value = None) -> Cell:
    """Words; `value` is for programs where that is another text, such as a key."""
    return Cell(text or NONE, (text if value is None else value,))


def count(value: int | None, *, few: bool = False) -> Cell:
    """A number of things; a star marks `few` of them."""
    return nothing() if value is None else Cell(f"{value:,}{'*' if few else ''}", (value,))


def number(value: float | None, form: str = "") -> Cell:
    """A number in a format of Python's; without one as short as it is written."""
    if value is None:
        return nothing()
    return Cell(format(value, form or ("g" if isinstance(value, float) else "d")), (value,))


def share(value: float | None) -> Cell:
    """A fraction in 0..1 as per cent, "undefined" without."""
    return Cell(fraction(value), (value,))


def calibration_error(measured: Reliability | None) -> Cell:
    """An expected calibration error, a fraction, in points with its 95 % interval."""
    if measured is None:
        return nothing(3)
    return Cell(error_of(measured), (measured.expected_error, *_bounds(measured.interval)))


def roc_area(value: float | None, interval: Interval | None) -> Cell:
    """An area under a ROC curve with its 95 % interval."""
    return Cell(area_of(value, interval), (value, *_bounds(interval)))


def score(value: float | None, interval: Interval | None) -> Cell:
    """A fraction with its 95 % interval; its columns have the names of `within`."""
    return Cell(interval_of(value, interval), (value, *_bounds(interval)))


def difference(value: float | None, interval: Interval | None) -> Cell:
    """A difference of fractions in percentage points with its 95 % interval; fractions for programs."""
    return Cell(difference_of(value, interval), (value, *_bounds(interval)))


def change(value: float | None) -> Cell:
    """A difference of fractions in percentage points."""
    return nothing() if value is None else Cell(signed(value), (value,))


def spread(mean: float | None, deviation: float | None) -> Cell:
    """A mean of fractions with the standard deviation in percentage points: '73.5 % ± 1.2'."""
    if mean is None:
        return nothing(2)
    return Cell(fraction(mean) + ("" if deviation is None else f" ± {100 * deviation:.1f}"), (mean, deviation))


def chance(value: float | None) -> Cell:
    """A p-value."""
    return nothing() if value is None else Cell(p_value(value), (value,))


def seconds(value: float | None) -> Cell:
    """A time span; none of no length."""
    return Cell(duration(value), (value,)) if value else nothing()


def parameters(value: int | None) -> Cell:
    """The size of a network."""
    return Cell(million(value), (value,))


def size(value: int | None) -> Cell:
    """A number of bytes."""
    return nothing() if value is None else Cell(file_size(value), (value,))


def within(name: str) -> tuple[str, ...]:
    """The names for programs of a value with its interval."""
    return (name, f"{name} low", f"{name} high")


def best_of(values: Sequence[float | None]) -> frozenset[int]:
    """The places of the largest value; none when fewer than two have one or all are equal."""
    known = [value for value in values if value is not None]
    if len(known) < 2 or min(known) == max(known):
        return frozenset()
    return frozenset(place for place, value in enumerate(values) if value == max(known))


def _bounds(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (interval.low, interval.high)
