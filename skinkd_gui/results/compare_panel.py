"""The headline scores of several runs side by side, and what their differences say."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from core.events import Progress
from core.reporting.family_tables import family_notes, member_line
from core.reporting.scored_runs import same_test_images
from core.reporting.tables import DIFFERENT_IMAGES, overview_table
from core.runs.evidence import family_key
from skinkd_gui.results.facts_table import facts_table
from skinkd_gui.results.flowing import FlowingArea
from skinkd_gui.results.notes import NotesList
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.sentences import headline_sentence
from skinkd_gui.results.shown import Shown
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.layouts import column_of, split

_MOST_SENTENCES = 12
_DIFFER = f"{DIFFERENT_IMAGES} The sentences below compare them on the images that they have in common."


class ComparePanel(QWidget):
    """One row per run; the best of each score is bold. Below it, in sentences, how each run compares with the
    baseline."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparePanel")
        self._warning = Banner(self)
        self.panel = TablePanel("", "compare", "Test scores of the selected runs", self)
        self.table = self.panel.table
        self.said = NotesList("What the differences say", self)
        area = FlowingArea("compareSentences", "What the differences say", self)
        area.set_content(self.said)
        self.facts = TablePanel("What they are", "compareFacts", "What the selected runs were trained on", self)
        lower = split(area, self.facts, sizes=(510, 730), parent=self, handle=16)
        splitter = split(self.panel, lower, sizes=(235, 205), parent=self, vertical=True)
        column_of(self._warning, (splitter, 1), on=self)

    def show_runs(self, shown: Shown) -> None:
        """Show the selected runs, and the baseline where it is another one."""
        runs = shown.together
        scored = shown.scored_together
        differ = not same_test_images(scored)
        self._warning.show_message(_DIFFER if differ else "", "warning")
        self.panel.set_heading(f"{len(runs)} runs side by side")
        self.panel.set_table(overview_table(scored), "runs-compared")
        self.facts.set_table(facts_table(shown), "runs-facts")
        self.said.set_notes(_sentences(shown))

    @Slot(object)
    def show_progress(self, progress: Progress) -> None:
        """Say how many runs are looked at."""
        self.said.set_notes([f"Working out the intervals: run {progress.done + 1:,} of {progress.total:,}..."])


def _sentences(shown: Shown) -> list[str]:
    if shown.findings is None:
        return ["Working out the intervals..."]
    if shown.baseline is None:
        return ["At least two tested runs are needed to compare."]
    baseline, family = shown.title(shown.baseline), shown.findings.family
    found = []
    members = {} if family is None else {member.key: member for member in family.members}
    for run in shown.others:
        comparison, member = shown.comparison(run), members.get(family_key(run))
        if family is not None and member is not None:
            found.append(member_line(family, member, shown.title(run)))
        elif comparison is not None:
            found.append(headline_sentence(shown.title(run), baseline, comparison))
        elif shown.evidence(run) is None:
            found.append(f"{shown.title(run)} can not be compared. {shown.why_not(run)}")
    if not found and shown.evidence(shown.baseline) is None:
        found = [f"{baseline} is no baseline. {shown.why_not(shown.baseline)}"]
    if len(found) > _MOST_SENTENCES:
        rest = len(found) - _MOST_SENTENCES
        found = [*found[:_MOST_SENTENCES], f"{rest} more; choose fewer runs to read of them."]
    return [*found, *(() if family is None else family_notes(family, baseline))]
