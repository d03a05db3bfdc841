"""What stands before the texts of a row: the picture of its file, small, and the mark of a verdict."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QPainter, QPixmap

from skinkd_gui.classify.kinds import Kind
from skinkd_gui.classify.pictures import DecodedPicture, PictureLoader
from skinkd_gui.widgets.theme import coloured_icon, colours, theme

THUMBNAIL = QSize(56, 42)
_MOST_THUMBNAILS = 600
_MARK = 16  # pixels of a verdict's mark


class RowPictures(QObject):
    """Thumbnails, made when they are asked for, the newest of them held; all take the same space."""

    arrived = Signal(object)  # Path, whose thumbnail is there now

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails: OrderedDict[Path, QPixmap] = OrderedDict()
        self.loader = PictureLoader(THUMBNAIL * 2, most_waiting=60, parent=self)
        self.loader.loaded.connect(self._store)
        self._placeholder, self.broken = QPixmap(), QPixmap()
        self._marks: dict[Kind, QIcon] = {}
        theme().changed.connect(self._restyle)
        self._restyle()

    def thumbnail(self, path: Path) -> QPixmap:
        """The picture of a file; a placeholder while it is loaded."""
        found = self._thumbnails.get(path)
        if found is None:
            self.loader.request(path)
            return self._placeholder
        self._thumbnails.move_to_end(path)
        return found

    def mark(self, kind: Kind) -> QIcon:
        """The mark of a verdict."""
        return self._marks[kind]

    def clear(self) -> None:
        """Forget all pictures, and what was asked for."""
        self.loader.forget()
        self._thumbnails.clear()

    @Slot(object)
    def _store(self, picture: DecodedPicture) -> None:
        self._thumbnails[picture.path] = (
            self.broken if picture.image is None else _framed(QPixmap.fromImage(picture.image))
        )
        while len(self._thumbnails) > _MOST_THUMBNAILS:
            self._thumbnails.popitem(last=False)
        self.arrived.emit(picture.path)

    @Slot()
    def _restyle(self) -> None:
        palette = colours()
        self._placeholder = _icon_pixmap(coloured_icon("image", palette.disabled))
        self.broken = _icon_pixmap(coloured_icon("error", palette.error))
        marks = {
            Kind.SAID_MALIGNANT: ("warning", palette.error),
            Kind.SAID_UNCLEAR: ("help", palette.warning),
            Kind.SAID_BENIGN: ("done", palette.success),
            Kind.CONFIDENT: ("done", palette.muted),  # of a melanoma too: green is for benign alone
            Kind.REFER: ("warning", palette.warning),
            Kind.OUT_OF_DISTRIBUTION: ("help", palette.error),
            Kind.UNKNOWN: ("info", palette.muted),
            Kind.NOT_CLASSIFIED: ("error", palette.error),
        }
        self._marks = {kind: _mark(name, colour, palette.highlighttext) for kind, (name, colour) in marks.items()}


def _mark(name: str, colour: str, selected: str) -> QIcon:
    """A verdict's mark, which stays visible on a selected row."""
    found, size = QIcon(), QSize(_MARK, _MARK)
    for mode, shade in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Selected, selected)):
        found.addPixmap(coloured_icon(name, shade).pixmap(size), mode)
    return found


def _framed(picture: QPixmap) -> QPixmap:
    """A picture in the middle of a thumbnail's space, at twice the size: sharp on screens with small pixels."""
    canvas = QPixmap(THUMBNAIL * 2)
    canvas.fill(Qt.GlobalColor.transparent)
    painter = QPainter(canvas)
    painter.drawPixmap((canvas.width() - picture.width()) // 2, (canvas.height() - picture.height()) // 2, picture)
    painter.end()
    canvas.setDevicePixelRatio(2)
    return canvas


def _icon_pixmap(icon: QIcon) -> QPixmap:
    pixmap = icon.pixmap(QSize(48, 48))
    pixmap.setDevicePixelRatio(1)
    return _framed(pixmap)
