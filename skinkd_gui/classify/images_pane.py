"""The list of images beside the one that is selected, or that one large in its place; and what the reader says of
them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QSplitter, QWidget

from core.classes import LesionClass, Malignancy
from core.inference.trust import DEFAULT_READERSHIP, Readership
from skinkd_gui.classify.controls import ShownColumns, make_table, show_columns
from skinkd_gui.classify.details_panel import ImageDetailsPanel
from skinkd_gui.classify.facts import ModelResult, ShownImage
from skinkd_gui.classify.images_filter import ImagesFilter
from skinkd_gui.classify.images_menu import ImagesMenu
from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.classify.kinds import Kind, Which
from skinkd_gui.classify.one_bar import OneBar
from skinkd_gui.classify.operating_point_view import ThresholdUse
from skinkd_gui.classify.reviewing import Reviewing
from skinkd_gui.classify.session import ClassifySession
from skinkd_gui.classify.summary_bar import SummaryBar
from skinkd_gui.widgets.layouts import column_of
from skinkd_gui.widgets.theme import theme


class ImagesPane(QSplitter):
    """With one image in the list, that one is all that is shown. Call `update_state` when anything has changed."""

    filtered = Signal()  # other images are shown

    def __init__(self, images: ClassifiedImagesModel, session: ClassifySession, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent, childrenCollapsible=False)
        self._images, self._session = images, session
        self._reviewing = Reviewing(images, session, self)
        self._large = False  # one image is shown large in place of the list
        self._unchosen: Path | None = None  # the selected image, while nobody has chosen one
        self._reader = DEFAULT_READERSHIP
        self._shown = ImagesFilter(images, self)
        self.summary = SummaryBar(images, self)
        self.table = make_table(self._shown, self)
        self.details = ImageDetailsPanel(self)
        self._menu = ImagesMenu(self.table)
        self._one_bar = OneBar(self)
        self._left, right = QWidget(self), QWidget(self)
        column_of(self.summary, (self.table, 1), on=self._left, margins=0)
        column_of(self._one_bar, (self.details, 1), on=right, margins=0)
        self.addWidget(self._left)
        self.addWidget(right)
        self.setSizes([720, 520])
        self.setStretchFactor(0, 3)
        self.setStretchFactor(1, 2)
        self._connect()

    def _connect(self) -> None:
        review, menu = self.details.review, self._menu
        review.agreed.connect(self._agree)
        review.overruled.connect(self._overrule)
        review.marked.connect(self._mark)
        review.noted.connect(self._note)
        menu.wanted.connect(self._act)
        menu.overruled.connect(self._overrule)
        self.summary.filtered.connect(self._filter)
        self.table.selectionModel().currentRowChanged.connect(self._show_row)
        self.table.selectionModel().selectionChanged.connect(self._update_menu)
        self.table.doubleClicked.connect(self._show_large)
        self._one_bar.back.connect(self._show_list)
        self._one_bar.moved.connect(self._move)
        self._images.reviewed.connect(self._refresh)
        self._images.modelReset.connect(self.details.show_nothing)
        self._images.layoutChanged.connect(self._follow_order)
        self._session.idle.connect(self._follow_order)
        theme().changed.connect(self.update_state)
        self._session.updated.connect(self._refresh)
        self._session.loaded.connect(self.show_current)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self._show_list)

    # --- for the tab ---

    @property
    def selected(self) -> list[Path]:
        """The files selected in the table, from top to bottom; of an image that is shown large, that one."""
        if self._alone:
            path = self._current
            return [] if path is None else [path]
        rows = sorted(self._shown.row_of(index) for index in self.table.selectionModel().selectedRows())
        return [self._images.path(row) for row in rows]

    @property
    def shown(self) -> list[Path]:
        """The files that pass the filter, from top to bottom."""
        rows = (self._shown.row_of(self._shown.index(row, 0)) for row in range(self._shown.rowCount()))
        return [self._images.path(row) for row in rows]

    def set_reader(self, reader: Readership) -> None:
        """Who looks at the images."""
        self._reader = reader
        self.show_current()

    @Slot()
    def update_state(self) -> None:
        """Bring columns, counts, menu and what is shown of the images in line with models and images."""
        choice, second = self._session.choice(Which.FIRST), self._session.choice(Which.SECOND)
        malignant = choice is None or bool(choice.classes.of_group(Malignancy.MALIGNANT))
        threshold, compared = self._session.threshold, second is not None
        columns = ShownColumns(
            compared=compared,
            labelled=bool(self._images.truths),
            malignant=malignant,
            reviewed=bool(self._images.reviews),
            flagged=threshold is not None,
        )
        show_columns(self.table, columns)
        self.summary.show_counts(self._shown.rowCount(), compared=compared, malignant=malignant)
        self.summary.show_threshold(threshold)
        self.details.set_used(ThresholdUse(choice is not None, threshold))
        if self._shown.rowCount() and not self.table.currentIndex().isValid():
            self._select_first()
        self._update_menu()
        self._arrange()

    @Slot()
    def show_current(self) -> None:
        """Show what is known of the selected image now."""
        path = self._current
        if path is None:
            self.details.show_nothing()
            return
        first, second = (self._model_result(path, which) for which in Which)
        (truth, name), part = self._images.truth_of(path), self._images.parts.get(path)
        review = self._images.review(path)
        self.details.show_facts(ShownImage(path, first, second, truth, name, part, self._reader, review))

    def _model_result(self, path: Path, which: Which) -> ModelResult | None:
        choice = self._session.choice(which)
        if choice is None:
            return None
        return ModelResult(choice, self._images.result_of(path, which), self._session.classifier(which))

    @property
    def _current(self) -> Path | None:
        row = self._shown.row_of(self.table.currentIndex())
        return None if row < 0 else self._images.path(row)

    def _select_first(self) -> None:
        self._unchosen = None
        self.table.selectRow(0)
        self._unchosen = self._current

    # --- what is shown ---

    @Slot()
    def _follow_order(self) -> None:
        """Until the user chooses an image, the first of the list is shown."""
        if self._unchosen is not None and not self._session.busy and self.table.currentIndex().row() > 0:
            self._select_first()
            self.table.scrollToTop()

    @Slot(QModelIndex, QModelIndex)
    def _show_row(self, current: QModelIndex, previous: QModelIndex) -> None:
        if self._current != self._unchosen:
            self._unchosen = None
        self.show_current()
        self._arrange()

    @Slot(object)
    def _refresh(self, paths: set[Path]) -> None:
        if self._current in paths:
            self.show_current()

    @Slot(object)
    def _filter(self, kind: Kind | None) -> None:
        self._shown.show_kind(kind)
        self.filtered.emit()
        self.table.scrollTo(self.table.currentIndex())

    # --- one or many ---

    @property
    def _alone(self) -> bool:
        """Whether one image is shown in place of the list."""
        return self._large or self._images.rowCount() == 1

    @Slot()
    def _show_large(self) -> None:
        self._large, self._unchosen = True, None
        self._arrange()

    @Slot()
    def _show_list(self) -> None:
        self._large = False
        self._arrange()

    @Slot(int)
    def _move(self, step: int) -> None:
        row = self.table.currentIndex().row() + step
        if 0 <= row < self._shown.rowCount():
            self.table.selectRow(row)

    def _arrange(self) -> None:
        rows = self._images.rowCount()
        self._large = self._large and rows > 1
        if self._left.isHidden() is not self._alone:
            self._left.setHidden(self._alone)
            if not self._alone:
                self.table.scrollTo(self.table.currentIndex())
                self.table.setFocus()
        self._one_bar.setVisible(self._alone and rows > 1)
        path = self._current
        if self._alone and path is not None:
            self._one_bar.show_position(self.table.currentIndex().row(), self._shown.rowCount(), path.name)

    @Slot()
    def _update_menu(self) -> None:
        choice = self._session.choice(Which.FIRST)
        self._menu.show_state(self.selected, choice.classes if choice is not None else None)

    # --- what the reader says ---

    @Slot()
    def _agree(self) -> None:
        self._reviewing.agree(self.selected)

    @Slot(object)
    def _overrule(self, diagnosis: LesionClass) -> None:
        self._reviewing.overrule(self.selected, diagnosis)

    @Slot(bool)
    def _mark(self, reviewed: bool) -> None:
        self._reviewing.mark(self.selected, reviewed)

    @Slot(str)
    def _note(self, text: str) -> None:
        if (shown := self.details.shown) is not None:
            self._reviewing.note(shown.path, text)

    @Slot(str)
    def _act(self, word: str) -> None:
        paths = self.selected
        acts: dict[str, Callable[[], None]] = {
            ImagesMenu.LARGE: self._show_large,
            ImagesMenu.AGREE: partial(self._reviewing.agree, paths),
            ImagesMenu.REVIEWED: partial(self._reviewing.mark, paths, True),
            ImagesMenu.UNREVIEWED: partial(self._reviewing.mark, paths, False),
            ImagesMenu.REMOVE: partial(self._reviewing.remove, paths),
        }
        acts[word]()
