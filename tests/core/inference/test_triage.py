from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.classes import CLASS_SETS
from core.evaluation.decisions import Decision
from core.inference.decisions import ImageDecision
from core.inference.results import Classification
from core.inference.triage import MelanomaThreshold, Urgency, is_flagged, triage_key, urgency
from core.inference.trust import Assessment, Verdict

ISIC2019 = CLASS_SETS["isic2019"]


def result(code: str, melanoma: float, verdict: Verdict = Verdict.UNCERTAIN, members: str = "NV") -> Classification:
    probabilities = (melanoma, 1 - melanoma, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assessment = Assessment(verdict, "", prediction_set=tuple(members.split()))
    return Classification(Path("a.jpg"), probabilities, code, assessment=assessment, classes=ISIC2019)


BROKEN = Classification(Path("b.jpg"), None, None, "cut off", classes=ISIC2019)
TENTH = MelanomaThreshold(0.1, 0.95)


def test_an_image_reaches_the_threshold_or_does_not() -> None:
    assert is_flagged(result("NV", 0.1), TENTH) is True  # the threshold is a melanoma's own probability
    assert is_flagged(result("NV", 0.09), TENTH) is False
    assert is_flagged(result("NV", 0.9), None) is None
    assert is_flagged(BROKEN, TENTH) is None
    assert is_flagged(None, TENTH) is None
    assert is_flagged(result("MEL", 0.9, Verdict.OUT_OF_DISTRIBUTION), TENTH) is None


def test_the_urgent_come_first() -> None:
    assert urgency(result("MEL", 0.5)) is Urgency.SUSPECT
    assert urgency(result("AK", 0.0)) is Urgency.SUSPECT
    assert urgency(result("NV", 0.2, members="NV MEL")) is Urgency.UNCLEAR
    assert urgency(result("NV", 0.2, members="NV MEL"), TENTH) is Urgency.SUSPECT
    assert urgency(result("NV", 0.0)) is Urgency.REST
    assert urgency(result("NV", 0.0, Verdict.UNKNOWN, "")) is Urgency.NOT_ASSESSED
    assert urgency(BROKEN) is Urgency.NOT_ASSESSED


def test_what_is_out_of_distribution_is_no_suspect_however_sure_it_seems() -> None:
    assert urgency(result("MEL", 1.0, Verdict.OUT_OF_DISTRIBUTION), TENTH) is Urgency.NOT_ASSESSED


def test_among_the_urgent_the_likelier_malignant_come_first() -> None:
    likely, less, rest = result("MEL", 0.9), result("MEL", 0.5), result("NV", 0.45)
    assert sorted([rest, less, likely], key=triage_key) == [likely, less, rest]


def test_the_decision_goes_before_the_diagnosis() -> None:
    def decided(found: Classification, decision: Decision | None) -> Classification:
        assert found.assessment is not None
        return replace(found, assessment=replace(found.assessment, decision=ImageDecision(decision, "")))

    nevus = result("NV", 0.2, members="NV MEL")
    assert urgency(decided(nevus, Decision.MALIGNANT)) is Urgency.SUSPECT
    assert urgency(decided(nevus, Decision.UNCLEAR)) is Urgency.UNCLEAR
    assert urgency(decided(nevus, Decision.BENIGN)) is Urgency.REST
    assert urgency(decided(nevus, None)) is Urgency.UNCLEAR
    assert urgency(decided(nevus, Decision.BENIGN), TENTH) is Urgency.SUSPECT
    assert urgency(decided(result("MEL", 0.4), Decision.BENIGN)) is Urgency.UNCLEAR  # they contradict each other
