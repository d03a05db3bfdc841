from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.classes import CLASS_SETS, Malignancy, make_class_set
from core.errors import SkinKDError
from core.evaluation.decisions import Decision, Withheld
from core.evaluation.prediction_sets import probabilities_of
from core.inference.decision_rule import DecisionRule
from core.inference.out_of_distribution import Descriptors, appearance_of, fit_statistics
from core.inference.trust import Assessment, Verdict
from core.models.calibration_statistics import CalibrationStatistics
from core.models.info import ModelInfo, Preprocessing
from tests.core.inference.skins import skins

ISIC2019 = CLASS_SETS["isic2019"]

INFO = ModelInfo("test_resnet", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), classes=ISIC2019)


def sure(labels: NDArray[np.int64], by: float) -> NDArray[np.float32]:
    """Logits that favour the labels, some more and some less."""
    logits = np.random.default_rng(0).normal(0, 0.5, (len(labels), 8))
    logits[np.arange(len(labels)), labels] += by
    return logits.astype(np.float32)


@pytest.fixture(scope="module")
def statistics() -> CalibrationStatistics:
    labels = np.arange(160) % 8
    validation, training = (
        Descriptors(None, appearance_of(skins(count, seed))) for count, seed in ((160, 0), (200, 1))
    )
    return fit_statistics(sure(labels, 4), labels, validation, training)


def verdict(rule: DecisionRule, logits: NDArray[np.float32], level: float = 0.9) -> Assessment:
    (found,) = rule.assess(logits, None, skins(1, 5), level)
    return found


def test_a_diagnosis_that_is_sure_enough_is_confident(statistics: CalibrationStatistics) -> None:
    found = verdict(DecisionRule(statistics, INFO), sure(np.array([1]), 6))
    assert (found.verdict, found.prediction_set) == (Verdict.CONFIDENT, ("NV",))
    assert found.sentence == (
        "Sure enough: of diagnoses given so, at most 10 % are wrong (90 % certain). It can still be wrong. "
        "Possible: Melanocytic nevus (for each class, 90 % of its images keep it)."
    )
    assert found.out_of_distribution_score is not None
    assert found.out_of_distribution_score <= 1
    assert len(found.p_values) == 8


def test_several_diagnoses_left_are_uncertain_likeliest_first(statistics: CalibrationStatistics) -> None:
    logits = np.full((1, 8), -9, np.float32)
    logits[0, [0, 1, 2, 3]] = 4.0, 4.2, 4.0, 4.0
    low = replace(INFO, temperature=2.0)
    found = verdict(DecisionRule(statistics, low), logits, 0.99)
    assert found.verdict is Verdict.UNCERTAIN
    assert found.prediction_set[0] == "NV"
    assert found.sentence.startswith("Not sure enough: diagnoses are given where at most 10 % of them are wrong (99 %")


def test_no_diagnosis_left_is_uncertain_too(statistics: CalibrationStatistics) -> None:
    found = verdict(DecisionRule(statistics, INFO), np.zeros((1, 8), np.float32))
    assert (found.verdict, found.prediction_set) == (Verdict.UNCERTAIN, ())
    assert "none of the 8 diagnoses" in found.sentence


def test_what_is_no_lesion_is_unlike_however_sure_the_network(statistics: CalibrationStatistics) -> None:
    images = np.stack([np.full((32, 32, 3), value, np.uint8) for value in (0, 255)])
    for found in DecisionRule(statistics, INFO).assess(sure(np.array([1, 1]), 9), None, images):
        assert found.verdict is Verdict.OUT_OF_DISTRIBUTION
        assert found.out_of_distribution_score is not None
        assert found.out_of_distribution_score > 1
        assert "means nothing" in found.sentence
        assert found.reason is not None


def test_a_file_without_reference_gives_no_verdict() -> None:
    found = verdict(DecisionRule(None, INFO), sure(np.array([1]), 9))
    assert (found.verdict, found.prediction_set, found.out_of_distribution_score) == (Verdict.UNKNOWN, (), None)
    assert "does not hold" in found.sentence


def test_features_that_do_not_come_give_no_verdict() -> None:
    labels = np.arange(160) % 8
    features = np.random.default_rng(0).random((360, 30)).astype(np.float32)
    appearance = appearance_of(np.concatenate([skins(160, 0), skins(200, 1)]))
    wide = fit_statistics(
        sure(labels, 4),
        labels,
        Descriptors(features[:160], appearance[:160]),
        Descriptors(features[160:], appearance[160:]),
    )
    found = verdict(DecisionRule(wide, INFO), sure(np.array([1]), 6))
    assert found.verdict is Verdict.UNKNOWN
    assert "does not show the features" in found.sentence


def test_too_few_validation_images_give_no_verdict(statistics: CalibrationStatistics) -> None:
    small = replace(statistics, threshold=float("inf"))
    found = verdict(DecisionRule(small, INFO), sure(np.array([1]), 6))
    assert found.verdict is Verdict.UNKNOWN
    assert "160 images only" in found.sentence
    assert found.threshold is None


def without_the_eighth() -> CalibrationStatistics:
    labels = np.arange(160) % 7
    descriptors = [Descriptors(None, appearance_of(skins(count, seed))) for count, seed in ((160, 0), (200, 1))]
    return fit_statistics(sure(labels, 4), labels, *descriptors)


def test_a_rare_class_is_said_as_one_of_its_group() -> None:
    rule = DecisionRule(without_the_eighth(), INFO)
    nevus, melanoma = (verdict(rule, sure(np.array([label]), 6)) for label in (1, 0))
    assert (nevus.prediction_set, nevus.rare, nevus.never_excluded) == (("NV",), ("SCC",), ())
    assert set(melanoma.prediction_set) == {"MEL", "SCC"}
    assert "Possible: Melanoma and a rare malignant diagnosis" in melanoma.sentence


def test_a_class_of_no_group_that_can_not_be_excluded_is_named() -> None:
    classes = [item.model_copy(update={"group": Malignancy.UNSPECIFIED}) for item in ISIC2019.classes]
    rule = DecisionRule(without_the_eighth(), replace(INFO, classes=make_class_set("own", classes)))
    found = verdict(rule, sure(np.array([1]), 6))
    assert set(found.prediction_set) == {"NV", "SCC"}
    assert found.never_excluded == ("SCC",)
    assert "Squamous cell carcinoma can never be excluded: fewer than 9 such images were there." in found.sentence
    assert found.decision is not None
    assert found.decision.decision is None


def with_lesions(statistics: CalibrationStatistics, tested: int) -> CalibrationStatistics:
    """Every calibration image a lesion, and `tested` test lesions of each class, on which the model is as good."""
    labels = np.arange(8 * tested) % 8
    return replace(
        statistics,
        lesions=np.arange(160, dtype=np.int32),
        tested_logits=sure(labels, 9),
        tested_labels=labels.astype(np.uint8),
    )


@pytest.mark.parametrize(
    ("label", "decision"), [(1, Decision.BENIGN), (0, Decision.MALIGNANT), (3, Decision.MALIGNANT)]
)
def test_what_an_image_is_stands_before_its_diagnosis(
    statistics: CalibrationStatistics, label: int, decision: Decision
) -> None:
    found = verdict(DecisionRule(with_lesions(statistics, 40), INFO), sure(np.array([label]), 6))
    assert found.decision is not None
    assert found.decision.decision is decision
    assert found.decision.certificate is not None
    tally = found.decision.certificate.tally
    assert f"{tally.right} of {tally.given} test lesions called {decision.value} were" in found.decision.sentence
    assert found.decision.malignant == pytest.approx(1 - found.decision.benign)  # type: ignore[operator]
    assert found.tally is not None
    assert f"on test lesions {found.tally.right} of {found.tally.given} were right" in found.sentence


def test_a_decision_that_the_test_can_not_bear_out_is_withheld_in_numbers(statistics: CalibrationStatistics) -> None:
    rule = DecisionRule(with_lesions(statistics, 10), INFO)
    found = verdict(rule, sure(np.array([1]), 6)).decision
    assert found is not None
    assert (found.decision, found.withheld) == (None, Withheld.FEW_TESTED)
    assert found.sentence == (
        "No decision: 59 malignant test lesions without an error are needed to say benign; there were 40."
    )
    malignant = verdict(rule, sure(np.array([0]), 6)).decision
    assert malignant is not None
    assert malignant.decision is Decision.MALIGNANT  # 29 benign lesions are needed, and 40 there


def test_a_model_that_misses_too_much_says_so(statistics: CalibrationStatistics) -> None:
    tested = with_lesions(statistics, 20)
    assert tested.tested_logits is not None
    missing = replace(tested, tested_logits=np.roll(tested.tested_logits, 1, axis=1))  # a nevus for every melanoma
    found = verdict(DecisionRule(missing, INFO), sure(np.array([1]), 6)).decision
    assert found is not None
    assert (found.decision, found.withheld) == (None, Withheld.ERRORS)
    assert found.sentence.endswith("This model must not be used to exclude melanoma.")


def test_a_model_of_an_older_version_says_what_a_decision_needs(statistics: CalibrationStatistics) -> None:
    found = verdict(DecisionRule(statistics, INFO), sure(np.array([1]), 6)).decision
    assert found is not None
    assert (found.decision, found.withheld) == (None, Withheld.NOT_CALIBRATED)
    assert "skinkd-cli calibrate" in found.sentence


def test_what_is_no_lesion_is_neither_malignant_nor_benign(statistics: CalibrationStatistics) -> None:
    images = np.zeros((1, 32, 32, 3), np.uint8)
    (found,) = DecisionRule(with_lesions(statistics, 40), INFO).assess(sure(np.array([1]), 9), None, images)
    assert found.decision is not None
    assert found.decision.decision is Decision.OUT_OF_DISTRIBUTION


def test_another_level_needs_no_other_answer(statistics: CalibrationStatistics) -> None:
    rule = DecisionRule(statistics, INFO)
    logits = sure(np.array([2]), 2.5)
    first = verdict(rule, logits)
    for level in (0.5, 0.8, 0.95, 0.99):
        assert rule.at_level(first, probabilities_of(logits, 1.0)[0].tolist(), level) == verdict(rule, logits, level)
    lost = DecisionRule(None, INFO).assess(logits, None, skins(1, 5))[0]
    assert rule.at_level(lost, [1.0] * 8, 0.8) == replace(lost, level=0.8)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0, 90.0, float("nan")])
def test_levels_that_can_not_be_are_refused(statistics: CalibrationStatistics, level: float) -> None:
    with pytest.raises(SkinKDError, match="level"):
        verdict(DecisionRule(statistics, INFO), sure(np.array([1]), 6), level)


def test_every_verdict_has_words() -> None:
    assert len({item.words for item in Verdict}) == len(Verdict)


def test_a_reference_for_another_way_of_measuring_gives_no_verdict(statistics: CalibrationStatistics) -> None:
    other = replace(statistics, measure=statistics.measure + 1)
    found = verdict(DecisionRule(other, INFO), sure(np.array([1]), 6))
    assert found.verdict is Verdict.UNKNOWN
    assert "calibrate" in found.sentence
    assert found.distance is None
