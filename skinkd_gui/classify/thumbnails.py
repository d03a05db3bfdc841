"""Small pictures of many files: loaded when they are asked for, and only the newest are held, so that memory stays flat
however many files there are."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Signal, Slot
from PySide6.QtGui import QPixmap

from skinkd_gui.classify.pictures import DecodedPicture, PictureLoader

_MOST = 500
_MOST_WAITING = 80


class Thumbnails(QObject):
    """Pictures that fit a size, by file."""

    arrived = Signal(object)  # Path, whose picture can be had now

    def __init__(self, size: QSize, parent: QObject | None = None, *, threads: int = 1) -> None:
        super().__init__(parent)
        self._pixmaps: OrderedDict[Path, QPixmap] = OrderedDict()
        self._loader = PictureLoader(size, most_waiting=_MOST_WAITING, parent=self, threads=threads)
        self._loader.loaded.connect(self._store)

    def __len__(self) -> int:
        """How many pictures are held now."""
        return len(self._pixmaps)

    def get(self, file: Path) -> QPixmap | None:
        """The picture of a file; None while it is loaded. A null pixmap stands for one that can not be shown."""
        pixmap = self._pixmaps.get(file)
        if pixmap is None:
            self._loader.request(file)
        else:
            self._pixmaps.move_to_end(file)
        return pixmap

    def forget_requests(self) -> None:
        """Load nothing that was asked for until now."""
        self._loader.forget()

    @Slot(object)
    def _store(self, picture: DecodedPicture) -> None:
        self._pixmaps[picture.path] = QPixmap() if picture.image is None else QPixmap.fromImage(picture.image)
        while len(self._pixmaps) > _MOST:
            self._pixmaps.popitem(last=False)
        self.arrived.emit(picture.path)
