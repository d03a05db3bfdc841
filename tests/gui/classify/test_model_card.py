from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QWidget
from pytestqt.qtbot import QtBot

from core.classes import CLASS_SETS
from core.data.types import Part
from core.events import CancelToken, ignore
from core.reporting.model_card.content import CardContent, read_card
from core.reporting.model_card.sections import CardSection, calibration, card_text, limits, scores, sections, verdicts
from core.runs.folder import RunFolder
from skinkd_gui.classify.model_card import ModelCard
from skinkd_gui.widgets.figure_view import FigureView
from skinkd_gui.workers.job_slot import shut_down_jobs

ISIC2019 = CLASS_SETS["isic2019"]


def read(source: Path) -> CardContent:
    return read_card(source, ignore, CancelToken())


@pytest.fixture(scope="module")
def card(finished_run: RunFolder) -> CardContent:
    return read(finished_run.path)


@pytest.fixture
def around(qtbot: QtBot) -> Iterator[QWidget]:
    """What a dialog that deletes itself belongs to."""
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    yield widget
    shut_down_jobs(widget)


@pytest.fixture
def alone(finished_run: RunFolder, tmp_path: Path) -> Path:
    return Path(shutil.copy(finished_run.model_file, tmp_path / "sent.safetensors"))


def fact(section: CardSection, name: str) -> str:
    return dict(section.facts)[name]


def test_a_run_tells_everything(finished_run: RunFolder, card: CardContent) -> None:
    about = sections(card)[0]
    rows = finished_run.split_rows
    train = sum(row.part is Part.TRAIN for row in rows)
    assert card.trouble == ()
    assert fact(about, "Network") == "test_resnet"
    assert fact(about, "Parameters") == f"{json.loads(finished_run.environment_file.read_text())['parameters']:,}"
    assert f"{train} to learn from" in fact(about, "Trained on")
    assert "64 × 64 pixels" in fact(about, "What it sees")
    assert fact(about, "Terms of use") == (finished_run.metrics() or {})["data"]["terms"]
    assert "synthetic" in about.notes[0]
    assert sum(count for _, count in card.counts) == train


def test_scores_are_those_of_the_run_with_intervals(finished_run: RunFolder, card: CardContent) -> None:
    found = scores(card)
    test = (finished_run.metrics() or {})["test"]
    assert fact(found, "Weighted F1").startswith(f"{100 * test['weighted_f1']:.1f} % (")
    assert found.table is not None
    assert found.table.rows[0][0].text == "Melanoma (MEL)"
    assert "test images" in fact(found, "Measured on")


def test_calibration_is_that_of_the_run(finished_run: RunFolder, card: CardContent) -> None:
    document, found = (finished_run.metrics() or {})["calibration"], calibration(card)
    assert fact(found, "Temperature").startswith(f"{document['temperature']:.3g}")
    assert fact(found, "Error as trained").startswith(f"{100 * document['ece_before']:.1f} ")
    assert fact(found, "Error calibrated").startswith(f"{100 * document['ece_after']:.1f} ")


def test_coverage_and_false_alarms_are_those_of_the_run(finished_run: RunFolder, card: CardContent) -> None:
    document, found = (finished_run.metrics() or {})["calibration"], verdicts(card)
    assert card.coverage is not None
    assert card.coverage.coverage == pytest.approx(document["prediction_sets"]["coverage"])
    assert card.share_out_of_distribution == pytest.approx(document["unlike"])
    assert found.table is not None
    assert len(found.table.rows) == 8
    assert "about 1 %" in fact(found, "False alarms to expect") or "2 %" in fact(found, "False alarms to expect")
    never = document["prediction_sets"]["never_excluded"]
    assert bool(never) == any("never be excluded" in note for note in found.notes)


def test_limits_name_rare_classes_and_resolution(card: CardContent) -> None:
    said = " ".join(limits(card).notes)
    assert "64 × 64 pixels" in said
    assert "It knows 8 diagnoses" in said
    assert "few images of" in said
    assert "Research use only" in said
    assert "means nothing" in said  # synthetic images


def test_a_file_of_its_own_says_what_it_does_not_know(alone: Path, card: CardContent) -> None:
    sent = read(alone)
    assert sent.evidence is None
    assert sent.name == "sent"
    found = scores(sent)
    assert "calibration images" in fact(found, "Measured on")
    assert "a little too good" in found.notes[0]
    assert sent.sureness is not None
    assert sent.sureness.part is Part.CALIBRATION
    assert "was not measured" in " ".join(verdicts(sent).notes)
    assert sent.calibrating is not None
    assert card.calibrating is not None
    assert np.array_equal(sent.calibrating.melanoma, card.calibrating.melanoma)


def test_a_model_without_reference_still_has_a_card(runs: Path) -> None:
    source = next(folder for folder in runs.iterdir() if folder.name.endswith("real"))
    bare = read(source)
    text = card_text(bare)
    assert "does not hold what verdicts rest on" in text
    assert "not calibrated" in text
    assert "Nothing is known of how sure" in text


def test_the_text_holds_every_page(card: CardContent) -> None:
    text = card_text(card)
    assert text.startswith("# Model card: tiny\n\nResearch use only")
    for section in sections(card):
        assert f"## {section.title}" in text
    assert all(code in text for code in ISIC2019.codes)


def test_the_dialog_shows_copies_and_saves(
    qtbot: QtBot, around: QWidget, finished_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = ModelCard(around, finished_run.path)
    dialog.open()
    assert not dialog.save.isEnabled()
    qtbot.waitUntil(lambda: dialog.content is not None)
    titles = [dialog.tabs.tabText(number) for number in range(dialog.tabs.count())]
    assert titles == ["Model", "What it can't do", "Scores", "Calibration", "Decisions", "Verdicts", "Operating point"]
    for number in range(dialog.tabs.count()):
        dialog.tabs.setCurrentIndex(number)
    figure = next(view for view in dialog.findChildren(FigureView) if view is not dialog.point.figure)
    assert figure.figure is not None
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == dialog.text()
    assert "## Operating point" in dialog.text()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "card"), ""))
    dialog.save.click()
    saved = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert saved.endswith(dialog.text())
    assert 'pipeline_tag: "image-classification"' in saved
    for widget in dialog.findChildren(QAbstractButton):
        if widget.isVisible() and widget.parent() is dialog:
            assert widget.objectName()
            assert widget.accessibleName()
    qtbot.waitUntil(lambda: not dialog.busy)
    dialog.reject()


def test_what_is_no_model_is_said_and_nothing_else_is_shown(qtbot: QtBot, around: QWidget, tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_text("hello")
    dialog = ModelCard(around, tmp_path / "bad.safetensors")
    dialog.open()
    qtbot.waitUntil(lambda: bool(dialog._news.text) and not dialog.busy)
    assert "safetensors" in dialog._news.text
    assert not dialog.tabs.isVisible()
    assert not dialog.point.isVisible()
    assert not dialog.copy.isEnabled()
    dialog.reject()


def test_closing_while_it_reads_leaves_no_thread(qtbot: QtBot, around: QWidget, finished_run: RunFolder) -> None:
    dialog = ModelCard(around, finished_run.path)
    dialog.open()
    dialog.reject()


def test_research_use_stands_on_every_page(qtbot: QtBot, around: QWidget, alone: Path) -> None:
    dialog = ModelCard(around, alone)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.content is not None and not dialog.busy)
    assert any(label.text().startswith("Research use only") for label in dialog.findChildren(QLabel))
    dialog.reject()
