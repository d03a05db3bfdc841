"""What is asked before facts of patients are taken from the names of folders, or from DICOM elements."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QWidget

from core.inference.patients.dicom_elements import TITLES
from core.inference.patients.facts import FIELDS
from core.visible_text import visible
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.parts import PassingDialog, make_button

_MOST_LEVELS = 6
_SIZE = QSize(460, 300)


class FolderLevelsDialog(PassingDialog):
    """Which folder above an image says what; call `open`."""

    taken = Signal(object)  # dict[str, int]: how many folders above an image each fact stands

    def __init__(self, parent: QWidget | None, sample: Path) -> None:
        super().__init__(parent, "patientFoldersDialog", "From the names of folders", _SIZE)
        grid = QGridLayout()
        self.boxes: dict[str, QComboBox] = {}
        names = [folder.name for folder in sample.absolute().parents if folder.name][:_MOST_LEVELS]
        for row, name in enumerate(FIELDS):
            box = named(QComboBox(self), f"patientFolder{name.title()}", f"The folder that says the {name}")
            box.addItem("no folder", 0)
            for level, folder in enumerate(names, 1):
                above = "the image's own folder" if level == 1 else f"{level} folders up"
                box.addItem(f"{visible(folder)}   ({above})", level)
            grid.addWidget(make_label(f"&{name.title()}:", "", self, buddy=box), row, 0)
            grid.addWidget(box, row, 1)
            self.boxes[name] = box
        grid.setColumnStretch(1, 1)
        column_of(
            make_label("Which folder says whose picture it is? The names are those of the first image:", "", self,
            wrap=True), make_label(breakable(visible(str(sample))), "small", self, wrap=True),
            grid,
            STRETCH,
            row_of(STRETCH, *_buttons(self, "patientFolders")),
            on=self,
        )  # fmt: skip

    def accept(self) -> None:
        """Take the levels that were chosen."""
        levels = {name: int(box.currentData()) for name, box in self.boxes.items() if box.currentData()}
        super().accept()
        if levels:
            self.taken.emit(levels)


class DicomElementsDialog(PassingDialog):
    """Which DICOM elements are read; none is ticked before."""

    taken = Signal(object)  # tuple[str, ...]: the names of the facts

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent, "patientDicomDialog", "From DICOM files", _SIZE)
        self.ticks = {
            name: named(QCheckBox(f"{name.title()}: {title}", self), f"patientDicom{name.title()}", title)
            for name, title in TITLES.items()
        }
        column_of(
            make_label("Only what you tick is read from the files. A patient's name never is.", "", self, wrap=True),
            *self.ticks.values(),
            STRETCH,
            row_of(STRETCH, *_buttons(self, "patientDicom")),
            on=self,
        )

    def accept(self) -> None:
        """Take what was ticked."""
        ticked = tuple(name for name, tick in self.ticks.items() if tick.isChecked())
        super().accept()
        if ticked:
            self.taken.emit(ticked)


def _buttons(dialog: PassingDialog, name: str) -> tuple[QWidget, QWidget]:
    take = make_button("&Fill in", f"{name}Fill", dialog, dialog.accept, primary=True)
    take.setDefault(True)
    return take, make_button("Cancel", f"{name}Cancel", dialog, dialog.reject)
