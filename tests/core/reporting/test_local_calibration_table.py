"""What the table of a calibration on one's own images says where the calibration did not help."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.evaluation.proportions import Proportion
from core.inference.local_calibration import LocalCalibration
from core.reporting.local_calibration_table import not_better


def _local(*, error: float, covered: int, least: int) -> LocalCalibration:
    """After it; before it the calibration error was 0.10, and of 100 images 92, of the class covered least 85, had
    their truth in the set."""

    def measure(error: float, covered: int, least: int) -> Any:
        shares = Proportion(covered, 100), Proportion(least, 100)
        return SimpleNamespace(level=0.9, error=error, covered=shares[0], least_covered=shares[1])

    found = SimpleNamespace(before=measure(0.1, 92, 85), after=measure(error, covered, least))
    return cast("LocalCalibration", found)


@pytest.mark.parametrize(
    ("after", "named"),
    [
        ({"error": 0.12, "covered": 93, "least": 90}, ["the calibration error"]),
        ({"error": 0.05, "covered": 89, "least": 90}, ["how often a set holds the truth"]),
        ({"error": 0.05, "covered": 93, "least": 84}, ["the same in the class covered least"]),
    ],
)
def test_what_became_worse_is_named(after: dict[str, Any], named: list[str]) -> None:
    (note,) = not_better(_local(**after))
    assert note.startswith(f"Not better after it: {' and '.join(named)}.")


def test_nothing_is_said_where_it_helped_or_the_promise_is_kept_with_smaller_sets() -> None:
    assert not_better(_local(error=0.05, covered=93, least=90)) == ()
    assert not_better(_local(error=0.1, covered=91, least=85)) == ()
