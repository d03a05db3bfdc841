"""The panels of the Results tab on runs with predictions: intervals, comparisons, baseline, subgroups, notes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit, QPushButton, QWidget

from core.evaluation.comparison import compare
from core.runs.annotations import Annotations, read_annotations, write_annotations
from core.runs.evidence import labelled, load_evidence
from core.runs.folder import RunFolder
from core.runs.status import RunState
from skinkd_gui.results.confusion_panel import View
from skinkd_gui.results.overview_panel import ScoreCard
from skinkd_gui.results.results_tab import ResultsTab
from skinkd_gui.undo import undo_stack
from tests.gui.results.conftest import TRUTHS

BETTER = tuple("NV" if code == "BCC" else code for code in TRUTHS)
WORSE = tuple("NV" if number % 2 else code for number, code in enumerate(TRUTHS))


def select(qtbot, tab: ResultsTab, *folders: Path) -> None:
    assert tab.table.select(folders)
    qtbot.waitUntil(lambda: tab.details_ready)


def texts(widget: QWidget) -> str:
    QApplication.processEvents()
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget))


def column(table, number: int) -> list[str]:
    return [table.item(row, number).text() for row in range(table.rowCount())]


def figure_texts(panel) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in panel.view.figure.findobj(Text)]


def test_overview_gives_intervals_and_what_needs_the_predictions(qtbot, make_tab, make_tested):
    folder = make_tested("student", said=WORSE)
    tab = make_tab()
    select(qtbot, tab, folder)
    evidence = load_evidence(folder)
    interval = evidence.intervals.weighted_f1
    assert interval is not None
    shown = texts(tab.details.overview)
    assert f"95 %: {100 * interval.low:.1f} to {100 * interval.high:.1f}" in shown
    assert f"{100 * evidence.detailed.melanoma_sensitivity_at_90_specificity:.1f} %" in shown
    table = tab.details.overview.classes.table
    melanoma = evidence.detailed.per_class[0]
    assert column(table, 4)[0] == f"{100 * melanoma.specificity:.1f} %"
    within = evidence.intervals.per_class_auc[0]
    assert within is not None
    assert column(table, 6)[0] == f"{melanoma.auc:.3f} ({within.low:.3f} to {within.high:.3f})"
    assert column(table, 5)[3] == "undefined"  # no image of actinic keratosis


def test_melanomas_found_are_those_that_were_called_so(qtbot, make_tab, make_tested):
    one, two = make_tested("all alarm", said=["MEL"] * len(TRUTHS)), make_tested("right", "plain")
    tab = make_tab()
    select(qtbot, tab, one)
    card = next(card for card in tab.details.overview.findChildren(ScoreCard) if "elanoma" in card.accessibleName())
    assert card.value.text() == "100.0 %"  # though no threshold keeps 90 % of the other images clear
    assert ": 0.0 %" in texts(card)
    select(qtbot, tab, one, two)
    grid = tab.details.compare.panel.shown
    titles = [item.heading for item in grid.columns]
    row = next(row for row in grid.rows if "alarm" in row[0].text)
    found, at_90 = (row[titles.index(title)].text for title in ("Melanomas found", "at 90 % specificity"))
    assert (found, at_90) == ("100.0 % (47.6 to 100.0)", "0.0 %")


def test_only_a_finished_run_is_the_baseline_by_itself(qtbot, make_tab, make_tested):
    stopped, plain, student, damaged = (
        make_tested(name, kind, created=f"2026-01-0{day}T10:00:00.000+00:00")
        for day, (name, kind) in enumerate(
            (("stopped", "plain"), ("plain", "plain"), ("student", "kl"), ("damaged", "kl")), 1
        )
    )
    RunFolder(stopped).set_status(state=RunState.STOPPED)
    (damaged / "recipe.toml").write_text("x = [")
    tab = make_tab()
    select(qtbot, tab, stopped, plain, student, damaged)
    said = texts(tab.details.compare.said)
    assert "no baseline" not in said
    assert "damaged can not be compared. The run failed. The run's recipe can not be read" in said


def test_files_that_do_not_agree_are_said(qtbot, make_tab, make_tested):
    folder = make_tested("student", said=WORSE)
    metrics = folder / "metrics.json"
    values = json.loads(metrics.read_text(encoding="utf-8"))
    values["test"]["weighted_f1"] = 0.99
    metrics.write_text(json.dumps(values), encoding="utf-8")
    tab = make_tab()
    select(qtbot, tab, folder)
    assert "predictions.csv and metrics.json do not agree" in texts(tab.details.overview)


def test_differences_are_those_of_the_paired_comparison(qtbot, make_tab, make_tested):
    plain, student = make_tested("plain", "plain", WORSE), make_tested("student", "kl", BETTER)
    tab = make_tab()
    select(qtbot, tab, student, plain)
    tab.details.setCurrentWidget(tab.details.differences)
    expected = compare(labelled(load_evidence(plain)), labelled(load_evidence(student)))
    panel = tab.details.differences
    with io.StringIO(panel.table_panel.shown.to_csv()) as text:
        rows = list(csv.DictReader(text))
    assert [float(row["Points"]) if row["Points"] else None for row in rows] == [
        item.difference for item in expected.differences
    ]
    assert float(rows[0]["Low"]) == expected.differences[0].interval.low
    points = 100 * expected.differences[0].difference
    said = texts(panel)
    assert f"student is {points:.1f} points better than plain in weighted F1" in said
    assert f"{len(expected.won)} are right only with student and {len(expected.lost)} only with plain" in said
    assert "Distillation: Method kl instead of none" in said
    assert panel.findChild(QPushButton, "differencesWon").text() == f"Images won ({len(expected.won)})..."
    assert "Weighted F1" in figure_texts(panel.figure_panel)


def test_a_difference_inside_the_noise_is_said_to_be_so(qtbot, make_tab, make_tested):
    almost = ("NV", *TRUTHS[1:])
    plain, student = make_tested("plain", "plain", TRUTHS), make_tested("student", "kl", almost)
    tab = make_tab()
    select(qtbot, tab, student, plain)
    assert "holds 0: this may be chance." in texts(tab.details.compare)


def test_runs_without_common_images_are_not_compared(qtbot, make_tab, make_tested):
    plain, other = make_tested("plain", "plain"), make_tested("other", "kl", WORSE, prefix="ELSE")
    tab = make_tab()
    select(qtbot, tab, other, plain)
    assert "other can not be compared with plain. The runs have no test image" in texts(tab.details.compare)
    tab.details.setCurrentWidget(tab.details.differences)
    panel = tab.details.differences
    assert panel.figure_panel.view.figure is None
    assert panel.table_panel.shown.rows == ()
    assert not panel.findChild(QPushButton, "differencesWon").isEnabled()


def test_a_run_without_predictions_is_named_and_hides_no_other(qtbot, make_tab, make_tested, make_run):
    plain, student, bare = make_tested("plain", "plain", WORSE), make_tested("student"), make_run("bare")
    tab = make_tab()
    select(qtbot, tab, plain, student, bare)
    said = texts(tab.details.compare)
    assert "student is" in said
    assert "bare can not be compared. predictions.csv can not be read" in said


def test_a_pinned_baseline_joins_every_selection_and_is_remembered(qtbot, make_tab, make_tested):
    plain, student, third = make_tested("plain", "plain", WORSE), make_tested("student"), make_tested("third")
    tab = make_tab()
    select(qtbot, tab, student)
    assert tab.details.compare.panel.shown.rows == ()
    with qtbot.waitSignal(tab.details.baseline_changed) as told:
        tab.details.set_baseline(plain)
    assert told.args == [plain]
    qtbot.waitUntil(lambda: tab.details_ready)
    tab.details.setCurrentWidget(tab.details.f1)
    legend = figure_texts(tab.details.f1.figure_panel)
    assert legend.index("plain (baseline)") < legend.index("student")
    assert "student is" in texts(tab.details.differences)
    again = make_tab()
    assert again.details.baseline == plain
    select(qtbot, again, third)
    assert "third is" in texts(again.details.differences)


def test_a_baseline_that_is_gone_is_no_baseline(qtbot, make_tab, make_tested, runs_root):
    plain, student = make_tested("plain", "plain", WORSE), make_tested("student")
    tab = make_tab()
    tab.details.set_baseline(runs_root / "gone")
    select(qtbot, tab, student)
    assert "choose a run as baseline" in texts(tab.details.differences)
    select(qtbot, tab, student, plain)
    assert "student is" in texts(tab.details.differences)


def test_only_the_last_selection_is_shown(qtbot, make_tab, make_tested):
    folders = [make_tested(f"run {number}", said=said) for number, said in enumerate((WORSE, BETTER, TRUTHS))]
    tab = make_tab()
    for folder in folders:
        tab.details.show_runs((tab._model.run(tab._model.row_of(folder)),), tab._model.run(tab._model.row_of(folder)))
    qtbot.waitUntil(lambda: tab.details.ready)
    assert column(tab.details.overview.classes.table, 2)[0] == "100.0 %"
    assert "run 2" in texts(tab.details.overview)


def test_confusion_shows_two_runs_and_their_difference(qtbot, make_tab, make_tested):
    plain, student = make_tested("plain", "plain", WORSE), make_tested("student", "kl", TRUTHS)
    tab = make_tab()
    select(qtbot, tab, student, plain)
    tab.details.setCurrentWidget(tab.details.confusion)
    panel = tab.details.confusion
    panel.view.setCurrentIndex(panel.view.findData(View.PAIR))
    assert len(panel.figure_panel.view.figure.axes) == 2
    assert {"plain (baseline)", "student"} <= set(figure_texts(panel.figure_panel))
    panel.shown.setCurrentIndex(1)
    panel.view.setCurrentIndex(panel.view.findData(View.CHANGE))
    cells = [text.get_text() for text in panel.figure_panel.view.figure.axes[0].texts]
    assert cells[0] == "+6"  # the student finds 12 melanomas, the plain one 6
    assert cells[1] == "\u22126"


def test_another_run_comes_to_the_front_in_all_panels(qtbot, make_tab, make_tested):
    plain, one, two = make_tested("plain", "plain", WORSE), make_tested("one"), make_tested("two", said=BETTER)
    tab = make_tab()
    select(qtbot, tab, plain, one, two)
    chooser = tab.details.confusion.runs
    chooser.setCurrentIndex(next(i for i in range(chooser.count()) if chooser.itemText(i) == "two"))
    chooser.activated.emit(chooser.currentIndex())
    assert "two is" in texts(tab.details.differences)
    assert tab.details.subgroups.runs.currentText() == "two"
    assert tab.details.calibration.runs.currentText() == "two"


def test_subgroups_and_calibration_of_the_run(qtbot, make_tab, make_tested):
    folder = make_tested("student", said=WORSE)
    tab = make_tab()
    select(qtbot, tab, folder)
    tab.details.setCurrentWidget(tab.details.subgroups)
    table = tab.details.subgroups.table_panel.table
    assert [row for row in column(table, 1) if row in ("male", "female")] == ["female", "male"]
    assert sum(int(cell.rstrip("*")) for cell in column(table, 2)[-2:]) == len(TRUTHS)
    assert any("female" in text for text in figure_texts(tab.details.subgroups.figure_panel))
    tab.details.setCurrentWidget(tab.details.calibration)
    values = tab.details.calibration.table_panel.shown.rows[0]
    right = sum(said == truth for said, truth in zip(WORSE, TRUTHS, strict=True)) / len(TRUTHS)
    assert values[1].values[0] == pytest.approx(abs(0.5 - right), abs=1e-4)  # it is always half sure
    assert "expected calibration error" in texts(tab.details.calibration)


def test_notes_and_tags_are_kept_with_their_run(qtbot, make_tab, make_tested):
    one, two = make_tested("one"), make_tested("two")
    write_annotations(one, Annotations(("old",), "", "paper", "kl-0.1"))
    tab = make_tab()
    select(qtbot, tab, one)
    editor = tab.details.overview.annotations
    assert editor.tags.text() == "old"
    editor.tags.setText("best, for the talk")
    editor.tags.textEdited.emit(editor.tags.text())
    notes = tab.findChild(QPlainTextEdit, "runNotes")
    notes.setPlainText("Trained on half of the images.")
    with qtbot.waitSignal(tab.details.annotated) as told:
        select(qtbot, tab, two)
    assert told.args == [one]
    kept = read_annotations(one)
    assert kept == Annotations(("best", "for the talk"), "Trained on half of the images.", "paper", "kl-0.1")
    assert read_annotations(two) == Annotations()
    assert notes.toPlainText() == ""
    assert undo_stack(tab).undoText() == "tags and notes of “one”"
    with qtbot.waitSignal(tab.details.annotated):
        undo_stack(tab).undo()
    assert read_annotations(one) == Annotations(("old",), "", "paper", "kl-0.1")
    assert notes.toPlainText() == ""


def test_what_is_being_typed_survives_a_reading_of_the_runs(qtbot, make_tab, make_tested):
    folder = make_tested("one")
    tab = make_tab()
    select(qtbot, tab, folder)
    notes = tab.findChild(QPlainTextEdit, "runNotes")
    notes.setPlainText("half a sen")
    make_tested("another")
    tab.refresh()
    qtbot.waitUntil(lambda: tab.listed and tab.details_ready)
    assert notes.toPlainText() == "half a sen"
    tab.shut_down()
    assert read_annotations(folder).notes == "half a sen"


def test_recipes_are_compared_setting_by_setting(qtbot, make_tab, make_tested):
    plain, student = make_tested("plain", "plain"), make_tested("student", "kl")
    tab = make_tab()
    select(qtbot, tab, plain, student)
    panel = tab.details.recipe
    assert "Distillation: Method" in column(panel.many.table, 0)
    assert "Training: Epochs" not in column(panel.many.table, 0)
    panel.only_different.setChecked(False)
    assert "Training: Epochs" in column(panel.many.table, 0)


def test_tables_are_copied_for_spreadsheets_notes_and_papers(qtbot, make_tab, make_tested):
    folder = make_tested("student_1", said=WORSE)
    tab = make_tab()
    select(qtbot, tab, folder)
    panel = tab.details.f1.table_panel
    panel.copy_csv()
    with io.StringIO(QApplication.clipboard().text()) as text:
        rows = list(csv.DictReader(text))
    written = json.loads((folder / "metrics.json").read_text())["test"]["per_class"]
    assert float(rows[0]["F1"]) == written["MEL"]["f1"]
    assert rows[3]["F1"] == ""
    interval = load_evidence(folder).intervals.per_class_f1[1]
    assert (float(rows[1]["F1 low"]), float(rows[1]["F1 high"])) == (interval.low, interval.high)
    panel.copy_markdown()
    assert "| Melanoma (MEL) | 12 |" in QApplication.clipboard().text()
    panel.copy_latex()
    assert r"student\_1" in QApplication.clipboard().text()
    assert r"50.0 \%" in QApplication.clipboard().text()


def test_names_of_a_study_are_told_apart_and_its_name_is_not_repeated(qtbot, make_tab, make_tested):
    names = ("Paper: plain", "Paper: KL 0.1", "Paper: KL 0.1")
    folders = [make_tested(name, kind) for name, kind in zip(names, ("plain", "kl", "kl"), strict=True)]
    tab = make_tab()
    select(qtbot, tab, *folders)
    cells = sorted(column(tab.details.compare.table, 0))
    assert cells == sorted([f"KL 0.1 ({folder.name[:15]})" for folder in folders[1:]] + ["plain (baseline)"])
    select(qtbot, tab, folders[1])
    assert "Paper: KL 0.1" in texts(tab.details.overview)
