"""The parts of the Data page: the problem list, the numbers of the split, example pictures, progress."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHeaderView,
    QLabel,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QTreeView,
    QWidget,
)

from core.classes import ClassSet
from core.data.types import Part, Problem, ProblemKind
from core.events import Event, Progress
from core.quantities import duration
from core.recipe import Recipe
from core.reporting.parts import PART_TITLES
from skinkd_gui.training.wizard.page_widgets import Box, sentence
from skinkd_gui.training.wizard.preview import THUMBNAIL_PIXELS, Example, SplitPreview
from skinkd_gui.training.wizard.problems_model import ProblemsModel
from skinkd_gui.training.wizard.state import counted
from skinkd_gui.widgets.fitting import in_text
from skinkd_gui.widgets.flow_layout import FlowLayout
from skinkd_gui.widgets.labels import make_label, plain_tip
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import delay, make_button

_MOST_LINES = 16
_MOST_ROWS = 9
_SPLIT_WIDTH = 560  # pixels
_UNFOLDED = 30  # kinds with more problems than this start folded


class ProblemsBox(Box):
    """Everything wrong with the data, and the decision to go on without the images concerned.

    Signals: `decided(bool)` when the user ticks or unticks "Go on without".
    """

    decided = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("warning", parent)
        self._title = make_label("", "heading", wrap=True)
        self._detail = make_label("", "", wrap=True)
        self.skip = named(QCheckBox(), "skipProblemsBox", "Go on without these images")
        self.skip.clicked.connect(self._on_clicked)
        self._model = ProblemsModel(self)
        self.view = named(QTreeView(), "dataProblemsList", "Problems of the data set")
        self.view.setModel(self._model)
        self.view.setUniformRowHeights(True)
        self.view.setAlternatingRowColors(True)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._folding = delay(
            self, self._fit_height
        )  # expanding everything tells of each row; the height is fitted once
        self.view.expanded.connect(self._on_collapsed)
        self.view.collapsed.connect(self._on_collapsed)
        self.view.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.view.header().resizeSection(0, 260)
        for widget in (self._title, self._detail, self.view, self.skip):
            self.column.addWidget(widget)
        self.hide()

    def show_problems(self, problems: tuple[Problem, ...], excluded: int, skip: bool, usable: int) -> None:
        """Show the problems; `excluded` images can not be used, `usable` can."""
        self._model.show_problems(problems)
        for row in range(self._model.rowCount()):
            branch = self._model.index(row, 0)
            self.view.setExpanded(branch, self._model.rowCount(branch) <= _UNFOLDED)
        if not usable:
            self._title.setText("No image can be used")
        elif excluded:
            self._title.setText(f"{counted(excluded, 'image')} can not be used")
        else:
            self._title.setText("Good to know; no image is left out for it")
        whole = [sentence(problem.reason) for problem in problems if problem.kind is ProblemKind.NO_IMAGES]
        self._detail.setText(" ".join(whole))
        self._detail.setVisible(bool(whole))
        self._fit_height()
        self.set_role("error" if not usable else "warning" if excluded else "info")
        these = "this image" if excluded == 1 else f"these {excluded:,} images"
        self.skip.setText(f"Go on without {these}")
        self.skip.setAccessibleName(self.skip.text())
        self.skip.setChecked(skip)
        self.skip.setVisible(excluded > 0 and usable > 0)
        self.setVisible(bool(problems))

    @Slot()
    def _fit_height(self) -> None:
        """As high as its rows, up to a limit; a longer list scrolls."""
        kinds = self._model.rowCount()
        branches = [self._model.index(row, 0) for row in range(kinds)]
        rows = kinds + sum(self._model.rowCount(branch) for branch in branches if self.view.isExpanded(branch))
        each = max(self.view.sizeHintForRow(0), self.fontMetrics().height() + 4)
        self.view.setFixedHeight(min(max(rows, 2), _MOST_ROWS) * each + self.view.header().sizeHint().height() + 6)

    def set_skip(self, skip: bool) -> None:
        """Show the decision."""
        self.skip.setChecked(skip)

    @Slot(QModelIndex)
    def _on_collapsed(self, _branch: QModelIndex) -> None:
        self._folding.start(0)

    @Slot(bool)
    def _on_clicked(self, checked: bool) -> None:
        self.decided.emit(checked)


class SplitTable(QTableWidget):
    """Images per part and class: a row per class and one for all, a column per part."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(Part), parent)
        self.setObjectName("splitTable")
        self.setAccessibleName("Images per class in training, validation, calibration and test")
        self.setHorizontalHeaderLabels([PART_TITLES[part] for part in Part])
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(max(24, self.fontMetrics().height() + 6))
        self._classes: ClassSet | None = None
        self.show_classes(Recipe().class_set)

    def show_classes(self, classes: ClassSet) -> None:
        """A row for each of these classes, with dashes for numbers."""
        if classes == self._classes:
            return
        self._classes = classes
        self.setRowCount(len(classes) + 1)
        self.setVerticalHeaderLabels([*classes.names, "All"])
        # the names of the parts and classes stay readable with large type; the figure beside takes what is left
        columns = [self.horizontalHeader().sectionSizeHint(column) for column in range(len(Part))]
        wanted = self.verticalHeader().sizeHint().width() + len(Part) * max(columns) + 4
        self.setMinimumWidth(min(wanted, max(_SPLIT_WIDTH, in_text(380))))
        self.horizontalHeader().setMinimumSectionSize(max(columns))
        many = self.rowCount() > _MOST_LINES
        height = self.verticalHeader().defaultSectionSize() * min(self.rowCount(), _MOST_LINES)
        self.setFixedHeight(height + self.horizontalHeader().sizeHint().height() + 4)
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if many else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        self.show_preview(None)

    def show_preview(self, preview: SplitPreview | None) -> None:
        """Show the numbers, or dashes without any; a part that the recipe does not make has no column."""
        rows = {} if preview is None else {part: (*per_class, images) for part, images, per_class in preview.rows}
        for column, part in enumerate(Part):
            self.setColumnHidden(column, bool(rows) and part not in rows)
            counts: tuple[int | None, ...] = rows.get(part, (None,) * self.rowCount())
            for row, count in enumerate(counts):
                item = QTableWidgetItem("–" if count is None else f"{count:,}")
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if row == self.rowCount() - 1:
                    font = item.font()
                    font.setBold(True)
                    item.setFont(font)
                self.setItem(row, column, item)


class ExampleStrip(QWidget):
    """One picture per class, with the class's name below, in as many lines as it takes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("exampleImages")
        self.setAccessibleName("An example image of each class")
        self._row = FlowLayout(self, spacing=3)

    def show_examples(self, examples: tuple[Example, ...]) -> None:
        """Show these pictures; hidden without any."""
        while (item := self._row.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for example in examples:
            self._row.addWidget(_thumbnail(example))
        self.setVisible(bool(examples))


def _thumbnail(example: Example) -> QWidget:
    holder = QWidget()
    column = column_of(on=holder, margins=0, spacing=4)
    height, width, _ = example.picture.shape
    image = QImage(example.picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(width / THUMBNAIL_PIXELS)
    picture = QLabel(pixmap=pixmap)
    picture.setFixedSize(QSize(THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    picture.setAccessibleName(f"Example of {example.title}: {example.name}")
    picture.setObjectName("exampleImage")
    picture.setToolTip(plain_tip(f"{example.title} ({example.code})\n{example.name}"))
    name = make_label(example.title.replace("Dermatofibroma", "Dermato\u00adfibroma"), "small", wrap=True)
    name.ensurePolished()
    words = name.text().replace("\u00ad", " ").split()
    longest = max((name.fontMetrics().horizontalAdvance(f"{word}-") for word in words), default=0)
    name.setFixedWidth(max(THUMBNAIL_PIXELS, longest) + 4)
    name.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
    column.addWidget(picture, 0, Qt.AlignmentFlag.AlignHCenter)
    column.addWidget(name, 1)
    return holder


class JobProgressRow(QWidget):
    """What a job of the page is doing, how far it is, and a button to stop it.

    Signals: `stopped()` when the user asks to stop.
    """

    stopped = Signal()

    def __init__(self, name: str, stop_text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = make_label()
        self._bar = named(QProgressBar(), f"{name}Progress", "Progress")
        self._bar.setMinimumWidth(160)
        self._stop = make_button(stop_text, f"{name}StopButton", clicked=self._on_stop)
        row_of(self._text, (self._bar, 1), self._stop, on=self, margins=0)
        self.hide()

    def begin(self, text: str, *, stoppable: bool = True) -> None:
        """Show that something was begun whose end is not known yet."""
        self._text.setText(text)
        self._bar.setRange(0, 0)
        self._stop.setVisible(stoppable)
        self._stop.setEnabled(True)
        self.show()

    @Slot(object)
    def show_progress(self, event: Event) -> None:
        """Show how far it is; what a job reports beside that is not shown."""
        if not isinstance(event, Progress) or not self._stop.isEnabled():
            return
        left = f", about {duration(event.seconds_left)} left" if event.seconds_left is not None else ""
        of = f": {event.done:,} of {event.total:,}" if event.total else ""
        self._text.setText(f"{event.phase.value}{of}{left}")
        self._bar.setRange(0, event.total)
        self._bar.setValue(event.done)

    def say(self, text: str) -> None:
        """Show what is done now."""
        if self._stop.isEnabled():
            self._text.setText(text)

    @Slot()
    def _on_stop(self) -> None:
        self._stop.setEnabled(False)
        self._text.setText("Stopping…")
        self.stopped.emit()
