"""How pictures differ from those that a model learned from: unusual single ones, and a folder as a whole.

By what pictures look like from afar (`core.data.near_copies.descriptions`), so without a model, within seconds. It
tells another camera, light or framing, and blur; what a model makes of a picture is its out-of-distribution score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.choices import Choices
from core.data.file_checks import Depth, examine_files
from core.data.finding import scan_folder
from core.data.near_copies import descriptions, distances, opened
from core.data.reading import read_dataset
from core.data.types import DataSet
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase
from core.quantities import whole_percent

_NEAREST = 5
_BLOCK = 512
_USUAL = 0.95
"""The share of the training pictures that count as usual; of a folder like them, 5 % are unlike them."""

_NOTABLE = 0.3
"""A Kolmogorov-Smirnov distance that is worth a word."""


@dataclass(frozen=True)
class FeatureDrift:
    """A feature of pictures, its mean among the training pictures and in the folder, and how far apart the two
    distributions are (Kolmogorov-Smirnov), 0..1."""

    title: str
    training: float
    folder: float
    distance: float


@dataclass(frozen=True)
class Drift:
    """A folder against the training pictures. `out_of_distribution` is the share (0..1) of its pictures that are less
    like training pictures than 95 % of these are like one another. `classes` are the shares of each class code among
    the training pictures and in the folder; empty where the folder's classes are not known. `unopened` counts the
    folder's files that no picture came out of: they are not among its `images`. `against` is what the folder is
    compared with, for people: the pictures of a training, or of a calibration."""

    images: int
    out_of_distribution: float
    features: tuple[FeatureDrift, ...]
    classes: tuple[tuple[str, float, float], ...] = ()
    unopened: int = 0
    against: str = "training"

    @property
    def sentence(self) -> str:
        """What matters of it, for people."""
        apart = [feature.title.lower() for feature in self.features if feature.distance >= _NOTABLE]
        other = f" They differ in {', '.join(apart)}." if apart else ""
        other += f" Pictures that can not be opened, and do not count: {self.unopened:,}." if self.unopened else ""
        share = f"{whole_percent(self.out_of_distribution)} of {self.images:,} pictures"
        return f"{share} look unlike the {self.against} pictures (5 % is usual).{other}"


def sketches_of(paths: Sequence[Path], emit: Emit, token: CancelToken) -> list[bytes]:
    """The sketch of every picture, in order; empty where it can not be opened. Raises `Cancelled`."""
    verdicts = examine_files(paths, depth=Depth.PREVIEW, phase=Phase.CHECKING, emit=emit, token=token)
    return [verdict.sketch for verdict in verdicts]


def drift_of_folder(folder: Path, training: DataSet, choices: Choices, emit: Emit, token: CancelToken) -> Drift:
    """The pictures in or below a folder, labelled or not, against those of a data set.

    `choices` say how to read the folder's labels; without labels that can be read so there is no mix of classes.
    Raises `SkinKDError` where too few pictures can be opened: six of the data set, one of the folder; and `Cancelled`.
    """
    pictures = scan_folder(folder.absolute()).images
    try:
        counts = read_dataset(folder, training.classes, choices).counts
    except SkinKDError:
        counts = None  # pictures without labels
    ours = [each for each in sketches_of([one.path for one in training.records if one.path], emit, token) if each]
    theirs = [each for each in sketches_of(pictures, emit, token) if each]
    if len(ours) <= _NEAREST or not theirs:
        summary = (
            f"Of {training.root} {len(ours):,} can be opened, {_NEAREST + 1} are needed; of {folder} {len(theirs):,}."
        )
        raise SkinKDError("There are too few pictures to compare", f"{summary} Choose a folder with more pictures.")
    found = drift(ours, theirs, training.counts, counts, token)
    return replace(found, unopened=len(pictures) - len(theirs))


def unusualness(
    sketches: Sequence[bytes], among: Sequence[bytes] | None = None, token: CancelToken | None = None
) -> NDArray[np.float64]:
    """How little each picture looks like its nearest ones among others (without itself, where `among` is None),
    float64 (n,), 0 or more; infinite where there are too few others. Raises `Cancelled`."""
    own = descriptions(*opened(sketches)) if sketches else np.zeros((0, 1), np.float32)
    return nearest_distances(own, None if among is None else descriptions(*opened(among)), token)


def nearest_distances(
    own: NDArray[np.float32], among: NDArray[np.float32] | None = None, token: CancelToken | None = None
) -> NDArray[np.float64]:
    """The mean distance of descriptors (n, d) to their five nearest ones among others (m, d), or among themselves where
    `among` is None: float64 (n,), infinite where there are too few others. Raises `Cancelled`."""
    token, others = token or CancelToken(), own if among is None else among
    found = np.full(len(own), np.inf)
    if len(others) <= _NEAREST:
        return found
    for start in range(0, len(own), _BLOCK):
        token.check()
        rows = np.arange(start, min(start + _BLOCK, len(own)))
        apart = distances(own[rows], others)
        if among is None:
            apart[rows - start, rows] = np.inf
        nearest = np.partition(apart, _NEAREST - 1, axis=1)[:, :_NEAREST]
        found[rows] = np.sqrt(np.maximum(nearest, 0)).mean(axis=1)
    return found


def unusual_share(known: NDArray[np.float32], folder: NDArray[np.float32], token: CancelToken | None = None) -> float:
    """The share (0..1) of a folder's descriptors (m, d) that are farther from the known ones (n, d) than 95 % of these
    from one another. Raises `Cancelled`."""
    usual = np.quantile(nearest_distances(known, token=token), _USUAL)
    return float((nearest_distances(folder, known, token) > usual).mean())


def drift(
    training: Sequence[bytes],
    folder: Sequence[bytes],
    training_counts: Mapping[str, int] | None = None,
    folder_counts: Mapping[str, int] | None = None,
    token: CancelToken | None = None,
) -> Drift:
    """The folder's pictures against the training pictures, both as sketches, and their images by class code.

    Raises ValueError where one of them has no pictures, and `Cancelled`.
    """
    if not training or not folder:
        raise ValueError("pictures on both sides are needed")
    share = unusual_share(descriptions(*opened(training)), descriptions(*opened(folder)), token)
    features = feature_drift(picture_features(training), picture_features(folder))
    return Drift(len(folder), share, features, class_fractions(training_counts, folder_counts))


def feature_drift(
    here: Mapping[str, NDArray[np.floating]], there: Mapping[str, NDArray[np.floating]]
) -> tuple[FeatureDrift, ...]:
    """How the `picture_features` of two sets of pictures differ, those that both have: titles to values (n,), (m,)."""
    from scipy.stats import ks_2samp

    distance = partial(ks_2samp, method="asymp")  # exact p-values, which nobody asks for, can fail

    return tuple(
        FeatureDrift(
            title, float(here[title].mean()), float(values.mean()), float(distance(here[title], values).statistic)
        )
        for title, values in there.items()
        if title in here
    )


def picture_features(sketches: Sequence[bytes]) -> dict[str, NDArray[np.floating]]:
    """The features of pictures: title to values (n,)."""
    from scipy.ndimage import laplace

    greys, colours = opened(sketches)
    flat = greys.reshape(len(greys), -1).astype(np.float32)
    edges = np.stack([laplace(grey.astype(np.float32)) for grey in greys]).reshape(len(greys), -1)
    return {
        "Brightness": flat.mean(axis=1),
        "Contrast": flat.std(axis=1),
        "Red against green": colours[:, 0] - colours[:, 1],
        "Blue against green": colours[:, 2] - colours[:, 1],
        "Sharpness": edges.std(axis=1) / np.maximum(flat.std(axis=1), 1.0),
    }


def class_fractions(
    training: Mapping[str, int] | None, folder: Mapping[str, int] | None
) -> tuple[tuple[str, float, float], ...]:
    """The share of each class code (0..1) on both sides, from counts of images; empty where one side is not known."""
    if not training or not folder:
        return ()
    whole = [max(1, sum(counts.values())) for counts in (training, folder)]
    return tuple((code, training[code] / whole[0], folder.get(code, 0) / whole[1]) for code in training)
