"""Scores against values by hand, against sklearn, and against the shared golden values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.evaluation.metrics import score, scores_from_json, scores_to_json

ISIC2019 = CLASS_SETS["isic2019"]


def logits_for(predicted: list[int]) -> NDArray[np.float32]:
    """Logits whose largest value is at the predicted class."""
    return np.eye(8, dtype=np.float32)[predicted] * 3


def test_values_by_hand() -> None:
    # NV: 2 of 3 found, 1 false alarm. MEL: 1 of 2 found, 1 false alarm. DF: never there, never predicted.
    scores = score(np.array([1, 1, 1, 0, 0]), logits_for([1, 1, 0, 0, 1]), ISIC2019)
    assert scores.accuracy == 3 / 5
    assert scores.per_class[1].precision == pytest.approx(2 / 3)
    assert scores.per_class[1].recall == pytest.approx(2 / 3)
    assert scores.per_class[1].f1 == pytest.approx(2 / 3)
    assert scores.per_class[0].f1 == pytest.approx(1 / 2)
    assert scores.weighted_f1 == pytest.approx((3 * 2 / 3 + 2 * 1 / 2) / 5)
    assert scores.macro_f1 == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert scores.balanced_accuracy == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert scores.confusion[1] == (1, 2, 0, 0, 0, 0, 0, 0)
    assert scores.confusion[0] == (1, 1, 0, 0, 0, 0, 0, 0)


def test_what_is_undefined_is_none() -> None:
    scores = score(np.array([0, 0, 1]), logits_for([0, 5, 0]), ISIC2019)
    absent, invented, missed = scores.per_class[7], scores.per_class[5], scores.per_class[1]
    assert (absent.precision, absent.recall, absent.f1, absent.support) == (None, None, None, 0)
    assert (invented.precision, invented.recall, invented.f1) == (0.0, None, None)
    assert (missed.precision, missed.recall, missed.f1, missed.support) == (None, 0.0, 0.0, 1)


def test_no_images_and_no_numbers_are_errors() -> None:
    with pytest.raises(SkinKDError, match="Nothing to score"):
        score(np.array([], np.int64), np.zeros((0, 8), np.float32), ISIC2019)
    broken = logits_for([1, 2])
    broken[1, 3] = np.nan
    with pytest.raises(SkinKDError, match="1 of 2 images"):
        score(np.array([1, 2]), broken, ISIC2019)
    with pytest.raises(ValueError, match="shape"):
        score(np.array([1, 2]), logits_for([1]), ISIC2019)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=60))
def test_agrees_with_sklearn(pairs: list[tuple[int, int]]) -> None:
    from sklearn import metrics

    labels, predicted = np.array([pair[0] for pair in pairs]), [pair[1] for pair in pairs]
    scores = score(labels, logits_for(predicted), ISIC2019)
    present = sorted(set(labels.tolist()))
    options = {"average": "weighted", "zero_division": 0.0}
    assert scores.accuracy == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert scores.weighted_f1 == pytest.approx(metrics.f1_score(labels, predicted, **options))
    assert scores.macro_f1 == pytest.approx(
        metrics.f1_score(labels, predicted, labels=present, average="macro", zero_division=0.0)
    )
    assert scores.balanced_accuracy == pytest.approx(
        metrics.recall_score(labels, predicted, labels=present, average="macro")
    )
    assert np.array_equal(scores.confusion, metrics.confusion_matrix(labels, predicted, labels=range(8)))


def test_golden_values(shared: Path) -> None:
    cases = json.loads((shared / "golden" / "curriculum_metrics.json").read_text())["metrics"]
    assert cases
    for case in cases:
        scores = score(np.array(case["y_true"]), logits_for(case["y_pred"]), ISIC2019)
        assert scores.weighted_f1 == pytest.approx(case["hand_weighted_f1"], abs=1e-12), case["name"]
        assert scores.balanced_accuracy == pytest.approx(case["isic_scorer_bmca"], abs=1e-12), case["name"]
        assert scores.accuracy == pytest.approx(case["accuracy"], abs=1e-12), case["name"]
        assert [item.support for item in scores.per_class] == case["support"]
        for item, f1 in zip(scores.per_class, case["sk_per_class_f1"], strict=True):
            assert item.f1 == (pytest.approx(f1, abs=1e-12) if item.support else None), case["name"]


def test_json_round_trip() -> None:
    scores = score(np.array([0, 0, 1]), logits_for([0, 5, 0]), ISIC2019)
    values = json.loads(json.dumps(scores_to_json(scores), allow_nan=False))
    assert values["classes"] == list(ISIC2019.codes)
    assert values["per_class"]["SCC"] == {"precision": None, "recall": None, "f1": None, "support": 0}
    assert scores_from_json(values) == scores


@pytest.mark.parametrize("wrong", [7.0, -0.5, float("nan")])
def test_scores_that_can_not_be_are_refused(wrong: float) -> None:
    values = scores_to_json(score(np.array([0, 0, 1]), logits_for([0, 5, 0]), ISIC2019))
    with pytest.raises(ValueError, match="accuracy: expected a fraction"):
        scores_from_json({**values, "accuracy": wrong})
