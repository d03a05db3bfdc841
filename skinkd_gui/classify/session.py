"""The jobs of the Classify tab: which one runs next, and where its results go."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from core.events import Notice, Progress
from core.models.info import ModelInfo
from skinkd_gui.classify.classify_worker import ChunkReady, ModelReady, classify_files, collect_files, write_results
from skinkd_gui.classify.images_model import ImagesModel
from skinkd_gui.workers.job import Job, JobEnd, JobFailure, JobResult

if TYPE_CHECKING:
    from core.inference.classifier import Classifier


class ClassifySession(QObject):
    """Collects files into `images` and classifies those that wait, whenever there is a model and nothing holds it.

    It is held after a cancel or an error until the user asks to go on, adds images or chooses another model.
    """

    changed = Signal()  # busy, held or the rows changed
    progressed = Signal(object)  # Progress of the running classification
    noticed = Signal(object)  # Notice
    failed = Signal(object)  # SkinKDError of any of the jobs
    written = Signal(object)  # Path of a table that was exported
    updated = Signal(object)  # tuple[Classification, ...] that were just filled in

    def __init__(self, images: ImagesModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._images = images
        self._source: Path | None = None
        self._classifier: Classifier | None = None
        self._info: ModelInfo | None = None
        self._held = False
        self._cancelling = False
        self._dropped: list[Path] = []
        self._pasted: list[tuple[QImage, Path]] = []
        self._collecting: Job | None = None
        self._classifying: Job | None = None
        self._writing: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether images are being classified (or collected)."""
        return self._classifying is not None or self._collecting is not None

    @property
    def cancelling(self) -> bool:
        """Whether a cancel was asked for and has not come through yet."""
        return self._cancelling

    @property
    def can_go_on(self) -> bool:
        """Whether images wait only for the user's word."""
        return self._held and not self.busy and self._source is not None and bool(self._images.waiting)

    @property
    def classifier(self) -> Classifier | None:
        """The loaded model, None until the first image needed it."""
        return self._classifier

    @property
    def info(self) -> ModelInfo | None:
        """What the model behind the results says of itself, None before the first was loaded."""
        return self._info

    def set_model(self, source: Path | None) -> None:
        """Classify with another model from now on; what an earlier one said is forgotten."""
        if source == self._source:
            return
        self._source, self._classifier, self._info, self._held = source, None, None, False
        self._images.forget_results()
        if self._classifying is not None:
            self._classifying.cancel()
        self._next()

    def add(self, paths: list[Path], pasted: list[tuple[QImage, Path]] | None = None) -> None:
        """List files and what is in folders, and classify them."""
        self._dropped += paths
        self._pasted += pasted or []
        self._held = False
        self._collect()

    def go_on(self) -> None:
        """Classify what waits after a cancel or an error."""
        self._held = False
        self._next()

    def cancel(self) -> None:
        """Stop at the next image; what is done stays."""
        self._held = True
        self._cancelling = self.busy
        self._dropped, self._pasted = [], []
        for job in (self._collecting, self._classifying):
            if job is not None:
                job.cancel()
        self.changed.emit()

    def clear(self) -> None:
        """Stop, and empty the list."""
        self.cancel()
        self._images.clear()
        self._held = False
        self.changed.emit()

    def write(self, file: Path) -> None:
        """Write all results to a CSV or JSON file; `written` or `failed` tells how it went."""
        if self._info is None or self._writing is not None:
            return
        self._writing = Job(partial(write_results, file, self._images.results, self._info), self)
        self._writing.succeeded.connect(self._tell_written)
        self._start(self._writing)

    def shut_down(self) -> None:
        """Stop everything and wait for the threads."""
        self._held = True
        for job in (self._collecting, self._classifying, self._writing):
            if job is not None:
                job.shut_down()

    def _collect(self) -> None:
        if self._collecting is None and (self._dropped or self._pasted):
            self._collecting = Job(partial(collect_files, self._dropped, self._pasted), self)
            self._dropped, self._pasted = [], []
            self._collecting.succeeded.connect(self._list_files)
            self._start(self._collecting)
            self.changed.emit()

    def _next(self) -> None:
        """Start what can start."""
        self._collect()
        waiting = self._images.waiting
        if self._classifying is None and waiting and self._source is not None and not self._held:
            self._classifying = Job(partial(classify_files, self._source, self._classifier, waiting), self)
            self._classifying.reported.connect(self._take_event)
            self._start(self._classifying)
        self.changed.emit()

    def _start(self, job: Job) -> None:
        job.failed.connect(self._fail)
        job.ended.connect(self._end)
        job.start()

    @Slot(object)
    def _take_event(self, event: object) -> None:
        if isinstance(event, Progress):
            self.progressed.emit(event)
        elif isinstance(event, Notice):
            self.noticed.emit(event)
        elif isinstance(event, ModelReady) and event.source == self._source:
            self._classifier, self._info = event.classifier, event.classifier.info
        elif isinstance(event, ChunkReady) and event.source == self._source:
            self._images.set_results(event.results)
            self.updated.emit(event.results)
            self.changed.emit()

    @Slot(object)
    def _list_files(self, result: JobResult) -> None:
        self._images.add(result.value)
        if not result.value:
            self.noticed.emit(Notice("No images were found there."))

    @Slot(object)
    def _tell_written(self, result: JobResult) -> None:
        self.written.emit(result.value)

    @Slot(object)
    def _fail(self, failure: JobFailure) -> None:
        self._held = True
        self.failed.emit(failure.error)

    @Slot(object)
    def _end(self, end: JobEnd) -> None:
        job = self.sender()
        if job is self._collecting:
            self._collecting = None
        elif job is self._classifying:
            self._classifying = None
        elif job is self._writing:
            self._writing = None
        if isinstance(job, Job):
            job.deleteLater()
        self._cancelling = self._cancelling and self.busy
        self._next()
