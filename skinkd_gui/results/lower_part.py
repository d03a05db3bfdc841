"""The lower half of the Results tab: the selected runs or their study, one beside the other where both are there."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QButtonGroup, QStackedWidget, QWidget

from skinkd_gui.results.arranging import StudyFacts
from skinkd_gui.results.details_panel import RunDetailsPanel
from skinkd_gui.results.study_panel import StudyPanel
from skinkd_gui.widgets.empty_state import EmptyState
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of
from skinkd_gui.widgets.parts import make_button


class LowerPart(QWidget):
    """A hint, the details of the selected runs, or a study; two buttons switch where there is a study."""

    def __init__(self, details: RunDetailsPanel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._details = details
        self._facts: StudyFacts | None = None
        self._any_run = False
        self._study_first = False
        self.study = StudyPanel(self)
        self._hint = EmptyState(
            "chart",
            "Choose a run",
            "Select one row above to see how good it is, or several rows (with Ctrl or Shift) to compare them.",
            self,
        )
        self._switch = self._build_switch()
        self._stack = QStackedWidget(self)
        for page in (self._hint, details, self.study):
            self._stack.addWidget(page)
        column_of(self._switch, (self._stack, 1), on=self, margins=0)

    def _build_switch(self) -> QWidget:
        switch = QWidget(self)
        self.study_button = make_button("Study", "showStudyButton", switch)
        self.runs_button = make_button("Selected runs", "showRunsButton", switch)
        group = QButtonGroup(switch)
        for button in (self.study_button, self.runs_button):
            button.setCheckable(True)
            group.addButton(button)
        row_of(self.study_button, self.runs_button, STRETCH, self.study.controls, on=switch, margins=0)
        self.study_button.clicked.connect(self.show_study_first)
        self.runs_button.clicked.connect(self.show_runs_first)
        switch.hide()
        return switch

    def offer(self, facts: StudyFacts | None, any_run: bool) -> None:
        """There is this study (or none) to show, and whether runs are selected."""
        if facts is not None and facts.folder is None:
            facts = None
        self._facts, self._any_run = facts, any_run
        if facts is not None:
            self.study_button.setText(f"Study: {facts.name}")
        self.runs_button.setEnabled(any_run)
        self._update()

    @Slot()
    def show_study_first(self) -> None:
        """Show the study rather than the runs, while there is one."""
        self._study_first = True
        self._update()

    @Slot()
    def show_runs_first(self) -> None:
        """Show the runs rather than the study, while some are selected."""
        self._study_first = False
        self._update()

    def _update(self) -> None:
        facts = self._facts
        study = facts is not None and (self._study_first or not self._any_run)
        self._switch.setVisible(facts is not None)
        self.study_button.setChecked(study)
        self.runs_button.setChecked(not study)
        self.study.controls.setVisible(study)
        if study and facts is not None and facts.folder is not None:
            if self.study.folder != facts.folder:
                self.study.show_study(facts.folder)
            self._stack.setCurrentWidget(self.study)
        else:
            self._stack.setCurrentWidget(self._details if self._any_run else self._hint)
