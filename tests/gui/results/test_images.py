"""The images behind cells, bars, groups and differences, in their windows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QPushButton

from core.classes import CLASS_SETS
from core.data.types import Part
from core.runs.folder import RunFolder
from core.runs.tables import Predictions
from skinkd_gui.results.cases import RunPredictions, class_cases
from skinkd_gui.results.confusion_panel import View
from skinkd_gui.results.images_model import CaseFilter, CaseImagesModel, CaseOrder
from skinkd_gui.results.images_view import ImagesView
from skinkd_gui.workers.job_slot import shut_down_jobs
from tests.gui.results.conftest import TRUTHS
from tests.gui.results.test_panels import WORSE, select

ISIC2019 = CLASS_SETS["isic2019"]

MISSED = [f"TEST_{number}" for number in range(1, 12, 2)]
"""The melanomas that `WORSE` calls nevi."""


def click(qtbot, figure_panel, axes: int, x: float, y: float) -> None:
    """A real click on a place of a figure, in data coordinates."""
    canvas = figure_panel.view.canvas
    canvas.draw()
    across, up = canvas.figure.axes[axes].transData.transform((x, y))
    ratio = canvas.device_pixel_ratio
    place = QPoint(round(across / ratio), round(canvas.height() - up / ratio))
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)


def shown_names(view: ImagesView) -> list[str]:
    return [view.model.case(row).name for row in range(view.model.rowCount())]


def opened(qtbot, tab) -> ImagesView:
    qtbot.waitUntil(lambda: bool(tab.details.images.windows) and not tab.details.images.windows[-1].searching)
    return tab.details.images.windows[-1]


def test_a_click_on_a_cell_shows_its_images_with_their_pictures(qtbot, make_tab, make_tested):
    folder = make_tested("student", said=WORSE, pictures=True)
    tab = make_tab()
    select(qtbot, tab, folder)
    tab.details.setCurrentWidget(tab.details.confusion)
    click(qtbot, tab.details.confusion.figure_panel, 0, ISIC2019.codes.index("NV"), ISIC2019.codes.index("MEL"))
    view = opened(qtbot, tab)
    assert view.windowTitle() == "Melanoma taken for melanocytic nevus"
    assert sorted(shown_names(view)) == sorted(MISSED)
    qtbot.waitUntil(lambda: all(view.model.thumbnail(row) is not None for row in range(len(MISSED))))
    assert not any(view.model.thumbnail(row).isNull() for row in range(len(MISSED)))
    assert "says Melanocytic nevus (50.0 %)" in view.model.index(0).data()


def test_each_matrix_of_a_pair_opens_its_own_run(qtbot, make_tab, make_tested):
    plain, student = make_tested("plain", "plain", WORSE), make_tested("student", "kl", TRUTHS)
    tab = make_tab()
    select(qtbot, tab, student, plain)
    tab.details.setCurrentWidget(tab.details.confusion)
    panel = tab.details.confusion
    panel.view.setCurrentIndex(panel.view.findData(View.PAIR))
    click(qtbot, panel.figure_panel, 1, 0, 0)
    assert (opened(qtbot, tab).model.list.runs, len(opened(qtbot, tab).model.list.cases)) == (("student",), 12)
    click(qtbot, panel.figure_panel, 0, 0, 0)
    qtbot.waitUntil(lambda: len(tab.details.images.windows) == 2)
    assert (opened(qtbot, tab).model.list.runs, len(opened(qtbot, tab).model.list.cases)) == (("plain",), 6)
    panel.view.setCurrentIndex(panel.view.findData(View.CHANGE))
    click(qtbot, panel.figure_panel, 0, 1, 0)
    qtbot.waitUntil(lambda: len(tab.details.images.windows) == 3)
    assert sorted(shown_names(opened(qtbot, tab))) == sorted(MISSED)


def test_a_bar_opens_the_class_of_its_run_though_others_have_no_scores(qtbot, make_tab, make_tested, make_run):
    from core.runs.status import RunState

    failed = make_run("failed", state=RunState.FAILED, epochs=0, message="no disk", created="2026-03-02T10:00:00+00:00")
    plain, student = make_tested("plain", "plain", WORSE), make_tested("student", "kl", TRUTHS)
    tab = make_tab()
    select(qtbot, tab, failed, student, plain)
    tab.details.setCurrentWidget(tab.details.f1)
    # two bars a class: the baseline on the left, the student on the right
    click(qtbot, tab.details.f1.figure_panel, 0, ISIC2019.codes.index("BCC") + 0.2, 0.1)
    cases = opened(qtbot, tab).model.list
    assert cases.runs == ("student",)
    assert {case.truth for case in cases.cases} == {"BCC"}
    assert all(case.right for case in cases.cases)


def test_images_won_and_lost_name_both_answers(qtbot, make_tab, make_tested):
    plain, student = make_tested("plain", "plain", WORSE), make_tested("student", "kl", TRUTHS)
    tab = make_tab()
    select(qtbot, tab, student, plain)
    tab.details.differences._won.click()
    view = opened(qtbot, tab)
    wrong = [f"TEST_{n}" for n, (said, truth) in enumerate(zip(WORSE, TRUTHS, strict=True)) if said != truth]
    assert sorted(shown_names(view)) == sorted(wrong)
    assert "student says Melanoma (50.0 %); plain says Melanocytic nevus (50.0 %)" in view.model.index(0).data()
    assert len(view.model.table().names) == 8


def test_groups_of_people_open_their_images(qtbot, make_tab, make_tested):
    folder = make_tested("student", said=WORSE)
    tab = make_tab()
    select(qtbot, tab, folder)
    table = tab.details.subgroups.table_panel.table
    row = next(row for row in range(table.rowCount()) if table.item(row, 1).text() == "male")
    table.setCurrentCell(row, 1)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    view = opened(qtbot, tab)
    assert view.windowTitle() == "Sex: male"
    assert set(shown_names(view)) == {f"TEST_{number}" for number in range(1, len(TRUTHS), 2)}


def test_without_the_data_set_names_are_listed_and_the_reason_is_said(qtbot, make_tab, make_tested, runs_root):
    folder = make_tested("student", said=WORSE, pictures=True)
    shutil.rmtree(runs_root / "sample-set")
    tab = make_tab()
    select(qtbot, tab, folder)
    tab.details.images.open_cell(tab.table.current(), "MEL", "NV")
    view = opened(qtbot, tab)
    assert sorted(shown_names(view)) == sorted(MISSED)
    assert "listed without pictures" in view._banner.text
    assert "does not exist" in view._banner.text
    assert not view._delegate.pictures


def test_images_of_a_cell_are_shown_in_data(qtbot, make_tab, make_tested):
    folder = make_tested("student", said=WORSE, pictures=True)
    tab = make_tab()
    select(qtbot, tab, folder)
    tab.details.images.open_cell(tab.table.current(), "MEL", "NV")
    view = opened(qtbot, tab)
    with qtbot.waitSignal(tab.data_requested) as asked:
        qtbot.mouseClick(view.findChild(QPushButton, "imagesDataButton"), Qt.MouseButton.LeftButton)
    assert asked.args[0] == folder
    assert sorted(asked.args[1]) == sorted(MISSED)
    assert not tab.details.images.windows


def test_pictures_that_are_gone_are_counted(qtbot, make_tab, make_tested, runs_root):
    folder = make_tested("student", said=WORSE, pictures=True)
    (runs_root / "sample-set" / "MEL" / "TEST_1.png").unlink()
    tab = make_tab()
    select(qtbot, tab, folder)
    tab.details.images.open_cell(tab.table.current(), "MEL", "NV")
    assert opened(qtbot, tab)._banner.text == "1 of 6 pictures are no longer in the data set."


def test_a_window_enlarges_turns_pages_and_goes_back_by_keyboard(qtbot, make_tab, make_tested):
    folder = make_tested("student", said=WORSE, pictures=True)
    tab = make_tab()
    select(qtbot, tab, folder)
    tab.details.images.open_cell(tab.table.current(), "MEL", "NV")
    view = opened(qtbot, tab)
    names = shown_names(view)
    view.list.setFocus()
    qtbot.keyClick(view.list, Qt.Key.Key_Return)
    assert view.large.isVisible()
    qtbot.waitUntil(lambda: view.large.picture.has_picture)
    qtbot.keyClick(view.large, Qt.Key.Key_Right)
    assert view.large.row == 1
    assert names[1] in view.large._name.text()
    qtbot.keyClick(view.large, Qt.Key.Key_Escape)
    assert view.list.isVisible()
    assert view.list.currentIndex().row() == 1
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: tab.details.images.windows == ())


def test_order_and_filter(qtbot, make_tab, make_tested):
    folder = make_tested("student", said=WORSE)
    tab = make_tab()
    select(qtbot, tab, folder)
    tab.details.images.open_class(tab.table.current(), "MEL")
    view = opened(qtbot, tab)
    order, chosen = view.findChild(QComboBox, "imagesOrder"), view.findChild(QComboBox, "imagesFilter")
    order.setCurrentIndex(order.findData(CaseOrder.NAME))
    assert shown_names(view) == sorted(f"TEST_{number}" for number in range(12))
    order.setCurrentIndex(order.findData(CaseOrder.TRUTH_UNLIKELIEST))
    assert shown_names(view)[:6] == sorted(MISSED)
    chosen.setCurrentIndex(chosen.findData(CaseFilter.RIGHT))
    assert set(shown_names(view)) == {f"TEST_{number}" for number in range(0, 12, 2)}


def many(count: int, folder: Path) -> RunPredictions:
    labels = np.zeros(count, np.int64)
    logits = np.random.default_rng(0).normal(size=(count, 8)).astype(np.float32)
    names = tuple(f"image_{number}" for number in range(count))
    return RunPredictions("big", folder, Predictions(names, (Part.TEST,) * count, labels, logits), ISIC2019)


def test_of_five_thousand_images_only_those_in_sight_are_read(qtbot, tmp_path, monkeypatch):
    asked: list[Path] = []
    monkeypatch.setattr("skinkd_gui.classify.pictures.PictureLoader.request", lambda loader, path: asked.append(path))
    files = {f"image_{number}": tmp_path / f"image_{number}.png" for number in range(5000)}
    monkeypatch.setattr("core.runs.pictures.locate_images", lambda folder, names, token: files)
    view = ImagesView(class_cases(many(5000, tmp_path), "MEL"))
    qtbot.addWidget(view, before_close_func=shut_down_jobs)
    view.show()
    qtbot.waitUntil(lambda: not view.searching and bool(asked))
    assert view.model.rowCount() == 5000
    assert len(set(asked)) < 100


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_probabilities_use_the_temperature(tmp_path, temperature):
    answers = many(3, tmp_path)
    scaled = RunPredictions(answers.name, answers.folder, answers.predictions, ISIC2019, temperature)
    logits = answers.predictions.logits.astype(np.float64) / temperature
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    model = CaseImagesModel(class_cases(scaled, "MEL"))
    found = {model.case(row).name: model.case(row).predictions[0].probability for row in range(3)}
    assert [found[f"image_{number}"] for number in range(3)] == pytest.approx(list(expected.max(axis=1)))


def test_a_picture_that_is_found_later_is_shown_then(qtbot, make_tested):
    folder = make_tested("student", said=WORSE, pictures=True)
    run = RunFolder(folder)
    view = ImagesView(class_cases(RunPredictions("run", folder, run.predictions(), ISIC2019, 1.0), "MEL"))
    qtbot.addWidget(view)
    view.show()
    view._enlarge(view.model.index(0))
    qtbot.waitUntil(lambda: not view.searching)
    qtbot.waitUntil(lambda: view.large.picture.has_picture)
    shut_down_jobs(view)
