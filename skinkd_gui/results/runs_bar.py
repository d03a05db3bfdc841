"""The rows above the table of runs: search, filters, and what can be done with the selected runs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QWidget

from skinkd_gui.results.filter_bar import FilterBar
from skinkd_gui.results.runs_table import RunsTable
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import make_button

_SEARCH_WIDTH = 220  # pixels, at least


class RunsBar(QWidget):
    """Actions that are buttons here and entries of the table's menu; whoever makes it connects and enables them.

    Where the window is too narrow for all buttons the less important ones stand in the menu alone.
    """

    def __init__(self, table: RunsTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._buttons: list[QPushButton] = []  # from the least important one
        self.search = self._make_search()
        self._row = QHBoxLayout()
        self._row.addWidget(self.search, 1)
        self._make_actions()
        self.menu = self._make_menu()
        self.more = make_button(
            "More", "runsMoreButton", self, tip="Everything that can be done with the selected runs"
        )
        self.more.setMenu(self.menu)
        for action, name, danger in (
            (self.resume, "runsResumeButton", False),
            (self.open_folder, "runsOpenButton", False),
            (self.report, "runsReportButton", False),
            (self.export_model, "runsExportModelButton", False),
            (self.save_table, "runsTableButton", False),
            (self.bin, "runsBinButton", True),
        ):
            self._add_button(action, name, danger=danger)
        resume, folder, report, model, table_button, to_bin = self._buttons
        self._buttons = [folder, table_button, model, to_bin, resume, report]
        self._row.addWidget(self.more)
        self.setTabOrder(to_bin, self.more)
        self.filters = FilterBar(self)
        column_of(self._row, self.filters, on=self, margins=0)

    def _make_search(self) -> QLineEdit:
        search = named(
            QLineEdit(self, placeholderText="Search by name, kind, data, tag, note or model", clearButtonEnabled=True),
            "runsSearch",
            "Search the runs",
        )
        search.setMinimumWidth(_SEARCH_WIDTH)
        return search

    def _make_actions(self) -> None:
        add = self._action
        self.open_folder = add("Open folder", "openRunFolderAction", "Show the files in the file manager")
        self.resume = add("Resume", "resumeRunAction", "Go on with a run that stopped or failed")
        self.change = add(
            "Resume with changes...", "changeRunAction", "Go on where data or teacher were moved, or with more epochs"
        )
        self.rename = add("Rename...", "renameRunAction", "Give the run another name", "F2")
        self.tags = add("Tags...", "tagRunsAction", "Tag the selected runs, to find them again", "Ctrl+T")
        self.baseline = add(
            "Use as baseline", "baselineAction", "Compare other runs with this one, until another is chosen", "Ctrl+B"
        )
        self.report = add("Make report...", "reportAction", "One page with tables and figures of the selected runs")
        self.statement = add(
            "Describe the study...", "statementAction", "What only you know and journals ask: origin of images, use"
        )
        self.export_model = add("Export model...", "exportModelAction", "The run's model for other programs, as ONNX")
        self.export_run = add("Export run...", "exportRunAction", "The whole run in one zip file, for another computer")
        self.import_run = add("Import runs...", "importRunAction", "Add runs from zip files and folders")
        self.copy = add(
            "Copy", "copyRunsAction", "Copy the selected rows for a spreadsheet", QKeySequence.StandardKey.Copy
        )
        self.copy_csv = add("as CSV", "copyCsvAction", "Copy the rows with full numbers, separated by commas")
        self.copy_markdown = add("as Markdown", "copyMarkdownAction", "Copy the rows as a table for notes")
        self.copy_latex = add("as LaTeX", "copyLatexAction", "Copy the rows as a table for a paper")
        self.save_table = add("Save table...", "saveTableAction", "Save the runs shown as CSV, Markdown or LaTeX")
        self.bin = add(
            "Move to bin...",
            "binRunsAction",
            "Move the selected runs to the system's bin",
            QKeySequence.StandardKey.Delete,
        )

    def _action(self, text: str, name: str, tip: str, keys: QKeySequence.StandardKey | str | None = None) -> QAction:
        action = QAction(text, self._table)
        action.setObjectName(name)
        action.setToolTip(tip)
        if keys is not None:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._table.addAction(action)
        return action

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName("runsMenu")
        copies = QMenu("Copy rows", menu)
        for action in (self.copy_csv, self.copy_markdown, self.copy_latex):
            copies.addAction(action)
        self._columns = QMenu("Columns", menu)
        self._columns.aboutToShow.connect(self._fill_columns)
        parts: Sequence[Sequence[QAction | QMenu]] = (
            (self.resume, self.change, self.open_folder, self.rename, self.tags, self.baseline),
            (self.report, self.statement, self.export_model),
            (self.export_run, self.import_run),
            (self.copy, copies, self.save_table, self._columns),
            (self.bin,),
        )
        for part in parts:
            for entry in part:
                if isinstance(entry, QMenu):
                    menu.addMenu(entry)
                else:
                    menu.addAction(entry)
            menu.addSeparator()
        return menu

    @Slot()
    def _fill_columns(self) -> None:
        self._columns.clear()
        self._table.add_columns_to(self._columns)

    def _add_button(self, action: QAction, name: str, *, danger: bool) -> None:
        button = make_button(action.text(), name, self)
        button.setToolTip(action.toolTip())
        button.setProperty("danger", danger)
        button.clicked.connect(action.trigger)
        button.setEnabled(action.isEnabled())
        action.enabledChanged.connect(button.setEnabled)
        self._buttons.append(button)
        self._row.addWidget(button)

    def minimumSizeHint(self) -> QSize:
        """The bar gives way: its buttons can go into the menu."""
        hint = super().minimumSizeHint()
        return QSize(self.filters.minimumSizeHint().width(), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the buttons that there is room for."""
        super().resizeEvent(event)
        self._fit_buttons()

    def _fit_buttons(self) -> None:
        gap = self._row.spacing()
        left = self.width() - _SEARCH_WIDTH - self.more.sizeHint().width() - gap
        wanted = {button: button.sizeHint().width() + gap for button in self._buttons}
        for button in self._buttons:
            fits = sum(wanted.values()) <= left
            button.setVisible(fits)
            if not fits:
                wanted.pop(button)
