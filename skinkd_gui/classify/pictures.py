"""Pictures of image files for the screen, decoded off the GUI thread and only when they are looked at."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage

from core.data.decoding import UnreadableImageError, decode_picture
from core.events import CancelToken, Emit, Event
from skinkd_gui.workers.job_slot import JobSlot

FULL = QSize(8192, 8192)
"""As good as every pixel: only pictures with more than this on a side are made smaller."""

_SMALLEST_LAYER = 512


@dataclass(frozen=True)
class DecodedPicture(Event):
    """A decoded file, upright, as large as was asked for or smaller; `image` is None when `error` says why.

    `smaller` are the same picture at a half, a quarter, ... of the size, where they were asked for.
    """

    path: Path
    image: QImage | None
    error: str = ""
    smaller: tuple[QImage, ...] = ()


def load_picture(path: Path, box: QSize, *, layered: bool = False) -> DecodedPicture:
    """The picture in a file, shrunk to fit `box` with its proportions kept. Never raises for a bad file."""
    try:
        shown = decode_picture(path, box.width(), box.height())
        data = shown.tobytes()
    except UnreadableImageError as error:
        return DecodedPicture(path, None, error.reason)
    except MemoryError:
        return DecodedPicture(path, None, "There is not enough memory to show it.")
    view = QImage(data, shown.width, shown.height, 3 * shown.width, QImage.Format.Format_RGB888)
    if not layered:
        return DecodedPicture(path, view.copy())  # the copy owns its pixels
    image = view.convertToFormat(QImage.Format.Format_RGB32)  # also a copy, in the format that is painted fastest
    return DecodedPicture(path, image, "", halves(image))


def halves(image: QImage) -> tuple[QImage, ...]:
    """The picture at a half, a quarter, ... of its size, as long as there is much to draw: scaling down a large picture
    while it is painted would be slow, and skip pixels."""
    found: list[QImage] = []
    while max(image.width(), image.height()) > _SMALLEST_LAYER:
        size = QSize(max(1, image.width() // 2), max(1, image.height() // 2))
        aspect, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        image = image.scaled(size, aspect, smooth)
        found.append(image)
    return tuple(found)


class PictureLoader(QObject):
    """Loads the pictures that were asked for last first; older requests beyond `most_waiting` are forgotten."""

    loaded = Signal(object)  # Picture

    def __init__(
        self,
        box: QSize,
        most_waiting: int,
        parent: QObject | None = None,
        *,
        layered: bool = False,
        threads: int = 1,
    ) -> None:
        """`layered`: with the smaller layers that a zooming view wants."""
        super().__init__(parent)
        self._box = box
        self._layered = layered
        self._most_waiting = most_waiting
        self._waiting: OrderedDict[Path, None] = OrderedDict()
        self._lock = threading.Lock()
        self._slots = [JobSlot(self, reported=self._pass_on, ended=self._end) for _ in range(threads)]

    @property
    def busy(self) -> bool:
        """Whether pictures are being loaded."""
        return any(slot.running for slot in self._slots)

    def request(self, path: Path) -> None:
        """Ask for a file's picture; it comes with `loaded`."""
        with self._lock:
            self._waiting[path] = None
            self._waiting.move_to_end(path)
            while len(self._waiting) > self._most_waiting:
                self._waiting.popitem(last=False)
        self._start()

    def forget(self) -> None:
        """Drop everything that was asked for and is not loaded yet."""
        with self._lock:
            self._waiting.clear()

    def _start(self) -> None:
        idle = [slot for slot in self._slots if not slot.running]
        for slot in idle[: len(self._waiting)]:
            slot.start(self._work)

    def _work(self, emit: Emit, token: CancelToken) -> None:
        while True:
            token.check()
            with self._lock:
                if not self._waiting:
                    return
                path, _ = self._waiting.popitem(last=True)
            emit(load_picture(path, self._box, layered=self._layered))

    @Slot(object)
    def _pass_on(self, event: object) -> None:
        if isinstance(event, DecodedPicture):
            self.loaded.emit(event)

    @Slot()
    def _end(self) -> None:
        if self._waiting:  # asked for while the thread was ending
            self._start()
