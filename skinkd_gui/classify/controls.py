"""The small parts of the Classify tab: buttons, the table, and the row that shows progress."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QAbstractItemModel, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QTableView,
    QWidget,
)

from core.events import Phase, Progress
from core.quantities import duration
from skinkd_gui.classify.cells import (
    AGREEMENT,
    DECISION,
    DIAGNOSIS,
    FLAG,
    IMAGE,
    MALIGNANT,
    OF_SECOND,
    PROBABILITY,
    REVIEW,
    SECOND_DIAGNOSIS,
    SECOND_PROBABILITY,
    SECOND_VERDICT,
    TRUTH,
    VERDICT,
)
from skinkd_gui.classify.kinds import Which
from skinkd_gui.classify.row_painting import ImageRows
from skinkd_gui.classify.row_pictures import THUMBNAIL
from skinkd_gui.widgets.labels import make_label, plain_tip
from skinkd_gui.widgets.layouts import as_list, named, row_of
from skinkd_gui.widgets.parts import make_button, slim_bar

_WIDTHS = {IMAGE: 170, DECISION: 105, VERDICT: 112, DIAGNOSIS: 150, PROBABILITY: 88, MALIGNANT: 80}
_NARROW = {
    IMAGE: 165,
    DECISION: 105,
    VERDICT: 112,
    DIAGNOSIS: 140,
    REVIEW: 110,
    FLAG: 72,
    TRUTH: 128,
    SECOND_DIAGNOSIS: 140,
    AGREEMENT: 62,
    PROBABILITY: 88,
    MALIGNANT: 80,
    SECOND_PROBABILITY: 140,
    SECOND_VERDICT: 140,
}
"""Pixels of columns in type of `_TYPE` pixels: in the table of one model, and where more columns want room."""

_TYPE = 17  # pixels that a line is high
_LINES = 3  # of a row: names of files are long


def make_table(rows: QAbstractItemModel, parent: QWidget) -> QTableView:
    """The table of images; row heights are fixed, so that ten thousand rows cost nothing until they are seen."""
    table = named(QTableView(parent), "classifyTable", "Images, verdicts and diagnoses")
    table.setModel(rows)
    table.setItemDelegate(ImageRows(table))
    table.setIconSize(THUMBNAIL)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    as_list(table)
    table.setWordWrap(True)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    side = table.verticalHeader()
    side.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    columns = table.horizontalHeader()
    columns.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    columns.setMinimumSectionSize(60)
    columns.setSortIndicatorClearable(True)  # a third click: the order in which the images came
    columns.setSortIndicator(DECISION, Qt.SortOrder.AscendingOrder)  # the most urgent first
    table.setSortingEnabled(True)
    show_columns(table, ShownColumns())
    return table


@dataclass(frozen=True)
class ShownColumns:
    """Which columns there is something for: a second model, known labels, a malignant group, reviews, a threshold."""

    compared: bool = False
    labelled: bool = False
    malignant: bool = True
    reviewed: bool = False
    flagged: bool = False


def show_columns(table: QTableView, shown: ShownColumns) -> None:
    """Show the columns that hold something."""
    high = table.fontMetrics().height()
    if table.property("shownColumns") == (shown, high):
        return
    table.setProperty("shownColumns", (shown, high))
    table.verticalHeader().setDefaultSectionSize(max(THUMBNAIL.height() + 12, _LINES * high + 3))
    for column, there in (
        (TRUTH, shown.labelled),
        (MALIGNANT, shown.malignant),
        (REVIEW, shown.reviewed),
        (FLAG, shown.flagged),
        *((column, shown.compared) for column in OF_SECOND),
    ):
        table.setColumnHidden(column, not there)
    columns = table.horizontalHeader()
    # With few columns the diagnosis, which may carry a reason, takes what room there is; with many they scroll.
    many = shown.compared or shown.labelled or shown.reviewed or shown.flagged
    columns.setSectionResizeMode(
        DIAGNOSIS, QHeaderView.ResizeMode.Interactive if many else QHeaderView.ResizeMode.Stretch
    )
    columns.setStretchLastSection(many)
    for column, width in {**_NARROW, **({} if many else _WIDTHS)}.items():
        columns.resizeSection(column, round(width * max(1.0, high / _TYPE)))


_SEARCHING = "Looking for images..."


class ProgressRow(QWidget):
    """A line of text, a bar and a button while something is going on; otherwise the last news."""

    cancelled = Signal()  # the user wants to stop
    go_on = Signal()  # the user wants the waiting images classified after all

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = make_label("", "muted", self, name="classifyProgressText")
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # long paths may be cut off
        self._bar = slim_bar("classifyProgress", "Progress of the classification", self)
        self._cancel = make_button("Cancel", "classifyCancelButton", self)
        self._go_on = make_button("Go on", "classifyGoOnButton", self, tip="Classify the images that wait")
        self._cancel.clicked.connect(self.cancelled)
        self._go_on.clicked.connect(self.go_on)
        self._busy = False
        row_of((self._text, 1), (self._bar, 1), self._go_on, self._cancel, on=self, margins=0)

    def show_state(self, *, busy: bool, cancelling: bool, can_go_on: bool) -> None:
        """Show the bar and the buttons that make sense now."""
        if busy and not self._busy:
            self._bar.setRange(0, 0)
            self._text.setText(_SEARCHING)
        elif self._busy and not busy and can_go_on:
            self._text.setText("Stopped. The other images wait.")
        elif not busy and self._text.text() == _SEARCHING:  # all of them were listed already
            self._text.setText("")
        self._busy = busy
        self._bar.setVisible(busy)
        self._cancel.setVisible(busy)
        self._cancel.setEnabled(not cancelling)
        self._cancel.setText("Cancelling..." if cancelling else "Cancel")
        self._go_on.setVisible(can_go_on)

    def show_text(self, text: str) -> None:
        """Say something."""
        self._text.setText(text)
        self._text.setToolTip(plain_tip(text))

    @Slot(object, object)
    def show_progress(self, which: Which, progress: Progress) -> None:
        """Say how far the classification is, how fast, and how long it will take."""
        if progress.phase is Phase.LOADING:
            self._bar.setRange(0, 0)
            self._text.setText("Loading the model; the first time takes a few seconds...")
            return
        self._bar.setRange(0, max(1, progress.total))
        self._bar.setValue(progress.done)
        words = f"{progress.done:,} of {progress.total:,} images"
        if progress.per_second:
            words += f", {progress.per_second:.1f} images/s"
        if progress.seconds_left:
            words += f", {duration(progress.seconds_left)} left"
        self._text.setText(f"Second model: {words}" if which is Which.SECOND else words)
