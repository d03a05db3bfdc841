from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QCheckBox
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from core.events import Notice
from core.inference.classifier import Classifier
from core.inference.record import RecordBook, record_file
from core.inference.trust import Verdict
from skinkd_gui.classify.cells import AGREEMENT, DIAGNOSIS, SECOND_DIAGNOSIS, VERDICT
from skinkd_gui.classify.classify_tab import ClassifyTab
from skinkd_gui.classify.kinds import Kind, Which
from skinkd_gui.settings.store import Settings

from .conftest import MakeTab
from .tab_helpers import button, cells, child, classify, idle, table, text


def run(root: Path, name: str) -> Path:
    return next(folder for folder in root.iterdir() if folder.name.endswith(name))


def quiet(tab: ClassifyTab) -> bool:
    waiting = any(tab._images.count_waiting(which) for which in Which if tab._session.choice(which))
    return idle(tab) and not waiting and not tab._session.reassessing


@pytest.fixture
def tab(make_tab: MakeTab, weighed: Path) -> ClassifyTab:
    return make_tab(weighed)


def verdicts(tab: ClassifyTab) -> list[Verdict | None]:
    return [result.assessment.verdict if result.assessment else None for result in tab._images.results]


def test_the_verdict_comes_first_and_what_is_no_lesion_is_told(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path]
) -> None:
    classify(qtbot, tab, lesions)
    found = verdicts(tab)
    assert found[12] is Verdict.OUT_OF_DISTRIBUTION
    assert found[13] is None
    assert {Verdict.OUT_OF_DISTRIBUTION, Verdict.UNKNOWN}.isdisjoint(found[:12])
    assert VERDICT < DIAGNOSIS
    assert cells(tab, VERDICT)[12:] == ["Unlike known images", "Not classified"]
    assert text(tab, "classifyCounts").startswith("14 images: ")
    assert text(tab, "classifyCounts").endswith("1 unlike the images the model knows, 1 not classified")


def test_another_certainty_changes_verdicts_without_classifying_anew(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], weighed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classify(qtbot, tab, lesions)
    sizes = dict.fromkeys((0.8, 0.9, 0.99), 0)
    monkeypatch.setattr(Classifier, "classify", None)  # whoever classifies now fails
    for level in sizes:
        tab._summary.level.setValue(round(100 * level))
        with qtbot.waitSignal(tab.level_chosen):
            pass
        qtbot.waitUntil(lambda: quiet(tab))
        assert {result.assessment.level for result in tab._images.results if result.assessment} == {level}
        sets = [result.assessment.prediction_set for result in tab._images.results[:12] if result.assessment]
        sizes[level] = sum(len(found) for found in sets)
    assert sizes[0.80] < sizes[0.90] < sizes[0.99]
    monkeypatch.undo()
    fresh = Classifier.load(run(weighed, "first"))
    fresh.level = 0.99
    again = list(fresh.classify(lesions))
    assert [result.assessment for result in again] == [result.assessment for result in tab._images.results]


def test_another_share_of_malignant_lesions_kept_changes_decisions_without_classifying_anew(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], weighed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classify(qtbot, tab, lesions)
    monkeypatch.setattr(Classifier, "classify", None)
    tab.apply_settings(Settings(benign_level=0.8))
    qtbot.waitUntil(lambda: quiet(tab))
    made = [result.assessment.decision for result in tab._images.results if result.assessment]
    assert {decision.benign_level for decision in made if decision is not None} == {0.8}
    assert any(decision is not None for decision in made)
    monkeypatch.undo()
    fresh = Classifier.load(run(weighed, "first"))
    fresh.benign_level = 0.8
    assert [row.assessment for row in fresh.classify(lesions)] == [row.assessment for row in tab._images.results]


def test_results_of_a_batch_at_work_take_the_level_chosen_meanwhile(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    decode = Classifier._decode

    def slow(self: Classifier, path: Path) -> object:
        if path == lesions[9]:
            gate.wait(60)
        return decode(self, path)

    monkeypatch.setattr(Classifier, "_decode", slow)
    monkeypatch.setattr("core.inference.classifier.BATCH", 2)
    tab.add_paths(lesions)
    qtbot.waitUntil(lambda: tab._session.classifier() is not None)
    tab.apply_settings(Settings(level=0.85))
    gate.set()
    qtbot.waitUntil(lambda: quiet(tab))
    assert {result.assessment.level for result in tab._images.results if result.assessment} == {0.85}
    assert tab._summary.level.value() == 85


def test_two_models_stand_side_by_side(qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], weighed: Path) -> None:
    assert table(tab).isColumnHidden(SECOND_DIAGNOSIS)
    classify(qtbot, tab, lesions)
    tab.compare_with(run(weighed, "second"))
    qtbot.waitUntil(lambda: quiet(tab))
    assert not table(tab).isColumnHidden(AGREEMENT)
    other = list(Classifier.load(run(weighed, "second")).classify(lesions))
    assert tab._images.results_of(Which.SECOND) == other
    pairs = list(zip(tab._images.results, other, strict=True))
    agreed = sum(first.code == second.code for first, second in pairs[:13])
    assert text(tab, "classifyAgreement").startswith(f"The models agree on {agreed} of 13 images")
    assert 0 < agreed < 13
    tab._summary.show_kind(Kind.DISAGREE)
    assert set(cells(tab, AGREEMENT)) == {"no"}
    assert len(cells(tab, AGREEMENT)) == 13 - agreed
    tab.compare_with(None)
    assert table(tab).isColumnHidden(SECOND_DIAGNOSIS)
    assert len(cells(tab, VERDICT)) == 14  # the filter of disagreements went with them
    assert not tab._images.results_of(Which.SECOND)


def test_a_model_is_not_compared_with_itself(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], weighed: Path
) -> None:
    classify(qtbot, tab, lesions[:2])
    tab.compare_with(run(weighed, "second"))
    qtbot.waitUntil(lambda: quiet(tab))
    tab.choose_model(run(weighed, "second"))
    assert tab._top.second.choice is None
    qtbot.waitUntil(lambda: quiet(tab))
    assert tab._images.results == list(Classifier.load(run(weighed, "second")).classify(lesions[:2]))


def test_choosing_other_models_in_the_middle_mixes_nothing_up(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], weighed: Path
) -> None:
    tab.compare_with(run(weighed, "second"))
    tab.add_paths(lesions)
    qtbot.waitUntil(lambda: tab._session._classifying is not None)
    tab.compare_with(None)
    tab.choose_model(run(weighed, "second"))
    tab.compare_with(run(weighed, "first"))
    qtbot.waitUntil(lambda: quiet(tab))
    for which, name in ((Which.FIRST, "second"), (Which.SECOND, "first")):
        expected = list(Classifier.load(run(weighed, name)).classify(lesions))
        assert tab._images.results_of(which) == expected


def test_what_is_classified_is_recorded_unless_switched_off(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], weighed: Path
) -> None:
    classify(qtbot, tab, lesions)
    entries = list(RecordBook(record_file()).entries())
    assert len(entries) == 13  # the file that is no image has no answer
    assert {entry.level for entry in entries} == {0.9}
    assert not any("lesion-" in line for line in record_file().read_text().splitlines())
    tab.apply_settings(Settings(keep_record=False))
    tab.choose_model(run(weighed, "second"))
    qtbot.waitUntil(lambda: quiet(tab))
    assert len(list(RecordBook(record_file()).entries())) == 13
    tab.apply_settings(Settings())
    tab.choose_model(run(weighed, "first"))
    qtbot.waitUntil(lambda: quiet(tab))
    assert len(list(RecordBook(record_file()).entries())) == 26


def test_a_record_that_can_not_be_written_is_told_once_and_stops_nothing(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def refuse(self: RecordBook, entries: object) -> None:
        tried.append(1)
        raise SkinKDError("The record was not written", "The disk is full.")

    monkeypatch.setattr(RecordBook, "append", refuse)
    monkeypatch.setattr("skinkd_gui.classify.classify_worker._CHUNK_SECONDS", 0.0)
    classify(qtbot, tab, lesions)
    assert len(tried) == 1
    news = child(tab, type(tab._news), "classifyNews")
    assert news.isVisible()
    assert tab._news.text.count("The record was not written") == 1
    assert "goes on" in tab._news.text
    button(tab, "classifyDismissButton").click()
    assert not news.isVisible()


def test_a_model_loaded_ahead_is_ready_before_the_first_image(qtbot: QtBot, tab: ClassifyTab) -> None:
    tab.load_model()
    qtbot.waitUntil(lambda: tab._session.classifier() is not None and idle(tab))
    assert text(tab, "classifyProgressText") == "The model is ready."
    assert not record_file().exists()  # nothing was classified


def test_a_broken_model_loaded_ahead_is_told_without_a_dialog(
    qtbot: QtBot, tab: ClassifyTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_names: object) -> Classifier:
        raise SkinKDError("The model is damaged", "Choose another.")

    monkeypatch.setattr(Classifier, "load", fail)
    shown: list[SkinKDError] = []
    tab._session.failed.connect(shown.append)
    told: list[Notice] = []
    tab._session.noticed.connect(told.append)
    tab.load_model()
    qtbot.waitUntil(lambda: idle(tab) and bool(told))
    assert told[0].text == "The model is damaged. Choose another."
    assert shown == []


def test_with_test_time_augmentation_all_is_classified_anew_and_has_no_verdict(
    qtbot: QtBot, tab: ClassifyTab, lesions: list[Path], weighed: Path
) -> None:
    """The model was not calibrated for it; without it everything is as before."""
    classify(qtbot, tab, lesions)
    before = list(tab._images.results)
    box = child(tab, QCheckBox, "classifyAveragedCheck")
    assert isinstance(box, QCheckBox)
    box.click()
    qtbot.waitUntil(lambda: quiet(tab) and all(tab._images.results))
    assert set(verdicts(tab)[:13]) == {Verdict.UNKNOWN}
    expected = list(Classifier.load(run(weighed, "first"), averaged=True).classify(lesions))
    assert [result.probabilities for result in tab._images.results] == [result.probabilities for result in expected]
    box.click()
    qtbot.waitUntil(lambda: quiet(tab) and all(tab._images.results))
    assert list(tab._images.results) == before
