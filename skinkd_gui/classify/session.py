"""The jobs of the Classify tab: which one runs next, and where its results go."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from core.errors import SkinKDError
from core.evaluation.decision_levels import BENIGN_LEVEL
from core.events import Level, Notice, Progress
from core.inference.results import Classification
from core.inference.review import Review
from core.inference.triage import MelanomaThreshold
from core.inference.trust import DEFAULT_LEVEL
from core.models.info import ModelInfo
from skinkd_gui.classify.classify_worker import (
    ChunkReady,
    ClassifyTask,
    Collected,
    ModelChoice,
    ModelReady,
    classify_files,
    collect_files,
)
from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.classify.kinds import Which
from skinkd_gui.classify.recording import Recorder
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from core.inference.classifier import Classifier

_AT_ONCE = 0.02
"""Seconds in which results are weighed anew between two looks at the screen."""


@dataclass
class _Side:
    """One of the two models."""

    choice: ModelChoice | None = None
    classifier: Classifier | None = None
    restorable: Listed | None = None  # its results are taken when a model that has said them is chosen

    @property
    def source(self) -> Path | None:
        return self.choice.source if self.choice is not None else None


@dataclass(frozen=True)
class Listed:
    """What the list held, or some of it: the images and their roots, the results of the models that had these sources,
    with or without test-time augmentation, and the reader's reviews."""

    collected: Collected
    sources: tuple[Path | None, ...]
    averaged: bool
    results: tuple[tuple[Classification, ...], ...]
    reviews: Mapping[Path, Review] = field(default_factory=dict)


class ClassifySession(QObject):
    """Collects files into `images` and classifies those that wait, whenever there is a model and nothing holds it.

    The first model goes first, then the one it is compared with. The session is held after a cancel or an error until
    the user asks to go on, adds images or chooses another model.
    """

    changed = Signal()  # busy, held or the rows changed
    progressed = Signal(object, object)  # Which, Progress of the running classification
    noticed = Signal(object)  # Notice
    failed = Signal(object)  # SkinKDError of any of the jobs
    collected = Signal(object)  # Collected: files were added
    loaded = Signal(object)  # Which model is ready
    idle = Signal()  # nothing is at work any more
    updated = Signal(object)  # set[Path] of images whose results changed

    def __init__(self, images: ClassifiedImagesModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.recorder = Recorder()
        self._images = images
        self._sides = (_Side(), _Side())
        self._level, self._benign_level = DEFAULT_LEVEL, BENIGN_LEVEL
        self._averaged = False
        self._thresholds: dict[Path, MelanomaThreshold] = {}
        self._held = False
        self._ahead = False  # models are loaded before the first image needs them
        self._cancelling = False
        self._dropped: list[Path] = []
        self._pasted: list[tuple[QImage, Path]] = []
        self._collecting = JobSlot(
            self, reported=self._take_event, succeeded=self._list_files, failed=self._fail, ended=self._end
        )
        self._classifying = JobSlot(self, reported=self._take_event, failed=self._fail, ended=self._end)
        self._running = Which.FIRST
        self._reassessing: Iterator[tuple[Which, Classification]] | None = None
        self._reassess_timer = QTimer(self, interval=0)
        self._reassess_timer.timeout.connect(self._reassess_some)

    # --- what is going on ---

    @property
    def busy(self) -> bool:
        """Whether images are being classified (or collected)."""
        return self._classifying.running or self._collecting.running

    @property
    def reassessing(self) -> bool:
        """Whether verdicts are being taken to another level."""
        return self._reassess_timer.isActive()

    @property
    def cancelling(self) -> bool:
        """Whether a cancel was asked for and has not come through yet."""
        return self._cancelling

    @property
    def can_go_on(self) -> bool:
        """Whether images wait only for the user's word."""
        return self._held and not self.busy and self._next_side() is not None

    @property
    def level(self) -> float:
        """The level of the prediction sets."""
        return self._level

    @property
    def averaged(self) -> bool:
        """Whether test-time augmentation is on."""
        return self._averaged

    def choice(self, which: Which) -> ModelChoice | None:
        """The model on a side."""
        return self._sides[which].choice

    def classifier(self, which: Which = Which.FIRST) -> Classifier | None:
        """The loaded model, None until the first image needed it."""
        return self._sides[which].classifier

    def info(self, which: Which = Which.FIRST) -> ModelInfo | None:
        """What a model says of itself, None before it was loaded."""
        loaded = self._sides[which].classifier
        return loaded.info if loaded is not None else None

    # --- what the user wants ---

    def set_model(self, choice: ModelChoice | None, which: Which = Which.FIRST) -> None:
        """Classify with another model from now on; what an earlier one said is forgotten."""
        side = self._sides[which]
        if (choice.source if choice else None) == side.source:
            side.choice = choice
            return
        side.choice, side.classifier, self._held = choice, None, False
        self._images.forget_results(which)
        if which is Which.FIRST:
            self._images.set_threshold(self.threshold)
        self._restore(which)
        self._classifying.cancel()
        self._next()

    @property
    def threshold(self) -> MelanomaThreshold | None:
        """The threshold in use on the first model; each model has its own."""
        source = self._sides[Which.FIRST].source
        return None if source is None else self._thresholds.get(source)

    def set_threshold(self, source: Path, threshold: MelanomaThreshold | None) -> None:
        """Use a threshold on a model from now on, or none."""
        if threshold is None:
            self._thresholds.pop(source, None)
        else:
            self._thresholds[source] = threshold
        self._images.set_threshold(self.threshold)
        self.changed.emit()

    @Slot(bool)
    def set_averaged(self, averaged: bool) -> None:
        """Classify with test-time augmentation from now on, or without; what was said before is forgotten."""
        if averaged == self._averaged:
            return
        self._averaged, self._held = averaged, False
        for which in Which:
            self._sides[which].classifier = None
            self._images.forget_results(which)
            self._restore(which)
        self._classifying.cancel()
        self._next()

    @Slot(object)
    def load_again(self, source: Path) -> None:
        """Read a model anew: its calibration is another now. What it said before is forgotten."""
        for which in Which:
            if self._sides[which].source == source:
                self._sides[which].classifier, self._held = None, False
                self._images.forget_results(which)
                self._classifying.cancel()
        self._next()

    def load_ahead(self) -> None:
        """From now on load the first model before an image needs it."""
        self._ahead = True
        self._next()

    def set_level(self, level: float, benign_level: float | None = None) -> None:
        """Weigh all results at another level of the prediction sets, and of what is called benign, without classifying
        anew."""
        benign_level = self._benign_level if benign_level is None else benign_level
        if (level, benign_level) == (self._level, self._benign_level):
            return
        self._level, self._benign_level = level, benign_level
        for side in self._sides:
            if side.classifier is not None:
                side.classifier.level, side.classifier.benign_level = level, benign_level
        results = [(which, result) for which in Which for result in self._images.results_of(which)]
        self._reassessing = iter(results)
        self._reassess_timer.start()

    def add(self, paths: Sequence[Path], pasted: Sequence[tuple[QImage, Path]] = ()) -> None:
        """List files and what is in folders, and classify them."""
        self._dropped += paths
        self._pasted += pasted
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
        self._collecting.cancel()
        self._classifying.cancel()
        self.changed.emit()

    def clear(self) -> None:
        """Stop, and empty the list."""
        self.cancel()
        self._stop_reassessing()
        for side in self._sides:
            side.restorable = None
        self._images.clear()
        self._held = False
        self.changed.emit()

    def listed(self, roots: tuple[Path, ...], only: Sequence[Path] | None = None) -> Listed:
        """What the list holds, of all images or `only` of some; `roots` are where the images came from."""
        paths = self._images.paths if only is None else only
        results = tuple(
            tuple(found for path in paths if (found := self._images.result_of(path, which)) is not None)
            for which in Which
        )
        sources = tuple(side.source for side in self._sides)
        reviews = {path: review for path in paths if (review := self._images.review(path))}
        return Listed(Collected(roots, tuple(paths)), sources, self._averaged, results, reviews)

    def list_again(self, listed: Listed) -> None:
        """List what was there before, or what was saved. Images that the present models have not seen are classified;
        where a model that has seen them is chosen next, its results are taken."""
        self._images.add(listed.collected.files)
        self._images.set_reviews(listed.reviews)
        for which in Which:
            self._sides[which].restorable = listed
            self._restore(which)
        self.go_on()

    def remove(self, paths: Sequence[Path]) -> None:
        """Take images from the list."""
        self._images.remove(paths)
        self.changed.emit()

    def _restore(self, which: Which) -> None:
        """Take the results that are there of the present model."""
        side = self._sides[which]
        listed = side.restorable
        if listed is not None and (side.source, self._averaged) == (listed.sources[which], listed.averaged):
            known = (result for result in listed.results[which] if self._images.result_of(result.path, which) is None)
            self._fill_in([self._at_level(which, result) for result in known], which)
            side.restorable = None

    # --- jobs ---

    def _collect(self) -> None:
        if not self._collecting.running and (self._dropped or self._pasted):
            self._collecting.start(partial(collect_files, self._dropped, self._pasted))
            self._dropped, self._pasted = [], []
            self.changed.emit()

    def _next_side(self) -> Which | None:
        """The model that has something to do."""
        sides = (w for w in Which if self._sides[w].choice is not None and self._images.count_waiting(w))
        return next(sides, None)

    def _next(self) -> None:
        """Start what can start."""
        self._collect()
        which = self._next_side()
        first = self._sides[Which.FIRST]
        if which is None and self._ahead and first.choice is not None and first.classifier is None:
            which = Which.FIRST
        if not self._classifying.running and which is not None and not self._held:
            side = self._sides[which]
            assert side.source is not None
            files, self._running = tuple(self._images.waiting_for(which)), which
            task = ClassifyTask(
                which,
                side.source,
                self._averaged,
                side.classifier,
                files,
                self._level,
                self._benign_level,
                self.recorder,
            )
            self._classifying.start(partial(classify_files, task))
        self.changed.emit()

    @Slot(object)
    def _take_event(self, event: object) -> None:
        if isinstance(event, Progress):
            self.progressed.emit(self._running, event)
        elif isinstance(event, Notice):
            self.noticed.emit(event)
        elif isinstance(event, ModelReady) and self._is_wanted(event):
            event.classifier.level, event.classifier.benign_level = self._level, self._benign_level
            self._sides[event.which].classifier = event.classifier
            self.loaded.emit(event.which)
            if not self._images.count_waiting(event.which):
                self.noticed.emit(Notice("The model is ready."))
        elif isinstance(event, ChunkReady) and self._is_wanted(event):
            self._fill_in([self._at_level(event.which, result) for result in event.results], event.which)
            self.changed.emit()

    def _is_wanted(self, event: ModelReady | ChunkReady) -> bool:
        """Whether it is of the model that is chosen now, asked as it is to be asked now."""
        return (event.source, event.averaged) == (self._sides[event.which].source, self._averaged)

    def _fill_in(self, results: Sequence[Classification], which: Which) -> None:
        self._images.set_results(results, which)
        self.updated.emit({result.path for result in results})

    @Slot(object)
    def _list_files(self, collected: Collected) -> None:
        self._images.add(collected.files)
        if collected.files:
            self.collected.emit(collected)
        else:
            self.noticed.emit(Notice("No images were found there."))

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        self._held = True
        if self._next_side() is None and not self._collecting.running:  # loaded ahead: nobody waits for the model
            self.noticed.emit(Notice(f"{error.title}. {error.summary}", Level.WARNING))
        else:
            self.failed.emit(error)

    @Slot()
    def _end(self) -> None:
        self._cancelling = self._cancelling and self.busy
        self._next()
        if not self.busy:
            self.idle.emit()

    # --- levels ---

    @Slot()
    def _reassess_some(self) -> None:
        """Take a few results to the level that is wanted now; the timer calls again until there are no more."""
        fresh: tuple[list[Classification], ...] = ([], [])
        end = time.monotonic() + _AT_ONCE
        while time.monotonic() < end:
            which, result = next(self._reassessing or iter(()), (None, None))
            if which is None or result is None:
                self._stop_reassessing()
                break
            # Another model may have been chosen meanwhile, or the list emptied.
            if self._images.result_of(result.path, which) is result:
                fresh[which].append(self._at_level(which, result))
        for which in Which:
            if fresh[which]:
                self._fill_in(fresh[which], which)
        if not self.reassessing:
            self.changed.emit()

    def _stop_reassessing(self) -> None:
        self._reassess_timer.stop()
        self._reassessing = None

    def _at_level(self, which: Which, result: Classification) -> Classification:
        classifier, assessment = self._sides[which].classifier, result.assessment
        if assessment is None or classifier is None:
            return result
        decided = BENIGN_LEVEL if assessment.decision is None else assessment.decision.benign_level
        if (assessment.level, decided) == (self._level, self._benign_level):
            return result
        shares, levels = result.probabilities or (), (self._level, self._benign_level)
        return replace(result, assessment=classifier.decision_rule.at_level(assessment, shares, *levels))
