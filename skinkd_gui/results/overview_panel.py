"""One run at a glance: what it is, how good it is on the test images, what it was trained on, what to mind."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QWidget

from core.evaluation.intervals import OVERALL
from core.quantities import NONE
from core.reporting import cells
from core.reporting.scored_runs import ScoredRun
from core.reporting.short_text import shorten
from core.reporting.table import Cell
from core.reporting.tables import has_melanoma, melanoma_cells, per_class_table
from core.reporting.words import SCORE_MEANINGS, score_name
from core.runs.status import RunState, RunSummary
from skinkd_gui.results.annotations_editor import AnnotationsEditor
from skinkd_gui.results.details import UNTESTED, data_facts, headline, training_facts
from skinkd_gui.results.flowing import FlowingArea
from skinkd_gui.results.notes import FactsList, NotesList
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.fitting_grid import FittingGrid
from skinkd_gui.widgets.labels import breakable, make_label, plain_tip, set_role
from skinkd_gui.widgets.layouts import STRETCH, column_of
from skinkd_gui.widgets.turning import TurningRow

_SYNTHETIC = (
    "These are generated sample images, not photographs of skin: the scores show that everything works, and say "
    "nothing about patients."
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
        self._name = make_label("", "title", content, wrap=True)
        self._headline = make_label("", "muted", content, wrap=True)
        self._state = Banner(content)
        self._synthetic = Banner(content)
        self._cards = {name: ScoreCard(score_name(name), content) for name in OVERALL}
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
        self._scores = FittingGrid(tuple(self._cards.values()), len(self._cards), content)
        left, right = QWidget(content), QWidget(content)
        column_of(self.classes, self.annotations, STRETCH, on=left, margins=0, spacing=14)
        column_of(self._notes, self._training, self._data, STRETCH, on=right, margins=0, spacing=14)
        facts = TurningRow(left, right, spacing=28, fractions=(7, 5), parent=content)
        banners = (self._state, self._synthetic, self._untested)
        column_of(
            self._name,
            self._headline,
            *banners,
            self._scores,
            facts,
            STRETCH,
            on=content,
            margins=(9, 4, 9, 4),
            spacing=8,
        )

    def show_run(self, shown: Shown) -> None:
        """Show the run in front; what is not read yet stays empty."""
        summary, details = shown.current, shown.details(shown.current)
        self._run = summary
        self._name.setText(breakable(shorten(summary.status.name, 60)))
        self._name.setToolTip(plain_tip(summary.status.name))
        self._headline.setText(headline(summary))
        kind, message = _state_message(summary)
        self._state.show_message(message, kind or "info")
        self._synthetic.show_message(_SYNTHETIC if summary.status.synthetic else "", "warning")
        self._show_scores(shown.scored(summary))
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

    def _show_scores(self, run: ScoredRun) -> None:
        scores = run.scores
        for name, card in self._cards.items():
            card.setVisible(scores is not None and (name != _MELANOMA or has_melanoma([run])))
        self._scores.arrange()
        self._untested.setVisible(scores is None)
        self._untested.setText(UNTESTED)
        if scores is None:
            return
        images = run.images or 0
        for name in OVERALL:
            card, value = self._cards[name], cells.score(getattr(scores, name), run.interval(name))
            card.set(value, SCORE_MEANINGS[name])
        right = round(scores.accuracy * images)
        self._cards["accuracy"].explain(f"{right:,} of {images:,} test images classified rightly")
        found, at_90 = melanoma_cells(run)
        self._cards[_MELANOMA].set(found, f"{_SENSITIVITY_TITLES}{at_90.text}")

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
        parts = (make_label(title, "muted", self), self.value, self._within, self._meaning)
        column_of(*parts, STRETCH, on=self, margins=(14, 10, 14, 10), spacing=2)
        self.setAccessibleName(title)

    def set(self, score: Cell, meaning: str) -> None:
        """Show a score, its interval and what it means."""
        value, _, within = score.text.partition(" (")
        self.value.setText(value)
        self._within.setText(f"95 %: {within.rstrip(')')}" if within else "")
        self._within.setVisible(bool(within))
        self.explain(meaning)

    def explain(self, meaning: str) -> None:
        """Say what the score means."""
        self._meaning.setText(meaning)
        self.setAccessibleDescription(f"{self.value.text()}. {self._within.text()}. {meaning}")


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
