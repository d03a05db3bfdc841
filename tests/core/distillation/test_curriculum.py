from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.distillation.curriculum import confidence, order_by_confidence


def test_order_of_the_paper_is_the_golden_one(shared: Path) -> None:
    path = shared / "golden" / "curriculum_metrics.json"
    if not path.is_file():
        pytest.skip("the golden values of the curriculum are absent")
    golden = json.loads(path.read_text(encoding="utf-8"))["paper_order"]
    logits = np.asarray(golden["logits"], np.float64)
    np.testing.assert_allclose(confidence(logits), golden["confidence"], rtol=1e-13)
    order = order_by_confidence(np.asarray(golden["drawn"]), logits)
    assert order.tolist() == golden["expected"]


def test_surest_first_equals_keep_their_order_and_repeats_stay() -> None:
    logits = np.array([[0.0, 1.0], [3.0, 0.0], [1.0, 0.0], [0.0, 0.0]], np.float32)
    drawn = np.array([3, 2, 0, 1, 2, 1])
    # 0 and 2 are equally sure: as drawn.
    assert order_by_confidence(drawn, logits).tolist() == [1, 1, 2, 0, 2, 3]


def test_confidence_is_float64_and_survives_large_logits() -> None:
    logits = np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]], np.float32)
    values = confidence(logits)
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, [1.0, 1 / 3])


def test_images_without_logits_are_refused() -> None:
    logits = np.array([[1.0, 0.0], [np.nan, np.nan]], np.float32)
    assert order_by_confidence(np.array([0, 0]), logits).tolist() == [0, 0]
    with pytest.raises(ValueError, match="not computed"):
        order_by_confidence(np.array([0, 1]), logits)


def test_an_empty_draw_stays_empty() -> None:
    assert order_by_confidence(np.array([], np.int64), np.zeros((3, 8), np.float32)).tolist() == []


@given(
    logits=hnp.arrays(np.float32, (7, 8), elements=st.floats(-30, 30, width=32)),
    drawn=st.lists(st.integers(0, 6), max_size=40),
)
def test_order_is_a_falling_rearrangement(logits: np.ndarray, drawn: list[int]) -> None:
    order = order_by_confidence(np.asarray(drawn, np.int64), logits)
    assert sorted(order.tolist()) == sorted(drawn)
    assert (np.diff(confidence(logits)[order]) <= 0).all()
