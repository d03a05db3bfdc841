"""What the folders of images and the run of a model tell beside the pictures: labels, scores, what was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.classes import ClassSet
from core.data.types import FITTED, Part
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Level, Notice
from core.inference.results import Classification
from core.recipe import Recipe
from skinkd_gui.classify.classify_worker import Collected, ModelChoice, run_of
from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.classify.kinds import Which
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from core.inference.labelled import KnownLabels, LabelledScores


@dataclass(frozen=True)
class LookedUp:
    """Labels by file as the table lists them, all that is known of the labels, and parts of the model's own data."""

    known: KnownLabels | None
    truths: dict[Path, str]
    parts: dict[Path, Part]


@dataclass(frozen=True)
class FolderScores:
    """How the models do against the folder's labels; the second is None while no model is compared.

    `trained_on` counts labelled images whose names were in training, validation or calibration of the first model.
    """

    first: LabelledScores
    second: LabelledScores | None
    trained_on: int


def find_facts(
    roots: Sequence[Path],
    files: Sequence[Path],
    run: Path | None,
    classes: ClassSet,
    emit: Emit,
    token: CancelToken,
) -> LookedUp:
    """Labels that come with `roots`, as far as they mean `classes`, and the parts of the run's data that `files` were
    in."""
    from core.inference.labelled import find_labels
    from core.runs.pictures import parts_of_files

    known = find_labels(roots, classes) if roots else None
    token.check()
    labels = ((file, known.of(file)) for file in files) if known is not None else ()
    truths = {file: label.code for file, label in labels if label is not None}
    try:
        parts = parts_of_files(run, files) if run is not None else {}
    except SkinKDError as error:
        emit(Notice(f"It is not known which images the model was trained on. {error.summary}", Level.WARNING))
        parts = {}
    return LookedUp(known if truths else None, truths, parts)


def score_results(
    known: KnownLabels,
    results: Sequence[Sequence[Classification]],
    trained_on: int,
    emit: Emit,
    token: CancelToken,
) -> FolderScores:
    """Score the answers of one model or two."""
    from core.inference.labelled import score_labelled

    first, *others = [score_labelled(known, rows) for rows in results if rows]
    return FolderScores(first, others[0] if others else None, trained_on)


class FolderFacts(QObject):
    """Looks labels up when files were added, and scores the answers when asked. Fills in the list of images."""

    changed = Signal()  # labels or scores
    noticed = Signal(object)  # Notice
    failed = Signal(object)  # SkinKDError

    def __init__(self, images: ClassifiedImagesModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._images = images
        self._run: Path | None = None
        self._classes = Recipe().class_set  # until a model is chosen
        self._roots: list[Path] = []
        self._known: KnownLabels | None = None
        self._scores: FolderScores | None = None
        self._scored: object = None
        self._finding = JobSlot(
            self, reported=self._tell, succeeded=self._take_facts, failed=self.failed, ended=self.changed
        )
        self._scoring = JobSlot(self, succeeded=self._take_scores, failed=self.failed, ended=self.changed)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The files and folders that the images came from."""
        return tuple(self._roots)

    @property
    def known(self) -> KnownLabels | None:
        """The labels that were found, None while there are none."""
        return self._known

    @property
    def scores(self) -> FolderScores | None:
        """The newest scores, None while there are none."""
        return self._scores

    @property
    def busy(self) -> bool:
        """Whether labels are being looked up or scores computed."""
        return self._finding.running or self._scoring.running

    def set_model(self, choice: ModelChoice | None) -> None:
        """Another model is the first: what it was trained on is looked up."""
        self._run = run_of(choice.source) if choice is not None else None
        self._classes = choice.classes if choice is not None else Recipe().class_set
        self._scores = None
        self._start()

    def add(self, collected: Collected) -> None:
        """Files were added."""
        self._roots += collected.roots
        self._start()

    def clear(self) -> None:
        """The list was emptied."""
        self._roots, self._known, self._scores, self._scored = [], None, None, None
        self._finding.cancel()
        self._scoring.cancel()
        self.changed.emit()

    def score(self) -> None:
        """Score what is classified, unless that was done already."""
        state = (self._known, self._images.version)
        if self._known is None or self._scoring.running or state == self._scored or not self._images.has_results:
            return
        self._scored = state
        results = [self._images.results_of(which) for which in Which]
        self._scoring.start(partial(score_results, self._known, results, self._count_trained_on()))

    def _count_trained_on(self) -> int:
        return sum(self._images.parts.get(path) in FITTED for path in self._images.truths)

    def _start(self) -> None:
        if self._images.rowCount():
            roots = tuple(dict.fromkeys(self._roots))
            self._finding.start_next(partial(find_facts, roots, self._images.paths, self._run, self._classes))

    @Slot(object)
    def _tell(self, event: object) -> None:
        if isinstance(event, Notice):
            self.noticed.emit(event)

    @Slot(object)
    def _take_facts(self, facts: LookedUp) -> None:
        if not self._roots or self._finding.waiting:  # emptied or changed meanwhile
            return
        self._known = facts.known
        self._images.set_truths(facts.truths, self._classes)
        self._images.set_parts(facts.parts)
        self.changed.emit()

    @Slot(object)
    def _take_scores(self, scores: FolderScores) -> None:
        if self._known is not None:
            self._scores = scores
            self.changed.emit()
