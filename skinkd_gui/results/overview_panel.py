"""One run at a glance: what it is, how good it is on the test images, what it was trained on, what to mind."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLayout, QScrollArea, QVBoxLayout, QWidget

from core.reporting.words import NONE, fraction
from core.runs.status import RunState, RunSummary
from skinkd_gui.results.details import RunDetails, data_facts, headline, tested_images, training_facts
from skinkd_gui.widgets.labels import make_label, set_role

_SYNTHETIC = (
    "These are generated sample images, not photographs of skin: the scores show that everything works, and say "
    "nothing about patients."
)
_SCORES = (
    ("Weighted F1", "weighted_f1", "Mean F1 of the classes, each weighed by its number of images"),
    ("Accuracy", "accuracy", ""),
    ("Balanced accuracy", "balanced_accuracy", "Mean share found of each class; rare classes count fully"),
    ("Macro F1", "macro_f1", "Mean F1 of the classes; rare classes count fully"),
)


class OverviewPanel(QScrollArea):
    """Takes a run's summary at once and its details when they are read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("overviewPanel")
        self.setAccessibleName("Overview of the run")
        self.setFrameShape(QFrame.Shape.NoFrame)
        content = self._content = QWidget(self)
        self._name = make_label("", "title", content, wrap=True)
        self._headline = make_label("", "muted", content, wrap=True)
        self._state = Banner(content)
        self._synthetic = Banner(content)
        self._cards = {name: ScoreCard(title, content) for title, name, _ in _SCORES}
        self._untested = make_label("", "muted", content, wrap=True)
        self._training = FactsList("Model and training", content)
        self._data = FactsList("Images", content)
        self._notes = NotesList("What to mind", content)
        layout = QVBoxLayout(content)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        layout.setContentsMargins(9, 4, 9, 4)
        layout.setSpacing(8)
        title = QVBoxLayout()
        title.setSpacing(0)
        title.addWidget(self._name)
        title.addWidget(self._headline)
        layout.addLayout(title)
        for widget in (self._state, self._synthetic, self._untested):
            layout.addWidget(widget)
        cards = QHBoxLayout()
        for card in self._cards.values():
            cards.addWidget(card, 1)
        layout.addLayout(cards)
        columns = QHBoxLayout()
        columns.setSpacing(28)
        for column in (self._training, self._data, self._notes):
            columns.addWidget(column, 1, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(columns)
        layout.addStretch(1)
        self.setWidget(content)
        content.installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the content as wide as the view."""
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow changes of the content's texts and type."""
        if event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        # A resizable scroll area takes wrapped labels at their narrowest and scrolls over empty space.
        layout, room = self._content.layout(), self.viewport().size()
        if layout is not None:
            self._content.resize(room.width(), max(room.height(), layout.totalHeightForWidth(room.width())))

    def set_details(self, details: RunDetails) -> None:
        """Show a run; what is not read yet stays empty."""
        summary = details.summary
        self._name.setText(summary.status.name)
        self._headline.setText(headline(summary))
        self._state.set(*_state_message(summary))
        self._synthetic.set("warning" if summary.status.synthetic else "", _SYNTHETIC)
        self._show_scores(summary)
        self._training.set_facts(training_facts(details))
        self._data.set_facts(data_facts(details))
        notes = [note for note in details.notes if not (summary.status.synthetic and "synthetic" in note)]
        self._notes.set_notes([*notes, *details.trouble])

    def _show_scores(self, summary: RunSummary) -> None:
        scores, images = summary.scores, tested_images(summary)
        for _, name, meaning in _SCORES:
            card = self._cards[name]
            card.setVisible(scores is not None)
            if scores is not None:
                right = round(scores.accuracy * images)
                text = meaning or f"{right:,} of {images:,} test images classified rightly"
                card.set(fraction(getattr(scores, name)), text)
        self._untested.setVisible(scores is None)
        self._untested.setText("There are no test scores yet. They are made when a training has finished.")


class Banner(QFrame):
    """One message with a coloured edge; hidden while it has none."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = make_label("", "", self, wrap=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addWidget(self._text)
        self.hide()

    def set(self, role: str, text: str) -> None:
        """Show a text as `info`, `warning` or `error`; an empty role hides it."""
        self.setVisible(bool(role))
        if role:
            set_role(self, role)
            self._text.setText(text)


class ScoreCard(QFrame):
    """A score in large type with its name above and its meaning below."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "card")
        self.value = make_label(NONE, "title", self)
        self._meaning = make_label("", "small", self, wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.setSpacing(2)
        layout.addWidget(make_label(title, "muted", self))
        layout.addWidget(self.value)
        layout.addWidget(self._meaning)
        layout.addStretch(1)
        self.setAccessibleName(title)

    def set(self, value: str, meaning: str) -> None:
        """Show a value."""
        self.value.setText(value)
        self._meaning.setText(meaning)
        self.setAccessibleDescription(f"{value}. {meaning}")


class FactsList(QWidget):
    """A heading over pairs of a name and a value that can be selected with the mouse."""

    def __init__(self, heading: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._heading = make_label(heading, "heading", self)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._heading)
        layout.addLayout(self._grid)

    def set_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Replace all pairs."""
        self.setVisible(bool(facts))
        _empty(self._grid)
        for row, (name, value) in enumerate(facts):
            shown = make_label(value, "", self, wrap=True)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            shown.setToolTip(value)
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
        layout.addWidget(make_label(heading, "heading", self))
        layout.addLayout(self._grid)

    def set_notes(self, notes: Sequence[str]) -> None:
        """Replace all notes."""
        self.setVisible(bool(notes))
        _empty(self._grid)
        for row, note in enumerate(notes):
            self._grid.addWidget(make_label("•", "muted", self), row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(make_label(note, "", self, wrap=True), row, 1)


def _state_message(summary: RunSummary) -> tuple[str, str]:
    status = summary.status
    if status.state is RunState.FAILED:
        again = " Resume tries again from where it ended." if summary.resumable else ""
        return "error", f"The run failed. {_sentence(status.message)}{again}"
    if status.state is RunState.STOPPED:
        return "info", f"The run was stopped. {_sentence(status.message)} Resume goes on from where it ended."
    if status.state in (RunState.RUNNING, RunState.PAUSED):
        return "info", "The run is not finished; the Train tab shows how it is going."
    return "", ""


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[0].upper()}{text[1:].rstrip('.')}." if text else ""


def _empty(grid: QGridLayout) -> None:
    while (item := grid.takeAt(0)) is not None:
        widget = item.widget()
        if isinstance(widget, QLabel):
            widget.hide()
            widget.deleteLater()
