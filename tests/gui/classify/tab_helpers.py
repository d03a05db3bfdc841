"""What tests of the Classify tab do with it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QLabel, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from skinkd_gui.classify.classify_tab import ClassifyTab


def child(tab: QWidget, kind: type[QWidget], name: str) -> QWidget:
    found = tab.findChild(kind, name)
    assert found is not None, name
    return found


def button(tab: QWidget, name: str) -> QPushButton:
    found = child(tab, QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def table(tab: QWidget) -> QTableView:
    found = child(tab, QTableView, "classifyTable")
    assert isinstance(found, QTableView)
    return found


def cells(tab: QWidget, column: int) -> list[str]:
    model = table(tab).model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def text(tab: QWidget, name: str) -> str:
    found = child(tab, QLabel, name)
    assert isinstance(found, QLabel)
    return found.text()


def idle(tab: ClassifyTab) -> bool:
    loading = tab._details.busy or tab._images.pictures.loader.busy
    return not (tab._session.busy or tab._facts.busy or tab._catalog.busy or loading)


def classify(qtbot: QtBot, tab: ClassifyTab, paths: list[Path]) -> None:
    tab.add_paths(paths)
    qtbot.waitUntil(lambda: idle(tab) and not tab._images.waiting)
