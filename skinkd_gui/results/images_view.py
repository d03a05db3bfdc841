"""A window with test images: what they truly are and what runs said of them; sorted, filtered, enlarged."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QListView,
    QStackedWidget,
    QWidget,
)

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from skinkd_gui.classify.picture_cards import lay_out_cards
from skinkd_gui.results.cases import CaseList
from skinkd_gui.results.exporting import save_table_as
from skinkd_gui.results.image_cards import CardDelegate
from skinkd_gui.results.images_model import CaseFilter, CaseImagesModel, CaseOrder
from skinkd_gui.results.large_view import LargeView
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.flow_layout import flow_of
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import PassingDialog, make_button
from skinkd_gui.widgets.theme import theme
from skinkd_gui.workers.job_slot import JobSlot


class ImagesView(PassingDialog):
    """Shows a `CaseList`. Finds the pictures in the run's data set, in a job; without them the cards hold words."""

    data_asked = Signal(object, object)  # run folder, names of images that are to be shown in Data

    def __init__(self, cases: CaseList, parent: QWidget | None = None) -> None:
        super().__init__(parent, "imagesView", cases.title, QSize(980, 700))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.model = CaseImagesModel(cases, self)
        self._finding = JobSlot(self, succeeded=self._take_pictures, failed=self._say_why_not)
        bar = self._build_bar()
        self._banner = Banner(self)
        self._again = self._banner.add_button("Look again", "imagesAgainButton", self._find_pictures)
        self.list = QListView(self)
        self._delegate = CardDelegate(self.model, self.list)
        self.large = LargeView(self.model, self)
        self.large.left.connect(self._show_list)
        self._pages = QStackedWidget(self)
        self._build_list()
        self._pages.addWidget(self.list)
        self._pages.addWidget(self.large)
        column_of(
            make_label(cases.title, "title", self, wrap=True),
            self._count,
            bar,
            self._banner,
            (self._pages, 1),
            on=self,
        )
        self._arrange()
        theme().changed.connect(self._fit_cards)
        self._find_pictures()

    def _build_list(self) -> None:
        view = self.list
        view.setObjectName("imagesList")
        view.setAccessibleName("Test images")
        view.setModel(self.model)
        view.setItemDelegate(self._delegate)
        lay_out_cards(view)
        view.activated.connect(self._enlarge)  # Enter, and a double click where it is the system's habit
        view.doubleClicked.connect(self._enlarge)
        self._fit_cards()

    def _build_bar(self) -> QWidget:
        cases = self.model.list
        self._count = make_label("", "muted", self, wrap=True, name="imagesCount")
        self._filter = named(QComboBox(self), "imagesFilter", "Which images are shown")
        for shown in CaseFilter:
            self._filter.addItem(shown.value, shown)
        mixed = len({case.right for case in cases.cases}) > 1 and len(cases.runs) == 1
        self._filter.setVisible(mixed)
        self._order = named(QComboBox(self), "imagesOrder", "Order of the images")
        for order in CaseOrder:
            self._order.addItem(order.value, order)
        self._filter.currentIndexChanged.connect(self._arrange)
        self._order.currentIndexChanged.connect(self._arrange)
        tip = "Look at these images in the Data tab, and correct their labels there"
        self._data = make_button("Show in Data", "imagesDataButton", self, self._ask_for_data, tip=tip)
        self._data.setEnabled(bool(cases.cases))
        self._save = make_button("Save list...", "imagesSave", self, self._save_list)
        self._save.setEnabled(bool(cases.cases))
        return flow_of(self._filter, self._order, self._data, self._save, parent=self)

    @Slot()
    def _fit_cards(self) -> None:
        self.list.setGridSize(self._delegate.card_size(self.list.font()) + QSize(2, 2))
        self.list.viewport().update()

    @Slot()
    def _arrange(self) -> None:
        self.model.arrange(self._order.currentData(), self._filter.currentData())
        shown, every = self.model.rowCount(), len(self.model.list.cases)
        images = "1 image" if every == 1 else f"{every:,} images"
        count = images if shown == every else f"{shown:,} of {images}"
        hint = "Double-click or Enter enlarges." if every else ""
        said = [count, self.model.list.about, hint]
        self._count.setText(breakable(" · ".join(text for text in said if text)))
        if shown:
            self.list.setCurrentIndex(self.model.index(0))

    # Pictures

    @Slot()
    def _find_pictures(self) -> None:
        folder, names = self.model.list.folder, [case.name for case in self.model.list.cases]
        if not names:
            self._again.hide()
            self._banner.show_message("There are no such images.", "info")
            return

        def work(emit: Emit, token: CancelToken) -> object:
            from core.runs.pictures import locate_images

            return locate_images(folder, names, token)

        self._again.hide()
        self._banner.show_message("Looking for the pictures in the data set...", "info")
        self._finding.start(work)

    @Slot(object)
    def _take_pictures(self, files: dict[str, Path]) -> None:
        missing = len(self.model.list.cases) - len(files)
        text = (
            f"{missing:,} of {len(self.model.list.cases):,} pictures are no longer in the data set." if missing else ""
        )
        self._again.setVisible(bool(missing))
        self._banner.show_message(text, "warning")
        self._delegate.pictures = True
        self._fit_cards()
        row = self.list.currentIndex().row()
        self.model.set_files(files)
        self.list.setCurrentIndex(self.model.index(max(row, 0)))

    @Slot(object)
    def _say_why_not(self, error: SkinKDError) -> None:
        self._again.show()
        self._banner.show_message(f"The images are listed without pictures. {error.summary}", "warning")
        self._delegate.pictures = False
        self._fit_cards()

    @property
    def searching(self) -> bool:
        """Whether the pictures are still being looked for."""
        return self._finding.running

    # Enlarging

    @Slot(QModelIndex)
    def _enlarge(self, index: QModelIndex) -> None:
        self.large.show_row(index.row())
        self._pages.setCurrentWidget(self.large)
        self.large.setFocus()

    @Slot(int)
    def _show_list(self, row: int) -> None:
        self._pages.setCurrentWidget(self.list)
        self.list.setCurrentIndex(self.model.index(row))
        self.list.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape goes back to the list, or closes the window."""
        if event.key() == Qt.Key.Key_Escape:
            if self._pages.currentWidget() is self.large:
                self._show_list(self.large.row)
            else:
                self.close()
            return
        super().keyPressEvent(event)

    @Slot()
    def _save_list(self) -> None:
        save_table_as(self, self.model.table(), self.model.list.title)

    @Slot()
    def _ask_for_data(self) -> None:
        names = [self.model.case(row).name for row in range(self.model.rowCount())]
        self.data_asked.emit(self.model.list.folder, names)
        self.close()
