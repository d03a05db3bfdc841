"""A run's recipe as text, to read, copy or save."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QApplication, QCheckBox, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from core.errors import SkinKDError
from core.reporting.style import shorten
from core.runs.status import RunSummary
from skinkd_gui.results.details import recipe_text
from skinkd_gui.results.exporting import ask_for_file
from skinkd_gui.results.figure_panel import make_button
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.labels import make_label


class RecipePanel(QWidget):
    """Everything that defines the run; `skinkd-cli train` takes the saved file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipePanel")
        self._run: RunSummary | None = None
        self.text = QPlainTextEdit(self)
        self.text.setObjectName("recipeText")
        self.text.setAccessibleName("The recipe of the run")
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._explained = QCheckBox("Explain the settings", self)
        self._explained.setObjectName("recipeExplained")
        self._explained.setAccessibleName("Explain the settings")
        self._explained.toggled.connect(self._show)
        self._copy = make_button("Copy", "recipeCopy", self)
        self._copy.clicked.connect(self._copy_text)
        self._save = make_button("Save recipe...", "recipeSave", self)
        self._save.clicked.connect(self._save_text)
        row = QHBoxLayout()
        self._heading = make_label("", "heading", self)
        row.addWidget(self._heading)
        row.addStretch(1)
        for widget in (self._explained, self._copy, self._save):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.text, 1)
        self.set_run(None)

    def set_run(self, run: RunSummary | None) -> None:
        """Show a run's recipe."""
        self._run = run
        self._show()

    @Slot()
    def _show(self) -> None:
        recipe = None if self._run is None else self._run.recipe
        self._heading.setText("" if self._run is None else f"All settings of {shorten(self._run.status.name, 50)}")
        for widget in (self._explained, self._copy, self._save):
            widget.setEnabled(recipe is not None)
        if recipe is None:
            self.text.setPlainText("" if self._run is None else "The recipe of this run can not be read.")
        else:
            self.text.setPlainText(recipe_text(recipe, explained=self._explained.isChecked()))

    @Slot()
    def _copy_text(self) -> None:
        QApplication.clipboard().setText(self.text.toPlainText())

    @Slot()
    def _save_text(self) -> None:
        if self._run is None:
            return
        path = ask_for_file(self, "Save recipe", self._run.status.name, "Recipe (*.toml)")
        if path is None:
            return
        try:
            path.write_text(self.text.toPlainText(), encoding="utf-8")
        except OSError as error:
            show_error(self, SkinKDError("The file can not be written", f"{path} was not written.", str(error)))
