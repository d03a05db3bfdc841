"""The Results tab as a user meets it, on run folders written by core."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QLabel, QMessageBox, QPushButton, QWidget

from core.runs.folder import RunFolder
from core.runs.status import RunState
from skinkd_gui.results.results_tab import ResultsTab
from skinkd_gui.undo import undo_stack
from skinkd_gui.widgets.theme import ThemeChoice, theme


def button(tab: QWidget, name: str) -> QPushButton:
    found = tab.findChild(QPushButton, name)
    assert found is not None, name
    return found


def select(qtbot, tab: ResultsTab, *folders: Path) -> None:
    assert tab.table.select(folders)
    qtbot.waitUntil(lambda: tab.details_ready)


def visible_texts(widget: QWidget) -> list[str]:
    QApplication.processEvents()  # labels that were added to a layout are shown by an event
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget)]


def figure_texts(panel) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in panel.view.figure.findobj(Text)]


def test_a_first_start_says_what_to_do(qtbot, make_tab):
    tab = make_tab()
    start = button(tab, "resultsTrainButton")
    assert start.isVisible()
    with qtbot.waitSignal(tab.train_requested):
        qtbot.mouseClick(start, Qt.MouseButton.LeftButton)


def test_all_runs_are_listed_newest_first_and_the_newest_is_open(qtbot, make_tab, five_runs):
    tab = make_tab()
    names = [tab.table.model().index(row, 0).data() for row in range(5)]
    assert names == [
        "mobilenet kl curriculum",
        "mobilenet dist",
        "mobilenet kl",
        "mobilenet plain",
        "mobilenet teacher",
    ]
    kinds = [tab.table.model().index(row, 1).data() for row in range(5)]
    assert kinds == ["KL student + curriculum", "DIST student", "KL student", "Plain student", "Teacher"]
    assert [run.folder for run in tab.table.selected()] == [five_runs[4]]


def test_overview_shows_the_scores_that_the_run_wrote(qtbot, make_tab, make_run):
    folder = make_run("student", "kl", quality=0.8)
    tab = make_tab()
    select(qtbot, tab, folder)
    written = json.loads((folder / "metrics.json").read_text())["test"]
    texts = visible_texts(tab.details.overview)
    for name in ("weighted_f1", "accuracy", "balanced_accuracy", "macro_f1"):
        assert f"{100 * written[name]:.1f} %" in texts
    assert any("560 to learn from" in text for text in texts)
    assert any("generated sample images" in text for text in texts)
    assert "Class VASC has no test image, so it has no score." in texts


def test_per_class_table_and_figure_agree_with_the_run(qtbot, make_tab, make_run):
    folder = make_run("student", "kl", quality=0.8)
    tab = make_tab()
    select(qtbot, tab, folder)
    tab.details.setCurrentWidget(tab.details.f1)
    written = json.loads((folder / "metrics.json").read_text())["test"]["per_class"]
    table = tab.details.f1.table
    for row, scores in enumerate(written.values()):
        cells = [table.item(row, column).text() for column in (1, 2, 3, 5)]
        expected = [
            "undefined" if scores[key] is None else f"{100 * scores[key]:.1f} %"
            for key in ("recall", "precision", "f1")
        ]
        few = "*" if scores["support"] < 10 else ""
        assert cells == [f"{scores['support']}{few}", *expected]
    shown = figure_texts(tab.details.f1.figure_panel)
    assert "VASC\n0*" in shown
    assert "undefined" in shown


def test_several_runs_are_grouped_and_the_best_is_bold(qtbot, make_tab, five_runs):
    tab = make_tab()
    select(qtbot, tab, *five_runs)
    compare = tab.details.compare
    assert compare.isVisible()
    assert compare.table.rowCount() == 5
    scores = [float(compare.table.item(row, 2).text().removesuffix(" %")) for row in range(5)]
    bold = [row for row in range(5) if compare.table.item(row, 2).font().bold()]
    assert bold == [scores.index(max(scores))]
    tab.details.setCurrentWidget(tab.details.f1)
    written = set(figure_texts(tab.details.f1.figure_panel))
    assert {"mobilenet kl", "mobilenet plain (baseline)"} <= written
    assert any(text.startswith("mobilenet teacher") for text in written)
    assert tab.details.f1.table.columnCount() == 7


def test_runs_on_other_images_are_not_compared_silently(qtbot, make_tab, make_run):
    one, other = make_run("one"), make_run("other", data="another-set")
    tab = make_tab()
    select(qtbot, tab, one, other)
    assert any("do not compare like with like" in text for text in visible_texts(tab.details.compare))
    same = make_run("same", seed=1)
    tab.refresh()
    qtbot.waitUntil(lambda: tab.listed and tab.table.model().rowCount() == 3)
    select(qtbot, tab, one, same)
    assert not any("like with like" in text for text in visible_texts(tab.details.compare))


def test_confusion_switches_between_shares_and_counts(qtbot, make_tab, make_run):
    folder = make_run("student")
    tab = make_tab()
    select(qtbot, tab, folder)
    tab.details.setCurrentWidget(tab.details.confusion)
    panel = tab.details.confusion
    confusion = json.loads((folder / "metrics.json").read_text())["test"]["confusion"]
    assert any("per cent" in text for text in figure_texts(panel.figure_panel))
    panel.shown.setCurrentIndex(1)
    cells = [text.get_text() for text in panel.figure_panel.view.figure.axes[0].texts]
    assert cells == [str(count) for row in confusion for count in row]


def test_figures_are_drawn_only_when_looked_at_and_follow_the_theme(qtbot, make_tab, make_run):
    folder = make_run("student")
    tab = make_tab()
    select(qtbot, tab, folder)
    panel = tab.details.curves.losses
    assert panel.view.figure is None
    tab.details.setCurrentWidget(tab.details.curves)
    light = panel.view.figure.get_facecolor()
    theme().apply(ThemeChoice.DARK)
    assert sum(panel.view.figure.get_facecolor()[:3]) < sum(light[:3])
    theme().apply(ThemeChoice.LIGHT)
    assert panel.view.figure.get_facecolor() == light


def test_runs_without_scores_say_why(qtbot, make_tab, make_run):
    failed = make_run("broken", state=RunState.FAILED, epochs=0, message="the disk is full")
    tab = make_tab()
    select(qtbot, tab, failed)
    texts = visible_texts(tab.details.overview)
    assert any("The run failed. The disk is full." in text for text in texts)
    for panel in (tab.details.f1, tab.details.confusion, tab.details.curves, tab.details.recipe):
        tab.details.setCurrentWidget(panel)
    assert tab.details.confusion.figure_panel.view.figure is None
    assert not button(tab, "confusionSaveFigure").isEnabled()


def test_damaged_folders_are_listed_and_hide_nothing(qtbot, make_tab, make_run, runs_root):
    good = make_run("good")
    (runs_root / "wreck").mkdir()
    (runs_root / "wreck" / "status.json").write_text("{")
    (good / "history.csv").write_text("nonsense\n1\n")
    tab = make_tab()
    assert tab.table.model().rowCount() == 2
    select(qtbot, tab, good)
    texts = visible_texts(tab.details.overview)
    assert any("history.csv can not be read" in text for text in texts)
    assert any("560 to learn from" in text for text in texts)
    select(qtbot, tab, runs_root / "wreck")
    tab.details.setCurrentWidget(tab.details.recipe)
    assert "can not be read" in tab.details.recipe.one.text.toPlainText()


def test_resume_is_offered_for_unfinished_runs_only(qtbot, make_tab, make_run):
    stopped = make_run("stopped", state=RunState.STOPPED, epochs=3)
    finished = make_run("finished")
    tab = make_tab()
    select(qtbot, tab, finished)
    assert not button(tab, "runsResumeButton").isEnabled()
    select(qtbot, tab, stopped)
    with qtbot.waitSignal(tab.resume_requested) as asked:
        qtbot.mouseClick(button(tab, "runsResumeButton"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(tab.changes_requested):
        tab.bar.change.trigger()
    assert asked.args == [stopped]


def test_a_run_at_work_can_not_be_binned_or_resumed(qtbot, make_tab, make_run):
    folder = make_run("at work", state=RunState.RUNNING, epochs=3)
    with RunFolder(folder).locked():
        tab = make_tab()
        select(qtbot, tab, folder)
        assert not button(tab, "runsBinButton").isEnabled()
        assert not button(tab, "runsResumeButton").isEnabled()


def answer(qtbot, tab: ResultsTab, text: str) -> None:
    box = next(box for box in tab.findChildren(QMessageBox) if box.isVisible())
    choice = next(found for found in box.findChildren(QAbstractButton) if found.text().replace("&", "") == text)
    qtbot.mouseClick(choice, Qt.MouseButton.LeftButton)


def test_bin_asks_first_and_moves_the_folder(qtbot, make_tab, five_runs, trash):
    tab = make_tab()
    select(qtbot, tab, five_runs[1], five_runs[2])
    qtbot.mouseClick(button(tab, "runsBinButton"), Qt.MouseButton.LeftButton)
    answer(qtbot, tab, "Cancel")
    assert five_runs[1].is_dir()
    qtbot.mouseClick(button(tab, "runsBinButton"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(tab.runs_binned):
        answer(qtbot, tab, "Move to bin")
    qtbot.waitUntil(lambda: tab.table.model().rowCount() == 3)
    assert not five_runs[1].exists()
    assert not five_runs[2].exists()
    assert sorted(path.name for path in trash.iterdir()) == sorted(run.name for run in five_runs[1:3])
    qtbot.waitUntil(undo_stack(tab).canUndo)
    assert undo_stack(tab).undoText() == "moving 2 runs to the bin"
    undo_stack(tab).undo()
    qtbot.waitUntil(lambda: tab.table.model().rowCount() == 5)
    assert list(trash.iterdir()) == list((trash.parent / "info").iterdir()) == []
    undo_stack(tab).redo()
    qtbot.waitUntil(lambda: tab.table.model().rowCount() == 3)


def test_the_selection_stays_when_runs_are_read_anew(qtbot, make_tab, five_runs, make_run):
    tab = make_tab()
    select(qtbot, tab, five_runs[0], five_runs[3])
    make_run("new", created="2026-04-01T10:00:00+00:00")
    tab.refresh()
    qtbot.waitUntil(lambda: tab.table.model().rowCount() == 6)
    assert {run.folder for run in tab.table.selected()} == {five_runs[0], five_runs[3]}


def test_a_run_can_be_selected_before_it_is_listed_and_through_a_search(qtbot, make_tab, five_runs, make_run):
    tab = make_tab()
    tab.search.setText("teacher")
    assert tab.table.model().rowCount() == 1
    fresh = make_run("just finished", created="2026-04-01T10:00:00+00:00")
    tab.select_run(fresh)
    qtbot.waitUntil(lambda: [run.folder for run in tab.table.selected()] == [fresh])
    tab.select_run(five_runs[2])
    assert [run.folder for run in tab.table.selected()] == [five_runs[2]]


def test_asking_for_a_run_that_is_gone_changes_nothing(qtbot, make_tab, five_runs, runs_root):
    tab = make_tab()
    select(qtbot, tab, five_runs[1])
    tab.select_run(runs_root / "gone")
    qtbot.waitUntil(lambda: tab.listed)
    assert [run.folder for run in tab.table.selected()] == [five_runs[1]]
    tab.table.select((five_runs[3],))
    tab.refresh()
    qtbot.waitUntil(lambda: tab.listed)
    assert [run.folder for run in tab.table.selected()] == [five_runs[3]]


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_figures_are_saved_by_the_chosen_kind(qtbot, make_tab, make_run, monkeypatch, tmp_path, kind):
    tab = make_tab() if make_run("student") else None
    qtbot.waitUntil(lambda: tab.details_ready)
    target, chosen = (
        tmp_path / "my.figure",
        {"png": "PNG picture (*.png)", "svg": "SVG drawing (*.svg)", "pdf": "PDF document (*.pdf)"},
    )
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), chosen[kind]))
    button(tab, "f1SaveFigure").click()
    assert (tmp_path / f"my.figure.{kind}").stat().st_size > 1000


def test_tables_are_saved_as_numbers(qtbot, make_tab, five_runs, monkeypatch, tmp_path):
    tab = make_tab()
    target = tmp_path / "table.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), "CSV table (*.csv)"))

    def saved(name: str) -> list[dict[str, str]]:
        button(tab, name).click()
        with target.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    tab.search.setText("student")
    runs = saved("runsTableButton")
    assert len(runs) == 4
    written = json.loads((five_runs[4] / "metrics.json").read_text())["test"]
    assert float(runs[0]["Weighted F1"]) == written["weighted_f1"]
    assert runs[0]["Parameters"] == "719000"
    tab.search.clear()
    select(qtbot, tab, five_runs[4])
    classes = saved("f1SaveTable")
    assert float(classes[0]["F1"]) == written["per_class"]["MEL"]["f1"]
    assert classes[6]["F1"] == ""
    confusion = saved("confusionSaveTable")
    assert [int(confusion[1][code]) for code in ("MEL", "NV")] == written["confusion"][1][:2]
    select(qtbot, tab, *five_runs)
    assert len(saved("compareSaveTable")) == 5


def test_widgets_that_others_rely_on_have_names(qtbot, make_tab, five_runs):
    tab = make_tab()
    for name in ("runsTable", "f1Panel", "confusionPanel", "comparePanel"):
        assert tab.findChild(QWidget, name) is not None
    for widget in tab.findChildren(QPushButton):
        assert widget.accessibleName(), widget.text()
        assert widget.objectName(), widget.text()
