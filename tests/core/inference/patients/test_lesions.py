from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.inference.decision_rule import DecisionRule
from core.inference.patients.facts import PatientFacts
from core.inference.patients.lesions import LesionOverTime, lesions_over_time
from core.inference.results import Classification
from core.inference.trust import Verdict
from core.models.info import ModelInfo
from tests.core.inference.skins import skins
from tests.core.inference.test_decision_rule import INFO, ISIC2019, statistics, sure

__all__ = ["statistics"]

LOW = replace(INFO, temperature=1.7)
FIRST, SECOND = date(2026, 1, 1), date(2026, 6, 1)


@pytest.fixture(scope="module")
def rule(statistics: object) -> DecisionRule:
    return DecisionRule(statistics, LOW)  # type: ignore[arg-type]


def logits_of(count: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 2, (count, 8)).astype(np.float32)


def classified(
    rule: DecisionRule, logits: NDArray[np.float32], info: ModelInfo = LOW, *, blank: bool = False
) -> list[Classification]:
    """Images a, b, c ... with these logits; `blank` ones show nothing."""
    images = np.full((len(logits), 32, 32, 3), 255, np.uint8) if blank else np.repeat(skins(1, 5), len(logits), axis=0)
    found = []
    for row, (values, assessment) in enumerate(zip(logits, rule.assess(logits, None, images), strict=True)):
        scaled = np.exp(values.astype(np.float64) / info.temperature)
        shares = scaled / scaled.sum()
        code = ISIC2019.codes[int(values.argmax())]
        name = f"{'blank ' if blank else ''}{chr(97 + row)}.png"
        found.append(Classification(Path(name), tuple(shares.tolist()), code, assessment=assessment, classes=ISIC2019))
    return found


def over_time(rule: DecisionRule, rows: list[Classification], *facts: PatientFacts) -> tuple[LesionOverTime, ...]:
    known = {row.path: fact for row, fact in zip(rows, facts, strict=True)}
    return lesions_over_time(rows, known, rule, LOW.temperature)


def test_several_pictures_give_the_answer_of_their_mean_logits(rule: DecisionRule) -> None:
    logits = logits_of(3)
    rows = classified(rule, logits)
    ((answer,),) = (lesion.visits for lesion in over_time(rule, rows, *[PatientFacts("P", "1", FIRST)] * 3))
    (alone,) = classified(rule, logits.mean(axis=0, keepdims=True))
    assert answer.result is not None
    np.testing.assert_allclose(answer.result.probabilities or (), alone.probabilities or (), rtol=1e-6)
    assert answer.result.code == alone.code
    assert answer.result.assessment is not None
    assert alone.assessment is not None
    assert answer.result.assessment.p_values == pytest.approx(alone.assessment.p_values)
    assert answer.result.assessment.prediction_set == alone.assessment.prediction_set
    assert "mean logits of 3 pictures" in answer.how
    assert "measured on single pictures" in answer.how


def test_the_same_number_of_two_patients_is_two_lesions(rule: DecisionRule) -> None:
    rows = classified(rule, logits_of(4))
    facts = [PatientFacts(patient, "1", FIRST) for patient in ("A", "B", "A", "B")]
    lesions = over_time(rule, rows, *facts)
    paths = [[row.path.name for row in lesion.visits[0].pictures] for lesion in lesions]
    assert paths == [["a.png", "c.png"], ["b.png", "d.png"]]
    alone = over_time(rule, rows[::2], *facts[::2])[0].visits[0].result
    together = lesions[0].visits[0].result
    assert alone is not None
    assert together is not None
    assert together.probabilities == alone.probabilities


def test_pictures_without_a_lesion_are_in_no_answer(rule: DecisionRule) -> None:
    rows = classified(rule, logits_of(3))
    lesions = over_time(rule, rows, PatientFacts("A"), PatientFacts("A", "1"), PatientFacts())
    assert [[row.path.name for row in answer.pictures] for lesion in lesions for answer in lesion.visits] == [["b.png"]]


def test_other_dates_are_beside_each_other_and_never_mixed(rule: DecisionRule) -> None:
    rows = classified(rule, logits_of(4))
    facts = [PatientFacts("A", "1", day) for day in (SECOND, FIRST, None, FIRST)]
    ((early, late, undated),) = (lesion.visits for lesion in over_time(rule, rows, *facts))
    assert [[row.path.name for row in answer.pictures] for answer in (early, late, undated)] == [
        ["b.png", "d.png"],
        ["a.png"],
        ["c.png"],
    ]
    assert late.result == rows[0]
    assert early.title == "Patient A, lesion 1, date 2026-01-01"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ((PatientFacts("A", "1", FIRST, "back"), PatientFacts("A", "1", FIRST, "Arm")), "several sites"),
        ((PatientFacts("A", "1", FIRST, "back"), PatientFacts("A", "1", SECOND, "Arm")), "several sites"),
        ((PatientFacts("A", "1"), PatientFacts("", "1")), "may be that of patient A"),
    ],
)
def test_what_may_be_two_lesions_gets_no_answer(
    rule: DecisionRule, facts: tuple[PatientFacts, PatientFacts], words: str
) -> None:
    answers = [answer for lesion in over_time(rule, classified(rule, logits_of(2)), *facts) for answer in lesion.visits]
    refused = [answer for answer in answers if answer.conflict]
    assert refused
    assert all(answer.result is None and words in answer.conflict for answer in refused)


def test_the_same_site_in_other_letters_is_no_conflict(rule: DecisionRule) -> None:
    facts = PatientFacts("A", "1", FIRST, "back"), PatientFacts("A", "1", FIRST, "Back"), PatientFacts("A", "1", FIRST)
    (lesion,) = over_time(rule, classified(rule, logits_of(3)), *facts)
    assert lesion.visits[0].result is not None


def test_what_is_unlike_or_unread_has_no_word_and_is_named(rule: DecisionRule) -> None:
    good, blank = classified(rule, logits_of(2)), classified(rule, logits_of(1), blank=True)
    assert blank[0].assessment is not None
    assert blank[0].assessment.verdict is Verdict.OUT_OF_DISTRIBUTION
    failed = Classification(Path("gone.png"), None, None, "it is gone", classes=ISIC2019)
    rows = [*good, *blank, failed]
    (lesion,) = over_time(rule, rows, *[PatientFacts("A", "1")] * 4)
    answer = lesion.visits[0]
    assert [path.name for path, _ in answer.left_out] == ["blank a.png", "gone.png"]
    assert "mean logits of 2 pictures" in answer.how
    assert "2 do not count" in answer.how
    (only,) = over_time(rule, [blank[0], failed], *[PatientFacts("A", "1")] * 2)
    assert only.visits[0].result is None
    assert "None of its pictures counts" in only.visits[0].how


def test_without_statistics_the_mean_has_no_verdict(rule: DecisionRule) -> None:
    bare = DecisionRule(None, LOW)
    (lesion,) = over_time(bare, classified(bare, sure(np.array([1, 1]), 3)), *[PatientFacts("A", "1")] * 2)
    found = lesion.visits[0].result
    assert found is not None
    assert found.code == "NV"
    assert found.assessment is not None
    assert found.assessment.verdict is Verdict.UNKNOWN
