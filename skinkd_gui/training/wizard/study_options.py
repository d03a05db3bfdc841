"""What is made of the paper's study: seeds, the finer sweep, other teachers, other readings."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QWidget

from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page_widgets import help_label, row
from skinkd_gui.training.wizard.state import Goal, StudyChoice
from skinkd_gui.training.wizard.texts import coverage_text
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.numbers import WholeNumberBox

_MOST_SEEDS = 10
_SEEDS_HELP = "With other seeds: more than one shows how much the scores change by chance alone; the paper used one."
_SPLITS_HELP = (
    "Two studies, one after the other: their difference shows how much of a score is due to images of the same lesion "
    "in training and test."
)
_REDRAWS_HELP = (
    "Twelve runs more with each seed. As we read the paper, its curriculum draws and sorts the images once for all "
    "epochs, which may be part of what it costs."
)


class StudyOptions(QWidget):
    """Shown while the goal is the study."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.seeds = named(
            WholeNumberBox(minimum=1, maximum=_MOST_SEEDS), "studySeeds", "Times each student is trained"
        )
        label = make_label("Trainings of each student:", buddy=self.seeds)
        self.fine = _box("Also KL at finer steps of alpha (the paper's table 3)", "studyFineSweep")
        self.splits = _box("Twice: divided by image, as in the paper, and by lesion", "studyBothSplits")
        self.redraws = _box("Also the curriculum drawn anew for each epoch", "studyBothRedraws")
        self._coverage = help_label()
        self._coverage.setObjectName("studyCoverageLabel")
        self._boxes = {
            "fine_sweep": self.fine,
            "both_splits": self.splits,
            "both_redraws": self.redraws,
        }
        column_of(
            row(label, self.seeds, stretch=True),
            help_label(_SEEDS_HELP),
            self.fine,
            self.splits,
            help_label(_SPLITS_HELP),
            self.redraws,
            help_label(_REDRAWS_HELP),
            self._coverage,
            on=self,
            margins=(24, 2, 0, 6),
        )
        self.seeds.valueChanged.connect(self._changed)
        for box in self._boxes.values():
            box.toggled.connect(self._changed)
        model.changed.connect(self._refresh)
        self._refresh()

    @Slot()
    def _changed(self) -> None:
        state = self._model.state
        ticked = {name: box.isChecked() for name, box in self._boxes.items()}
        choice = StudyChoice(seeds=self.seeds.value(), **ticked)
        if choice != state.study:
            self._model.choose("choice of studies", replace(state, study=choice))

    @Slot()
    def _refresh(self) -> None:
        state = self._model.state
        self.setVisible(state.goal is Goal.STUDY)
        for widget in (self.seeds, *self._boxes.values()):
            widget.blockSignals(True)
        self.seeds.setValue(state.study.seeds)
        for name, box in self._boxes.items():
            box.setChecked(getattr(state.study, name))
        for widget in (self.seeds, *self._boxes.values()):
            widget.blockSignals(False)
        self._coverage.setText(coverage_text(state))
        self._coverage.setVisible(bool(self._coverage.text()))


def _box(text: str, name: str) -> QCheckBox:
    return named(QCheckBox(text), name, text)
