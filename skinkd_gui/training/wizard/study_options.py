"""What is made of the paper's study: seeds, the finer sweep, other teachers."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QSpinBox, QWidget

from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page_widgets import help_label, row
from skinkd_gui.training.wizard.state import Goal
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named

_MOST_SEEDS = 10
_SEEDS_HELP = "More than one shows how much the scores change by chance alone; the paper used one."


class StudyOptions(QWidget):
    """Shown while the goal is the study."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.seeds = named(QSpinBox(minimum=1, maximum=_MOST_SEEDS), "studySeeds", "Times each student is trained")
        label = make_label("Train each student this many times, with other seeds:", buddy=self.seeds)
        self.fine = _box("Also KL at finer steps of alpha (the paper's table 3)", "studyFineSweep")
        self.teachers = _box(
            "Also the paper's other teachers: ResNet50V2 and ResNet101V2 (table 1)", "studyTeacherCandidates"
        )
        column_of(
            row(label, self.seeds, stretch=True),
            help_label(_SEEDS_HELP),
            self.fine,
            self.teachers,
            on=self,
            margins=(24, 2, 0, 6),
        )
        self.seeds.valueChanged.connect(self._changed)
        self.fine.toggled.connect(self._changed)
        self.teachers.toggled.connect(self._changed)
        model.changed.connect(self._refresh)
        self._refresh()

    @Slot()
    def _changed(self) -> None:
        state = self._model.state
        choice = replace(
            state.study,
            seeds=self.seeds.value(),
            fine_sweep=self.fine.isChecked(),
            teacher_candidates=self.teachers.isChecked(),
        )
        if choice != state.study:
            self._model.choose("choice of studies", replace(state, study=choice))

    @Slot()
    def _refresh(self) -> None:
        state = self._model.state
        self.setVisible(state.goal is Goal.STUDY)
        for widget in (self.seeds, self.fine, self.teachers):
            widget.blockSignals(True)
        self.seeds.setValue(state.study.seeds)
        self.fine.setChecked(state.study.fine_sweep)
        self.teachers.setChecked(state.study.teacher_candidates)
        for widget in (self.seeds, self.fine, self.teachers):
            widget.blockSignals(False)


def _box(text: str, name: str) -> QCheckBox:
    return named(QCheckBox(text), name, text)
