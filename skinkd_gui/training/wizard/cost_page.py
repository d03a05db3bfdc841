"""Page 7: what the run may use, and what it will cost here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Progress
from core.quantities import duration, file_size
from core.recipe import section_fields
from skinkd_gui.training.wizard import costs
from skinkd_gui.training.wizard.costs import FreeSpace, RunCost
from skinkd_gui.training.wizard.data_widgets import JobProgressRow
from skinkd_gui.training.wizard.fields import FieldForm
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page import WizardPage
from skinkd_gui.training.wizard.page_widgets import Note, card, help_label, row
from skinkd_gui.training.wizard.planning_card import PlanningCard
from skinkd_gui.training.wizard.state import Wanted, WizardState, WizardStep, wanted
from skinkd_gui.training.wizard.texts import devices_text
from skinkd_gui.widgets.labels import make_label, plain_tip
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.workers.job import JobEnd
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from core.training.hardware import DeviceFacts

_ABOUT = "SkinKD runs a few real training steps on this computer and works out how long everything takes."
_COLUMNS = ("Run", "At most", "Per epoch", "Preparing images", "Asking the teacher", "Memory", "Disk")


class CostPage(WizardPage):
    """Device and precision; hours, disk and memory, measured on entering."""

    def __init__(self, model: WizardModel, runs_root: Path, parent: QWidget | None = None) -> None:
        super().__init__(model, WizardStep.COST, _ABOUT, parent)
        self._runs_root = runs_root
        self._measured_for: Wanted | None = None
        self._here = False
        self._listing = JobSlot(self, succeeded=self._on_devices)
        self._measuring = JobSlot(
            self,
            reported=self._on_progress,
            succeeded=self._on_measured,
            failed=self._on_failed,
            ended=self._on_ended,
        )
        self._devices = help_label()
        self._devices.setObjectName("devicesLabel")
        self.form = FieldForm(model, section_fields("hardware"))
        self.column.addWidget(card(self._devices, self.form, title="What the training may use"))
        self._build_cost()
        self.planning = PlanningCard(model)
        self.column.addWidget(self.planning)
        self.column.addStretch(1)
        model.changed.connect(self._refresh)
        self._refresh()

    def entered(self) -> None:
        """Measure, unless that was done for these very settings."""
        self._here = True
        self.planning.work_out()
        if not self._devices.text():
            self._devices.setText("Looking for devices…")
            self._listing.start(_list_devices)
        if self._measured_for != wanted(self.model.state):
            self.measure()

    def left(self) -> None:
        """Go on measuring only while the page is looked at."""
        self._here = False
        self._measuring.cancel()

    @Slot()
    def measure(self) -> None:
        """Start measuring, from the beginning."""
        self._measured_for = None
        self._note.show_text("")
        self._warning.show_text("")
        self._result.hide()
        self._row.begin("Timing real training steps")
        self.again.setEnabled(False)
        self._measuring.start(partial(_measure, self.model.state, self._runs_root))

    def _build_cost(self) -> None:
        self.again = make_button(
            "Measure again", "measureButton", clicked=self.measure, accessible="Measure the cost again"
        )
        box = card()
        box.column.addLayout(row(make_label("What it will cost", "heading"), self.again))
        self.column.addWidget(box)
        self._row = JobProgressRow("measure", "Stop measuring")
        self._row.stopped.connect(self._measuring.cancel)
        self._note = Note("info", "measureNote")
        self._warning = Note("warning", "costWarningLabel")
        self._result = QWidget()
        column = column_of(on=self._result, margins=0, spacing=8)
        self._headline = make_label("", "value", wrap=True, name="costHeadline")
        self._table = named(QTableWidget(0, len(_COLUMNS)), "costTable", "Cost of each run")
        self._table.setHorizontalHeaderLabels(list(_COLUMNS))
        self._table.verticalHeader().hide()
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._how = help_label()
        self._how.setObjectName("costNotes")
        column.addWidget(self._headline)
        column.addWidget(self._table)
        column.addWidget(self._how)
        self._result.hide()
        for widget in (self._row, self._note, self._warning, self._result):
            box.column.addWidget(widget)

    @Slot()
    def _refresh(self) -> None:
        outdated = self._measured_for is not None and self._measured_for != wanted(self.model.state)
        if outdated:
            self._measured_for = None
            self._result.hide()
            self._warning.show_text("")
            if self._here:
                self._note.show_text("The settings have changed since. Measure again to see what they cost.")

    @Slot(object)
    def _on_devices(self, devices: Sequence[DeviceFacts]) -> None:
        self._devices.setText(devices_text(devices))

    @Slot(object)
    def _on_progress(self, event: object) -> None:
        if isinstance(event, Progress):
            self._row.show_progress(event)
            self._row.say("Timing real training steps")

    @Slot(object)
    def _on_measured(self, measured: _Measured) -> None:
        self._measured_for = wanted(measured.state)
        if self._measured_for != wanted(self.model.state):
            self._refresh()
            return
        self._show(measured.costs)
        self.model.update(replace(self.model.state, cost=(self._measured_for, costs.headline(measured.costs))))
        self._warning.show_text("\n\n".join(costs.warnings(measured.costs, measured.free_space)))

    @Slot(object)
    def _on_failed(self, error: SkinKDError) -> None:
        self._note.show_text(f"{error.title}. {error.summary}", "error")

    @Slot(object)
    def _on_ended(self, end: JobEnd) -> None:
        self._row.hide()
        self.again.setEnabled(True)
        if end.cancelled:
            self._note.show_text("Not measured. You can start all the same.", "info")

    def _show(self, measured: tuple[RunCost, ...]) -> None:
        self._headline.setText(costs.headline(measured))
        self._table.setRowCount(len(measured))
        for line, run in enumerate(measured):
            cost = run.cost
            texts = (
                run.name,
                duration(cost.seconds_total_max),
                duration(cost.seconds_per_epoch),
                duration(cost.decode_seconds) if cost.decode_seconds else "–",
                duration(cost.teacher_seconds) if cost.teacher_seconds else "–",
                file_size(cost.memory_bytes),
                file_size(cost.disk_bytes),
            )
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(plain_tip(text))
                if column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self._table.setItem(line, column, item)
        height = self._table.horizontalHeader().sizeHint().height() + 4
        self._table.setFixedHeight(height + sum(self._table.rowHeight(line) for line in range(len(measured))))
        self._how.setText("\n".join(costs.how_measured(measured)))
        self._result.show()


@dataclass(frozen=True)
class _Measured:
    """What was measured, and for which settings."""

    state: WizardState
    costs: tuple[RunCost, ...]
    free_space: FreeSpace


def _measure(state: WizardState, runs_root: Path, emit: Emit, token: CancelToken) -> _Measured:
    """Time a few steps of every planned run."""
    return _Measured(state, costs.measure(state, runs_root, emit, token), costs.free_space(runs_root))


def _list_devices(emit: Emit, token: CancelToken) -> tuple[DeviceFacts, ...]:
    """The devices torch sees; imports torch, which takes a while the first time."""
    from core.training.hardware import list_devices

    return list_devices()
