"""Scores of a run by age band, sex and site: figure and table. Rows open the images of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from core.reporting.picking import RowPick
from core.reporting.tables import subgroups_table
from core.runs.status import RunSummary
from skinkd_gui.results.figure_panel import FigurePanel
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.run_chooser import RunChooser
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.layouts import column_of, split

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.evaluation.subgroups import Subgroup
    from core.reporting.style import FigureStyle

_UNKNOWN = (
    "Nothing is known of the age, sex or site of the people in these test images. They are read from the data set's "
    "metadata when a training starts; runs made by an older version do not have them."
)
_HINT = (
    "Double-click a row to see its images. Groups differ in which diseases they have, not only in how well the model "
    "does on them."
)


class SubgroupsPanel(QWidget):
    """Shows the run in front."""

    run_chosen = Signal(object)  # the folder of the run to show
    group_asked = Signal(object, str, str)  # RunSummary, kind and name of the group whose images are wanted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("subgroupsPanel")
        self._run: RunSummary | None = None
        self._groups: tuple[Subgroup, ...] = ()
        self.figure_panel = FigurePanel("Weighted F1 by age, sex and site", "subgroups", self)
        self.figure_panel.set_clickable("Click to see the images of this group")
        self.figure_panel.picked.connect(self._open_pick)
        self.runs = RunChooser("subgroupsRun", "The run whose groups are shown", self)
        self.runs.chosen.connect(self.run_chosen)
        self.figure_panel.add_control(self.runs)
        self.table_panel = TablePanel("Groups", "subgroups", "Scores by age, sex and site", self)
        self.table_panel.table.opened.connect(self._open_row)
        column_of(split(self.figure_panel, self.table_panel, sizes=(580, 640), parent=self), on=self)

    def show_runs(self, shown: Shown) -> None:
        """Show the groups of the run in front."""
        run = self._run = shown.current
        known = shown.known(run)
        groups = self._groups = () if known is None else known.subgroups
        self.runs.offer(shown, shown.together, run)
        title = shown.title(run)

        def build(style: FigureStyle) -> Figure:
            from core.reporting.comparison_figures import subgroup_plot

            return subgroup_plot(groups, style)

        text = _UNKNOWN if shown.evidence(run) is not None else shown.why_not(run)
        self.figure_panel.set_figure(build if groups else None, f"groups-{title}", text)
        self.table_panel.setVisible(bool(groups))
        self.table_panel.set_table(subgroups_table(groups, title), f"groups-{title}", _HINT)

    @Slot(object)
    def _open_pick(self, pick: object) -> None:
        if isinstance(pick, RowPick) and self._run is not None:
            self.group_asked.emit(self._run, pick.kind, pick.name)

    @Slot(int)
    def _open_row(self, row: int) -> None:
        if self._run is not None and row < len(self._groups):
            self.group_asked.emit(self._run, self._groups[row].kind, self._groups[row].name)
