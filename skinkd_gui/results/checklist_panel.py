"""The checklists of journals, as the run in front fills them."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QWidget

from core.reporting.checklists import checklist_table
from core.reporting.table import ResultsTable
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.run_chooser import RunChooser
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import make_button

_SAID = 3
"""The column of what is said, the long one."""


class ChecklistPanel(QWidget):
    """One checklist as a table, and the way to the form that fills what the program can not."""

    run_chosen = Signal(object)  # the folder of the run to show
    form_asked = Signal(object)  # the RunSummary whose form is to be filled

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("checklistPanel")
        self._shown: Shown | None = None
        self.table_panel = TablePanel("Checklist", "checklist", "Checklist of a journal", self)
        self.table_panel.table.set_stretched(_SAID)
        self.runs = RunChooser("checklistRun", "The run whose checklist is shown", self)
        self.runs.chosen.connect(self.run_chosen)
        self.which = named(QComboBox(self), "checklistCombo", "Which checklist is shown")
        self.which.activated.connect(self._show_table)
        self.form_button = make_button("Describe the study...", "checklistFormButton", self, self._ask_form)
        for widget in (self.runs, self.which, self.form_button):
            self.table_panel.add_control(widget)
        column_of(self.table_panel, on=self)

    def show_runs(self, shown: Shown) -> None:
        """Show the checklists of the run in front."""
        self._shown = shown
        self.runs.offer(shown, shown.together, shown.current)
        known = shown.known(shown.current)
        filled = () if known is None else known.checklists
        if self.which.count() != len(filled):
            self.which.clear()
            self.which.addItems([each.checklist.title for each in filled])
        self.which.setEnabled(bool(filled))
        self._show_table()

    @Slot()
    def _show_table(self) -> None:
        known = None if self._shown is None else self._shown.known(self._shown.current)
        if self._shown is None or known is None or not known.checklists:
            self.table_panel.set_table(ResultsTable(""), "checklist")
            self.table_panel.set_heading("Checklist")
            return
        filled = known.checklists[max(0, self.which.currentIndex())]
        self.table_panel.set_heading(f"{filled.checklist.title} of {self._shown.title(self._shown.current)}")
        self.table_panel.set_table(checklist_table(filled), filled.checklist.key)

    @Slot()
    def _ask_form(self) -> None:
        if self._shown is not None:
            self.form_asked.emit(self._shown.current)
