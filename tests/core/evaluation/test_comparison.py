"""Two runs on the same images: what is compared, how far apart they are, and what is said beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest

from core.classes import CLASS_SETS
from core.evaluation.comparison import (
    Comparison,
    Difference,
    LabelledLogits,
    McNemar,
    _at_the_edge,
    compare,
    mcnemar,
)
from core.evaluation.intervals import Interval
from core.evaluation.metrics import score

ISIC2019 = CLASS_SETS["isic2019"]


def run_on(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], groups: list[str] | None = None, *, begin: int = 0
) -> LabelledLogits:
    """A run that gave these classes; its images are named from a number on."""
    names = tuple(f"image {row}" for row in range(begin, begin + len(labels)))
    return LabelledLogits(
        names, labels, np.eye(8, dtype=np.float32)[predicted], tuple(groups or [""] * len(labels)), ISIC2019
    )


def random_run(seed: int, images: int = 200, right: float = 0.6) -> LabelledLogits:
    """A run on the same images for every seed, right with a probability."""
    labels = np.random.default_rng(0).integers(0, 8, images)
    rng = np.random.default_rng(seed)
    return run_on(labels, np.where(rng.random(images) < right, labels, rng.integers(0, 8, images)))


def of(comparison: Comparison, name: str) -> Difference:
    return next(item for item in comparison.differences if item.score == name)


def test_a_run_against_itself_differs_by_nothing() -> None:
    run = random_run(1, images=400)
    same = compare(run, run, resamples=200)
    assert same.comparable
    assert [item.score for item in same.differences][:4] == ["weighted_f1", "accuracy", "balanced_accuracy", "macro_f1"]
    assert [item.score for item in same.differences][4:] == [f"f1:{code}" for code in ISIC2019.codes]
    assert all(
        (item.difference, item.interval, item.within_noise) == (0, Interval(0, 0), True) for item in same.differences
    )
    assert (same.won, same.lost, same.notes, same.relabelled) == ((), (), (), ())
    assert same.mcnemar is not None
    assert same.mcnemar.p_value == 1.0


def test_measured_differences_are_those_of_the_scores() -> None:
    first, second = random_run(1), random_run(2, right=0.7)
    comparison = compare(first, second, resamples=50)
    one, two = score(first.labels, first.logits, ISIC2019), score(second.labels, second.logits, ISIC2019)
    for name in ("weighted_f1", "accuracy", "balanced_accuracy", "macro_f1"):
        item = of(comparison, name)
        assert (item.baseline, item.other) == (pytest.approx(getattr(one, name)), pytest.approx(getattr(two, name)))
        assert item.difference == pytest.approx(getattr(two, name) - getattr(one, name))
    assert of(comparison, "f1:DF").other == pytest.approx(two.per_class[5].f1)
    assert (comparison.common, comparison.only_baseline, comparison.only_other) == (200, 0, 0)


def test_turned_round_the_signs_turn() -> None:
    there, back = compare(random_run(1), random_run(2)), compare(random_run(2), random_run(1))
    assert there.won == back.lost
    assert there.lost == back.won
    one, two = of(there, "weighted_f1"), of(back, "weighted_f1")
    assert one.difference == -two.difference
    assert one.interval is not None
    assert two.interval is not None
    assert (one.interval.low, one.interval.high) == pytest.approx((-two.interval.high, -two.interval.low), abs=0.015)


def test_intervals_are_paired() -> None:
    # The second run is right where the first is, and on ten images more: unpaired, that would be noise.
    labels = np.zeros(400, np.int64)
    first = run_on(labels, np.repeat([0, 1], [200, 200]))
    second = run_on(labels, np.repeat([0, 1], [210, 190]))
    item = of(compare(first, second), "accuracy")
    assert item.difference == pytest.approx(10 / 400)
    assert item.interval is not None
    assert 0.008 < item.interval.low < 0.015
    assert 0.035 < item.interval.high < 0.045
    assert not item.within_noise


def test_what_may_be_chance_is_called_noise() -> None:
    labels = np.zeros(400, np.int64)
    predicted = np.repeat([0, 1], [200, 200])
    first, second = run_on(labels, predicted), run_on(labels, np.roll(predicted, 3))
    second = replace(
        second, logits=np.eye(8, dtype=np.float32)[np.where(np.arange(400) == 399, 0, np.roll(predicted, 3))]
    )
    item = of(compare(first, second), "accuracy")
    assert item.interval is not None
    assert item.interval.low < 0 < item.interval.high
    assert item.within_noise


def test_images_won_and_lost_by_name() -> None:
    labels = np.array([0] * 20 + [1] * 20)
    first, second = labels.copy(), labels.copy()
    first[[3, 30]] = 5
    second[[7, 8, 30]] = 6  # 30: both wrong
    comparison = compare(run_on(labels, first), run_on(labels, second), resamples=20)
    assert comparison.won == ("image 3",)
    assert comparison.lost == ("image 7", "image 8")
    assert comparison.mcnemar == mcnemar(2, 1)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 3000))
def test_mcnemar_is_the_exact_binomial_test(lost: int, won: int) -> None:
    expected = binomtest(won, lost + won, 0.5).pvalue if lost + won else 1.0
    assert mcnemar(lost, won).p_value == pytest.approx(expected, rel=1e-9, abs=1e-280)  # scipy's ends there


def test_only_common_images_count_and_it_is_said() -> None:
    labels = np.arange(60) % 2
    first = run_on(labels[:50], labels[:50])
    second = run_on(labels[10:60], 1 - labels[10:60], begin=10)
    comparison = compare(first, second, resamples=20)
    assert (comparison.common, comparison.only_baseline, comparison.only_other) == (40, 10, 10)
    assert comparison.comparable
    assert len(comparison.lost) == 40
    assert "Only the 40" in comparison.notes[0]


def test_too_few_common_images_are_not_compared() -> None:
    labels = np.zeros(50, np.int64)
    few = compare(run_on(labels, labels), run_on(labels, labels, begin=21))
    assert (few.common, few.comparable, few.differences, few.mcnemar) == (29, False, (), None)
    assert "only 29 test images with the same name and label in common; at least 30" in few.why_not
    none = compare(run_on(labels, labels), run_on(labels, labels, begin=50))
    assert none.common == 0
    assert "no test image with the same name and label" in none.why_not
    assert compare(run_on(labels, labels), run_on(labels, labels, begin=21), minimum=29, resamples=9).comparable


def test_images_with_other_labels_are_left_out_and_named() -> None:
    labels = np.zeros(40, np.int64)
    corrected = labels.copy()
    corrected[[4, 9]] = 1
    comparison = compare(run_on(labels, labels), run_on(corrected, corrected), resamples=20)
    assert comparison.relabelled == ("image 4", "image 9")
    assert (comparison.common, comparison.only_baseline, comparison.only_other) == (38, 0, 0)
    assert "2 images have different labels" in comparison.notes[0]
    assert comparison.won == comparison.lost == ()


def test_the_order_of_images_does_not_matter() -> None:
    first, second = random_run(1), random_run(2)
    order = np.random.default_rng(3).permutation(200)
    shuffled = LabelledLogits(
        tuple(second.names[row] for row in order), second.labels[order], second.logits[order], ("",) * 200, ISIC2019
    )
    assert compare(first, shuffled, resamples=50) == compare(first, second, resamples=50)


def test_lesions_come_from_either_run_and_widen_the_interval() -> None:
    rng = np.random.default_rng(4)
    labels = np.repeat(rng.integers(0, 2, 60), 5)
    better = np.where(np.repeat(rng.random(60) < 0.7, 5), labels, 7)
    worse = np.where(np.repeat(rng.random(60) < 0.6, 5), labels, 7)
    lesions = [f"lesion {row // 5}" for row in range(300)]
    single = of(compare(run_on(labels, worse), run_on(labels, better)), "accuracy")
    known = compare(run_on(labels, worse), run_on(labels, better, lesions))
    together = of(known, "accuracy")
    assert known.by_group
    assert single.interval is not None
    assert together.interval is not None
    ratio = (together.interval.high - together.interval.low) / (single.interval.high - single.interval.low)
    assert ratio == pytest.approx(5**0.5, rel=0.12)


def test_absent_classes_are_undefined() -> None:
    labels = np.array([0] * 39 + [1])
    comparison = compare(run_on(labels, labels), run_on(labels, np.zeros(40, np.int64)), resamples=50)
    absent, single = of(comparison, "f1:SCC"), of(comparison, "f1:NV")
    assert (absent.baseline, absent.difference, absent.interval, absent.within_noise) == (None, None, None, True)
    assert (single.difference, single.interval, single.within_noise) == (-1, None, True)  # one image tells nothing


def test_the_edge_of_the_noise_is_named() -> None:
    outside = Difference("accuracy", 0.5, 0.6, 0.1, Interval(0.01, 0.2), within_noise=False)
    inside = replace(outside, interval=Interval(-0.01, 0.2), within_noise=True)
    assert "p = 0.079" in _at_the_edge((outside,), McNemar(17, 30, 0.0789))[0]
    assert "p = 0.040" in _at_the_edge((inside,), McNemar(17, 30, 0.04))[0]
    assert _at_the_edge((outside,), McNemar(17, 30, 0.04)) == ()
    assert _at_the_edge((inside,), McNemar(17, 30, 0.5)) == ()


def test_classes_of_few_images_are_named() -> None:
    labels = np.repeat([0, 1, 5], [30, 20, 19])
    assert compare(run_on(labels, labels), run_on(labels, labels), resamples=20).notes == (
        "Few common images, so the differences in F1 of these classes are rough guesses: DF (19).",
    )


@pytest.mark.parametrize(("won", "better"), [(2, False), (5, False), (6, True), (9, True)])
def test_a_few_images_won_are_not_called_better(won: int, better: bool) -> None:
    """Exact McNemar gives p = 0.5 for 2 won of 54 and none lost, 0.0625 for 5, 0.031 for 6: the verdict is no other."""
    labels = np.repeat([0, 1], 27)
    first = np.where(np.arange(54) % 27 < 12, labels, 2)
    second = first.copy()
    second[np.flatnonzero(first != labels)[:won]] = labels[np.flatnonzero(first != labels)[:won]]
    comparison = compare(run_on(labels, first), run_on(labels, second))
    assert comparison.mcnemar is not None
    assert (comparison.mcnemar.only_other_right, comparison.mcnemar.only_baseline_right) == (won, 0)
    assert (comparison.mcnemar.p_value < 0.05) is better
    for name in ("weighted_f1", "accuracy", "balanced_accuracy"):
        item = of(comparison, name)
        assert item.interval is not None
        assert (item.interval.low <= 0, item.within_noise) == (not better, not better)


def test_a_verdict_of_f1_that_mcnemar_does_not_share_is_named() -> None:
    outside = Difference("weighted_f1", 0.5, 0.6, 0.1, Interval(0.01, 0.2), within_noise=False)
    said = _at_the_edge((outside,), McNemar(0, 2, 0.5))[0]
    assert "2 images won and 0 lost may be chance by McNemar's test (p = 0.500)" in said
