"""Bootstrap intervals: against a plain loop with the same draws, scipy, and data whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import bootstrap
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from core.classes import CLASS_SETS
from core.evaluation.intervals import Interval, bootstrap_scores, intervals_to_json, percentile_interval
from core.evaluation.metrics import score_arrays
from core.evaluation.resampling import counted, draw, drawable, lesion_numbers, resampled, strata

ISIC2019 = CLASS_SETS["isic2019"]

Table = tuple[NDArray[np.int64], NDArray[np.int64], list[str]]


@st.composite
def tables(draw_from: st.DrawFn) -> Table:
    """Labels, predictions and lesions (some unknown, some with images of two labels) of up to 40 images."""
    classes = draw_from(st.lists(st.integers(0, 7), min_size=1, max_size=8, unique=True))
    row = st.tuples(st.sampled_from(classes), st.integers(0, 7), st.sampled_from(["", "", "a", "b", "c", "d"]))
    rows = draw_from(st.lists(row, min_size=1, max_size=40))
    labels, predicted, groups = zip(*rows, strict=True)
    return np.array(labels, np.int64), np.array(predicted, np.int64), list(groups)


def noisy(rng: np.random.Generator, labels: NDArray[np.int64], right: float) -> NDArray[np.int64]:
    """Predictions that are right with a probability, otherwise any class."""
    guess = rng.integers(0, 8, len(labels))
    return np.where(rng.random(len(labels)) < right, labels, guess)


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 2**32 - 1))
def test_fast_resamples_are_those_of_a_plain_loop_over_images(table: Table, seed: int) -> None:
    labels, predicted, groups = table
    found = strata(labels, [predicted, labels], groups, 8)
    rng = np.random.default_rng(seed)
    weights = [draw(stratum, 3, rng) for stratum in found]
    fast = resampled(found, runs=2, classes=8, resamples=3, seed=seed)
    lesion = lesion_numbers(groups, len(labels))
    for resample in range(3):
        rows = [
            image
            for stratum, times in zip(found, weights, strict=True)
            for kind, count in enumerate(times[resample])
            for _ in range(count)
            for image in np.flatnonzero(lesion == stratum.first[kind])
        ]
        np.testing.assert_array_equal(fast[resample, 0], counted(labels[rows], predicted[rows], 8))
        assert fast[resample, 1, 0].sum() == len(rows)
        drawn = score_arrays(fast[resample, 0])
        assert drawn.accuracy == pytest.approx(accuracy_score(labels[rows], predicted[rows]))
        present = sorted(set(labels[rows].tolist()))
        for average, value in (("weighted", drawn.weighted_f1), ("macro", drawn.macro_f1)):
            expected = f1_score(labels[rows], predicted[rows], labels=present, average=average, zero_division=0)
            assert value == pytest.approx(expected)
        assert drawn.balanced_accuracy == pytest.approx(np.nanmean(drawn.recall))


@settings(max_examples=60, deadline=None)
@given(tables())
def test_kinds_of_lesions_hold_every_image_once(table: Table) -> None:
    labels, predicted, groups = table
    found = strata(labels, [predicted], groups, 8)
    whole = sum((stratum.counts @ stratum.added for stratum in found), np.zeros(24))
    np.testing.assert_array_equal(whole.reshape(3, 8), counted(labels, predicted, 8))
    assert sum(stratum.lesions for stratum in found) == len({group for group in groups if group}) + groups.count("")


def test_drawn_lesions_are_drawn_evenly() -> None:
    # Three kinds of nevi: 6 right, 3 called melanoma, 1 called BKL. A draw takes 10 of them in these shares.
    labels = np.ones(10, np.int64)
    predicted = np.array([1] * 6 + [0] * 3 + [4])
    counts = resampled(strata(labels, [predicted], None, 8), runs=1, classes=8, resamples=20_000, seed=1)[:, 0]
    assert (counts[:, 1].sum(axis=1) == 10).all()
    np.testing.assert_allclose(counts.mean(axis=0)[2, [1, 0, 4]], [6, 3, 1], atol=0.06)
    np.testing.assert_allclose(counts.var(axis=0)[2, [1, 0, 4]], [2.4, 2.1, 0.9], atol=0.1)


def test_classes_keep_their_counts() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 3], [5, 80, 2])
    counts = resampled(strata(labels, [noisy(rng, labels, 0.5)], None, 8), runs=1, classes=8, resamples=50, seed=3)[
        :, 0
    ]
    assert (counts[:, 1][:, [0, 1, 3]] == [5, 80, 2]).all()


def test_interval_agrees_with_scipy() -> None:
    rng = np.random.default_rng(4)
    labels = np.zeros(150, np.int64)
    predicted = noisy(rng, labels, 0.6)
    ours = bootstrap_scores(labels, predicted, ISIC2019, resamples=20_000).accuracy
    theirs = bootstrap(
        ((predicted == labels).astype(float),), np.mean, n_resamples=20_000, method="percentile", rng=rng
    ).confidence_interval
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_same_seed_same_interval() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 8, 300)
    predicted = noisy(rng, labels, 0.5)
    first, again = (bootstrap_scores(labels, predicted, ISIC2019, resamples=200, seed=7) for _ in range(2))
    assert first == again
    assert first != bootstrap_scores(labels, predicted, ISIC2019, resamples=200, seed=8)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(6)
    held = 0
    for trial in range(300):
        labels = np.repeat([0, 1], [60, 120])
        predicted = np.where(rng.random(180) < 0.7, labels, 7)
        interval = bootstrap_scores(labels, predicted, ISIC2019, resamples=300, seed=trial).accuracy
        assert interval is not None
        held += interval.low <= 0.7 <= interval.high
    assert 0.90 <= held / 300 <= 0.985  # 95 % +- four standard errors of 300 trials


def test_lesions_widen_the_interval_where_their_images_go_together() -> None:
    rng = np.random.default_rng(7)
    lesion = np.repeat(np.arange(60), 5)
    labels = np.repeat(rng.integers(0, 2, 60), 5)
    predicted = np.where(np.repeat(rng.random(60) < 0.7, 5), labels, 7)
    names = [f"lesion {number}" for number in lesion]
    alone = bootstrap_scores(labels, predicted, ISIC2019, None)
    together = bootstrap_scores(labels, predicted, ISIC2019, names)
    assert (alone.by_lesion, together.by_lesion) == (False, True)
    # Five copies of each lesion are worth one: the interval is sqrt(5) = 2.2 times as wide.
    assert width(together.accuracy) / width(alone.accuracy) == pytest.approx(math.sqrt(5), rel=0.1)


def test_lesions_of_their_own_change_nothing() -> None:
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 8, 200)
    predicted = noisy(rng, labels, 0.5)
    named = bootstrap_scores(labels, predicted, ISIC2019, [f"lesion {row}" for row in range(200)], resamples=100)
    unknown = bootstrap_scores(labels, predicted, ISIC2019, [""] * 200, resamples=100)
    assert (
        named.weighted_f1
        == unknown.weighted_f1
        == bootstrap_scores(labels, predicted, ISIC2019, resamples=100).weighted_f1
    )
    assert (named.by_lesion, unknown.by_lesion) == (True, False)


def test_what_can_not_be_drawn_has_no_interval() -> None:
    labels = np.array([0, 0, 1, 4, 4])
    intervals = bootstrap_scores(labels, np.array([0, 1, 1, 4, 0]), ISIC2019, ["", "", "", "a", "a"], resamples=50)
    known = [code for code, interval in zip(ISIC2019.codes, intervals.per_class_f1, strict=True) if interval]
    assert known == ["MEL"]  # NV has one image, BKL one lesion, the others none
    assert intervals.melanoma_sensitivity is not None
    assert intervals.weighted_f1 is not None
    alone = bootstrap_scores(np.array([3]), np.array([3]), ISIC2019, resamples=50)
    assert (alone.accuracy, alone.weighted_f1, alone.melanoma_sensitivity) == (None, None, None)
    assert drawable(strata(labels, [], None, 8), 8).tolist() == [True, False, False, False, True, False, False, False]


def test_classes_that_vanish_from_a_resample_are_left_out_of_it() -> None:
    # Lesion "a" has two nevi and a melanoma: it is a nevus, and the melanoma comes and goes with it.
    labels, groups = np.array([1, 1, 0, 1, 1]), ["a", "a", "a", "b", "c"]
    counts = resampled(strata(labels, [labels], groups, 8), runs=1, classes=8, resamples=200, seed=0)[:, 0]
    values = score_arrays(counts)
    absent = counts[:, 1, 0] == 0
    assert 0 < absent.sum() < 200
    assert np.isnan(values.f1[absent, 0]).all()
    assert (values.macro_f1 == 1).all()
    assert percentile_interval(values.f1[:, 0]) == Interval(1.0, 1.0)


def test_lesions_must_match_the_images() -> None:
    with pytest.raises(ValueError, match="2 lesions expected"):
        bootstrap_scores(np.array([0, 1]), np.array([0, 1]), ISIC2019, ["a"])


def test_written_by_the_names_of_the_scores() -> None:
    labels = np.repeat([0, 1], 20)
    document = intervals_to_json(bootstrap_scores(labels, labels, ISIC2019, resamples=20), ISIC2019)
    assert document["weighted_f1"] == document["per_class_f1"]["NV"] == [1.0, 1.0]
    assert document["per_class_f1"]["SCC"] is None
    assert (document["level"], document["resamples"], document["by_lesion"]) == (0.95, 20, False)


def test_score_arrays_agree_with_sklearn() -> None:
    rng = np.random.default_rng(9)
    labels = rng.integers(0, 8, 100)
    predicted = noisy(rng, labels, 0.5)
    assert score_arrays(counted(labels, predicted, 8)).balanced_accuracy == pytest.approx(
        balanced_accuracy_score(labels, predicted)
    )


def width(interval: Interval | None) -> float:
    assert interval is not None
    return interval.high - interval.low
