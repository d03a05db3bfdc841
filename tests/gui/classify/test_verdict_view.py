from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.classes import CLASS_SETS
from core.data.types import Part
from core.evaluation.decisions import Decision
from core.inference.decisions import ImageDecision
from core.inference.results import Classification
from core.inference.trust import Assessment, Readership, Verdict
from skinkd_gui.classify.classify_worker import ModelChoice
from skinkd_gui.classify.facts import ModelResult, ShownImage
from skinkd_gui.classify.verdict_view import VerdictView
from skinkd_gui.classify.verdict_words import agreement_words, remarks, verdict_words
from skinkd_gui.widgets.theme import ThemeChoice, theme

ISIC2019 = CLASS_SETS["isic2019"]

SHARES = (0.5, 0.2, 0.1, 0.06, 0.05, 0.04, 0.03, 0.02)
ANY = tuple(1 / 8 for _ in ISIC2019.codes)


def assessment(verdict: Verdict, *codes: str, always: tuple[str, ...] = ()) -> Assessment:
    return Assessment(verdict, "The sentence of the core.", codes, 0.9, 0.5, 1.0, ANY, always)


def answer(
    found: Assessment | None, code: str = "MEL", name: str = "teacher (Teacher, weighted F1 60 %)"
) -> ModelResult:
    order = sorted(SHARES, reverse=True)
    place = ISIC2019.codes.index(code)
    shares = (*order[1 : place + 1], order[0], *order[place + 1 :])
    result = Classification(Path("a.png"), shares, code, assessment=found, classes=ISIC2019)
    return ModelResult(ModelChoice(Path(name), name, synthetic=False, classes=ISIC2019), result, None)


def test_the_verdict_says_what_remains_in_plain_names() -> None:
    words = verdict_words(answer(assessment(Verdict.UNCERTAIN, "MEL", "NV")))
    assert (words.kind, words.title) == ("warning", "Uncertain")
    assert words.remaining == "Possible: Melanoma and Melanocytic nevus; for each class, 90 % of its images keep it"
    assert words.likeliest == "Likeliest: Melanoma (malignant), 50.0 %; malignant classes together 62.0 %"
    sure = verdict_words(answer(assessment(Verdict.CONFIDENT, "MEL")))
    assert sure.remaining.startswith("Possible: Melanoma; ")
    assert "can still be wrong" in sure.why


def test_the_decision_is_what_is_read_first() -> None:
    found = assessment(Verdict.UNCERTAIN, "MEL", "NV")
    said = {
        decision: verdict_words(answer(replace(found, decision=ImageDecision(decision, "16 of 21 were."))))
        for decision in (Decision.MALIGNANT, Decision.UNCLEAR, Decision.BENIGN, None)
    }
    assert [words.title for words in said.values()][:3] == ["Malignant", "Unclear", "Benign"]
    assert [words.kind for words in said.values()] == ["error", "warning", "success", "warning"]
    assert said[Decision.BENIGN].spoken.startswith("Benign. 16 of 21 were. Possible: Melanoma")
    assert said[Decision.BENIGN].why.startswith("Diagnosis: uncertain. Not sure enough")
    assert said[None].title == Verdict.UNCERTAIN.words
    assert said[None].decision == "16 of 21 were."  # why there is none


@pytest.mark.parametrize(("code", "expected"), [("MEL", "error"), ("AK", "error"), ("NV", "success")])
def test_a_sure_malignant_diagnosis_never_looks_like_good_news(code: str, expected: str) -> None:
    sure = assessment(Verdict.CONFIDENT, code)
    for found in (sure, replace(sure, decision=ImageDecision(None, "The file holds no lesions."))):
        words = verdict_words(answer(found, code))
        assert (words.title, words.kind) == ("Confident", expected)
        assert (words.icon == "done") is (expected == "success")


@pytest.mark.parametrize(("codes", "expected"), [((), "none of the 8"), (tuple(ISIC2019.codes), "any of the 8")])
def test_sets_that_hold_nothing_or_everything(codes: tuple[str, ...], expected: str) -> None:
    assert expected in verdict_words(answer(assessment(Verdict.UNCERTAIN, *codes))).remaining


def test_classes_that_are_never_excluded_are_named_with_the_reason() -> None:
    words = verdict_words(answer(assessment(Verdict.UNCERTAIN, "MEL", "DF", always=("DF",))))
    assert "Dermatofibroma can never be excluded" in words.why
    assert "fewer than 9" in words.why


def test_what_is_unlike_gets_no_diagnosis() -> None:
    words = verdict_words(answer(assessment(Verdict.OUT_OF_DISTRIBUTION, "MEL", "NV")))
    assert words.kind == "error"
    assert words.why == "The sentence of the core."
    assert (words.remaining, words.likeliest) == ("", "")


def test_every_state_has_icon_word_and_colour() -> None:
    found = [verdict_words(answer(assessment(verdict, "NV"), "NV")) for verdict in Verdict]
    failed = Classification(Path("a.png"), None, None, "The file is damaged.", classes=ISIC2019)
    found += [
        verdict_words(None),
        verdict_words(replace(answer(None), result=None)),
        verdict_words(replace(answer(None), result=failed)),
    ]
    assert len({(words.title, words.icon) for words in found}) == 7
    assert len({words.kind for words in found[:4]}) == 4
    assert found[-1].why == "The file is damaged."


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("MEL", "Both models say Melanoma. For both, Melanoma and Melanocytic nevus remain possible."),
        ("NV", "disagree"),
    ],
)
def test_agreement_of_two_models_is_said(code: str, expected: str) -> None:
    first = answer(assessment(Verdict.UNCERTAIN, "MEL", "NV"))
    second = answer(assessment(Verdict.UNCERTAIN, "NV", "MEL", "BCC"), code, "student (Plain student)")
    assert expected in agreement_words(ShownImage(Path("a.png"), first, second))
    assert agreement_words(ShownImage(Path("a.png"), first)) == ""


def test_agreement_on_what_is_unlike_means_little() -> None:
    first, second = answer(assessment(Verdict.OUT_OF_DISTRIBUTION, "MEL")), answer(assessment(Verdict.CONFIDENT, "MEL"))
    assert "that one of them knows" in agreement_words(ShownImage(Path("a.png"), first, second))
    other = answer(assessment(Verdict.OUT_OF_DISTRIBUTION, "NV"), "NV")
    said = agreement_words(ShownImage(Path("a.png"), first, other))
    assert said.startswith("The models disagree")
    assert "that they know" in said


def test_truth_training_and_notes_are_said() -> None:
    first = answer(assessment(Verdict.CONFIDENT, "MEL"))
    assert first.result is not None
    first = replace(first, result=replace(first.result, note="Only the first of its 3 pages was used."))
    said = remarks(ShownImage(Path("a.png"), first, truth="NV", truth_name="Melanocytic nevus", part=Part.TRAIN))
    assert "Melanocytic nevus, other than the model says" in said[0]
    assert "trained with an image of this name" in said[1]
    assert said[2] == "Only the first of its 3 pages was used."
    assert "as the model says" in remarks(ShownImage(Path("a.png"), first, truth="MEL"))[0]


def test_cards_show_and_speak_the_words(qtbot: QtBot) -> None:
    view = VerdictView()
    qtbot.addWidget(view)
    first = answer(assessment(Verdict.UNCERTAIN, "MEL", "NV"))
    view.show_facts(ShownImage(Path("a.png"), first))
    assert not view.second.isVisibleTo(view)
    assert view.first.title.text() == "Uncertain"
    assert view.first.property("role") == "warning"
    assert "Possible: Melanoma" in view.first.accessibleDescription()
    second = answer(assessment(Verdict.OUT_OF_DISTRIBUTION), "NV", "student (Plain student)")
    view.show_facts(ShownImage(Path("a.png"), first, second))
    assert view.second.isVisibleTo(view)
    assert (view.first.model.text(), view.second.model.text()) == ("teacher", "student")
    before = view.grab().toImage()
    theme().apply(ThemeChoice.DARK)
    assert view.grab().toImage() != before
    theme().apply(ThemeChoice.LIGHT)


def test_a_specialist_is_not_sent_to_a_specialist() -> None:
    uncertain = [assessment(Verdict.UNCERTAIN, *codes) for codes in ((), ("MEL", "NV"))]
    first, second = answer(uncertain[1]), answer(uncertain[1], "NV", "student (Plain student)")
    for reader, told in (
        (Readership.GENERAL_PRACTICE, True),
        (Readership.SPECIALIST, False),
        (Readership.RESEARCH, False),
    ):
        said = [verdict_words(answer(each), reader).spoken for each in uncertain]
        said += [each.sentence_for(reader) for each in uncertain]
        said.append(agreement_words(ShownImage(Path("a.png"), first, second, reader=reader)))
        assert [("to a specialist" in text) for text in said] == [told] * 5
    confident = assessment(Verdict.CONFIDENT, "NV")
    assert confident.sentence_for(Readership.GENERAL_PRACTICE) == confident.sentence
