"""The table of runs as a user arranges it: filters, headings, columns, names, tags, copies, and a changing disk."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QInputDialog, QLabel, QLineEdit, QMenu, QPushButton

from core.recipe import Recipe, set_values
from core.runs.annotations import Annotations, read_annotations, write_annotations
from core.runs.folder import RunFolder
from core.runs.status import RunState
from core.study.folder import create_study
from core.study.paper import paper_study
from skinkd_gui.results.export_run_dialog import ExportRunDialog
from skinkd_gui.results.results_tab import ResultsTab
from skinkd_gui.results.table_layout import TableLayout, load_layout
from skinkd_gui.results.tags_dialog import TagsDialog
from skinkd_gui.settings.store import open_store
from skinkd_gui.undo import undo_stack
from skinkd_gui.widgets.error_dialog import ErrorDialog


def names(tab: ResultsTab) -> list[str]:
    return [tab.table.model().index(row, 0).data() for row in range(tab.table.model().rowCount())]


def selected(tab: ResultsTab) -> set[Path]:
    return {run.folder for run in tab.table.selected()}


def titles(tab: ResultsTab) -> list[str]:
    header, model = tab.table.horizontalHeader(), tab.table.model()
    places = [header.logicalIndex(place) for place in range(header.count())]
    shown = [place for place in places if not header.isSectionHidden(place)]
    return [str(model.headerData(place, Qt.Orientation.Horizontal)).strip() for place in shown]


def count(tab: ResultsTab) -> str:
    return tab.findChild(QLabel, "runsCount").text()


def idle(qtbot, tab: ResultsTab) -> None:
    qtbot.waitUntil(lambda: not tab.actions_.jobs.busy and tab.listed)


@pytest.fixture
def tab(make_tab, five_runs) -> ResultsTab:
    write_annotations(five_runs[1], Annotations(("good",), study="paper"))
    write_annotations(five_runs[2], Annotations(("good", "poster"), "a note", study="paper"))
    return make_tab()


def test_filters_narrow_the_table_and_clear_brings_all_back(qtbot, tab):
    filters = tab.bar.filters
    assert count(tab) == "5 runs"
    assert not filters.clear_button.isEnabled()
    filters.choose("tag", "good")
    assert names(tab) == ["mobilenet kl", "mobilenet plain"]
    assert count(tab) == "2 of 5 runs"
    filters.choose("kind", "KL student")
    tab.search.setText("poster")
    assert names(tab) == ["mobilenet kl"]
    qtbot.mouseClick(filters.clear_button, Qt.MouseButton.LeftButton)
    assert (count(tab), tab.search.text()) == ("5 runs", "")
    assert [box.currentIndex() for box in filters.boxes.values()] == [0] * 5
    offered = [filters.boxes["kind"].itemText(place) for place in range(filters.boxes["kind"].count())]
    assert offered == [
        "All kinds",
        "DIST student (1)",
        "KL student (2)",
        "Plain student (1)",
        "Teacher (1)",
        "With curriculum (1)",
    ]


def test_a_filter_goes_when_its_last_run_goes(qtbot, tab, five_runs):
    tab.bar.filters.choose("tag", "poster")
    write_annotations(five_runs[2], Annotations())
    tab.refresh()
    idle(qtbot, tab)
    assert len(names(tab)) == 5


def test_the_selection_survives_sorting_grouping_and_filters(qtbot, tab, five_runs):
    tab.table.select((five_runs[1], five_runs[2]))
    tab.table.sortByColumn(4, Qt.SortOrder.AscendingOrder)
    assert selected(tab) == {five_runs[1], five_runs[2]}
    tab.bar.filters.group_button.click()
    assert names(tab)[0] == "paper: 2 of 2 done"
    assert selected(tab) == {five_runs[1], five_runs[2]}
    tab.bar.filters.choose("kind", "KL student")
    assert selected(tab) == {five_runs[2]}
    tab.table.selectAll()
    assert len(tab.table.selected()) == 2  # no heading among them


def test_headings_fold_by_keyboard_and_mouse(qtbot, tab):
    tab.bar.filters.group_button.click()
    assert len(names(tab)) == 7
    table = tab.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, 0))
    for key, rows in ((Qt.Key.Key_Left, 5), (Qt.Key.Key_Left, 5), (Qt.Key.Key_Right, 7), (Qt.Key.Key_Space, 5)):
        qtbot.keyClick(table, key)
        assert len(names(tab)) == rows
        assert table.current_heading().slug == "paper"
    place = QPoint(8, table.rowViewportPosition(0) + 5)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert len(names(tab)) == 7
    table.grab()  # headings are painted


def test_a_run_is_found_behind_folded_headings_and_filters(qtbot, tab, five_runs):
    tab.bar.filters.group_button.click()
    tab.table.setCurrentIndex(tab.table.model().index(0, 0))
    qtbot.keyClick(tab.table, Qt.Key.Key_Left)
    tab.select_run(five_runs[1])
    assert selected(tab) == {five_runs[1]}
    tab.bar.filters.choose("kind", "Teacher")
    tab.select_run(five_runs[1])
    assert selected(tab) == {five_runs[1]}


def test_columns_are_chosen_moved_and_remembered(qtbot, tab, make_tab):
    qtbot.waitUntil(lambda: tab.details_ready)
    usual = titles(tab)
    assert usual[:2] == ["Name", "Kind"]
    assert "Alpha" not in usual
    menu = QMenu()
    tab.table.add_columns_to(menu)
    entries = {action.text(): action for action in menu.actions()}
    assert not entries["Name"].isEnabled()
    entries["Alpha"].trigger()
    entries["Kind"].trigger()
    header = tab.table.horizontalHeader()
    header.moveSection(header.visualIndex(4), 1)
    header.resizeSection(4, 177)
    tab.table.sortByColumn(5, Qt.SortOrder.AscendingOrder)
    tab.bar.filters.group_button.click()
    other = make_tab()
    assert titles(other) == titles(tab)
    assert titles(other)[:2] == ["Name", "Weighted F1"]
    assert "Alpha" in titles(other)
    assert "Kind" not in titles(other)
    assert other.table.columnWidth(4) == 177
    assert other.table.horizontalHeader().sortIndicatorSection() == 5
    assert other.bar.filters.group_button.isChecked()
    other.table.use_usual_columns()
    assert titles(other) == usual
    qtbot.waitUntil(lambda: other.details_ready)
    assert other.table.columnWidth(4) != 177


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"shown": 3, "widths": {"a": 1}}', '{"shown": ["?"], "widths": [["name", true], 4]}']
)
def test_a_damaged_layout_is_the_usual_one(text):
    open_store().setValue("results/table", text)
    assert load_layout() == TableLayout()


def test_the_name_can_not_be_lost(make_tab, five_runs):
    open_store().setValue("results/table", '{"shown": ["kind", "alpha"]}')
    assert titles(make_tab()) == ["Name", "Kind", "Alpha"]


def test_rename_asks_and_keeps_the_folder(qtbot, tab, five_runs):
    tab.table.select((five_runs[2],))
    tab.table.setFocus()
    tab.bar.rename.trigger()
    dialog = tab.findChild(QInputDialog)
    assert dialog.textValue() == "mobilenet kl"
    dialog.findChild(QLineEdit).setText("The best so far")
    dialog.accept()
    qtbot.waitUntil(lambda: "The best so far" in names(tab))
    assert selected(tab) == {five_runs[2]}
    assert RunFolder(five_runs[2]).status().name == "The best so far"
    assert undo_stack(tab).undoText() == "name of “mobilenet kl”"
    undo_stack(tab).undo()
    qtbot.waitUntil(lambda: "mobilenet kl" in names(tab))
    assert RunFolder(five_runs[2]).status().name == "mobilenet kl"


def test_undoing_the_name_of_a_run_that_is_gone_is_told(qtbot, tab, five_runs, tmp_path):
    tab.table.select((five_runs[2],))
    tab.actions_._asked = tab.table.selected()
    tab.actions_._rename("Another")
    qtbot.waitUntil(undo_stack(tab).canUndo)
    idle(qtbot, tab)
    five_runs[2].rename(tmp_path / "elsewhere")
    undo_stack(tab).undo()
    qtbot.waitUntil(lambda: tab.findChild(ErrorDialog) is not None)
    assert str(five_runs[2]) in tab.findChild(ErrorDialog).error.summary
    tab.findChild(ErrorDialog).accept()
    idle(qtbot, tab)


def test_a_run_at_work_can_not_be_renamed_but_tagged(qtbot, make_tab, make_run):
    folder = make_run("at work", state=RunState.RUNNING, epochs=3)
    with RunFolder(folder).locked():
        tab = make_tab()
        tab.table.select((folder,))
        assert not tab.bar.rename.isEnabled()
        assert not tab.bar.export_run.isEnabled()
        assert tab.bar.tags.isEnabled()


def test_tags_of_several_runs_are_changed_at_once(qtbot, tab, five_runs):
    tab.table.select((five_runs[1], five_runs[2], five_runs[3]))
    tab.bar.tags.trigger()
    dialog = tab.findChild(TagsDialog)
    states = {dialog.list.item(row).text(): dialog.list.item(row).checkState() for row in range(dialog.list.count())}
    assert states == {"good": Qt.CheckState.PartiallyChecked, "poster": Qt.CheckState.PartiallyChecked}
    dialog.list.item(1).setCheckState(Qt.CheckState.Unchecked)
    dialog.edit.setText(" to check ")
    dialog.accept()
    qtbot.waitUntil(lambda: read_annotations(five_runs[3]).tags == ("to check",))
    idle(qtbot, tab)
    assert read_annotations(five_runs[1]).tags == ("good", "to check")
    assert read_annotations(five_runs[2]) == Annotations(("good", "to check"), "a note", "paper")
    assert "Tags" in titles(tab)
    tab.bar.filters.choose("tag", "to check")
    assert len(names(tab)) == 3
    assert undo_stack(tab).undoText() == "tags of 3 runs"
    undo_stack(tab).undo()
    qtbot.waitUntil(lambda: read_annotations(five_runs[3]).tags == ())
    idle(qtbot, tab)
    assert "poster" in {tag for run in five_runs for tag in read_annotations(run).tags}


def test_the_baseline_is_pinned_and_unpinned(qtbot, tab, five_runs, trash):
    tab.table.select((five_runs[0],))
    assert tab.bar.baseline.text() == "Use as baseline"
    tab.bar.baseline.trigger()
    assert tab.details.baseline == five_runs[0]
    row = names(tab).index("mobilenet teacher")
    assert tab.table.model().index(row, 0).data(Qt.ItemDataRole.DecorationRole) is not None
    assert tab.bar.baseline.text() == "No longer the baseline"
    tab.bar.baseline.trigger()
    assert tab.details.baseline is None


def test_rows_are_copied_for_spreadsheets_notes_and_papers(qtbot, tab, five_runs):
    tab.table.select((five_runs[1], five_runs[2]))
    tab.table.setFocus()
    clipboard = QApplication.clipboard()
    tab.bar.copy.trigger()
    lines = clipboard.text().splitlines()
    assert lines[0].split("\t")[:2] == ["Name", "Kind"]
    assert [line.split("\t")[0] for line in lines[1:]] == ["mobilenet kl", "mobilenet plain"]
    tab.bar.copy_csv.trigger()
    rows = list(csv.DictReader(io.StringIO(clipboard.text(), newline="")))
    assert rows[0]["Folder"] == str(five_runs[2])
    assert float(rows[0]["Weighted F1"]) == tab.table.selected()[0].scores.weighted_f1
    tab.bar.copy_markdown.trigger()
    assert clipboard.text().count("\n| mobilenet") == 2
    tab.bar.copy_latex.trigger()
    assert r"\toprule" in clipboard.text()
    assert "mobilenet kl" in clipboard.text()
    tab.table.clearSelection()
    tab.bar.copy.trigger()
    assert len(clipboard.text().splitlines()) == 6  # nothing selected: all that is shown


def test_ctrl_c_copies_the_selected_rows(qtbot, tab, five_runs):
    tab.table.select((five_runs[1],))
    tab.activateWindow()
    tab.table.setFocus()
    qtbot.waitUntil(tab.table.hasFocus)
    qtbot.keyClick(tab.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "mobilenet plain" in QApplication.clipboard().text()


def test_buttons_that_do_not_fit_are_in_the_menu(qtbot, tab):
    button = tab.findChild(QPushButton, "runsOpenButton")
    assert button.isVisible()
    tab.bar.setFixedWidth(700)
    QApplication.processEvents()
    assert not button.isVisible()
    assert tab.bar.more.isVisible()
    assert tab.bar.open_folder in tab.bar.menu.actions()


def test_the_tab_key_goes_from_button_to_button_as_they_stand(tab):
    tab.resize(1600, 700)
    stops = [
        widget for widget in tab.bar.findChildren(QPushButton) if widget.parent() is tab.bar and widget.isVisible()
    ]
    stops.sort(key=lambda widget: widget.x())
    assert stops[-1] is tab.bar.more
    reached, widget = [], tab.bar.search
    while widget is not tab.bar.filters and len(reached) < len(stops):
        widget = widget.nextInFocusChain()
        if widget in stops:
            reached.append(widget)
    assert reached == stops


def test_runs_of_another_program_appear_and_change_by_themselves(qtbot, tab, make_run):
    folder = make_run("from elsewhere", state=RunState.QUEUED, created="2026-04-01T10:00:00+00:00")
    qtbot.waitUntil(lambda: "from elsewhere" in names(tab))
    before = selected(tab)
    RunFolder(folder).set_status(state=RunState.STOPPED, name="stopped elsewhere")
    qtbot.waitUntil(lambda: "stopped elsewhere" in names(tab))
    assert selected(tab) == before


def test_a_hidden_tab_reads_what_has_changed_when_it_is_shown(qtbot, tab, make_run):
    tab.hide()
    make_run("meanwhile")
    qtbot.waitUntil(lambda: tab._stale)
    assert "meanwhile" not in names(tab)
    tab.show()
    qtbot.waitUntil(lambda: "meanwhile" in names(tab))


def test_a_run_goes_out_and_comes_in_again(qtbot, tab, five_runs, monkeypatch, tmp_path):
    target = tmp_path / "out.zip"
    monkeypatch.setattr("skinkd_gui.results.run_actions.ask_for_file", lambda *_: target)
    tab.table.select((five_runs[2],))
    tab.bar.export_run.trigger()
    dialog = tab.findChild(ExportRunDialog)
    assert not dialog.checkpoint.isEnabled()  # there is none
    dialog.accept()
    qtbot.waitUntil(target.is_file)
    idle(qtbot, tab)
    assert "is exported" in tab.message.text
    five_runs[2].rename(tmp_path / "moved away")
    tab.refresh()
    qtbot.waitUntil(lambda: len(names(tab)) == 4)
    with qtbot.waitSignal(tab.runs_binned):
        tab.actions_.import_from([target])
    qtbot.waitUntil(lambda: selected(tab) == {five_runs[2]})
    assert read_annotations(five_runs[2]).notes == "a note"


def test_what_can_not_be_imported_is_said_and_keeps_no_other_out(qtbot, tab, five_runs, tmp_path):
    (tmp_path / "bad.zip").write_text("nonsense")
    five_runs[2].rename(tmp_path / "elsewhere")
    tab.actions_.import_from([tmp_path / "bad.zip", tmp_path / "elsewhere"])
    qtbot.waitUntil(lambda: tab.findChild(QDialog, "errorDialog") is not None)
    box = tab.findChild(QDialog, "errorDialog")
    assert "not a zip file" in box.findChild(QLabel, "errorSummary").text()
    box.reject()
    idle(qtbot, tab)
    assert "mobilenet kl" in names(tab)


@pytest.fixture
def study(runs_root, five_runs) -> Path:
    """The paper's study with one seed, five of whose runs are there and finished."""
    base = set_values(Recipe(), [f"data.path={runs_root / 'sample-set'}", "optimisation.epochs=25"])
    folder = create_study(paper_study(base, name="The paper's"), runs_root)
    for key, run in zip(("teacher", "plain", "kl-0.1", "dist-0.1", "kl-0.1-cl"), five_runs, strict=True):
        folder.note(key, 0, run)
    return folder.path


def test_a_study_stands_beside_the_published_numbers(qtbot, make_tab, study, five_runs, make_run):
    make_run("alone")
    tab = make_tab()
    panel = tab.below.study
    qtbot.waitUntil(lambda: tab.details_ready)
    assert not panel.isVisible()
    tab.bar.filters.choose("study", study.name)
    qtbot.waitUntil(lambda: panel.ready and panel.isVisible() and panel.table.isVisible())
    assert len(names(tab)) == 5
    assert panel.progress.text() == "5 of 24 runs done"
    assert "Not a reproduction" in panel.banner.text
    rows = {row[0].text: row for row in panel.table.shown.rows}
    measured = RunFolder(five_runs[2]).scores()
    assert rows["KL 0.1"][3].values == (measured.weighted_f1, None)
    assert rows["KL 0.1"][4].text == "73.5 %"  # the paper, Table 2
    assert rows["KL 0.1"][5].values[0] == pytest.approx(measured.weighted_f1 - 0.735, abs=5e-4)
    assert rows["KL 0.3"][3].values == (None, None)
    with qtbot.waitSignal(tab.study_resume_requested) as asked:
        panel.resume_button.click()
    assert asked.args == [study]
    for number in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(number)
    assert all(figure.view.figure is not None for figure in (panel.alpha, panel.best, panel.confusion))
    row = [cells[0].text for cells in panel.table.shown.rows].index("DIST 0.1")
    panel.table.table.opened.emit(row)
    qtbot.waitUntil(lambda: selected(tab) == {five_runs[3]} and tab.details.isVisible())
    qtbot.mouseClick(tab.below.study_button, Qt.MouseButton.LeftButton)
    assert panel.isVisible()
    qtbot.waitUntil(lambda: tab.details_ready)


def test_the_study_of_a_heading_is_shown(qtbot, make_tab, study):
    tab = make_tab()
    qtbot.waitUntil(lambda: tab.details_ready)
    tab.bar.filters.group_button.click()
    assert names(tab)[0] == "The paper's: 5 of 24 done"
    tab.table.setCurrentIndex(tab.table.model().index(0, 0))
    panel = tab.below.study
    qtbot.waitUntil(lambda: panel.isVisible() and panel.ready)
    assert panel.folder == study


def test_the_chosen_study_is_shown_though_some_of_its_runs_stay_selected(qtbot, make_tab, study, five_runs, make_run):
    tab = make_tab() if make_run("alone") else None
    qtbot.waitUntil(lambda: tab.details_ready)
    tab.table.selectAll()
    qtbot.waitUntil(lambda: tab.details_ready)
    tab.bar.filters.choose("study", study.name)
    qtbot.waitUntil(lambda: tab.details_ready)
    assert selected(tab) == set(five_runs)
    assert tab.below.study.isVisible()
    tab.table.select((five_runs[1],))
    qtbot.waitUntil(lambda: tab.details_ready)
    assert tab.details.isVisible()


def test_a_study_that_can_not_be_read_says_so(qtbot, make_tab, study, five_runs):
    (study / "study.toml").write_text("name = [")
    tab = make_tab()
    tab.bar.filters.choose("study", study.name)
    panel = tab.below.study
    qtbot.waitUntil(lambda: panel.isVisible() and panel.ready)
    texts = [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]
    assert any("study.toml" in text or "study" in text.lower() for text in texts if "Reading" not in text)
    assert not panel.resume_button.isVisible()


def test_runs_are_dropped_onto_the_tab(qtbot, tab, five_runs, tmp_path):
    five_runs[2].rename(tmp_path / "elsewhere")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "elsewhere")), QUrl("https://example.org/run.zip")])
    buttons = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, mime, *buttons)
    tab.dragEnterEvent(enter)
    assert enter.isAccepted()
    tab.dropEvent(QDropEvent(QPoint(9, 9), Qt.DropAction.CopyAction, mime, *buttons))
    qtbot.waitUntil(lambda: {path.name for path in selected(tab)} == {"elsewhere"})
    text = QMimeData()
    text.setText("words")
    refused = QDragEnterEvent(QPoint(9, 9), Qt.DropAction.CopyAction, text, *buttons)
    refused.ignore()
    tab.dragEnterEvent(refused)
    assert not refused.isAccepted()
