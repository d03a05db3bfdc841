"""The training images that look most like one image to the model, with the diagnosis they are known to have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SimilarCase:
    """A training image near to the one asked about.

    `similarity` is the cosine of the two feature vectors, -1..1 (1: the model sees no difference). `same_picture` marks
    one with the very pixels of the image asked about: it was trained on, so its diagnosis proves nothing. `same_lesion`
    marks another picture of the same lesion as such a one. `path` is None when the file is not there any more.
    """

    name: str
    path: Path | None
    code: str
    similarity: float
    lesion: str = ""
    same_picture: bool = False
    same_lesion: bool = False
