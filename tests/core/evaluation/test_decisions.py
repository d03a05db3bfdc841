from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from core.classes import CLASS_SETS, ClassSet, LesionClass, Malignancy, make_class_set
from core.evaluation.class_groups import BENIGN, MALIGNANT, NO_GROUP, group_of_classes, group_scores
from core.evaluation.decisions import (
    Certificate,
    Decision,
    GroupDecisions,
    LesionOutputs,
    RightOf,
    Withheld,
    one_for_each_lesion,
)

ISIC2019 = CLASS_SETS["isic2019"]
PAIR = CLASS_SETS["benign-malignant"]


def drawn(generator: np.random.Generator, count: int, by: float = 2.0) -> LesionOutputs:
    """Lesions of the eight classes, a third of them malignant, on which a model is right the more, the larger `by`."""
    labels = generator.choice(8, count, p=[0.15, 0.4, 0.12, 0.05, 0.15, 0.03, 0.04, 0.06])
    logits = generator.normal(size=(count, 8))
    logits[np.arange(count), labels] += by
    return LesionOutputs(labels, softmax(logits, axis=1))


def of_scores(malignant: list[float], truth: list[int], classes: ClassSet) -> LesionOutputs:
    """Lesions with these probabilities of the malignant class of a pair."""
    shares = np.array(malignant)
    place = classes.of_group(Malignancy.MALIGNANT)[0]
    rows = np.stack([1 - shares, shares] if place else [shares, 1 - shares], axis=1)
    labels = np.array([place if group == MALIGNANT else 1 - place for group in truth])
    return LesionOutputs(labels, rows)


def test_both_promises_hold_in_the_mean_over_many_draws() -> None:
    generator = np.random.default_rng(0)
    missed, flagged = [], []
    for _ in range(400):
        made = GroupDecisions(ISIC2019, drawn(generator, 120), drawn(generator, 300))
        missed.append(made.certificates[Decision.BENIGN].share)
        flagged.append(made.certificates[Decision.MALIGNANT].share)
    assert np.mean(missed) <= 0.05 + 0.003
    assert np.mean(flagged) <= 0.10 + 0.004
    assert np.mean(missed) > 0.02  # not by never saying it


def test_a_model_that_knows_nothing_decides_seldom_and_still_keeps_its_promise() -> None:
    generator = np.random.default_rng(1)
    missed, decided = [], []
    for _ in range(200):
        made = GroupDecisions(ISIC2019, drawn(generator, 120, by=0), drawn(generator, 300, by=0))
        missed.append(made.certificates[Decision.BENIGN].share)
        decided.append(np.mean([item is not Decision.UNCLEAR for item in made.tested]))
    assert np.mean(missed) <= 0.053
    assert np.mean(decided) < 0.2


def test_thresholds_are_of_the_calibration_lesions_alone() -> None:
    generator = np.random.default_rng(2)
    calibration = drawn(generator, 200)
    one, other = (GroupDecisions(ISIC2019, calibration, drawn(generator, 50)) for _ in range(2))
    rows = drawn(generator, 100).probabilities
    assert one.decide(rows) == other.decide(rows)


def test_precancerous_counts_as_malignant_and_a_class_of_no_group_as_neither() -> None:
    groups = dict(zip(ISIC2019.codes, group_of_classes(ISIC2019).tolist(), strict=True))
    assert groups == {"MEL": 1, "NV": 0, "BCC": 1, "AK": 1, "BKL": 0, "DF": 0, "VASC": 0, "SCC": 1}
    own = make_class_set("own", [LesionClass(code="A"), LesionClass(code="B", group=Malignancy.BENIGN)])
    assert group_of_classes(own).tolist() == [NO_GROUP, BENIGN]
    assert not GroupDecisions(own, *(LesionOutputs(np.zeros(0, np.int64), np.zeros((0, 2))),) * 2).has_groups


def test_the_scores_of_the_groups_are_sums() -> None:
    scores = group_scores(np.array([[0.5, 0.2, 0.3]]), np.array([MALIGNANT, NO_GROUP, MALIGNANT]))
    assert scores == pytest.approx(np.array([[0.0, 0.8, 0.2]]))


def test_an_image_whose_likeliest_class_has_no_group_is_not_decided() -> None:
    classes = make_class_set(
        "own",
        [
            LesionClass(code="M", group=Malignancy.MALIGNANT),
            LesionClass(code="N", group=Malignancy.BENIGN),
            LesionClass(code="O"),
        ],
    )
    labels = np.arange(300) % 3
    shares = np.full((300, 3), 0.05)
    shares[np.arange(300), labels] = 0.9
    made = GroupDecisions(classes, LesionOutputs(labels, shares), LesionOutputs(labels, shares))
    assert made.tested == (Decision.MALIGNANT, Decision.BENIGN, None) * 100
    assert made.certificates[Decision.BENIGN].tally == RightOf(100, 100)


def test_equal_scores_are_not_excluded() -> None:
    calibration = of_scores([0.5] * 40 + [0.5] * 40, [MALIGNANT] * 40 + [BENIGN] * 40, PAIR)
    made = GroupDecisions(PAIR, calibration, calibration)
    assert set(made.tested) == {Decision.UNCLEAR}


def test_with_one_lesion_less_than_needed_nothing_is_benign() -> None:
    for lesions, decision in ((18, Decision.UNCLEAR), (19, Decision.BENIGN)):
        calibration = of_scores([0.9] * lesions + [0.1] * 40, [MALIGNANT] * lesions + [BENIGN] * 40, PAIR)
        made = GroupDecisions(PAIR, calibration, of_scores([0.05], [BENIGN], PAIR))
        assert made.tested == (decision,)
        few = made.certificates[Decision.BENIGN].withheld is Withheld.FEW_CALIBRATED
        assert few == (lesions == 18)


def certificate(errors: int, lesions: int, calibrated_on: int = 100) -> Certificate:
    return Certificate(Decision.BENIGN, 0.95, calibrated_on, errors, lesions, RightOf(90, 90 + errors))


@pytest.mark.parametrize(
    ("found", "withheld", "too_much"),
    [
        (certificate(0, 59), None, False),
        (certificate(0, 58), Withheld.FEW_TESTED, False),
        (certificate(0, 0), Withheld.FEW_TESTED, False),
        (certificate(0, 59, calibrated_on=18), Withheld.FEW_CALIBRATED, False),
        (certificate(1, 59), None, False),
        (certificate(2, 59), Withheld.ERRORS, False),
        (certificate(3, 60), Withheld.ERRORS, False),
        (certificate(4, 60), Withheld.ERRORS, True),
        (certificate(7, 140), None, False),
    ],
)
def test_a_decision_is_withheld_where_the_test_does_not_bear_it_out(
    found: Certificate, withheld: Withheld | None, too_much: bool
) -> None:
    assert (found.withheld, found.misses_too_much) == (withheld, too_much)
    assert (found.needed, found.needed_to_calibrate) == (59, 19)


def test_one_picture_of_each_lesion_counts() -> None:
    lesions = np.array([5, 5, 5, 2, 9, 9])
    labels = np.array([0, 0, 0, 1, 1, 0])
    rows = one_for_each_lesion(lesions, labels)
    assert len(rows) == 4  # the lesion with two labels is two
    assert sorted(zip(lesions[rows].tolist(), labels[rows].tolist(), strict=True)) == [(2, 1), (5, 0), (9, 0), (9, 1)]
    assert (rows == np.sort(rows)).all()
    assert {one_for_each_lesion(lesions, labels, seed)[0] for seed in range(30)} == {0, 1, 2}
    assert len(one_for_each_lesion(lesions[:0], labels[:0])) == 0


def pictures_of_lesions(generator: np.random.Generator, lesions: int) -> tuple[NDArray[np.int64], LesionOutputs]:
    """A third malignant; one lesion in five has ten pictures, nearly alike."""
    outputs = drawn(generator, lesions)
    copies = np.where(generator.random(lesions) < 0.2, 10, 1)
    numbers = np.repeat(np.arange(lesions), copies)
    return numbers, LesionOutputs(outputs.labels[numbers], outputs.probabilities[numbers])


def test_pictures_of_the_same_lesion_are_not_counted_as_lesions() -> None:
    numbers, outputs = pictures_of_lesions(np.random.default_rng(4), 100)
    rows = one_for_each_lesion(numbers, outputs.labels)
    assert len(rows) == 100 < len(numbers)
