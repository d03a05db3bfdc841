"""Intervals of scores: against a plain loop with the same draws, scipy, and simulations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from core.classes import CLASS_SETS
from core.evaluation.intervals import (
    Interval,
    bootstrap_scores,
    difference_interval,
    intervals_to_json,
    quantile,
    score_interval,
)
from core.evaluation.metrics import score_arrays
from core.evaluation.resampling import (
    counted,
    draw,
    drawable,
    group_indices,
    joint_groups,
    knows_groups,
    resampled,
    strata,
)

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
    lesion = group_indices(groups, len(labels))
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
    assert sum(stratum.groups for stratum in found) == len({group for group in groups if group}) + groups.count("")


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


def test_of_independent_images_the_interval_of_a_share_is_wilsons() -> None:
    labels = np.zeros(150, np.int64)
    predicted = np.repeat([0, 1], [90, 60])
    ours = bootstrap_scores(labels, predicted, ISIC2019, resamples=20_000)
    theirs = binomtest(90, 150).proportion_ci(method="wilson")
    for found in (ours.accuracy, ours.melanoma_sensitivity):
        assert found is not None
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.002)


def test_f1_is_a_share_of_the_images_that_concern_the_class() -> None:
    # 60 melanomas, 45 of them found, and 15 others called so: J = 45 / 75, F1 = 2 J / (1 + J) = 0.75.
    labels, predicted = np.repeat([0, 1], [60, 300]), np.repeat([0, 1, 0, 1], [45, 15, 15, 285])
    found = bootstrap_scores(labels, predicted, ISIC2019, resamples=20_000).per_class_f1[0]
    share = binomtest(45, 75).proportion_ci(method="wilson")
    assert found is not None
    assert (found.low, found.high) == pytest.approx(
        (2 * share.low / (1 + share.low), 2 * share.high / (1 + share.high)), abs=0.015
    )
    assert found.low < 0.75 < found.high


def test_a_model_that_is_always_right_has_an_interval_with_a_width() -> None:
    share = binomtest(20, 20).proportion_ci(method="wilson")
    reach = quantile(20, by_group=False)
    found = score_interval(1.0, 0.0, 40, 20, reach)
    assert (found.low, found.high) == (pytest.approx(share.low), 1.0)
    assert score_interval(0.0, 0.0, 40, 20, reach) == Interval(0.0, pytest.approx(1 - share.low))
    half = score_interval(0.5, 0.05, 10_000, 10_000, reach)  # a standard error of 0.05 is that of 100 images
    hundred = binomtest(50, 100).proportion_ci(method="wilson")
    assert (half.low, half.high) == pytest.approx((hundred.low, hundred.high))


@pytest.mark.parametrize(
    ("half", "differing", "expected"),
    [(0.02, 6, (0.01, 0.05)), (0.02, 5, (0.0, 0.05)), (0.03 + 1e-15, 6, (0.0, 0.06)), (0.03 - 1e-15, 6, (0.0, 0.06))],
)
def test_a_difference_may_be_chance_where_its_interval_holds_0(
    half: float, differing: int, expected: tuple[float, float]
) -> None:
    found = difference_interval(0.03, half, differing)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.holds_zero is (expected[0] == 0.0)
    below = difference_interval(-0.03, half, differing)
    assert below is not None
    assert (below.low, below.high) == (-found.high, -found.low)
    assert difference_interval(0.03, math.inf, differing) is None


def test_groups_are_what_any_run_holds_together() -> None:
    assert joint_groups([("a", "a", "", "b")]) == ("a", "a", "", "b")
    joint = joint_groups([("1", "1", "2", "3", ""), ("", "x", "x", "1", "1")])
    assert (joint[0] == joint[1] == joint[2], joint[3] == joint[4], joint[0] == joint[3]) == (True, True, False)
    assert knows_groups(joint)
    assert not knows_groups(("a", "b", "", ""))
    assert not knows_groups(None)


def test_same_seed_same_interval() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 8, 300)
    predicted = noisy(rng, labels, 0.5)
    first, again = (bootstrap_scores(labels, predicted, ISIC2019, resamples=200, seed=7) for _ in range(2))
    assert first == again
    assert first != bootstrap_scores(labels, predicted, ISIC2019, resamples=200, seed=8)


def test_lesions_widen_the_interval_where_their_images_go_together() -> None:
    rng = np.random.default_rng(7)
    lesion = np.repeat(np.arange(60), 5)
    labels = np.repeat(rng.integers(0, 2, 60), 5)
    predicted = np.where(np.repeat(rng.random(60) < 0.7, 5), labels, 7)
    names = [f"lesion {number}" for number in lesion]
    alone = bootstrap_scores(labels, predicted, ISIC2019, None)
    together = bootstrap_scores(labels, predicted, ISIC2019, names)
    assert (alone.by_group, together.by_group) == (False, True)
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
    assert (named.by_group, unknown.by_group) == (False, False)


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


def test_lesions_must_match_the_images() -> None:
    with pytest.raises(ValueError, match="2 groups expected"):
        bootstrap_scores(np.array([0, 1]), np.array([0, 1]), ISIC2019, ["a"])


def test_written_by_the_names_of_the_scores() -> None:
    labels = np.repeat([0, 1], 20)
    document = intervals_to_json(bootstrap_scores(labels, labels, ISIC2019, resamples=20), ISIC2019)
    assert document["weighted_f1"] == [pytest.approx(0.9124, abs=1e-4), 1.0]  # Wilson, of 40 of 40
    assert document["per_class_f1"]["NV"] == [pytest.approx(0.9124, abs=1e-4), 1.0]  # 2 J / (1 + J), J of 20 of 20
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
