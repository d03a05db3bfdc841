"""What the reader does to images of the list, each with its way back: agree, overrule, mark, note, remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from core.classes import LesionClass
from core.inference.review import Review
from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.classify.kinds import Kind, verdict_kind
from skinkd_gui.classify.session import ClassifySession, Listed
from skinkd_gui.undo import changed

LONGEST_NOTE = 2000
"""Characters that a note may have."""


class Reviewing(QObject):
    """Reviews belong to files: they, and what undoes them, hold whatever the order and the model are meanwhile."""

    def __init__(self, images: ClassifiedImagesModel, session: ClassifySession, parent: QObject) -> None:
        super().__init__(parent)
        self._images = images
        self._session = session

    def can_agree(self, path: Path) -> bool:
        """Whether the model says something of a file that can be agreed with: of what is out of distribution it says
        nothing."""
        result = self._images.result_of(path)
        return result is not None and result.code is not None and verdict_kind(result) is not Kind.OUT_OF_DISTRIBUTION

    def agree(self, paths: Sequence[Path]) -> None:
        """Take the model's diagnosis for the reader's, of those files of which there is one."""
        reviews = {}
        for path in paths:
            result = self._images.result_of(path)
            if self.can_agree(path) and result is not None and result.code is not None:
                reviews[path] = self._diagnosed(path, result.code, result.name)
        self._set(reviews)

    def overrule(self, paths: Sequence[Path], diagnosis: LesionClass) -> None:
        """Give files the reader's own diagnosis."""
        self._set({path: self._diagnosed(path, diagnosis.code, diagnosis.name) for path in paths})

    def mark(self, paths: Sequence[Path], reviewed: bool) -> None:
        """Mark files as reviewed, or take mark and diagnosis back; notes stay."""
        if reviewed:
            marked = {path: self._images.review(path) for path in paths}
            self._set({path: replace(review, reviewed=True, time=_now()) for path, review in marked.items()})
        else:
            self._set({path: Review(note=self._images.review(path).note) for path in paths})

    def note(self, path: Path, text: str) -> None:
        """Write a note on a file; an empty one takes it away."""
        review = replace(self._images.review(path), note=text.strip()[:LONGEST_NOTE])
        self._set({path: review}, "note")

    def remove(self, paths: Sequence[Path]) -> None:
        """Take files from the list; they stay on the disk."""
        listed = self._session.listed((), paths)
        if paths:
            text = f"removing of {_images(len(paths))}"
            changed(self, text, partial(self._session.remove, tuple(paths)), partial(self._list_again, listed))

    def _list_again(self, listed: Listed) -> None:
        self._session.list_again(listed)
        self._session.collected.emit(listed.collected)

    def _diagnosed(self, path: Path, code: str, name: str) -> Review:
        return replace(self._images.review(path), reviewed=True, code=code, name=name, time=_now())

    def _set(self, reviews: Mapping[Path, Review], what: str = "review") -> None:
        before = {path: self._images.review(path) for path in reviews}
        if {path: replace(review, time="") for path, review in reviews.items()} == {
            path: replace(review, time="") for path, review in before.items()
        }:
            return
        change: Callable[[Mapping[Path, Review]], None] = self._images.set_reviews
        changed(self, f"{what} of {_images(len(reviews))}", partial(change, dict(reviews)), partial(change, before))


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
