"""What the test of the planned runs will be able to show: seeds and test images for differences of 0.5, 1, 2 points."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.reporting.planning_table import planning_table
from core.reporting.table import ResultsTable
from skinkd_gui.results.plain_table import PlainTable
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page_widgets import card, help_label
from skinkd_gui.training.wizard.preview import usable_part
from skinkd_gui.training.wizard.state import WizardState, comparisons_of
from skinkd_gui.widgets.layouts import column_of
from skinkd_gui.workers.job_slot import JobSlot


class PlanningCard(QWidget):
    """Works it out when it is asked to, in a job."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._job = JobSlot(self, succeeded=self._take, failed=self._fail)
        self._notes = help_label()
        self._notes.setObjectName("planningNotes")
        self._table = PlainTable("planningTable", "Test images and seeds that a difference takes")
        column_of(card(self._table, self._notes, title="What the test can show"), on=self, margins=0)
        self.hide()

    def work_out(self) -> None:
        """For the state as it is now."""
        state = self._model.state

        def work(emit: Emit, token: CancelToken) -> ResultsTable:
            return what_a_test_shows(state)

        self._job.start(work)

    @Slot(object)
    def _take(self, table: ResultsTable) -> None:
        self._table.fill(table)
        self._table.show_all_rows()
        self._notes.setText("\n".join(table.notes))
        self.setVisible(bool(table.rows))

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        self.hide()  # the page with the data says why they can not be divided


def what_a_test_shows(state: WizardState) -> ResultsTable:
    """The table for the planned runs and the test images that they will have; without rows where there are none."""
    from core.data.splitting import count_test_groups

    if state.dataset is None:
        return ResultsTable("")
    images = count_test_groups(usable_part(state.dataset, state.excluded), state.recipe.data)
    seeds = state.study.seeds if comparisons_of(state) > 1 else 1
    return planning_table(seeds, comparisons_of(state), images) if images else ResultsTable("")
