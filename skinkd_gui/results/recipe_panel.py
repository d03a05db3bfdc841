"""A run's recipe as text, to read, copy or save; of several runs the settings in which they differ."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QHBoxLayout,
    QPlainTextEdit,
    QStackedWidget,
    QWidget,
)

from core.recipe import recipe_to_toml
from core.reporting.recipe_tables import recipes_table
from core.reporting.short_text import shorten
from core.runs.status import RunSummary
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.widgets.saving import save_text_as

_MOST_COLUMNS = 30


class RecipePanel(QStackedWidget):
    """The text of one recipe, or a table of several."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipePanel")
        self._shown: Shown | None = None
        self.one = OneRecipe(self)
        self.many = TablePanel("", "recipe", "Settings of the selected runs", self)
        self.many.setContentsMargins(9, 9, 9, 9)
        self.only_different = named(
            QCheckBox("Show only what differs", self), "recipeOnlyDifferent", "Show only what differs"
        )
        self.only_different.setChecked(True)
        self.only_different.toggled.connect(self._fill)
        self.many.add_control(self.only_different)
        self.addWidget(self.one)
        self.addWidget(self.many)

    def show_runs(self, shown: Shown) -> None:
        """Show the recipe of the selected run, or those of all that are compared."""
        self._shown = shown
        self.one.set_run(shown.current)
        self.setCurrentWidget(self.many if len(shown.together) > 1 else self.one)
        self._fill()

    @Slot()
    def _fill(self) -> None:
        if self._shown is None or len(self._shown.together) < 2:
            return
        runs = self._shown.together[:_MOST_COLUMNS]
        recipes = [(self._shown.title(run), run.recipe) for run in runs]
        table = recipes_table(recipes, only_different=self.only_different.isChecked())
        more = "" if len(runs) == len(self._shown.together) else f" (the first {_MOST_COLUMNS})"
        self.many.set_heading(f"Settings of {len(runs)} runs{more}" if table.rows else "No setting differs")
        self.many.set_table(table, "settings")


class OneRecipe(QWidget):
    """Everything that defines the run; `skinkd-cli train` takes the saved file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: RunSummary | None = None
        self.text = named(
            QPlainTextEdit(self, readOnly=True, tabChangesFocus=True), "recipeText", "The recipe of the run"
        )
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._explained = named(QCheckBox("Explain the settings", self), "recipeExplained", "Explain the settings")
        self._explained.toggled.connect(self._show)
        self._copy = make_button("Copy", "recipeCopy", self, clicked=self._copy_text)
        self._save = make_button("Save recipe...", "recipeSave", self, clicked=self._save_text)
        row = QHBoxLayout()
        self._heading = make_label("", "heading", self)
        row.addWidget(self._heading)
        row.addStretch(1)
        for widget in (self._explained, self._copy, self._save):
            row.addWidget(widget)
        column_of(row, (self.text, 1), on=self)
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
            self.text.setPlainText(recipe_to_toml(recipe, comments=self._explained.isChecked()))

    @Slot()
    def _copy_text(self) -> None:
        QApplication.clipboard().setText(self.text.toPlainText())

    @Slot()
    def _save_text(self) -> None:
        if self._run is not None:
            save_text_as(self, "Save recipe", self.text.toPlainText(), self._run.status.name, "Recipe (*.toml)")
