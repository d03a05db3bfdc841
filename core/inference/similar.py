"""The training images that look most like one image to the model, with the diagnosis they are known to have.

"Like" means a small angle between the features that the model computes just before its answer. These are kept as
float16 unit vectors in a memory-mapped file under the cache folder, so that a second look costs no forward pass.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core import checksums
from core.atomic import replacing
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Level, Notice, Phase, ignore
from core.locks import waiting_for
from core.paths import cache_root, make_private
from core.progress import ProgressMeter

if TYPE_CHECKING:
    from core.data.store import ImageStore
    from core.inference.classifier import Classifier

_FORMAT = 3
_BATCH = 64
_ROWS_AT_ONCE = 4096
_MOST_INDEXES = 12
_ANEW = "They are computed anew."
_SAME_PICTURE = 3.0
"""Mean difference of two pictures' values (0..255) up to which they are one, saved twice: JPEG alone costs 1 to 2."""


@dataclass(frozen=True)
class SimilarCase:
    """A training image near to the one asked about.

    `similarity` is the cosine of the two feature vectors, -1..1 (1: the model sees no difference). `same_picture` marks
    the image asked about itself: it was trained on, so its diagnosis proves nothing. `same_lesion` marks another
    picture of the same lesion. `path` is None when the file is not there any more.
    """

    name: str
    path: Path | None
    code: str
    similarity: float
    lesion: str = ""
    same_picture: bool = False
    same_lesion: bool = False


@dataclass(frozen=True)
class KnownCase:
    """A training image: its name, file, class code, and its lesion where that is known."""

    name: str
    path: Path | None
    code: str
    lesion: str = ""


@dataclass(frozen=True, eq=False)
class FeatureIndex:
    """The features of training images: unit vectors, float16 (n, d), in the order of `cases`; `rows` of `store`."""

    cases: tuple[KnownCase, ...]
    features: NDArray[np.float16]
    store: ImageStore
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.cases)


def build_index(
    classifier: Classifier,
    store: ImageStore,
    rows: NDArray[np.int64],
    cases: Sequence[KnownCase],
    model_digest: str,
    *,
    emit: Emit = ignore,
    token: CancelToken | None = None,
    cache: Path | None = None,
) -> FeatureIndex:
    """The index of the images `rows` (n,) of a store, which are `cases`; computed once and then read from the cache.

    `store` holds images of the model's own size; `model_digest` names its weights. Reports `Progress`. Raises
    `SkinKDError` when the network has no features or the cache can not be written, and `Cancelled`; nothing half
    written remains. ValueError unless there is a case for each row, and one at least.
    """
    token = token or CancelToken()
    if len(rows) != len(cases) or not len(rows):
        raise ValueError(f"{len(rows)} rows for {len(cases)} cases")
    key = f"{_key(model_digest, store, rows)}.npy"
    folder = (cache or cache_root()) / "similar"
    try:
        make_private(folder)
        features = _open(folder / key, len(rows), emit)
        if features is None:
            told = "Another SkinKD is computing the same features; waiting for it."
            with waiting_for(folder / f"{key}.lock", told, emit, token):
                features = _open(folder / key, len(rows))
                if features is None:
                    _compute(classifier, store, rows, folder / key, emit, token)
                    features = _open(folder / key, len(rows), emit)
            _forget_oldest(folder)
    except OSError as error:
        raise SkinKDError(
            "The features can not be saved",
            f"{folder}: {error.strerror or error}. Free some space, or set SKINKD_CACHE to another folder.",
        ) from error
    if features is None:
        raise SkinKDError("The features can not be read", f"{folder} was changed meanwhile. Try again.")
    return FeatureIndex(tuple(cases), features, store, rows)


def similar_cases(
    index: FeatureIndex, classifier: Classifier, pixels: NDArray[np.uint8], *, count: int = 5, lesion: str = ""
) -> tuple[SimilarCase, ...]:
    """The `count` training images nearest to a decoded image, uint8 (S, S, 3), nearest first.

    `lesion` is that of the image where it is known. The classifier is used for one forward pass, so not from two
    threads at once. Raises `SkinKDError` when the network has no features.
    """
    vector = _unit(_features(classifier, pixels[None]))[0]
    cosines = _cosines(index.features, vector)
    nearest = np.argsort(-cosines, kind="stable")[:count]
    same = {int(place) for place in nearest if _same_picture(index, int(place), pixels)}
    lesions = {index.cases[place].lesion for place in same} | {lesion}
    return tuple(
        _case(index.cases[place], float(cosines[place]), place in same, lesions) for place in map(int, nearest)
    )


def _case(case: KnownCase, cosine: float, same: bool, lesions: set[str]) -> SimilarCase:
    related = bool(case.lesion) and case.lesion in lesions and not same
    return SimilarCase(case.name, case.path, case.code, min(1.0, cosine), case.lesion, same, related)


def _same_picture(index: FeatureIndex, row: int, pixels: NDArray[np.uint8]) -> bool:
    known = index.store.gather(index.rows[row : row + 1])[0]
    return bool(np.abs(known.astype(np.int16) - pixels.astype(np.int16)).mean() <= _SAME_PICTURE)


def _cosines(features: NDArray[np.float16], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """In pieces: float16 has to become float32 for the multiplication, and memory stays flat."""
    parts = [
        np.asarray(features[start : start + _ROWS_AT_ONCE], np.float32) @ vector
        for start in range(0, len(features), _ROWS_AT_ONCE)
    ]
    return np.concatenate(parts)


def _features(classifier: Classifier, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    features = classifier.features(images)[1]
    if features is None:
        raise SkinKDError(
            "No similar cases for this model",
            f"{classifier.info.architecture} does not show the features behind its answer, so images can not be "
            "compared by them. Choose the run itself or another network.",
        )
    return features


def _unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row of length 1; rows that are zero or no numbers become zero, which is like nothing."""
    clean = np.where(np.isfinite(features), features, 0.0).astype(np.float32)
    lengths = np.linalg.norm(clean, axis=1, keepdims=True)
    units: NDArray[np.float32] = clean / np.maximum(lengths, np.float32(1e-12))
    return units


def _compute(
    classifier: Classifier, store: ImageStore, rows: NDArray[np.int64], path: Path, emit: Emit, token: CancelToken
) -> None:
    meter = ProgressMeter(Phase.COMPARING, len(rows), emit)
    with replacing(path) as temporary, temporary.open("wb") as file:
        for start in range(0, len(rows), _BATCH):
            token.check()
            units = _unit(_features(classifier, store.gather(rows[start : start + _BATCH]))).astype("<f2")
            if not start:
                shape = (len(rows), units.shape[1])
                np.lib.format.write_array_header_1_0(file, {"descr": "<f2", "fortran_order": False, "shape": shape})
            file.write(units.tobytes())
            meter.add(len(units))
        file.flush()
        checksums.append_checksum(temporary)


def _open(path: Path, images: int, emit: Emit = ignore) -> NDArray[np.float16] | None:
    """The features at `path`; None when they are not there, and when they are not as they were written, which is
    told."""
    try:
        checksums.is_checked(path, checksums.AT_END, expected=True)
        found: NDArray[np.float16] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError) as error:
        emit(
            Notice(
                f"The features of the training images that were kept can not be used: {error}. {_ANEW}", Level.WARNING
            )
        )
        return None
    if found.dtype != np.float16 or found.ndim != 2 or len(found) != images:
        return None
    path.touch()  # used last
    return found


def _key(model_digest: str, store: ImageStore, rows: NDArray[np.int64]) -> str:
    content = json.dumps([_FORMAT, model_digest, store.key, store.image_size]).encode()
    return hashlib.blake2b(content + rows.astype("<i8").tobytes(), digest_size=16).hexdigest()


def _forget_oldest(folder: Path) -> None:
    """Keep the indexes used last; each can be computed again."""
    known = sorted(folder.glob("*.npy"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    of_before = [*folder.glob("*.f16"), *folder.glob("*.json")]  # as SkinKD kept them once
    for old in (*known[_MOST_INDEXES:], *of_before):
        try:
            old.unlink(missing_ok=True)
            old.with_name(f"{old.name}.lock").unlink(missing_ok=True)
        except OSError:  # in use; another time
            continue
