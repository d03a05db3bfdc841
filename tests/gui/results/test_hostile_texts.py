"""Names and notes that strangers gave are shown word by word: never as mark-up, in labels, tool tips and questions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QLabel, QWidget
from pytestqt.qtbot import QtBot

from core.runs.annotations import Annotations, write_annotations
from core.runs.folder import RunFolder
from core.runs.listing import list_runs
from core.runs.status import RunState
from skinkd_gui.main_window import MainWindow
from skinkd_gui.results.bin import ask_about_bin
from skinkd_gui.widgets.labels import plain_tip
from skinkd_gui.workers.job import running_jobs

MakeRun = Callable[..., Path]
ROOT = Path(__file__).resolve().parents[3]
HOSTILE = "<img src='file:///etc/hostname'><b>bold</b>"


def shown_texts(window: QWidget) -> Iterator[str]:
    """What labels and tool tips of a window would show as mark-up, and what they show as text."""
    for label in window.findChildren(QLabel):
        if label.textFormat() is not Qt.TextFormat.PlainText:
            yield label.text()
    for widget in window.findChildren(QWidget):
        yield widget.toolTip()
    for view in window.findChildren(QAbstractItemView):
        if view.model() is not None:
            yield from _tips(view.model(), QModelIndex())


def _tips(model: QAbstractItemModel, parent: QModelIndex) -> Iterator[str]:
    columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(parent)  # there it is private
    for row in range(model.rowCount(parent)):
        for column in range(columns):
            index = model.index(row, column, parent)
            yield str(model.data(index, Qt.ItemDataRole.ToolTipRole) or "")
            yield from _tips(model, index) if column == 0 else ()


def test_the_window_shows_hostile_names_as_text(qtbot: QtBot, make_tested: MakeRun, make_run: MakeRun) -> None:
    runs = [make_tested("a"), make_tested("b"), make_run("c", state=RunState.FAILED, message=HOSTILE)]
    runs.append(make_run("d", state=RunState.STOPPED))
    for place, run in enumerate(runs):
        write_annotations(run, Annotations((HOSTILE[:30],), HOSTILE))
        RunFolder(run).set_status(name=f"{HOSTILE} {place}")
    window = MainWindow(runs[0].parent)
    qtbot.addWidget(window)
    window.show()
    window.tabs.setCurrentWidget(window.results_tab)
    qtbot.waitUntil(lambda: any(HOSTILE in name for name in _names(window)))
    found: list[str] = []
    for run in runs:
        window.results_tab.select_run(run)
        qtbot.waitUntil(lambda: not running_jobs())
        found += shown_texts(window)
    assert [text for text in found if "<img" in text] == []
    assert any("&lt;img" in text for text in found)  # the tips are there, word by word
    box = ask_about_bin(window, list_runs(runs[0].parent))
    texts = [(label.text(), label.textFormat()) for label in box.findChildren(QLabel) if HOSTILE in label.text()]
    assert texts
    assert {kind for _, kind in texts} == {Qt.TextFormat.PlainText}
    box.reject()
    window.close_without_asking()
    qtbot.waitUntil(lambda: not window.isVisible())


def _names(window: MainWindow) -> list[str]:
    found: list[str] = []
    for view in window.results_tab.findChildren(QAbstractItemView):
        model = view.model()
        for row in range(model.rowCount() if model is not None else 0):
            found += [str(model.index(row, column).data() or "") for column in range(model.columnCount())]
    return found


def test_a_tip_with_mark_up_is_shown_word_by_word() -> None:
    assert "<img" not in plain_tip(HOSTILE)
    assert plain_tip("plain & simple\nnext line") == "plain & simple\nnext line"


def test_only_fixed_words_are_shown_by_labels_that_look_for_mark_up() -> None:
    """Everything else goes through `make_label`, which does not."""
    found = []
    for file in sorted((ROOT / "skinkd_gui").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "QLabel":
                variable = [item for item in node.args if isinstance(item, ast.JoinedStr)]
                found += [f"{file.name}: {node.lineno}" for _ in variable]
    assert found == []
