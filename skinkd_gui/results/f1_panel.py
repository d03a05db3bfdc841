"""F1 of each class for one or several runs: figure and table side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from core.data.types import CLASS_CODES, CLASS_NAMES
from core.evaluation.scores import ClassScore, Scores
from core.reporting.words import fraction
from core.runs.status import RunSummary
from skinkd_gui.results.exporting import save_table_as
from skinkd_gui.results.figure_panel import FigurePanel, make_button
from skinkd_gui.results.plain_table import PlainTable
from skinkd_gui.widgets.labels import make_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle

MOST_DRAWN = 8
"""So many runs are drawn at once; more colours can not be told apart."""

_NAMES = dict(zip(CLASS_CODES, CLASS_NAMES, strict=True))
_UNTESTED = "There are no test scores yet. They are made when a training has finished."


class F1Panel(QWidget):
    """Takes runs, shows those that have scores."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("f1Panel")
        self._scored: list[tuple[str, Scores]] = []
        self._header: list[str] = []
        self._rows: list[list[object]] = []
        self.figure_panel = FigurePanel("F1 of each class, on the test images", "f1", self)
        self.table = PlainTable("perClassTable", "Scores of each class on the test images", self)
        self._save = make_button("Save table...", "f1SaveTable", self)
        self._save.clicked.connect(self._save_table)
        self._note = make_label("", "small", self, wrap=True)
        side = QWidget(self)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.addWidget(make_label("Scores of each class", "heading", side))
        row.addStretch(1)
        row.addWidget(self._save)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        column.addWidget(self._note)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(12)
        splitter.addWidget(self.figure_panel)
        splitter.addWidget(side)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 0)
        splitter.setSizes([690, 530])
        QVBoxLayout(self).addWidget(splitter)

    def set_runs(self, runs: Sequence[RunSummary]) -> None:
        """Show the runs that have test scores."""
        self._scored = [(run.status.name, run.scores) for run in runs if run.scores is not None]
        drawn = tuple(self._scored[:MOST_DRAWN])

        def build(style: FigureStyle) -> Figure:
            from core.reporting.figures import per_class_f1

            return per_class_f1(drawn, style)

        stem = f"f1-{drawn[0][0]}" if len(drawn) == 1 else "f1-of-runs"
        self.figure_panel.set_figure(build if drawn else None, stem, _UNTESTED)
        self._save.setEnabled(bool(drawn))
        if len(self._scored) == 1:
            self._fill_one(self._scored[0][1])
        else:
            self._fill_many()
        self._note.setText(self._explain())

    def _fill_one(self, scores: Scores) -> None:
        self._header = ["Class", "Precision", "Recall", "F1", "Images"]
        self._rows = [
            [_class_name(item.code), item.precision, item.recall, item.f1, item.support] for item in scores.per_class
        ]
        self._fill([[str(row[0]), *(_text(value) for value in row[1:])] for row in self._rows])

    def _fill_many(self) -> None:
        codes = list(dict.fromkeys(code for _, scores in self._scored for code in scores.classes))
        self._header = ["F1 of", *(name for name, _ in self._scored)]
        self._rows = [
            [code, *(_f1(_find(scores, code)) for _, scores in self._scored)]
            for code in (codes if self._scored else [])
        ]
        self._fill([[str(row[0]), *(_text(value) for value in row[1:])] for row in self._rows])

    def _fill(self, texts: list[list[str]]) -> None:
        self.table.fill(self._header, texts)

    def _explain(self) -> str:
        if not self._scored:
            return ""
        if len(self._scored) > MOST_DRAWN:
            return f"The first {MOST_DRAWN} of {len(self._scored)} runs are drawn; the table has all."
        if len(self._scored) > 1:
            return "F1 of each run. Undefined: the test has no image of the class."
        return (
            "Precision: of the images given this class, the share that truly is. Recall: of the images that truly are "
            "this class, the share that was found. F1 joins both. Undefined: there was nothing to count."
        )

    @Slot()
    def _save_table(self) -> None:
        stem = f"classes-{self._scored[0][0]}" if len(self._scored) == 1 else "classes-of-runs"
        save_table_as(self, self._header, self._rows, stem)


def _class_name(code: str) -> str:
    return f"{_NAMES[code]} ({code})" if code in _NAMES else code


def _find(scores: Scores, code: str) -> ClassScore | None:
    return next((item for item in scores.per_class if item.code == code), None)


def _f1(score: ClassScore | None) -> float | None:
    return None if score is None else score.f1


def _text(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return fraction(value if isinstance(value, float) else None)
