"""The form on a study: where images and labels come from, what the model is for. Kept with the selected runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialogButtonBox, QPlainTextEdit, QTabWidget, QWidget

from core.events import CancelToken
from core.runs.statement import FormEntry, StudyStatement, groups_of, read_statement, write_statement
from core.runs.status import RunSummary
from skinkd_gui.results.flowing import FlowingArea
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named
from skinkd_gui.widgets.parts import PassingDialog

_LINES = 3
_DIFFERENT = "The runs say different things here; what you write replaces them."


Statements = tuple[tuple[Path, StudyStatement], ...]
"""Folders of runs, and what is said of their studies."""


def open_statement(parent: QWidget, runs: Sequence[RunSummary]) -> StatementDialog:
    """The form on the study of these runs, opened. Raises `SkinKDError` when one can not be read."""
    statements = tuple((run.folder, read_statement(run.folder)) for run in runs)
    name = f"“{runs[0].status.name}”" if len(runs) == 1 else f"{len(runs)} runs"
    dialog = StatementDialog(parent, name, statements)
    dialog.open()
    return dialog


def write_statements(statements: Statements, token: CancelToken) -> None:
    """Replace the statements of runs. Raises `SkinKDError`."""
    for folder, statement in statements:
        write_statement(folder, statement)


class StatementDialog(PassingDialog):
    """A page for each group of entries. Call `open`; after `accepted`, `changes` has what was changed."""

    def __init__(self, parent: QWidget, name: str, statements: Statements) -> None:
        """`name` says whose form it is; with several `statements`, entries that differ are empty at first."""
        super().__init__(parent, "statementDialog", "Describe the study", QSize(760, 640))
        self.before = statements
        self._texts: dict[str, str] = {}
        self.edits: dict[str, QPlainTextEdit] = {}
        pages = named(QTabWidget(self), "statementPages", "Groups of entries")
        for group, entries in groups_of().items():
            pages.addTab(self._page(group, entries), group)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Keep")
        buttons.button(QDialogButtonBox.StandardButton.Ok).setObjectName("statementOkButton")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column_of(
            make_label(f"About {name}", "heading", self, wrap=True),
            make_label("Journals ask for this, and only you know it. It stands in reports and model cards.", "muted",
                       self, wrap=True),
            (pages, 1),
            buttons,
            on=self,
        )  # fmt: skip

    @property
    def changes(self) -> dict[str, str]:
        """What was changed, by the keys of the entries."""
        texts = {key: edit.toPlainText().strip() for key, edit in self.edits.items()}
        return {key: text for key, text in texts.items() if text != self._texts[key]}

    @property
    def after(self) -> Statements:
        """The statements with what was changed."""
        return tuple((folder, statement.with_entries(self.changes)) for folder, statement in self.before)

    def _page(self, group: str, entries: Sequence[FormEntry]) -> FlowingArea:
        area = FlowingArea(f"statement{group}", group, self)
        content = QWidget(area)
        parts: list[QWidget] = []
        for entry in entries:
            texts = {statement.entry(entry.key) for _, statement in self.before}
            self._texts[entry.key] = text = texts.pop() if len(texts) == 1 else ""
            edit = named(QPlainTextEdit(text, content, tabChangesFocus=True), f"statement_{entry.key}", entry.title)
            edit.setPlaceholderText(_DIFFERENT if texts else "")
            edit.setFixedHeight(edit.fontMetrics().lineSpacing() * _LINES + 14)
            self.edits[entry.key] = edit
            title = make_label(entry.title, "", content)
            title.setBuddy(edit)
            parts += [title, make_label(entry.help, "small", content, wrap=True), edit]
        column_of(*parts, STRETCH, on=content, margins=(4, 8, 12, 8), spacing=4)
        area.set_content(content)
        return area
