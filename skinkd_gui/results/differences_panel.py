"""One run against the baseline: differences with intervals, in a figure, a table and sentences; images won and lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from core.reporting.comparison_tables import differences_table
from core.reporting.family_tables import member_sentence
from core.reporting.picking import RowPick
from core.reporting.recipe_tables import differing_settings
from core.reporting.table import ResultsTable
from core.reporting.words import what_is_drawn
from core.runs.evidence import family_key
from core.runs.status import RunSummary
from skinkd_gui.results.figure_panel import FigurePanel
from skinkd_gui.results.flowing import FlowingArea
from skinkd_gui.results.notes import NotesList
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.run_chooser import RunChooser
from skinkd_gui.results.sentences import class_sentence, headline_sentence, mcnemar_sentence
from skinkd_gui.results.shown import READING, Shown
from skinkd_gui.widgets.figure_view import Builder
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of, split
from skinkd_gui.widgets.parts import make_button

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.evaluation.comparison import Comparison
    from core.reporting.style import FigureStyle

_NO_PAIR = (
    "Select two or more finished runs, or choose a run as baseline (button above on the right), to see how they differ."
)
_MOST_SETTINGS = 6


class DifferencesPanel(QWidget):
    """Shows the run in front against the baseline."""

    run_chosen = Signal(object)  # the folder of the run to compare
    won_asked = Signal(object, str)  # RunSummary and class code ("" for all): images that only this run got right
    lost_asked = Signal(object, str)  # the same of the images that only the baseline got right

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("differencesPanel")
        self._run: RunSummary | None = None
        self._comparison: Comparison | None = None
        self.figure_panel = FigurePanel("Differences", "differences", self)
        self.figure_panel.set_clickable("Click to see the images on which the two differ")
        self.figure_panel.picked.connect(self._open_row)
        self.runs = RunChooser("differencesRun", "The run that is compared with the baseline", self)
        self.runs.chosen.connect(self.run_chosen)
        self._won = make_button("Images won...", "differencesWon", self)
        self._lost = make_button("Images lost...", "differencesLost", self)
        self._won.setToolTip("The images that only this run got right")
        self._lost.setToolTip("The images that only the baseline got right")
        self._won.clicked.connect(self._open_won)
        self._lost.clicked.connect(self._open_lost)
        self.figure_panel.add_control(self.runs)
        self.said = NotesList("", self)
        self.table_panel = TablePanel("In numbers", "differences", "Differences from the baseline", self)
        column_of(split(self.figure_panel, self._build_side(), sizes=(600, 620), parent=self), on=self)

    def _build_side(self) -> QWidget:
        area = FlowingArea("differencesSentences", "The differences in words", self)
        area.set_content(self.said)
        words = QWidget(self)
        column_of(
            row_of(make_label("In words", "heading", words), STRETCH, self._won, self._lost),
            (area, 1),
            on=words,
            margins=0,
        )
        return split(words, self.table_panel, sizes=(220, 220), parent=self, vertical=True)

    def show_runs(self, shown: Shown) -> None:
        """Show how the run in front differs from the baseline."""
        run, baseline = shown.front, shown.baseline
        self._run = run
        comparison = self._comparison = None if run is None else shown.comparison(run)
        self.runs.offer(shown, shown.others, run)
        known = comparison is not None and comparison.comparable
        self._won.setEnabled(known)
        self._lost.setEnabled(known)
        self._won.setText(f"Images won ({len(comparison.won):,})..." if comparison and known else "Images won...")
        self._lost.setText(f"Images lost ({len(comparison.lost):,})..." if comparison and known else "Images lost...")
        if run is None or baseline is None or comparison is None:
            self._show_nothing(shown, run, baseline)
            return
        names = shown.title(run), shown.title(baseline)
        self.figure_panel.set_heading("Differences")
        stem = f"differences-{names[0]}-{names[1]}"
        self.figure_panel.set_figure(_builder(comparison), stem, comparison.why_not)
        self.table_panel.set_table(differences_table(comparison, names[1], names[0]), stem)
        family = None if shown.findings is None else shown.findings.family
        among = [] if family is None else [member_sentence(family, family_key(run), *names)]
        self.said.set_notes([*among, *_sentences(comparison, names, baseline, run)])

    def _show_nothing(self, shown: Shown, run: RunSummary | None, baseline: RunSummary | None) -> None:
        if run is None or baseline is None:
            text = READING if shown.findings is None else _NO_PAIR
        else:
            missing = next((each for each in (baseline, run) if shown.evidence(each) is None), run)
            text = shown.why_not(missing) if shown.findings is None else (
                f"{shown.title(missing)} can not be compared. {shown.why_not(missing)}"
            )  # fmt: skip
        self.figure_panel.set_heading("Differences")
        self.figure_panel.set_figure(None, "", text)
        self.table_panel.set_table(ResultsTable(""), "differences")
        self.said.set_notes([])

    @Slot()
    def _open_won(self) -> None:
        if self._run is not None:
            self.won_asked.emit(self._run, "")

    @Slot()
    def _open_lost(self) -> None:
        if self._run is not None:
            self.lost_asked.emit(self._run, "")

    @Slot(object)
    def _open_row(self, pick: object) -> None:
        """A score that rose shows what was won, one that fell what was lost."""
        if self._run is None or self._comparison is None or not isinstance(pick, RowPick):
            return
        item = next((found for found in self._comparison.differences if found.score == pick.name), None)
        if item is None:
            return
        code = item.score.partition(":")[2]
        signal = self.lost_asked if (item.difference or 0.0) < 0 else self.won_asked
        signal.emit(self._run, code)


def _builder(comparison: Comparison) -> Builder | None:
    if not comparison.comparable:
        return None

    def build(style: FigureStyle) -> Figure:
        from core.reporting.comparison_figures import difference_plot

        return difference_plot(comparison, style)

    return build


def _sentences(comparison: Comparison, names: tuple[str, str], baseline: RunSummary, run: RunSummary) -> list[str]:
    found = [headline_sentence(*names, comparison)]
    found += [text for text in (mcnemar_sentence(*names, comparison), class_sentence(comparison.differences)) if text]
    found.append(_settings_sentence(baseline, run))
    found += comparison.notes
    if comparison.comparable:
        found.append(
            "The intervals tell how far other test images could move the difference"
            + (f" ({what_is_drawn(by_group=True)} are drawn)" if comparison.by_group else "")
            + ". They do not tell what another training with another seed would give."
        )
    return found


def _settings_sentence(baseline: RunSummary, run: RunSummary) -> str:
    if baseline.recipe is None or run.recipe is None:
        return "A recipe can not be read, so it is not known which settings differ."
    settings = differing_settings(baseline.recipe, run.recipe)
    if not settings:
        return "The two recipes do not differ in what has an effect."
    more = len(settings) - _MOST_SETTINGS
    rest = f"; and {more} more (see Recipe)" if more > 0 else ""
    return f"Settings that differ: {'; '.join(settings[:_MOST_SETTINGS])}{rest}."
