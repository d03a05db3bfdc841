"""One test image as large as the window, with what is known of it; arrow keys go on to the next."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QWidget

from core.quantities import probability
from skinkd_gui.classify.picture_view import PictureView
from skinkd_gui.classify.pictures import DecodedPicture, PictureLoader
from skinkd_gui.results.cases import Case, CaseList
from skinkd_gui.results.images_model import CaseImagesModel
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of
from skinkd_gui.widgets.parts import make_button

_LARGEST = QSize(1600, 1600)


class LargeView(QWidget):
    """Shows a row of the model."""

    left = Signal(int)  # the user goes back to the list; the row that was shown last

    def __init__(self, model: CaseImagesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._model = model
        self.row = 0
        self.picture = PictureView(self)
        self.picture.setObjectName("imagesLarge")
        self._loader = PictureLoader(_LARGEST, most_waiting=1, parent=self)
        self._loader.loaded.connect(self._show_loaded)
        model.modelReset.connect(self._show_again)
        self._name = make_label("", "heading", self, wrap=True)
        self._name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._truth = make_label("", "", self, wrap=True)
        self._back = make_button("Back to the list", "imagesBack", self)
        self._previous = make_button("Previous", "imagesPrevious", self)
        self._next = make_button("Next", "imagesNext", self)
        self._back.clicked.connect(self._go_back)
        self._previous.clicked.connect(self.show_previous)
        self._next.clicked.connect(self.show_next)
        column_of(
            (self.picture, 1),
            self._name,
            self._truth,
            row_of(self._back, STRETCH, self._previous, self._next),
            on=self,
            margins=0,
        )

    def show_row(self, row: int) -> None:
        """Show the image of a row."""
        self.row = row
        case, file = self._model.case(row), self._model.file(row)
        self._name.setText(breakable(f"{case.name}  ({row + 1:,} of {self._model.rowCount():,})"))
        self._truth.setText(breakable(_words(case, self._model.list)))
        self._previous.setEnabled(row > 0)
        self._next.setEnabled(row + 1 < self._model.rowCount())
        self.picture.show_picture(QPixmap(), "No picture" if file is None else "Loading the picture...")
        self.picture.setAccessibleDescription(self._truth.text())
        if file is not None:
            self._loader.request(file)

    @Slot()
    def _show_again(self) -> None:
        """The pictures were found meanwhile, or are others."""
        if self.isVisible() and self._model.rowCount():
            self.show_row(min(self.row, self._model.rowCount() - 1))

    @Slot()
    def show_next(self) -> None:
        """The image of the next row."""
        if self.row + 1 < self._model.rowCount():
            self.show_row(self.row + 1)

    @Slot()
    def show_previous(self) -> None:
        """The image of the row before."""
        if self.row > 0:
            self.show_row(self.row - 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys turn the pages."""
        steps = {Qt.Key.Key_Right: self.show_next, Qt.Key.Key_Down: self.show_next, Qt.Key.Key_Left: self.show_previous,
                 Qt.Key.Key_Up: self.show_previous}  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            step()

    @Slot()
    def _go_back(self) -> None:
        self.left.emit(self.row)

    @Slot(object)
    def _show_loaded(self, picture: DecodedPicture) -> None:
        if self.row >= self._model.rowCount() or picture.path != self._model.file(self.row):
            return
        pixmap = QPixmap() if picture.image is None else QPixmap.fromImage(picture.image)
        self.picture.show_picture(pixmap, picture.error)


def _words(case: Case, shown: CaseList) -> str:
    title_of = shown.classes.title_of
    lines = [f"Truth: {title_of(case.truth)}"]
    for run, prediction in zip(shown.runs, case.predictions, strict=True):
        line = f"{run}: {title_of(prediction.code)}, probability {probability(prediction.probability)}"
        if prediction.code != case.truth:
            line += f"; the truth got {probability(prediction.of_truth)}"
        lines.append(line)
    return "\n".join(lines)
