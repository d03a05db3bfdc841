"""One similar case beside the image asked about, both to look at closely."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from core.classes import ClassSet
from core.inference.similar import SimilarCase
from core.visible_text import visible
from skinkd_gui.classify.picture_view import PictureView
from skinkd_gui.classify.pictures import FULL, DecodedPicture, PictureLoader
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.parts import PassingDialog, make_button


class SimilarDialog(PassingDialog):
    """Shows the cases one after the other; call `open`."""

    def __init__(
        self, parent: QWidget | None, asked: Path, cases: Sequence[SimilarCase], index: int, classes: ClassSet
    ) -> None:
        super().__init__(parent, "similarDialog", "Similar proven cases", QSize(900, 600))
        self._asked, self._cases, self.index, self._classes = asked, tuple(cases), index, classes
        self._loader = PictureLoader(FULL, most_waiting=2, parent=self, layered=True)
        self._loader.loaded.connect(self._show_loaded)
        self.mine = self._view("similarAsked", "The image asked about")
        self.other = self._view("similarCase", "The similar case")
        self._mine_title = make_label("This image", "heading", self, wrap=True)
        self._title = make_label("", "heading", self, wrap=True, name="similarTitle")
        self._mine_name = make_label(breakable(visible(asked.name)), "small", self, wrap=True)
        self._name = make_label("", "small", self, wrap=True)
        self._about = make_label("", "muted", self, wrap=True)
        self._previous = make_button("&Previous", "similarPrevious", self, self.show_previous)
        self._next = make_button("&Next", "similarNext", self, self.show_next)
        close = make_button("Close", "similarClose", self, self.accept)
        close.setDefault(True)
        self._lay_out(close)
        self.mine.show_layers((), "Loading the picture...")
        self._loader.request(asked)
        self._show()

    def _view(self, name: str, accessible: str) -> PictureView:
        return named(PictureView(self), name, accessible)

    def _lay_out(self, close: QWidget) -> None:
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(1, 1)
        columns = ((self._mine_title, self.mine, self._mine_name), (self._title, self.other, self._name))
        for column, widgets in enumerate(columns):
            for line, widget in enumerate(widgets):
                grid.addWidget(widget, line, column)
        column_of((grid, 1), self._about, row_of(self._previous, self._next, STRETCH, close), on=self)

    @Slot()
    def show_next(self) -> None:
        """The next case, which is less alike."""
        if self.index + 1 < len(self._cases):
            self.index += 1
            self._show()

    @Slot()
    def show_previous(self) -> None:
        """The case before."""
        if self.index > 0:
            self.index -= 1
            self._show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Page up and down turn the pages; arrow keys too, unless they move a zoomed picture."""
        steps = {Qt.Key.Key_Right: self.show_next, Qt.Key.Key_PageDown: self.show_next,
                 Qt.Key.Key_Left: self.show_previous, Qt.Key.Key_PageUp: self.show_previous}  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            step()

    def _show(self) -> None:
        case = self._cases[self.index]
        described = self._classes.find(case.code)
        self._title.setText(f"Proven: {self._classes.name_of(case.code)}")
        mark = "this very image" if case.same_picture else f"similarity {case.similarity:.2f}"
        mark += ", the same lesion" if case.same_lesion else ""
        self._name.setText(breakable(f"{visible(case.name)}, {mark} ({self.index + 1} of {len(self._cases)})"))
        self._about.setText(described.about if described else "")
        self._previous.setEnabled(self.index > 0)
        self._next.setEnabled(self.index + 1 < len(self._cases))
        self.other.show_layers((), "No picture" if case.path is None else "Loading the picture...")
        if case.path is not None:
            self._loader.request(case.path)

    @Slot(object)
    def _show_loaded(self, picture: DecodedPicture) -> None:
        layers = () if picture.image is None else (picture.image, *picture.smaller)
        if picture.path == self._asked and not self.mine.has_picture:
            self.mine.show_layers(layers, picture.error)
        if picture.path == self._cases[self.index].path:
            self.other.show_layers(layers, picture.error)
