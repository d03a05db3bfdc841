"""Families of comparisons: simulated studies without any difference, values known elsewhere, and what must not mix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.evaluation.comparison import LabelledLogits, compare
from core.evaluation.families import Trained, compare_family, holm

CLASSES = CLASS_SETS["isic2019"]
IMAGES = 400


def a_study(
    rng: np.random.Generator, configurations: int, seeds: int, better: float = 0.0, spread: float = 0.1
) -> list[Trained]:
    """Configurations whose trainings are right on an image with the same chance, which differs between images and, of
    several trainings, a little between them; the first one is right more often by `better`."""
    labels = rng.integers(0, 4, IMAGES)
    lesions = tuple(f"L{number}" for number in rng.integers(0, IMAGES * 3 // 4, IMAGES))
    ease = rng.normal(1.0, 1.2, IMAGES)
    names, spread = tuple(map(str, range(IMAGES))), spread if seeds > 1 else 0.0

    def run(lift: float) -> LabelledLogits:
        chance = np.clip(1 / (1 + np.exp(-ease - rng.normal(0, spread))) + lift, 0, 1)
        said = np.where(rng.random(IMAGES) < chance, labels, (labels + rng.integers(1, 4, IMAGES)) % 4)
        return LabelledLogits(names, labels, np.eye(8, dtype=np.float32)[said], lesions, CLASSES)

    lifts = [better] + [0.0] * (configurations - 1)
    return [Trained(f"c{k}", tuple(run(lift) for _ in range(seeds))) for k, lift in enumerate(lifts)]


@pytest.mark.parametrize(
    ("seeds", "studies", "score"),
    [
        (1, 100, "balanced_accuracy"),
        pytest.param(1, 300, "weighted_f1", marks=pytest.mark.long),
        pytest.param(5, 120, "weighted_f1", marks=pytest.mark.long),
    ],
)
def test_of_studies_without_a_difference_at_most_five_in_a_hundred_find_one(
    seeds: int, studies: int, score: str
) -> None:
    rng = np.random.default_rng(seeds)
    found = 0
    for number in range(studies):
        base, *others = a_study(rng, 11, seeds)
        family = compare_family(base, others, score=score, resamples=400, seed=number)
        found += any(not member.within_noise for member in family.members)
    assert found / studies <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / studies)


def test_a_true_difference_is_found_and_told_with_its_sign() -> None:
    best, *others = a_study(np.random.default_rng(3), 4, 5, better=0.15)
    family = compare_family(others[0], [best, *others[1:]], resamples=500)
    assert [member.within_noise for member in family.members] == [False, True, True]
    assert family.members[0].difference > 0
    assert family.members[0].interval is not None
    assert family.members[0].interval.low > 0
    assert not family.descriptive
    assert family.comparisons == 3


def test_the_intervals_widen_with_the_family_and_with_few_seeds() -> None:
    base, *others = a_study(np.random.default_rng(5), 21, 5)
    one, many = compare_family(base, others[:1]), compare_family(base, others)
    assert 1.9 < one.critical < 2.4
    assert many.critical > one.critical + 0.5
    assert one.chance_gain == 0.0
    assert 0.005 < many.chance_gain < 0.04
    two = [Trained(item.key, item.runs[:2]) for item in (base, *others)]
    assert compare_family(two[0], two[1:]).critical > many.critical
    assert compare_family(two[0], two[1:]).descriptive


def test_single_runs_have_mcnemars_test_and_holms_correction() -> None:
    base, *others = a_study(np.random.default_rng(6), 4, 1)
    family = compare_family(base, others)
    raw = [member.test.p_value for member in family.members if member.test]
    assert [member.holm_p for member in family.members] == list(holm(raw))
    assert len(raw) == 3
    several = compare_family(Trained("b", base.runs * 2), others)
    assert all(member.test is None and member.holm_p is None for member in several.members)


def test_holms_correction_has_the_values_of_his_paper_in_the_order_given() -> None:
    # multipletests(p, method="holm") of statsmodels 0.14.5
    p_values = [0.01, 0.04, 0.03, 0.005, 0.9]
    assert holm(p_values) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.9])
    assert holm([0.6, 0.7]) == (1.0, 1.0)
    assert holm([]) == ()


def test_equal_runs_differ_by_nothing_for_certain() -> None:
    base, *_ = a_study(np.random.default_rng(7), 1, 1)
    member = compare_family(base, [Trained("same", base.runs)]).members[0]
    assert (member.difference, member.within_noise) == (0.0, True)
    assert member.interval is not None
    assert (member.interval.low, member.interval.high) == (0.0, 0.0)


def test_so_few_images_tell_nothing_and_are_not_compared() -> None:
    base, other = a_study(np.random.default_rng(8), 2, 1)
    few = [
        Trained(
            side.key,
            tuple(replace(r, names=r.names[:29], labels=r.labels[:29], logits=r.logits[:29], groups=r.groups[:29])
                  for r in side.runs),
        )
        for side in (base, other)
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"only 29 test images .* at least 30 are needed"):
        compare_family(few[0], few[1:])
    assert compare_family(few[0], few[1:], minimum=29).images == 29


def test_only_images_that_all_runs_know_with_the_same_label_count() -> None:
    base, other = a_study(np.random.default_rng(8), 2, 1)
    run = other.runs[0]
    labels = run.labels.copy()
    labels[0] = (labels[0] + 1) % 4
    short = LabelledLogits(run.names[:-5], labels[:-5], run.logits[:-5], run.groups[:-5], CLASSES)
    assert compare_family(base, [Trained("short", (short,))]).images == IMAGES - 6
    apart = LabelledLogits(tuple("x" + name for name in run.names), run.labels, run.logits, run.groups, CLASSES)
    with pytest.raises(ValueError, match="no test image with the same name and label in common"):
        compare_family(base, [Trained("apart", (apart,))])
    with pytest.raises(ValueError, match="weighted_f1"):
        compare_family(base, [other], score="accuracy")


@pytest.mark.parametrize("score", ["weighted_f1", "balanced_accuracy"])
def test_two_runs_are_a_family_of_one(score: str) -> None:
    """The same numbers and the same verdict, whichever way they are compared."""
    base, other = a_study(np.random.default_rng(9), 2, 1)
    member = compare_family(base, [other], score=score).members[0]
    pair = compare(base.runs[0], other.runs[0])
    item = next(item for item in pair.differences if item.score == score)
    assert item.interval is not None
    assert member.interval is not None
    assert (member.interval.low, member.interval.high) == pytest.approx((item.interval.low, item.interval.high))
    assert member.within_noise == item.within_noise
    assert member.test == pair.mcnemar


def test_groups_that_only_one_run_knows_are_drawn_together_for_all() -> None:
    (base,) = a_study(np.random.default_rng(10), 1, 1)
    run = base.runs[0]
    labels = np.repeat(np.arange(4), IMAGES // 4)
    said = np.where(np.arange(IMAGES) % 10 < 7, labels, (labels + 1) % 4)  # right or wrong by tens
    better = np.where(np.arange(IMAGES) % 10 < 8, labels, (labels + 1) % 4)
    first = replace(run, labels=labels, logits=np.eye(8, dtype=np.float32)[said], groups=("",) * IMAGES)
    second = replace(first, logits=np.eye(8, dtype=np.float32)[better])
    tens = tuple(f"{row % 10}" if row % 10 == 7 else "" for row in range(IMAGES))
    alone = compare_family(Trained("a", (first,)), [Trained("b", (second,))])
    joined = compare_family(Trained("a", (first,)), [Trained("b", (replace(second, groups=tens),))])
    assert (alone.by_group, joined.by_group) == (False, True)
    assert not alone.members[0].within_noise
    assert joined.members[0].within_noise  # all that was won is of one patient
