"""Small lists of facts and notes that panels are made of."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from skinkd_gui.widgets.labels import breakable, make_label, plain_tip
from skinkd_gui.widgets.layouts import column_of


class FactsList(QWidget):
    """A heading over pairs of a name and a value that can be selected with the mouse."""

    def __init__(self, heading: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._heading = make_label(heading, "heading", self)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        column_of(self._heading, self._grid, on=self, margins=0)

    def set_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Replace all pairs."""
        self.setVisible(bool(facts))
        _empty(self._grid)
        for row, (name, value) in enumerate(facts):
            shown = make_label(breakable(value), "", self, wrap=True)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            shown.setToolTip(plain_tip(value))
            self._grid.addWidget(make_label(name, "muted", self), row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(shown, row, 1, Qt.AlignmentFlag.AlignTop)


class NotesList(QWidget):
    """A heading over notes, each its own paragraph; hidden without any."""

    def __init__(self, heading: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        if heading:
            layout.addWidget(make_label(heading, "heading", self))
        layout.addLayout(self._grid)
        layout.addStretch(1)

    def set_notes(self, notes: Sequence[str]) -> None:
        """Replace all notes."""
        self.setVisible(bool(notes))
        _empty(self._grid)
        for row, note in enumerate(notes):
            text = make_label(breakable(note), "", self, wrap=True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(make_label("•", "muted", self), row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(text, row, 1)


def _empty(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if isinstance(widget, QLabel):
            widget.hide()
            widget.deleteLater()
