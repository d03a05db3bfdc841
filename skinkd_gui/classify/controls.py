"""The small parts of the Classify tab: buttons, the table, and the row that shows progress."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTableView,
    QWidget,
)

from core.events import Notice, Phase, Progress
from core.reporting.words import duration
from skinkd_gui.classify.images_model import DIAGNOSIS, IMAGE, MALIGNANT, PROBABILITY, THUMBNAIL, ImagesModel
from skinkd_gui.widgets.labels import make_label


def make_button(text: str, name: str, parent: QWidget, *, tip: str = "") -> QPushButton:
    """A button with an object name and an accessible name."""
    button = QPushButton(text, parent)
    button.setObjectName(name)
    button.setAccessibleName(text.rstrip("."))
    button.setToolTip(tip)
    return button


def make_table(images: ImagesModel, parent: QWidget) -> QTableView:
    """The table of images; row heights are fixed, so that ten thousand rows cost nothing until they are seen."""
    table = QTableView(parent)
    table.setObjectName("classifyTable")
    table.setAccessibleName("Images and diagnoses")
    table.setModel(images)
    table.setIconSize(THUMBNAIL)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setAlternatingRowColors(True)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    rows = table.verticalHeader()
    rows.setVisible(False)
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setDefaultSectionSize(THUMBNAIL.height() + 8)
    columns = table.horizontalHeader()
    columns.setHighlightSections(False)
    columns.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    columns.setSectionResizeMode(DIAGNOSIS, QHeaderView.ResizeMode.Stretch)
    for column, width in ((IMAGE, 200), (PROBABILITY, 90), (MALIGNANT, 90)):
        columns.resizeSection(column, width)
    columns.setMinimumSectionSize(70)
    columns.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # the order in which the images came
    table.setSortingEnabled(True)
    return table


def scrolled(widget: QWidget, parent: QWidget) -> QScrollArea:
    """A widget that scrolls up and down where the window is too low for it."""
    area = QScrollArea(parent)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidgetResizable(True)
    area.setWidget(widget)
    area.setMinimumWidth(widget.minimumSizeHint().width() + area.verticalScrollBar().sizeHint().width())
    return area


_LOOKING = "Looking for images..."


class ProgressRow(QWidget):
    """A line of text, a bar and a button while something is going on; otherwise the last news."""

    cancelled = Signal()  # the user wants to stop
    go_on = Signal()  # the user wants the waiting images classified after all

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = make_label("", "muted", self)
        self._text.setObjectName("classifyProgressText")
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # long paths may be cut off
        self._bar = QProgressBar(self)
        self._bar.setObjectName("classifyProgress")
        self._bar.setAccessibleName("Progress of the classification")
        self._bar.setProperty("slim", True)
        self._bar.setTextVisible(False)
        self._cancel = make_button("Cancel", "classifyCancelButton", self)
        self._go_on = make_button("Go on", "classifyGoOnButton", self, tip="Classify the images that wait")
        self._cancel.clicked.connect(self.cancelled)
        self._go_on.clicked.connect(self.go_on)
        self._busy = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._bar, 1)
        layout.addWidget(self._go_on)
        layout.addWidget(self._cancel)

    def show_state(self, *, busy: bool, cancelling: bool, can_go_on: bool) -> None:
        """Show the bar and the buttons that make sense now."""
        if busy and not self._busy:
            self._bar.setRange(0, 0)
            self._text.setText(_LOOKING)
        elif self._busy and not busy and can_go_on:
            self._text.setText("Stopped. The other images wait.")
        elif not busy and self._text.text() == _LOOKING:  # all of them were listed already
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
        self._text.setToolTip(text)

    @Slot(object)
    def show_progress(self, progress: Progress) -> None:
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
        self._text.setText(words)

    @Slot(object)
    def show_notice(self, notice: Notice) -> None:
        """Show a notice of the worker."""
        self.show_text(notice.text)

    @Slot(object)
    def show_written(self, file: Path) -> None:
        """Say where the table went."""
        self.show_text(f"Saved {file}")
