"""Go on with a run whose data or teacher were moved, or under another value of what may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QWidget,
)

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.recipe import FieldSpec, value_of
from core.recipe.fields import resumable_fields
from core.runs.folder import RunFolder
from core.runs.listing import summarise
from skinkd_gui.training.wizard.editors import FieldEditor, make_editor
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.fitting import Scrolled, ScrolledBody, in_text
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of
from skinkd_gui.widgets.parts import PassingDialog, make_button
from skinkd_gui.workers.job_slot import JobSlot, shut_down_jobs

_WIDTH = 620  # pixels at 100 % of text
_TEXT = (
    "The run goes on from its last checkpoint. What may change without making it another experiment can be set here, "
    "and it is recorded under which settings each epoch was trained. All other settings stay as they were: for others, "
    "start a new training."
)


@dataclass(frozen=True)
class ResumeChanges:
    """What the user changed: the data's and the teacher's new place (None and "" where they stay), and assignments."""

    data: Path | None
    teacher: str
    assignments: tuple[str, ...]


class ResumeDialog(PassingDialog):
    """Call `open`. The changes are checked against the run's checkpoint before the dialog closes.

    Raises `SkinKDError` when the run's recipe can not be read.
    """

    amended = Signal(object)  # Path of the run's folder; it can go on

    def __init__(self, parent: QWidget, folder: Path) -> None:
        super().__init__(parent, "resumeDialog", "Resume with changes")
        self._folder = folder
        self._recipe = RunFolder(folder).recipe()
        self._checking = JobSlot(self, succeeded=self._on_amended, failed=self._on_failed, ended=self._on_ended)
        self._values: dict[str, Any] = {}
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        self.data = QLineEdit(self._recipe.data.path, self)
        self._add_path("Data folder", "resumeData", self.data, {"Choose folder...": self._choose_data})
        self.teacher = QLineEdit(self._recipe.teacher.run, self)
        if self._recipe.needs_teacher:
            ways = {"Choose run...": self._choose_teacher, "Choose file...": self._choose_teacher_file}
            self._add_path("Teacher", "resumeTeacher", self.teacher, ways)
        else:
            self.teacher.hide()
        self.editors = {spec.key: self._add_editor(spec) for spec in resumable_fields() if self._may_edit(spec)}
        self._lay_out()

    def _may_edit(self, spec: FieldSpec) -> bool:
        """Texts are the places above; the teacher's settings only matter where there is one."""
        return spec.kind != "text" and (self._recipe.needs_teacher or not spec.key.startswith("teacher."))

    def _lay_out(self) -> None:
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.go_on = self._buttons.addButton("Resume", QDialogButtonBox.ButtonRole.AcceptRole)
        self.go_on.setObjectName("resumeDialogOk")
        self.go_on.setDefault(True)
        self._buttons.accepted.connect(self._check)
        self._buttons.rejected.connect(self.reject)
        name = summarise(RunFolder(self._folder)).status.name
        body = ScrolledBody(self)
        column_of(
            make_label(f"Go on with {name}", "heading", self, wrap=True),
            make_label(_TEXT, "", self, wrap=True),
            self._grid,
            STRETCH,
            on=body,
            margins=(0, 0, 8, 0),
            spacing=12,
        )
        column_of((Scrolled(body, "resumeScroll", self), 1), self._buttons, on=self, spacing=12)
        self.be_as_high_as_needed(in_text(_WIDTH))

    def _add_path(self, title: str, name: str, edit: QLineEdit, ways: Mapping[str, Callable[[], None]]) -> None:
        """A row with a path and buttons to choose another."""
        edit.setObjectName(name)
        edit.setAccessibleName(title)
        row = QHBoxLayout()
        row.addWidget(edit, 1)
        for text, slot in ways.items():
            place = text.removesuffix("...").title().replace(" ", "")
            row.addWidget(make_button(text, name + place, self, slot, accessible=f"{title}: {text}"))
        self._add_row(title, edit, row)

    def _add_row(self, title: str, buddy: QWidget, content: QWidget | QHBoxLayout) -> None:
        label = make_label(title, "", self, buddy=buddy)
        row = self._grid.rowCount()
        self._grid.addWidget(label, row, 0)
        if isinstance(content, QWidget):
            self._grid.addWidget(content, row, 1)
        else:
            self._grid.addLayout(content, row, 1)

    def _add_editor(self, spec: FieldSpec) -> FieldEditor:
        editor = make_editor(spec, self)
        editor.show_value(value_of(self._recipe, spec.key))
        editor.edited.connect(self._on_edited)
        self._add_row(spec.title, editor.focusProxy() or editor, editor)
        return editor

    @Slot(object)
    def _on_edited(self, value: object) -> None:
        editor = self.sender()
        if isinstance(editor, FieldEditor):
            self._values[editor.spec.key] = value

    @property
    def changes(self) -> ResumeChanges:
        """What the user changed so far."""
        data, teacher = self.data.text().strip(), self.teacher.text().strip()
        edited = {key: value for key, value in self._values.items() if value != value_of(self._recipe, key)}
        return ResumeChanges(
            Path(data) if data and data != self._recipe.data.path else None,
            teacher if teacher != self._recipe.teacher.run else "",
            tuple(f"{key}={value}" for key, value in edited.items()),
        )

    @Slot()
    def _choose_data(self) -> None:
        self._take(self.data, QFileDialog.getExistingDirectory(self, "The folder where the run's images are now"))

    @Slot()
    def _choose_teacher(self) -> None:
        self._take(self.teacher, QFileDialog.getExistingDirectory(self, "The folder of the run's teacher"))

    @Slot()
    def _choose_teacher_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "The teacher's model", "", "Models (*.safetensors)")
        self._take(self.teacher, name)

    def _take(self, edit: QLineEdit, text: str) -> None:
        if text:
            edit.setText(text)

    @Slot()
    def _check(self) -> None:
        if self._checking.running:
            return
        folder, changes = self._folder, self.changes

        def work(emit: Emit, token: CancelToken) -> Path:
            from core.runs.amending import amend

            amend(RunFolder(folder), data=changes.data, teacher=changes.teacher, assignments=changes.assignments)
            return folder

        self.go_on.setEnabled(False)
        self._checking.start(work)

    @Slot(object)
    def _on_amended(self, folder: Path) -> None:
        self.amended.emit(folder)
        self.accept()

    @Slot(object)
    def _on_failed(self, error: SkinKDError) -> None:
        show_error(self, error)

    @Slot()
    def _on_ended(self) -> None:
        self.go_on.setEnabled(True)

    def done(self, result: int) -> None:
        """Qt's; waits for the check where the user gives up meanwhile."""
        if result == QDialog.DialogCode.Rejected:
            shut_down_jobs(self)
        super().done(result)
