"""Chooses the run that the others are compared with."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from core.reporting.short_text import shorten
from skinkd_gui.results.shown import Shown

_LONGEST = 26
_MOST_LISTED = 15


class BaselineButton(QPushButton):
    """Says which run is the baseline; its menu pins another."""

    chosen = Signal(object)  # the folder of the run to pin, or None for none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Baseline", parent)
        self.setObjectName("baselineButton")
        self.setAccessibleName("Baseline")
        self.setAutoDefault(False)
        self.setProperty("flat", True)
        self._menu = QMenu(self)
        self._menu.setObjectName("baselineMenu")
        self.setMenu(self._menu)

    def show_runs(self, shown: Shown) -> None:
        """Say the baseline and list the runs that can become it."""
        name = "none" if shown.baseline is None else shorten(shown.title(shown.baseline), _LONGEST)
        chosen = "" if shown.baseline is None or shown.pinned else " (automatic)"
        self.setText(f"Baseline: {name}{chosen}")
        self.setAccessibleDescription(self.text())
        self.setToolTip(
            "The run that the others are compared with; it stays until you choose another."
            if shown.pinned
            else "No run is pinned: of several runs the plain student or the oldest is the baseline. Choose one here."
        )
        self._menu.clear()
        for run in shown.runs[:_MOST_LISTED]:
            pinned = shown.pinned and shown.is_baseline(run)
            action = QAction(f"Use “{shorten(shown.title(run), 40)}” as baseline", self._menu)
            action.setData(run.folder)
            action.setEnabled(run.scores is not None and not pinned)
            action.triggered.connect(self._choose)
            self._menu.addAction(action)
        self._menu.addSeparator()
        none = QAction("Pin no baseline", self._menu, enabled=shown.pinned)
        none.triggered.connect(self._choose_none)
        self._menu.addAction(none)

    @Slot()
    def _choose(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.chosen.emit(action.data())

    @Slot()
    def _choose_none(self) -> None:
        self.chosen.emit(None)
