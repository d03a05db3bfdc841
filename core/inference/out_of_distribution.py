"""The out-of-distribution score: how unlike the training images a picture is, in which respect, and so for what reason.

The score is the largest of several distances, each over the distance that nearly all calibration images stay below.

- Features: the distance of the normalised pooled features from the space in which those of training images vary (the
  residual of their principal components; Wang et al. 2022, "ViM", section 4.1, and Ndiour et al. 2020).
- Appearance: the mean distance to the five nearest training images (Sun et al. 2022, on features) in 24 whitened
  statistics of colour and texture.
- Structure: the same in 21 statistics of how a picture is composed (`core.inference.picture_structure`).
- Darkness and blur: how far the brightest parts, and the sharpest edges, stay below those of training images.

Why all: on real lesions, drawings, photographs, scans, blank pages and noise, the features of a well trained network
tell photographs and scans apart but let blank pages pass, and those of weak students tell next to nothing; appearance
does not depend on the network and finds nearly all but photographs in the colours of skin, which structure finds.
k-nearest neighbours and Mahalanobis distances on the features found less than the residual.
`tests.benchmarks.out_of_distribution_bench` measures it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.inference.picture_structure import structure_of
from core.inference.trust import Respect
from core.models.calibration_statistics import CalibrationStatistics

MEASURE = 2
"""The number of this way of measuring; change it with anything that changes a distance. Model files of measure 1, which
knows features and appearance alone, are read as before."""

ACCEPTED = 0.98
"""The share of calibration images that are to count as known."""

MINIMUM = 20
"""Fewer validation or training images than this can not tell what is novel."""

DIRECTIONS = 64
NEIGHBOURS = 5
_RIDGE = 0.02  # of the largest variance: what hardly varies must not decide
APPEARANCE_SIZE = 24
_BRIGHTEST, _SHARPEST = 4, 23  # places in the appearance: quantiles 0.95 of brightness and 0.99 of fine gradients
_SURE = 0.995  # darkness and blur speak for themselves, and must not cost the other distances their scale
_SIZE = 64
_CHUNK = 8
_FLOOR = 2e-3  # of full brightness: differences below are the camera's noise
_BATCH = 256


RESPECTS = {1: (Respect.FEATURES, Respect.APPEARANCE), MEASURE: tuple(Respect)}
"""The distances of each measure, in the order of `CalibrationStatistics.scales`."""


@dataclass(frozen=True, eq=False)
class Descriptors:
    """What the score is computed from: features (n, d) or None, and appearance (n, 24), from measure 2 on followed by
    the structure, (n, 45)."""

    features: NDArray[np.float32] | None
    appearance: NDArray[np.float32]


def appearance_of(images: NDArray[np.uint8], measure: int = MEASURE) -> NDArray[np.float32]:
    """24 statistics of decoded images, uint8 (n, S, S, 3), that hardly change when a picture is turned, and from
    measure 2 on those of `structure_of`: (n, 24) or (n, 45).

    Quantiles of brightness and of two opponent colours, and logarithms of quantiles of the gradients at three scales.
    """
    parts = [images[start : start + _CHUNK] for start in range(0, len(images), _CHUNK)] or [images]
    appearance = np.concatenate([_appearance(part) for part in parts])
    if measure == 1:
        return appearance
    return np.concatenate([appearance, np.concatenate([structure_of(part) for part in parts])], axis=1)


def _appearance(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    if not len(images):
        return np.zeros((0, APPEARANCE_SIZE), np.float32)
    box = Image.Resampling.BOX
    small = [np.asarray(Image.fromarray(image).resize((_SIZE, _SIZE), box, reducing_gap=1.0)) for image in images]
    fine: NDArray[np.float32] = np.stack(small).astype(np.float32) / np.float32(255)
    middle = _halved(fine)
    red, green, blue = (middle[..., channel].reshape(len(images), -1) for channel in range(3))
    opponents = ((red + green + blue) / 3, red - green, (red + green) / 2 - blue)
    found = [_quantiles(values, (0.05, 0.25, 0.5, 0.75, 0.95)) for values in opponents]
    for scale in (_halved(middle), middle, fine):
        grey: NDArray[np.float32] = (scale[..., 0] + scale[..., 1] + scale[..., 2]) / np.float32(3)
        corner = grey[:, :-1, :-1]
        steps: NDArray[np.float32] = np.hypot(grey[:, :-1, 1:] - corner, grey[:, 1:, :-1] - corner)
        found.append(np.log(_quantiles(steps.reshape(len(images), -1), (0.5, 0.9, 0.99)) + np.float32(_FLOOR)))
    return np.concatenate(found, axis=1)


def _halved(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of 2 x 2 pixels: (n, 2 s, 2 s, 3) -> (n, s, s, 3)."""
    return (images[:, ::2, ::2] + images[:, 1::2, ::2] + images[:, ::2, 1::2] + images[:, 1::2, 1::2]) / np.float32(4)


def _quantiles(values: NDArray[Any], probabilities: tuple[float, ...]) -> NDArray[np.float32]:
    """Of each row, by nearest rank (numpy's own takes longer than the rest together): (n, k) -> (n, shares)."""
    ranks = [round(share * (values.shape[1] - 1)) for share in probabilities]
    ranked: NDArray[np.float32] = np.partition(values.astype(np.float32, copy=False), ranks, axis=1)
    return ranked[:, ranks]


def fit_statistics(
    logits: NDArray[np.float32], labels: NDArray[np.integer[Any]], validation: Descriptors, training: Descriptors
) -> CalibrationStatistics:
    """The calibration statistics of a model from its answers for validation images, logits (n, classes) and labels
    (n,), and a sample of its training images.

    The same images give the same statistics to the bit on one machine. With fewer than `MINIMUM` images on either side
    the threshold is infinite: then no score is known.
    """
    mean, directions = _feature_space(training.features)
    appearance_mean, appearance_whitening = _whitening(training.appearance)
    appearance = ((training.appearance - appearance_mean) @ appearance_whitening).astype(np.float16)
    blank = CalibrationStatistics(
        validation_logits=np.asarray(logits, np.float32),
        validation_labels=np.asarray(labels, np.uint8),
        validation_scores=np.zeros(len(labels), np.float32),
        feature_mean=mean,
        feature_directions=directions,
        appearance_mean=appearance_mean,
        appearance_whitening=appearance_whitening,
        appearance=appearance,
        scales=np.ones(len(Respect), np.float32),
        threshold=math.inf,
        measure=MEASURE,
    )
    if min(len(labels), len(training.appearance)) < MINIMUM:
        return blank
    distances = _distances(blank, validation)
    shares = [_SURE if each in (Respect.DARKNESS, Respect.BLUR) else ACCEPTED for each in Respect]
    quantiles = [np.quantile(column, share) for column, share in zip(distances.T, shares, strict=True)]
    scales = np.maximum(quantiles, 1e-6).astype(np.float32)
    scaled = (distances / scales).max(axis=1).astype(np.float32)
    values = {**vars(blank), "validation_scores": scaled, "scales": scales, "threshold": threshold_of(scaled)}
    return CalibrationStatistics(**values)


def threshold_of(scores: NDArray[np.float32]) -> float:
    """The threshold from the scores (n,) of images that are known to be in distribution, one at least: their conformal
    quantile. A further image like them is above it with a chance of 2 % at most (with 50 images and more)."""
    rank = min(math.ceil((len(scores) + 1) * ACCEPTED), len(scores))
    return float(np.sort(scores)[rank - 1])


def out_of_distribution_scores(statistics: CalibrationStatistics, descriptors: Descriptors) -> NDArray[np.float32]:
    """The scores (n,) of images; above `statistics.threshold` they are out of distribution."""
    scores: NDArray[np.float32] = scaled_distances(statistics, descriptors).max(axis=1)
    return scores


def scaled_distances(statistics: CalibrationStatistics, descriptors: Descriptors) -> NDArray[np.float32]:
    """The distances (n, r) over their scales, in the order of `RESPECTS` of the statistics' measure."""
    scaled: NDArray[np.float32] = (_distances(statistics, descriptors) / statistics.scales).astype(np.float32)
    return scaled


def reason_of(scaled: NDArray[np.float32], measure: int, threshold: float) -> Respect:
    """The respect that explains best why an image is out of distribution, from its `scaled` distances (r,).

    A dark or blurred picture of a lesion has another appearance too, so what made it so comes first; where the
    structure, or for blur the appearance, is still further off, it shows something else, and that is the reason.
    """
    found = zip(RESPECTS[measure], scaled.tolist(), strict=True)
    beyond = {each: value for each, value in found if not value <= threshold}
    if beyond.get(Respect.DARKNESS, 0) > beyond.get(Respect.STRUCTURE, 0):
        return Respect.DARKNESS
    if beyond.get(Respect.BLUR, 0) > beyond.get(Respect.APPEARANCE, 0):
        return Respect.BLUR
    others = {each: value for each, value in beyond.items() if each not in (Respect.DARKNESS, Respect.BLUR)} or beyond
    return max(others, key=lambda each: others[each])


def _distances(statistics: CalibrationStatistics, descriptors: Descriptors) -> NDArray[np.float32]:
    """Distances (n, respects): in features (0 where the network shows none), in appearance, and from measure 2 on in
    structure, darkness and blur (0 for what is brighter, and sharper, than the mean training image)."""
    appearance = descriptors.appearance - statistics.appearance_mean
    whitened = (appearance @ statistics.appearance_whitening).astype(np.float32, copy=False)
    parts = np.split(whitened, [APPEARANCE_SIZE], axis=1)
    columns = [_feature_distances(statistics, descriptors)]
    columns += [_nearest(part, *known) for part, known in zip(parts, _exact(statistics).known, strict=False)]
    if statistics.measure != 1:
        columns += [np.maximum(-appearance[:, place], 0) for place in (_BRIGHTEST, _SHARPEST)]
    return np.stack(columns, axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Exact:
    """What statistics keep in 16 bits, as it is computed with: the directions (r, d), and the training images in
    appearance (m, 24) and, from measure 2 on, in structure (m, 21), each with its squared lengths (m,)."""

    directions: NDArray[np.float32]
    known: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]


@lru_cache(maxsize=4)
def _exact(statistics: CalibrationStatistics) -> _Exact:
    parts = np.split(statistics.appearance.astype(np.float32), [APPEARANCE_SIZE], axis=1)
    used = [np.ascontiguousarray(part) for part in parts[: 1 if statistics.measure == 1 else 2]]
    known = tuple((part, (part**2).sum(axis=1)) for part in used)
    return _Exact(statistics.feature_directions.astype(np.float32), known)


def _feature_distances(statistics: CalibrationStatistics, descriptors: Descriptors) -> NDArray[np.float32]:
    directions = _exact(statistics).directions
    if not len(directions) or descriptors.features is None:
        return np.zeros(len(descriptors.appearance), np.float32)
    centred = _normalised(descriptors.features) - statistics.feature_mean
    inside = (centred @ directions.T) @ directions
    distances: NDArray[np.float32] = np.linalg.norm(centred - inside, axis=1)
    return distances


def _nearest(
    whitened: NDArray[np.float32], known: NDArray[np.float32], lengths: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The mean distance (n,) of rows (n, k) to their nearest of the `known` (m, k), of squared `lengths` (m,); 0
    without any."""
    found = np.zeros(len(whitened), np.float32)
    nearest = min(NEIGHBOURS, len(known))
    for start in range(0, len(found) if nearest else 0, _BATCH):
        rows = whitened[start : start + _BATCH]
        squares = np.maximum((rows**2).sum(axis=1)[:, None] + lengths - 2 * rows @ known.T, 0)
        found[start : start + _BATCH] = np.sqrt(np.partition(squares, nearest - 1, axis=1)[:, :nearest]).mean(axis=1)
    return found


def _feature_space(features: NDArray[np.float32] | None) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Mean (d,) and principal directions (r, d) of normalised features; r is at most half of d and of the images."""
    if features is None or len(features) < MINIMUM:
        return np.zeros(0, np.float32), np.zeros((0, 0), np.float16)
    known = _normalised(features)
    mean = known.mean(axis=0)
    count = min(DIRECTIONS, known.shape[1] // 2, len(known) // 2)
    _, _, directions = np.linalg.svd((known - mean).astype(np.float64), full_matrices=False)
    return mean, directions[:count].astype(np.float16)


def _whitening(appearance: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean (k,) and map (k, k) after which the statistics vary alike in all directions (those that hardly vary, less),
    appearance and structure each by itself."""
    size = appearance.shape[1]
    if not len(appearance):
        return np.zeros(size, np.float32), np.eye(size, dtype=np.float32)
    if size > APPEARANCE_SIZE:
        parts = [_whitening(part) for part in np.split(appearance, [APPEARANCE_SIZE], axis=1)]
        mapped = np.zeros((size, size), np.float32)
        mapped[:APPEARANCE_SIZE, :APPEARANCE_SIZE] = parts[0][1]
        mapped[APPEARANCE_SIZE:, APPEARANCE_SIZE:] = parts[1][1]
        return np.concatenate([parts[0][0], parts[1][0]]), mapped
    mean, spread = appearance.mean(axis=0), np.maximum(appearance.std(axis=0), 1e-3)
    variances, axes = np.linalg.eigh(np.cov((appearance - mean).T / spread[:, None], bias=True).astype(np.float64))
    scale = np.sqrt(np.maximum(variances, 0) + _RIDGE * max(float(variances.max()), 1e-6))
    return mean, (axes / scale / spread[:, None]).astype(np.float32)


def _normalised(features: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    normalised: NDArray[np.float32] = (features / np.maximum(lengths, 1e-9)).astype(np.float32)
    return normalised
