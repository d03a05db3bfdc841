"""Similar proven cases off the GUI thread: the index of a run's training images once, then the nearest to an image."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Signal, Slot
from PySide6.QtGui import QImage

from core.events import CancelToken, Emit, Progress
from core.inference.similar import FeatureIndex, SimilarCase, similar_cases
from skinkd_gui.classify.pictures import load_picture
from skinkd_gui.workers.job import JobEnd
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from core.errors import SkinKDError
    from core.inference.classifier import Classifier

SHOWN = 5
"""How many cases are shown."""

_SMALL = QSize(240, 240)
_MOST_RECENT = 40


@dataclass(frozen=True)
class SimilarOrder:
    """Cases like the image `path`, among the training images of `run`, whose `classifier` compares them.

    `data` is where the data set lies when it is not where it was.
    """

    path: Path
    run: Path
    classifier: Classifier
    data: Path | None = None


@dataclass(frozen=True, eq=False)
class ShownCase:
    """A similar case with its picture; None where the file can not be read any more."""

    case: SimilarCase
    picture: QImage | None


@dataclass(frozen=True, eq=False)
class SimilarCases:
    """The cases nearest to the image of an order, nearest first, among `images` training images."""

    order: SimilarOrder
    cases: tuple[ShownCase, ...]
    images: int


@dataclass(frozen=True, eq=False)
class SimilarFailed:
    """Why there are none."""

    order: SimilarOrder
    error: SkinKDError


@dataclass(frozen=True, eq=False)
class _IndexedCases:
    index: FeatureIndex
    similar: SimilarCases


class SimilarFinder(QObject):
    """Finds the cases for the order that came last; the index of one model is kept."""

    progressed = Signal(object)  # Progress of building the index
    completed = Signal(object)  # SimilarFound
    failed = Signal(object)  # SimilarFailed
    stopped = Signal()  # the user cancelled

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._recent: OrderedDict[SimilarOrder, SimilarCases] = OrderedDict()
        self._index: tuple[Path, Classifier, FeatureIndex] | None = None
        self._wanted: SimilarOrder | None = None
        self._running: SimilarOrder | None = None
        self._finding = JobSlot(
            self, reported=self._take_event, succeeded=self._keep, failed=self._fail, ended=self._end
        )

    @property
    def busy(self) -> bool:
        """Whether it is at work."""
        return self._finding.running

    def request(self, order: SimilarOrder) -> None:
        """Ask for an image's cases; they come with `completed`, at once when they are known."""
        known = self._recent.get(order)
        if known is not None:
            self._recent.move_to_end(order)
            self._wanted = None
            self.completed.emit(known)
            return
        self._wanted = order
        if self._running is not None and self._running.run != order.run:
            self._finding.cancel()  # its index is not wanted any more
        self._start()

    def forget(self) -> None:
        """What was asked for is not wanted any more; an index that is being built is finished."""
        self._wanted = None

    def cancel(self) -> None:
        """Stop building the index."""
        self._wanted = None
        self._finding.cancel()

    def _start(self) -> None:
        if self._finding.running or self._wanted is None:
            return
        self._running = order = self._wanted
        index = None
        if self._index is not None and self._index[0] == order.run and self._index[1] is order.classifier:
            index = self._index[2]
        else:
            self._index = None  # one at a time: it may hold the features of 25,000 images
            self._recent.clear()
        self._finding.start(partial(find_similar, order, index))

    @Slot(object)
    def _take_event(self, event: object) -> None:
        if isinstance(event, Progress):
            self.progressed.emit(event)

    @Slot(object)
    def _keep(self, value: _IndexedCases) -> None:
        order = value.similar.order
        self._index = (order.run, order.classifier, value.index)
        self._recent[order] = value.similar
        while len(self._recent) > _MOST_RECENT:
            self._recent.popitem(last=False)
        if self._wanted == order:
            self._wanted = None
            self.completed.emit(value.similar)

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        order = self._running
        if order is not None and self._wanted == order:
            self._wanted = None
            self.failed.emit(SimilarFailed(order, error))

    @Slot(object)
    def _end(self, end: JobEnd) -> None:
        self._running = None
        if end.cancelled and self._wanted is None:
            self.stopped.emit()
        self._start()


def find_similar(order: SimilarOrder, index: FeatureIndex | None, emit: Emit, token: CancelToken) -> _IndexedCases:
    """The cases of an order with their pictures, and the index for the next one. Raises `SkinKDError`, `Cancelled`."""
    from core.data.decoding import decode_image
    from core.runs.neighbours import open_neighbours

    if index is None:
        index = open_neighbours(order.run, order.classifier, data=order.data, emit=emit, token=token)
    token.check()
    pixels = decode_image(order.path, order.classifier.info.preprocessing.image_size)
    cases = similar_cases(index, order.classifier, pixels, count=SHOWN)
    shown = []
    for case in cases:
        token.check()
        shown.append(ShownCase(case, None if case.path is None else load_picture(case.path, _SMALL).image))
    return _IndexedCases(index, SimilarCases(order, tuple(shown), len(index)))
