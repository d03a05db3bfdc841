"""Specificity, AUC and sensitivity at a wanted specificity: by hand and against sklearn, ties and absences included."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.classes import CLASS_SETS
from core.evaluation.detailed import detailed_scores, detailed_to_json, full_document
from core.evaluation.metrics import scores_from_json
from core.evaluation.roc import area, one_against_rest, roc_curve, sensitivity_at

ISIC2019 = CLASS_SETS["isic2019"]

Outcomes = tuple[NDArray[np.bool_], NDArray[np.float64]]


@st.composite
def outcomes(draw: st.DrawFn) -> Outcomes:
    """Truth of one class and values with many ties, with at least one image of either side."""
    rows = draw(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=60))
    truth = np.array([row[0] for row in rows])
    truth[0], truth[1] = True, False
    return truth, np.array([row[1] / 4 for row in rows])


@settings(max_examples=150, deadline=None)
@given(outcomes())
def test_area_is_sklearns(data: Outcomes) -> None:
    truth, values = data
    assert area(roc_curve(truth, values)) == pytest.approx(sklearn.metrics.roc_auc_score(truth, values))


@settings(max_examples=150, deadline=None)
@given(outcomes(), st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(1)]))
def test_sensitivity_is_the_best_of_all_thresholds(data: Outcomes, wanted: Fraction) -> None:
    truth, values = data
    found = [0.0]  # a threshold that nothing reaches
    for threshold in values:
        called = values >= threshold
        if Fraction(int((~called & ~truth).sum()), int((~truth).sum())) >= wanted:
            found.append((called & truth).sum() / truth.sum())
    best = sensitivity_at(roc_curve(truth, values), wanted)
    assert best == pytest.approx(max(found))
    false, true, _ = sklearn.metrics.roc_curve(truth, values, drop_intermediate=False)
    assert best == pytest.approx(max(true[1 - false >= float(wanted) - 1e-12]))


def test_sensitivity_at_90_by_hand() -> None:
    # Ten others. One may be called: that gives the melanomas at 0.9 and 0.6, not those below the second other.
    others = np.array([0.7, 0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1])
    melanomas = np.array([0.9, 0.6, 0.5, 0.2])
    curve = roc_curve(np.repeat([True, False], [4, 10]), np.concatenate([melanomas, others]))
    assert sensitivity_at(curve, Fraction(9, 10)) == 2 / 4  # at 0.5 a melanoma and an other are called together
    assert sensitivity_at(curve, Fraction(8, 10)) == 3 / 4
    assert sensitivity_at(curve, Fraction(1)) == 1 / 4
    assert (curve.positives, curve.negatives) == (4, 10)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=60), st.integers(0, 2**32 - 1))
def test_detailed_scores_agree_with_sklearn(truth: list[int], seed: int) -> None:
    labels = np.array(truth)
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(labels), 8)).astype(np.float32) * 2
    logits[rng.random(len(labels)) < 0.3] = 0.5  # images that look the same to the model
    detailed = detailed_scores(labels, logits, ISIC2019)
    wide = logits.astype(np.float64)
    probabilities = np.exp(wide) / np.exp(wide).sum(axis=1, keepdims=True)
    areas = []
    for k, item in enumerate(detailed.per_class):
        positive = labels == k
        called = logits.argmax(axis=1) == k
        assert item.support == positive.sum()
        assert item.sensitivity == (pytest.approx(called[positive].mean()) if positive.any() else None)
        assert item.specificity == (pytest.approx((~called[~positive]).mean()) if not positive.all() else None)
        if 0 < positive.sum() < len(labels):
            areas.append(sklearn.metrics.roc_auc_score(positive, probabilities[:, k]))
            assert item.auc == pytest.approx(areas[-1])
        else:
            assert item.auc is None
    assert detailed.macro_auc == (pytest.approx(np.mean(areas)) if areas else None)
    assert (detailed.melanoma_sensitivity_at_90_specificity is None) == (len(set((labels == 0).tolist())) == 1)


def test_one_class_alone_has_no_curve() -> None:
    detailed = detailed_scores(np.zeros(3, np.int64), np.eye(8, dtype=np.float32)[[0, 1, 0]], ISIC2019)
    melanoma, nevus = detailed.per_class[0], detailed.per_class[1]
    assert (melanoma.specificity, melanoma.auc, melanoma.sensitivity) == (None, None, pytest.approx(2 / 3))
    assert (nevus.specificity, nevus.auc, nevus.sensitivity, nevus.f1) == (pytest.approx(2 / 3), None, None, None)
    assert (detailed.macro_auc, detailed.melanoma_sensitivity_at_90_specificity) == (None, None)


def test_odds_tell_images_apart_where_probabilities_are_rounded_to_one() -> None:
    logits = np.zeros((3, 8), np.float32)
    logits[:, 0] = [90, 80, 70]
    odds = one_against_rest(logits)
    assert odds[0, 0] > odds[1, 0] > odds[2, 0]
    assert odds[0, 0] == pytest.approx(90 - np.log(7))
    assert odds[0, 1] == pytest.approx(-90, abs=1e-6)


def test_same_logits_in_another_order_stay_tied() -> None:
    rng = np.random.default_rng(0)
    row = rng.normal(size=8).astype(np.float32) * 5
    shuffled = [np.concatenate([row[:1], rng.permutation(row[1:])]) for _ in range(50)]
    assert len(set(one_against_rest(np.stack([row, *shuffled]))[:, 0].tolist())) == 1


def test_written_scores_are_read_as_before() -> None:
    rng = np.random.default_rng(1)
    labels, logits = rng.integers(0, 7, 60), rng.normal(size=(60, 8)).astype(np.float32)
    detailed = detailed_scores(labels, logits, ISIC2019)
    document = json.loads(json.dumps(full_document(labels, logits, ISIC2019, [""] * 60), allow_nan=False))
    assert scores_from_json(document) == detailed.scores
    assert document["per_class"]["MEL"]["specificity"] == detailed.per_class[0].specificity
    assert document["per_class"]["SCC"]["auc"] is None
    assert set(document["per_class"]) == set(ISIC2019.codes)
    assert (
        document["intervals"]["weighted_f1"][0] < detailed.scores.weighted_f1 < document["intervals"]["weighted_f1"][1]
    )
    assert document["intervals"]["by_lesion"] is False
    kept = {name: value for name, value in document.items() if name != "intervals"}
    assert kept == json.loads(json.dumps(detailed_to_json(detailed, ISIC2019)))
