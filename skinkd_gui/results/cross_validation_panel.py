"""Candidates by their mean validation scores, and the one use of the test part: for the candidate that is chosen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QProgressBar, QWidget

from core.events import CancelToken, Emit, Event, Progress
from core.reporting.cross_validation_tables import chosen_sentence, cross_validation_table, sentence_of_test_part
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.widgets.question import Question, QuestionButton, ask
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from core.study.cross_validation import CrossValidation
    from core.study.test_part import UseOfTestPart

_PROGRESS_WIDTH = 160  # pixels
_TEST = "Evaluate the chosen model on the test part..."


class CrossValidationPanel(QWidget):
    """The table, a choice among the finished candidates, and the button that tests the chosen one."""

    tested = Signal()  # the test part was used; or that was interrupted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("crossValidationPanel")
        self._folder: Path | None = None
        self._testing = JobSlot(self, reported=self._show_progress, ended=self._end)
        self.state = Banner(self)
        self.state.setObjectName("testPartBanner")
        self.table = TablePanel("Cross-validation", "crossValidation", "Candidates by validation scores", self)
        self.candidates = named(QComboBox(self), "chosenCandidate", "The candidate that you choose")
        self.test_button = make_button(_TEST, "testCandidateButton", self, clicked=self._ask)
        self.progress = named(QProgressBar(self), "testPartProgress", "How far the test has come")
        self.progress.setFixedWidth(_PROGRESS_WIDTH)
        self.progress.setVisible(False)
        for widget in (self.progress, self.candidates, self.test_button):
            self.table.add_control(widget)
        column_of(self.state, (self.table, 1), on=self, margins=0)

    @property
    def ready(self) -> bool:
        """Whether no test is at work."""
        return not self._testing.running

    def show_candidates(self, folder: Path, name: str, validated: CrossValidation) -> None:
        """Show what the study in `folder` found."""
        self._folder = folder
        used = validated.use is not None
        table = cross_validation_table(validated)
        self.table.set_heading(table.title)
        said = (sentence_of_test_part(validated), chosen_sentence(validated))
        shown = replace(table, notes=tuple(note for note in table.notes if note not in said))
        self.table.set_table(shown, f"cross-validation-{name}")
        self.state.show_message(" ".join(said), "warning" if used else "success")
        chosen = validated.tested if used else validated.best
        before = self.candidates.currentData()
        self.candidates.clear()
        for item in validated.candidates:
            if item.complete and not item.teacher and (not used or item is validated.tested):
                self.candidates.addItem(item.title, item.key)
        wanted = self.candidates.findData(before if before is not None and not used else chosen and chosen.key)
        self.candidates.setCurrentIndex(max(0, wanted))
        done = validated.use is not None and bool(validated.use.finished)
        for widget in (self.candidates, self.test_button):
            widget.setVisible(not done and self.candidates.count() > 0)

    @Slot()
    def _ask(self) -> None:
        title = self.candidates.currentText()
        question = Question(
            "testPartQuestion",
            "Test part",
            f"Evaluate {title} on the test part?",
            "This can be done once, for one candidate, and is noted with its time: a second one would be chosen by "
            "test scores. Choose by the validation scores.",
            QuestionButton("Evaluate", "testPartYes"),
            QuestionButton("Not yet", "testPartNo"),
        )
        ask(self, question).accepted.connect(self._test)

    @Slot()
    def _test(self) -> None:
        if self._folder is None or self._testing.running:
            return
        self.test_button.setEnabled(False)
        self.progress.setRange(0, 0)
        self.progress.setVisible(True)
        self._testing.start(partial(_use, self._folder, str(self.candidates.currentData())))

    @Slot(object)
    def _show_progress(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress.setRange(0, event.total)
            self.progress.setValue(event.done)

    @Slot(object)
    def _end(self, _end: object) -> None:
        self.progress.setVisible(False)
        self.test_button.setEnabled(True)
        self.tested.emit()


def _use(folder: Path, candidate: str, emit: Emit, token: CancelToken) -> UseOfTestPart:
    from core.study.folder import StudyFolder
    from core.study.test_part import use_test_part

    return use_test_part(StudyFolder(folder), candidate, emit, token)
