"""What pictures of one's own clinic look like, without a network: for calibration, and the drift of later folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.choices import NO_CHOICES, Choices
from core.data.decoding import UnreadableImageError, decode_image
from core.data.drift import Drift, class_fractions, feature_drift, picture_features, unusual_share
from core.data.finding import scan_folder
from core.data.near_copies import sketch
from core.data.reading import read_dataset
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase
from core.inference.local_calibration import LocalCalibration
from core.inference.out_of_distribution import appearance_of
from core.models.info import ModelInfo
from core.progress import ProgressMeter, map_in_threads

_BATCH = 32


@dataclass(frozen=True, eq=False)
class PictureDescriptors:
    """Of n pictures: appearance float32 (n, k) (`core.inference.out_of_distribution`), and features as
    `core.data.drift` has them, title to values (n,). No picture can be made of them."""

    appearance: NDArray[np.float32]
    features: dict[str, NDArray[np.float32]]


def decoded_batches(
    files: Sequence[Path], size: int, phase: Phase, emit: Emit, token: CancelToken
) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
    """The pictures as the network sees them, uint8 (b, size, size, 3), with their positions in `files`; those that can
    not be opened are missing. Nothing is cached. Reports progress; raises `Cancelled`."""
    meter = ProgressMeter(phase, len(files), emit)
    rows: list[int] = []
    pictures: list[NDArray[np.uint8]] = []
    with closing(map_in_threads(partial(_decoded, size=size), files, threads=0, token=token)) as results:
        for row, pixels in enumerate(results):
            meter.add()
            if pixels is not None:
                rows.append(row)
                pictures.append(pixels)
            if len(rows) == _BATCH:
                yield rows, np.stack(pictures)
                rows, pictures = [], []
    if rows:
        yield rows, np.stack(pictures)


def _decoded(path: Path, size: int) -> NDArray[np.uint8] | None:
    try:
        return decode_image(path, size)
    except UnreadableImageError:
        return None


def described(batches: Sequence[NDArray[np.uint8]], measure: int) -> PictureDescriptors:
    """The descriptors of batches of pictures, uint8 (b, S, S, 3) each, in order, with the appearance of a `measure`."""
    appearance = np.concatenate([appearance_of(batch, measure) for batch in batches])
    features = picture_features([sketch(pixels) for batch in batches for pixels in batch])
    return PictureDescriptors(appearance, {title: np.asarray(v, np.float32) for title, v in features.items()})


def local_drift(
    local: LocalCalibration,
    folder: Path,
    info: ModelInfo,
    emit: Emit,
    token: CancelToken,
    choices: Choices = NO_CHOICES,
) -> Drift:
    """The pictures in or below a folder, labelled or not, against those that the model of `info` was calibrated on.

    Raises `SkinKDError` where no picture can be opened, and `Cancelled`.
    """
    files = scan_folder(folder.absolute()).images
    try:
        counts = read_dataset(folder, info.classes, choices).counts
    except SkinKDError:
        counts = None  # pictures without labels
    found = drift_of_files(local, files, info.preprocessing.image_size, emit, token)
    return replace(found, classes=class_fractions(local.counts, counts))


def drift_of_files(local: LocalCalibration, files: Sequence[Path], size: int, emit: Emit, token: CancelToken) -> Drift:
    """As `local_drift` of picture files, decoded at `size` pixels; nothing is said of classes. Raises `SkinKDError`
    where none can be opened, and `Cancelled`."""
    parts = [
        described([pixels], local.statistics.measure)
        for _, pixels in decoded_batches(files, size, Phase.COMPARING, emit, token)
    ]
    if not parts:
        raise SkinKDError("There are no pictures to compare", "None of them can be opened. Choose other pictures.")
    statistics = local.statistics
    theirs = np.concatenate([part.appearance for part in parts])
    features = {title: np.concatenate([part.features[title] for part in parts]) for title in parts[0].features}
    known, folder = (
        np.asarray((each - statistics.appearance_mean) @ statistics.appearance_whitening, np.float32)
        for each in (local.appearance, theirs)
    )
    share = unusual_share(known, folder, token)
    return Drift(
        len(theirs),
        share,
        feature_drift(local.features, features),
        unopened=len(files) - len(theirs),
        against="calibration",
    )
