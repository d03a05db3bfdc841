"""Chooses which of the selected runs a panel shows; all panels follow."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QWidget

from core.reporting.short_text import shorten
from core.runs.status import RunSummary
from skinkd_gui.results.shown import Shown

_LONGEST = 34


class RunChooser(QComboBox):
    """Hidden while there is nothing to choose."""

    chosen = Signal(object)  # the folder of a run

    def __init__(self, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(16)
        self.activated.connect(self._choose)

    def offer(self, shown: Shown, runs: Sequence[RunSummary], now: RunSummary | None) -> None:
        """List runs; `now` is the one in front."""
        with QSignalBlocker(self):
            self.clear()
            for run in runs:
                mark = " (baseline)" if shown.is_baseline(run) else ""
                self.addItem(f"{shorten(shown.title(run), _LONGEST)}{mark}", run.folder)
                if now is not None and run.folder == now.folder:
                    self.setCurrentIndex(self.count() - 1)
        self.setVisible(len(runs) > 1)

    @Slot(int)
    def _choose(self, index: int) -> None:
        self.chosen.emit(self.itemData(index))
