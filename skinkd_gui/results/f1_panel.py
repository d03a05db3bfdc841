"""F1 of each class for one or several runs: figure and table side by side. Bars and rows open the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from core.reporting.picking import BarPick
from core.reporting.table import ResultsTable
from core.reporting.tables import class_f1_table, per_class_table
from core.runs.status import RunSummary
from skinkd_gui.results.details import UNTESTED
from skinkd_gui.results.figure_panel import FigurePanel
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.layouts import column_of, split

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle

MOST_DRAWN = 8
"""So many runs are drawn at once; more colours can not be told apart."""

_RUN_COLUMNS = 2
"""The column of the first run in the table of several runs."""


class F1Panel(QWidget):
    """Takes runs, shows those that have scores."""

    class_asked = Signal(object, str)  # RunSummary and class code: its images are wanted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("f1Panel")
        self._scored: tuple[RunSummary, ...] = ()
        self._shown: Shown | None = None
        self.figure_panel = FigurePanel("F1 of each class, on the test images", "f1", self)
        self.figure_panel.set_clickable("Click to see the images of this class")
        self.figure_panel.picked.connect(self._open_bar)
        self.table_panel = TablePanel("Scores of each class", "f1", "Scores of each class on the test images", self)
        self.table = self.table_panel.table
        self.table.setObjectName("perClassTable")
        self.table.opened.connect(self._open_row)
        splitter = split(self.figure_panel, self.table_panel, sizes=(560, 680), parent=self)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 0)
        column_of(splitter, on=self)

    def show_runs(self, shown: Shown) -> None:
        """Show the runs that have test scores, the baseline first."""
        self._shown = shown
        self._scored = tuple(run for run in shown.together if run.scores is not None)
        drawn = self._scored[:MOST_DRAWN]

        def build(style: FigureStyle) -> Figure:
            from core.reporting.figures import BarRun, per_class_bars

            runs = [
                BarRun(shown.title(run), run.scores, shown.intervals(run), shown.role(run))
                for run in drawn
                if run.scores is not None
            ]
            return per_class_bars(runs, style)

        one = len(self._scored) == 1
        stem = f"f1-{drawn[0].status.name}" if one else "f1-of-runs"
        self.figure_panel.set_figure(build if drawn else None, stem, UNTESTED)
        stem = f"classes-{self._scored[0].status.name}" if one else "classes-of-runs"
        self.table_panel.set_table(self._table(shown), stem, self._hint())

    def _table(self, shown: Shown) -> ResultsTable:
        runs = [shown.scored(run) for run in self._scored]
        if not runs:
            return ResultsTable("")
        return per_class_table(runs[0]) if len(runs) == 1 else class_f1_table(runs)

    def _hint(self) -> str:
        scored = len(self._scored)
        drawn = f"The first {MOST_DRAWN} of {scored} runs are drawn; the table has all. " if scored > MOST_DRAWN else ""
        return f"{drawn}Double-click a row to see its images."

    @Slot(object)
    def _open_bar(self, pick: object) -> None:
        if isinstance(pick, BarPick) and pick.run < len(self._scored):
            self.class_asked.emit(self._scored[pick.run], pick.code)

    @Slot(int)
    def _open_row(self, row: int) -> None:
        if self._shown is None or not self._scored:
            return
        column = self.table.currentColumn() - _RUN_COLUMNS if len(self._scored) > 1 else -1
        run = self._scored[column] if 0 <= column < len(self._scored) else self._in_front()
        code = self.table_panel.shown.rows[row][0].values[0]
        self.class_asked.emit(run, str(code))

    def _in_front(self) -> RunSummary:
        current = None if self._shown is None else self._shown.current
        return next((run for run in self._scored if current is not None and run.folder == current.folder),
                    self._scored[0])  # fmt: skip
