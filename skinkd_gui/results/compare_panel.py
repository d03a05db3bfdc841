"""The headline scores of several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.reporting.words import NONE, fraction, kind_of_run, million
from core.runs.status import RunSummary
from skinkd_gui.results.details import same_test_images, tested_images
from skinkd_gui.results.exporting import save_table_as
from skinkd_gui.results.figure_panel import make_button
from skinkd_gui.results.overview_panel import Banner
from skinkd_gui.results.plain_table import PlainTable
from skinkd_gui.widgets.labels import make_label

_SCORES = ("weighted_f1", "accuracy", "balanced_accuracy", "macro_f1")
_HEADER = ("Run", "Kind", "Weighted F1", "Accuracy", "Balanced accuracy", "Macro F1", "Parameters", "Test images")
_FIRST_SCORE = 2


class ComparePanel(QWidget):
    """One row per run; the best of each score is bold."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparePanel")
        self._runs: tuple[RunSummary, ...] = ()
        self._heading = make_label("", "heading", self)
        self._warning = Banner(self)
        self.table = PlainTable("compareTable", "Test scores of the selected runs", self)
        self._save = make_button("Save table...", "compareSaveTable", self)
        self._save.clicked.connect(self._save_table)
        row = QHBoxLayout()
        row.addWidget(self._heading)
        row.addStretch(1)
        row.addWidget(self._save)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self._warning)
        layout.addWidget(self.table, 1)
        layout.addWidget(
            make_label(
                "Scores on the test images; the best of each is bold. With few test images, small "
                "differences may be chance.",
                "small",
                self,
                wrap=True,
            )
        )

    def set_runs(self, runs: Sequence[RunSummary]) -> None:
        """Show these runs, in this order."""
        self._runs = tuple(runs)
        self._heading.setText(f"{len(self._runs)} runs side by side")
        tested = [run for run in self._runs if run.scores is not None]
        differ = len(tested) > 1 and not same_test_images(tested)
        self._warning.set(
            "warning" if differ else "",
            "These runs were not all tested on the same images, so their scores do not compare like with like.",
        )
        self.table.fill(_HEADER, [_texts(run) for run in self._runs], text_columns=_FIRST_SCORE)
        for column, name in enumerate(_SCORES, _FIRST_SCORE):
            best = max((_score(run, name) for run in tested), default=0.0)
            for row, run in enumerate(self._runs):
                if run.scores is not None and len(tested) > 1 and _score(run, name) == best:
                    self.table.embolden(row, column)

    @Slot()
    def _save_table(self) -> None:
        rows = [
            [
                run.status.name,
                kind_of_run(run.recipe),
                *(None if run.scores is None else _score(run, name) for name in _SCORES),
                run.parameters,
                tested_images(run),
            ]
            for run in self._runs
        ]
        save_table_as(self, _HEADER, rows, "runs-compared")


def _score(run: RunSummary, name: str) -> float:
    return float(getattr(run.scores, name))


def _texts(run: RunSummary) -> list[str]:
    scores = [NONE if run.scores is None else fraction(_score(run, name)) for name in _SCORES]
    images = tested_images(run)
    return [
        run.status.name,
        kind_of_run(run.recipe),
        *scores,
        million(run.parameters),
        f"{images:,}" if images else NONE,
    ]
