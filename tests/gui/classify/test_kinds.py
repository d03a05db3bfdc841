from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.classes import CLASS_SETS
from core.evaluation.decisions import Decision
from core.inference.decisions import ImageDecision
from core.inference.results import Classification
from core.inference.trust import Assessment, Verdict
from skinkd_gui.classify.kinds import VERDICTS, Kind, decision_text, kinds_of, mark_kind, verdict_text
from skinkd_gui.classify.tally import Tally

ISIC2019 = CLASS_SETS["isic2019"]

SHARES = (0.3, 0.4, 0.1, 0.1, 0.025, 0.025, 0.025, 0.025)


def answer(code: str, verdict: Verdict | None = Verdict.CONFIDENT, note: str = "") -> Classification:
    assessment = None if verdict is None else Assessment(verdict, "")
    return Classification(Path("a.jpg"), SHARES, code, assessment=assessment, note=note, classes=ISIC2019)


BROKEN = Classification(Path("a.jpg"), None, None, "It is damaged.", classes=ISIC2019)


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.CONFIDENT, Kind.CONFIDENT),
        (Verdict.UNCERTAIN, Kind.REFER),
        (Verdict.OUT_OF_DISTRIBUTION, Kind.OUT_OF_DISTRIBUTION),
        (Verdict.UNKNOWN, Kind.UNKNOWN),
        (None, Kind.UNKNOWN),
    ],
)
def test_every_answer_has_one_verdict(verdict: Verdict | None, kind: Kind) -> None:
    kinds = kinds_of(answer("NV", verdict), None)
    assert [found for found in VERDICTS if found & kinds] == [kind]
    assert kinds_of(BROKEN, None) == Kind.NOT_CLASSIFIED
    assert kinds_of(None, None) == Kind(0)


@pytest.mark.parametrize(("code", "malignant"), [("MEL", True), ("AK", True), ("NV", False), ("DF", False)])
def test_the_malignant_group_holds_what_may_become_cancer(code: str, malignant: bool) -> None:
    assert bool(kinds_of(answer(code), None) & Kind.MALIGNANT) is malignant


def test_agreement_and_truth_need_two_diagnoses() -> None:
    assert kinds_of(answer("NV"), answer("NV"), "NV") & (Kind.AGREE | Kind.RIGHT) == Kind.AGREE | Kind.RIGHT
    assert kinds_of(answer("NV"), answer("MEL"), "MEL") & (Kind.AGREE | Kind.RIGHT) == Kind(0)
    assert kinds_of(answer("NV"), answer("MEL"), "MEL") & Kind.DISAGREE
    neither = Kind.AGREE | Kind.DISAGREE | Kind.RIGHT | Kind.WRONG
    for first, second in ((answer("NV"), None), (answer("NV"), BROKEN), (BROKEN, answer("NV")), (None, answer("NV"))):
        assert not kinds_of(first, second, "" if first and first.code else "NV") & neither


def test_notes_and_the_training_are_kinds_of_their_own() -> None:
    assert kinds_of(answer("NV", note="Only the first page."), None) & Kind.NOTED
    assert kinds_of(None, None, trained_on=True) == Kind.TRAINED_ON


def test_the_words_of_a_cell() -> None:
    texts = [verdict_text(found) for found in (None, BROKEN, answer("NV"), answer("NV", Verdict.UNCERTAIN))]
    assert texts == ["Waiting", "Not classified", "Confident", "Uncertain"]


def test_counts_follow_every_change() -> None:
    tally = Tally()
    for _ in range(3):
        tally.move(Kind(0), Kind.REFER | Kind.MALIGNANT)
    tally.move(Kind(0), Kind.NOT_CLASSIFIED)
    assert tally.sentence(5, 5) == "5 images: 3 uncertain, 1 not classified, 1 waiting"
    tally.move(Kind.REFER | Kind.MALIGNANT, Kind.CONFIDENT)
    assert tally.sentence(5, 2) == "5 images: 1 confident, 2 uncertain, 1 not classified, 1 waiting. 2 shown"
    assert tally.count(Kind.MALIGNANT) == 2
    tally.clear()
    assert tally.sentence(1, 1) == "1 image"


def test_agreement_is_told_all_in_all_and_by_verdict() -> None:
    tally = Tally()
    assert tally.agreement() == ""
    tally.move(Kind(0), Kind.REFER | Kind.AGREE)
    assert tally.agreement() == "The models agree on 1 of 1 images."
    for kinds in (Kind.REFER | Kind.DISAGREE, Kind.CONFIDENT | Kind.AGREE, Kind.NOT_CLASSIFIED):
        tally.move(Kind(0), kinds)
    assert tally.agreement() == (
        "The models agree on 2 of 3 images: 1 of 1 where the first is confident, 1 of 2 where it is uncertain."
    )


def decided(decision: Decision | None, verdict: Verdict = Verdict.CONFIDENT) -> Classification:
    found = answer("MEL", verdict)
    assert found.assessment is not None
    return replace(found, assessment=replace(found.assessment, decision=ImageDecision(decision, "")))


def test_a_confident_diagnosis_is_no_decision() -> None:
    assert decision_text(decided(Decision.MALIGNANT)) == "Malignant"
    assert decision_text(decided(None)) == decision_text(answer("MEL")) == "No decision"
    assert mark_kind(decided(None)) is Kind.UNKNOWN
    unlike = decided(Decision.OUT_OF_DISTRIBUTION, Verdict.OUT_OF_DISTRIBUTION)
    assert decision_text(unlike) == "Unlike known images"
    assert (decision_text(BROKEN), decision_text(None)) == ("Not classified", "Waiting")


def test_decisions_are_counted_before_anything_else() -> None:
    tally = Tally()
    for result in (decided(Decision.BENIGN), decided(Decision.MALIGNANT), decided(Decision.BENIGN), decided(None)):
        tally.move(Kind(0), kinds_of(result, None))
    assert tally.sentence(5, 5) == "5 images: 1 malignant, 2 benign, 1 without a decision, 1 waiting"
