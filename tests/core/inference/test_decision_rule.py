from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.classes import CLASS_SETS
from core.errors import SkinKDError
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


def test_one_diagnosis_left_is_confident(statistics: CalibrationStatistics) -> None:
    found = verdict(DecisionRule(statistics, INFO), sure(np.array([1]), 6))
    assert (found.verdict, found.prediction_set) == (Verdict.CONFIDENT, ("NV",))
    assert "only Melanocytic nevus fits" in found.sentence
    assert found.out_of_distribution_score is not None
    assert found.out_of_distribution_score <= 1
    assert len(found.p_values) == 8


def test_several_diagnoses_left_are_uncertain_likeliest_first(statistics: CalibrationStatistics) -> None:
    logits = np.full((1, 8), -9, np.float32)
    logits[0, [0, 1]] = 4.0, 4.2
    low = replace(INFO, temperature=2.0)
    found = verdict(DecisionRule(statistics, low), logits, 0.99)
    assert found.verdict is Verdict.UNCERTAIN
    assert found.prediction_set[0] == "NV"
    assert "possible" in found.sentence


def test_no_diagnosis_left_is_uncertain_too(statistics: CalibrationStatistics) -> None:
    found = verdict(DecisionRule(statistics, INFO), np.zeros((1, 8), np.float32))
    assert (found.verdict, found.prediction_set) == (Verdict.UNCERTAIN, ())
    assert "none of the 8 diagnoses fits" in found.sentence


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


def test_a_class_that_can_not_be_excluded_is_named() -> None:
    labels = np.arange(160) % 7  # none of the eighth
    descriptors = [Descriptors(None, appearance_of(skins(count, seed))) for count, seed in ((160, 0), (200, 1))]
    found = verdict(DecisionRule(fit_statistics(sure(labels, 4), labels, *descriptors), INFO), sure(np.array([1]), 6))
    assert found.verdict is Verdict.UNCERTAIN
    assert set(found.prediction_set) == {"NV", "SCC"}
    assert found.never_excluded == ("SCC",)
    assert "can not be excluded at this level in any image" in found.sentence
    assert "fewer than 9" in found.sentence


def test_another_level_needs_no_other_answer(statistics: CalibrationStatistics) -> None:
    rule = DecisionRule(statistics, INFO)
    logits = sure(np.array([2]), 2.5)
    first = verdict(rule, logits)
    for level in (0.5, 0.8, 0.95, 0.99):
        assert rule.at_level(first, np.exp(logits[0]).tolist(), level) == verdict(rule, logits, level)
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
