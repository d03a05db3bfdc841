"""What a saved session holds. Reviews and results belong to pictures, which are known by path and fingerprint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from core.digests import fingerprint
from core.inference.patients.facts import NOTHING_KNOWN, PatientFacts
from core.inference.results import Classification
from core.inference.review import NO_REVIEW, Review
from core.inference.triage import MelanomaThreshold
from core.inference.trust import DEFAULT_LEVEL


@dataclass(frozen=True)
class SavedImage:
    """A picture of the list: its `mark` is the `fingerprint` of the file when the session was saved ("" if it could not
    be read); `facts` say whose picture it is."""

    path: Path
    mark: str = ""
    review: Review = NO_REVIEW
    facts: PatientFacts = NOTHING_KNOWN


@dataclass(frozen=True)
class SavedModel:
    """A model of the session: `source` is a run folder or a model file, `digest` tells its file apart from what may
    lie there later (SHA-256 in hex; "" where it could not be read). `results` are what it said, of images of the
    session."""

    source: Path
    digest: str = ""
    results: tuple[Classification, ...] = ()


@dataclass(frozen=True)
class SavedSession:
    """A list of images as it stood. `roots` are what was dropped or opened, `models` the one that classifies and,
    where one is compared, the other. `averaged` tells of test-time augmentation, `level` is that of the prediction
    sets, `threshold` the operating point in use on the first model."""

    name: str
    images: tuple[SavedImage, ...] = ()
    roots: tuple[Path, ...] = ()
    models: tuple[SavedModel, ...] = ()
    averaged: bool = False
    level: float = DEFAULT_LEVEL
    threshold: MelanomaThreshold | None = None
    created: str = ""


def file_mark(path: Path) -> str:
    """The fingerprint of a picture, "" when it can not be read."""
    try:
        return fingerprint(path)
    except OSError:
        return ""


@dataclass(frozen=True)
class PicturesCheck:
    """The pictures of a session today: those `gone` from where they were, and those `changed` since."""

    gone: tuple[Path, ...] = ()
    changed: tuple[Path, ...] = ()


def check_pictures(session: SavedSession) -> PicturesCheck:
    """Read every picture's fingerprint and compare. One that could not be read then is not told to be changed now."""
    gone, changed = [], []
    for image in session.images:
        if not image.path.is_file():
            gone.append(image.path)
        elif image.mark and file_mark(image.path) != image.mark:
            changed.append(image.path)
    return PicturesCheck(tuple(gone), tuple(changed))


def without_changed(session: SavedSession, check: PicturesCheck) -> SavedSession:
    """The session without what was said of pictures that have changed since: results are dropped, a review becomes a
    note of what it was, and the picture has to be reviewed again."""
    changed = set(check.changed)
    images = tuple(
        replace(image, review=_reopened(image.review)) if image.path in changed else image for image in session.images
    )
    models = tuple(
        replace(model, results=tuple(result for result in model.results if result.path not in changed))
        for model in session.models
    )
    return replace(session, images=images, models=models)


def _reopened(review: Review) -> Review:
    if not review.reviewed:
        return review
    before = f"Reviewed as {review.name}" if review.name else "Reviewed"
    return Review(note=f"{before} before the picture changed. {review.note}".strip())
