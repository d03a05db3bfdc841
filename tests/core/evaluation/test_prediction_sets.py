from __future__ import annotations

import json

import numpy as np
import pytest
from crepes import WrapClassifier
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.classes import CLASS_SETS
from core.evaluation.class_groups import NO_GROUP, group_of_classes
from core.evaluation.prediction_sets import PredictionSets, coverage, coverage_to_json, images_needed, sets_at

ISIC2019 = CLASS_SETS["isic2019"]

LEVEL = 0.9


def answers(count: int, seed: int, shares: list[float] | None = None) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels and logits of a model that is often right; NV (1) is twenty times as frequent as DF (5)."""
    generator = np.random.default_rng(seed)
    weights = np.array(shares or [10, 40, 10, 5, 10, 2, 5, 5], float)
    labels = generator.choice(8, count, p=weights / weights.sum())
    logits = generator.normal(0, 1, (count, 8)) + np.log(weights + 1)
    logits[np.arange(count), labels] += 1.5
    return labels, logits.astype(np.float32)


class Soft:
    """The logits' softmax as a learner that crepes can wrap."""

    classes_ = np.arange(8)

    def predict_proba(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        shares = np.exp(np.asarray(logits, np.float64) / 1.7)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def test_p_values_are_those_of_crepes() -> None:
    labels, logits = answers(300, 0)
    _, others = answers(50, 1)
    theirs = WrapClassifier(Soft())
    theirs.calibrate(logits, labels, class_cond=True)
    expected = theirs.predict_p(others, smoothing=False)
    np.testing.assert_allclose(PredictionSets(labels, logits, 1.7).p_values(others), expected, rtol=0, atol=1e-12)


def test_every_class_is_covered_rare_ones_too() -> None:
    """Over many draws each class's sets hold the truth in 90 % of its images, and hardly more."""
    totals = np.zeros((2, 8))
    for seed in range(60):
        labels, logits = answers(400, seed)
        others, their_logits = answers(400, 1000 + seed)
        holds = sets_at(PredictionSets(labels, logits).p_values(their_logits), LEVEL)
        for code in range(8):
            if np.sum(labels == code) >= images_needed(LEVEL):
                totals[:, code] += holds[others == code, code].sum(), (others == code).sum()
    shares = totals[0] / totals[1]
    assert (shares > 0.885).all()
    assert (shares[[0, 1, 2, 4]] < 0.93).all()


def test_a_class_with_too_few_images_is_never_excluded() -> None:
    labels, logits = answers(200, 0)
    keep = (labels != 5) | (np.cumsum(labels == 5) <= 2)
    sets = PredictionSets(labels[keep], logits[keep])
    assert sets.never_excluded(LEVEL) == (5,)
    assert sets_at(sets.p_values(logits), LEVEL)[:, 5].all()
    none = PredictionSets(labels[labels != 5], logits[labels != 5])
    assert (none.p_values(logits)[:, 5] == 1).all()
    assert sets_at(none.p_values(logits), 0.999).all(axis=0).sum() == 8  # nobody has 999 images


@pytest.mark.parametrize(("level", "needed"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_the_images_needed_are_just_enough(level: float, needed: int) -> None:
    assert images_needed(level) == needed
    logits = np.zeros((needed, 8), np.float32)
    logits[:, 0] = np.linspace(5, 6, needed)
    odd = np.full((1, 8), 0, np.float32)
    odd[0, 1] = 9
    labels = np.zeros(needed, np.int64)
    assert not sets_at(PredictionSets(labels, logits).p_values(odd), level)[0, 0]
    assert sets_at(PredictionSets(labels[1:], logits[1:]).p_values(odd), level)[0, 0]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), low=st.floats(0.5, 0.99), high=st.floats(0.5, 0.99))
def test_a_higher_level_never_excludes_more(seed: int, low: float, high: float) -> None:
    low, high = sorted((low, high))
    labels, logits = answers(100, seed)
    p_values = PredictionSets(labels, logits).p_values(answers(20, seed + 1)[1])
    assert (sets_at(p_values, low) <= sets_at(p_values, high)).all()


def test_coverage_counts_what_the_sets_hold() -> None:
    labels, logits = answers(300, 0)
    others, their_logits = answers(120, 1)
    others[others == 6] = 1
    sets = PredictionSets(labels, logits)
    found = coverage(sets, others, their_logits, LEVEL, ISIC2019)
    holds = sets_at(sets.p_values(their_logits), LEVEL)
    assert found.coverage == pytest.approx(np.mean([holds[row, label] for row, label in enumerate(others)]))
    assert found.mean_size == pytest.approx(holds.sum() / 120)
    assert found.single == pytest.approx(np.mean(holds.sum(axis=1) == 1))
    melanoma, vascular = found.per_class[0], found.per_class[6]
    assert melanoma.coverage == pytest.approx(holds[others == 0, 0].mean())
    assert (melanoma.images, melanoma.calibrated_on) == ((others == 0).sum(), (labels == 0).sum())
    assert (vascular.images, vascular.coverage) == (0, None)
    assert json.loads(json.dumps(coverage_to_json(found)))["per_class"]["VASC"]["coverage"] is None


def test_no_images_have_no_coverage() -> None:
    sets = PredictionSets(*answers(100, 0))
    found = coverage(sets, np.zeros(0, np.int64), np.zeros((0, 8), np.float32), LEVEL, ISIC2019)
    assert (found.images, found.coverage, found.mean_size, found.single) == (0, None, None, None)


def test_equal_scores_at_the_border_count_as_no_worse() -> None:
    """Nine calibration images of a class, four of them exactly as odd as the image that is asked about: by hand."""
    logits = np.zeros((9, 2), np.float32)
    logits[:, 0] = [3, 3, 3, 2, 2, 2, 2, 1, 1]
    sets = PredictionSets(np.zeros(9, np.int64), logits)
    asked = np.array([[2, 0]], np.float32)
    # As odd or odder are the four equals and the two with 1; with the image itself 7 of 10.
    assert sets.p_values(asked)[0, 0] == pytest.approx(7 / 10)
    assert sets.p_values(np.array([[1, 0]], np.float32))[0, 0] == pytest.approx(3 / 10)
    assert sets.p_values(np.array([[0.5, 0]], np.float32))[0, 0] == pytest.approx(1 / 10)


def test_what_other_threads_round_otherwise_is_still_equal() -> None:
    labels, logits = np.zeros(9, np.int64), np.tile(np.array([1.5, 0], np.float32), (9, 1))
    sets = PredictionSets(labels, logits)
    for nudge in (-3e-7, 0.0, 3e-7):
        assert sets.p_values(np.array([[1.5 + nudge, 0.0]]))[0, 0] == 1.0
    # A p-value of exactly 1 - level excludes: 1 of 10 at 90 %.
    assert not sets_at(sets.p_values(np.array([[0.0, 0.0]])), 0.9)[0, 0]
    assert sets_at(sets.p_values(np.array([[0.0, 0.0]])), 0.91)[0, 0]


def test_a_rare_class_is_excluded_with_its_group_or_not_at_all() -> None:
    """SCC with five images: alone it is in every set; with the groups known it is where malignant ones fit."""
    generator = np.random.default_rng(0)
    labels = np.concatenate([np.arange(350) % 7, np.full(5, 7)])
    logits = generator.normal(size=(355, 8)).astype(np.float32)
    logits[np.arange(355), labels] += 4
    alone = PredictionSets(labels, logits)
    grouped = PredictionSets(labels, logits, groups=group_of_classes(CLASS_SETS["isic2019"]))
    assert (alone.rare, grouped.rare) == ((), (7,))
    assert (alone.never_excluded(0.9), grouped.never_excluded(0.9)) == ((7,), ())
    sure = np.full((2, 8), 0.0, np.float32)
    sure[0, 1] = sure[1, 0] = 9.0  # a nevus, a melanoma
    assert sets_at(alone.p_values(sure), 0.9)[:, 7].tolist() == [True, True]
    assert sets_at(grouped.p_values(sure), 0.9)[:, 7].tolist() == [False, True]
    np.testing.assert_array_equal(alone.p_values(sure)[:, :7], grouped.p_values(sure)[:, :7])
    nobody = PredictionSets(labels, logits, groups=np.full(8, NO_GROUP))
    assert nobody.never_excluded(0.9) == (7,)
