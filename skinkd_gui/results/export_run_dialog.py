"""Asks how a run goes into a zip file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QDialogButtonBox, QWidget

from core.quantities import file_size
from core.runs.folder import RunFolder
from core.runs.status import RunSummary
from skinkd_gui.widgets.fitting import in_text
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import PassingDialog

_WIDTH = 520  # pixels at 100 % of text


class ExportRunDialog(PassingDialog):
    """With or without the checkpoint. Call `open`; `accepted` means that a file is to be chosen."""

    def __init__(self, parent: QWidget, run: RunSummary) -> None:
        super().__init__(parent, "exportRunDialog", "Export run")
        self.run = run
        size = _size_of(RunFolder(run.folder).checkpoint_folder)
        self.checkpoint = named(
            QCheckBox(f"With the checkpoint ({file_size(size)})", self),
            "exportCheckpointBox",
            "With the checkpoint",
            "Needed only to go on with the training on the other computer",
        )
        self.checkpoint.setEnabled(size > 0)
        self.checkpoint.setChecked(size > 0 and run.resumable)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        choose = buttons.addButton("Choose file...", QDialogButtonBox.ButtonRole.AcceptRole)
        choose.setObjectName("exportRunOk")
        choose.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = column_of(make_label(f"Export “{run.status.name}”", "heading", self, wrap=True), on=self, spacing=12)
        for text in (
            "One zip file with the model, the scores, all predictions on the test images, the split, your tags and "
            "notes. SkinKD on another computer opens it with “Import runs...”.",
            "No image goes with it. The names of the images and the folder that they were in on this computer do: "
            "they say which data were used. Look through them before you give the file to others.",
        ):
            layout.addWidget(make_label(text, "", self, wrap=True))
        layout.addWidget(self.checkpoint)
        layout.addWidget(buttons)
        self.be_as_high_as_needed(in_text(_WIDTH))


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
