"""Heat maps for the screen, computed off the GUI thread one at a time and kept for images that are looked at again."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.inference.classifier import Classifier

_MOST_RECENT = 60


@dataclass(frozen=True)
class HeatKey:
    """Which heat map: of which image, by which model, for which class."""

    path: Path
    source: Path
    code: str


@dataclass(frozen=True, eq=False)
class HeatMap:
    """A heat map as a picture whose transparency is the lack of heat; `image` is None when `error` says why.

    `empty` tells that nothing in the image speaks for the class.
    """

    key: HeatKey
    image: QImage | None
    error: str = ""
    empty: bool = False


_Wish = tuple[HeatKey, "weakref.ref[Classifier]"]
"""Which map, by which loaded model."""


class HeatMaps(QObject):
    """Computes the map that was asked for last; one that is under way ends first."""

    ready = Signal(object)  # HeatMap

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._recent: OrderedDict[_Wish, HeatMap] = OrderedDict()
        self._wanted: _Wish | None = None
        self._computing = JobSlot(self, succeeded=self._take)

    @property
    def busy(self) -> bool:
        """Whether a map is being computed."""
        return self._computing.running

    def request(self, key: HeatKey, classifier: Classifier) -> None:
        """Ask for a map; it comes with `ready`, at once when it is known."""
        wish = (key, weakref.ref(classifier))  # and not what was loaded from the same place before
        self._wanted = wish
        if wish in self._recent:
            self._recent.move_to_end(wish)
            self._tell(wish, self._recent[wish])
        else:
            self._computing.start_next(partial(_grant, wish, classifier))

    def forget(self) -> None:
        """What was asked for is not wanted any more."""
        self._wanted = None

    @Slot(object)
    def _take(self, granted: tuple[_Wish, HeatMap]) -> None:
        wish, heat_map = granted
        if not heat_map.error:
            self._recent[wish] = heat_map
        while len(self._recent) > _MOST_RECENT:
            self._recent.popitem(last=False)
        self._tell(wish, heat_map)

    def _tell(self, wish: _Wish, heat_map: HeatMap) -> None:
        if self._wanted == wish:
            self._wanted = None
            self.ready.emit(heat_map)


def _grant(wish: _Wish, classifier: Classifier, emit: Emit, token: CancelToken) -> tuple[_Wish, HeatMap]:
    """The map, or the reason for none, with what was asked for."""
    try:
        return wish, compute_heat_map(wish[0], classifier, emit, token)
    except SkinKDError as error:
        return wish, HeatMap(wish[0], None, error.summary)


def compute_heat_map(key: HeatKey, classifier: Classifier, emit: Emit, token: CancelToken) -> HeatMap:
    """The map of an image file for a class. Raises `SkinKDError` for unreadable files and networks without maps."""
    from core.data.decoding import decode_image
    from core.inference.heatmap import heat_map

    token.check()
    pixels = decode_image(key.path, classifier.info.preprocessing.image_size)
    token.check()
    heat = heat_map(classifier, pixels, key.code)
    return HeatMap(key, heat_image(heat), empty=not bool(heat.max(initial=0.0) > 0))


def heat_image(heat: NDArray[np.float32]) -> QImage:
    """Heat (h, w) in 0..1 as colours whose alpha is the heat: laid over a picture it gives `heatmap.overlay`."""
    from core.inference.heatmap import heat_colours

    alpha = np.rint(np.clip(heat, 0.0, 1.0) * 255).astype(np.uint8)
    pixels = np.ascontiguousarray(np.dstack([heat_colours(heat), alpha]))
    height, width = heat.shape
    view = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return view.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
