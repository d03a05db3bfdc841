"""The row above the table of runs: search, how many there are, and what can be done with the selected ones."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QTableView, QWidget

from skinkd_gui.results.figure_panel import make_button
from skinkd_gui.widgets.labels import make_label


class RunsBar(QWidget):
    """Actions that are buttons here and the context menu of the table; whoever makes it connects and enables them."""

    def __init__(self, table: QTableView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit(self)
        self.search.setObjectName("runsSearch")
        self.search.setAccessibleName("Search the runs")
        self.search.setPlaceholderText("Search by name, kind, data, state or model")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(280)
        self._count = make_label("", "muted", self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self.search, 2)
        self._row.addWidget(self._count, 1)
        self.open_folder = self._add(table, "Open folder", "runsOpenButton", "Show the files in the file manager")
        self.resume = self._add(table, "Resume", "runsResumeButton", "Go on with a run that stopped or failed")
        self.save_table = self._add(table, "Save table...", "runsTableButton", "Save the runs shown as CSV")
        self.bin = self._add(
            table, "Move to bin...", "runsBinButton", "Move the selected runs to the system's bin", danger=True
        )
        self.bin.setShortcut(QKeySequence.StandardKey.Delete)
        self.bin.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)

    def say_count(self, shown: int, every: int) -> None:
        """Say how many runs there are, and how many the search leaves."""
        runs = "1 run" if every == 1 else f"{every:,} runs"
        self._count.setText(runs if shown == every else f"{shown:,} of {runs}")

    def _add(self, table: QTableView, text: str, name: str, tip: str, *, danger: bool = False) -> QAction:
        action = QAction(text, table)
        table.addAction(action)
        button = make_button(text, name, self)
        button.setToolTip(tip)
        button.setProperty("danger", danger)
        button.clicked.connect(action.trigger)
        action.enabledChanged.connect(button.setEnabled)
        self._row.addWidget(button)
        return action
