"""One run at a glance: what it is, how good it is on the test images, what it was trained on, what to mind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from core.quantities import NONE, fraction
from core.reporting.short_text import shorten
from core.reporting.tables import per_class_table
from core.runs.status import RunState, RunSummary
from skinkd_gui.results.annotations_editor import AnnotationsEditor
from skinkd_gui.results.details import data_facts, headline, tested_images, training_facts
from skinkd_gui.results.flowing import FlowingArea
from skinkd_gui.results.notes import FactsList, NotesList
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.labels import make_label, plain_tip, set_role
from skinkd_gui.widgets.layouts import column_of, row_of

if TYPE_CHECKING:
    from core.evaluation.intervals import Interval

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
_MELANOMA = "melanoma"
_SENSITIVITY_TITLES = (
    "Given that diagnosis (sensitivity). Where 90 % of the other images are rightly not called melanoma: "
)


class OverviewPanel(FlowingArea):
    """Takes a run's summary at once and its details when they are read."""

    class_asked = Signal(object, str)  # RunSummary and class code: its images are wanted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("overviewPanel", "Overview of the run", parent)
        self._run: RunSummary | None = None
        content = QWidget(self)
        self._name = make_label("", "title", content)
        self._headline = make_label("", "muted", content, wrap=True)
        self._state = Banner(content)
        self._synthetic = Banner(content)
        self._cards = {name: ScoreCard(title, content) for title, name, _ in _SCORES}
        self._cards[_MELANOMA] = ScoreCard("Melanomas found", content)
        self._untested = make_label("", "muted", content, wrap=True)
        self._training = FactsList("Model and training", content)
        self._data = FactsList("Images", content)
        self._notes = NotesList("What to mind", content)
        self.annotations = AnnotationsEditor(content)
        self.classes = TablePanel("Scores of each class", "overviewClasses", "Scores of each class", content)
        self.classes.table.opened.connect(self._open_class)
        self._arrange(content)
        self.set_content(content)

    def _arrange(self, content: QWidget) -> None:
        layout = column_of(on=content, margins=(9, 4, 9, 4), spacing=8)
        title = row_of(self._name, (self._headline, 1, Qt.AlignmentFlag.AlignBottom), spacing=14)
        layout.addLayout(title)
        for widget in (self._state, self._synthetic, self._untested):
            layout.addWidget(widget)
        cards = QHBoxLayout()
        for card in self._cards.values():
            cards.addWidget(card, 1)
        layout.addLayout(cards)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(14)
        left.addWidget(self.classes)
        left.addWidget(self.annotations)
        left.addStretch(1)
        for facts in (self._notes, self._training, self._data):
            right.addWidget(facts)
        right.addStretch(1)
        columns = row_of((left, 7), (right, 5), spacing=28)
        layout.addLayout(columns)
        layout.addStretch(1)

    def show_run(self, shown: Shown) -> None:
        """Show the run in front; what is not read yet stays empty."""
        summary, details = shown.current, shown.details(shown.current)
        self._run = summary
        self._name.setText(shorten(summary.status.name, 60))
        self._name.setToolTip(plain_tip(summary.status.name))
        self._headline.setText(headline(summary))
        kind, message = _state_message(summary)
        self._state.show_message(message, kind or "info")
        self._synthetic.show_message(_SYNTHETIC if summary.status.synthetic else "", "warning")
        self._show_scores(shown, summary)
        self._training.set_facts(training_facts(details))
        self._data.set_facts(data_facts(details))
        notes = [note for note in details.notes if not (summary.status.synthetic and "synthetic" in note)]
        known = shown.known(summary)
        if known is not None and known.evidence is not None:
            from core.runs.evidence import DISAGREE

            notes += [note for note in known.evidence.notes if note.startswith(DISAGREE)]
        if known is not None and summary.scores is not None and known.evidence is None:
            notes.append(f"Intervals and details are missing. {known.why_not}")
        self._notes.set_notes([*notes, *details.trouble])
        self.annotations.show_run(summary)
        self.classes.setVisible(summary.scores is not None)
        table = per_class_table(shown.scored(summary))
        self.classes.set_table(table, f"classes-{summary.status.name}", "Double-click a row to see its images.")
        self.classes.table.show_all_rows()

    def _show_scores(self, shown: Shown, summary: RunSummary) -> None:
        scores, images = summary.scores, tested_images(summary)
        intervals, evidence = shown.intervals(summary), shown.evidence(summary)
        for _, name, meaning in _SCORES:
            card = self._cards[name]
            card.setVisible(scores is not None)
            if scores is not None:
                right = round(scores.accuracy * images)
                text = meaning or f"{right:,} of {images:,} test images classified rightly"
                within = _within(None if intervals is None else getattr(intervals, name))
                card.set(fraction(getattr(scores, name)), within, text)
        card = self._cards[_MELANOMA]
        place = None if evidence is None else evidence.classes.melanoma
        card.setVisible(place is not None)
        if evidence is not None and place is not None:
            melanoma = evidence.detailed.per_class[place].sensitivity
            within = _within(evidence.intervals.melanoma_sensitivity)
            at_90 = fraction(evidence.detailed.melanoma_sensitivity_at_90_specificity)
            card.set(fraction(melanoma), within, f"{_SENSITIVITY_TITLES}{at_90}")
        self._untested.setVisible(scores is None)
        self._untested.setText("There are no test scores yet. They are made when a training has finished.")

    @Slot(int)
    def _open_class(self, row: int) -> None:
        if self._run is not None:
            self.class_asked.emit(self._run, str(self.classes.shown.rows[row][0].values[0]))


class ScoreCard(QFrame):
    """A score in large type with its name above and its meaning below."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "card")
        self.value = make_label(NONE, "title", self)
        self._within = make_label("", "muted", self)
        self._meaning = make_label("", "small", self, wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.setSpacing(2)
        layout.addWidget(make_label(title, "muted", self))
        for label in (self.value, self._within, self._meaning):  # beside the value the interval would be cut off
            layout.addWidget(label)
        layout.addStretch(1)
        self.setAccessibleName(title)

    def set(self, value: str, within: str, meaning: str) -> None:
        """Show a value, its interval and what it means."""
        self.value.setText(value)
        self._within.setText(within)
        self._within.setVisible(bool(within))
        self._meaning.setText(meaning)
        self.setAccessibleDescription(f"{value}. {within}. {meaning}")


def _within(interval: Interval | None) -> str:
    return "" if interval is None else f"95 %: {100 * interval.low:.1f} to {100 * interval.high:.1f}"


def _state_message(summary: RunSummary) -> tuple[str, str]:
    status = summary.status
    if status.state is RunState.FAILED:
        again = " Resume tries again from where it ended." if summary.resumable else ""
        return "error", f"The run failed. {_sentence(status.message)}{again}"
    if status.state is RunState.STOPPED:
        said = "" if status.message.lower().startswith("stopped") else "The run was stopped. "
        return "info", f"{said}{_sentence(status.message)} Resume goes on from where it ended."
    if status.state in (RunState.RUNNING, RunState.PAUSED):
        return "info", "The run is not finished; the Train tab shows how it is going."
    return "", ""


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[0].upper()}{text[1:].rstrip('.')}." if text else ""
