"""An exported file against its original: the same images through both, and a stopwatch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.events import CancelToken, Emit, Phase, Progress
from core.inference.export.report import ExportRow
from core.inference.network import Network

BATCH = 32
_PATTERNS = 64
_WARM_UPS = 3
_SECONDS = 2.0  # of timing per network and size of batch, at most
_FEWEST, _MOST = 5, 60

Gather = Callable[[NDArray[np.int64]], NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class CheckImages:
    """What both networks see: `gather` gives uint8 (n, S, S, 3) by position 0..count-1; labels int64 or None."""

    gather: Gather
    count: int
    labels: NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class Candidate:
    """One network in the comparison. `temperature` divides its logits."""

    name: str
    network: Network
    size_bytes: int
    temperature: float


@dataclass(frozen=True)
class Speed:
    """Median milliseconds: for one image alone, and per image of a batch."""

    single: float
    batch: float


def patterns(image_size: int) -> CheckImages:
    """Generated pictures, for when none of lesions are at hand: smooth colours with noise, always the same ones."""
    random = np.random.default_rng(0)
    side = np.linspace(0, 1, image_size, dtype=np.float32)
    waves = np.sin(np.outer(side, side) * 6)[None, :, :, None]
    colours = random.uniform(0, 1, (_PATTERNS, 1, 1, 3)).astype(np.float32)
    depth = random.uniform(0, 0.5, (_PATTERNS, 1, 1, 1)).astype(np.float32)
    noise = random.normal(0, 0.05, (_PATTERNS, image_size, image_size, 3)).astype(np.float32)
    images = np.clip((colours + depth * waves + noise) * 255, 0, 255).astype(np.uint8)
    return CheckImages(lambda indices: images[indices], _PATTERNS, None)


def logits_of(network: Network, images: CheckImages, emit: Emit, token: CancelToken) -> NDArray[np.float32]:
    """The network's logits of all images, float32 (n, classes). Reports `Progress(TESTING)`."""
    parts = []
    for start in range(0, images.count, BATCH):
        token.check()
        emit(Progress(Phase.TESTING, start, images.count))
        indices = np.arange(start, min(start + BATCH, images.count))
        parts.append(network.infer(images.gather(indices), token)[0])
    emit(Progress(Phase.TESTING, images.count, images.count))
    return np.concatenate(parts)


def compare(
    candidates: tuple[Candidate, ...],
    images: CheckImages,
    classes: ClassSet,
    emit: Emit,
    token: CancelToken,
) -> tuple[ExportRow, ...]:
    """A row for each candidate; the first is the original that the others are held against.

    Raises `SkinKDError` when a network gives no finite numbers, and `Cancelled`.
    """
    from scipy.special import softmax

    from core.evaluation.metrics import score

    logits = [logits_of(item.network, images, emit, token) for item in candidates]
    speeds = measure(tuple(item.network for item in candidates), images, emit, token)
    shares = [
        softmax(found.astype(np.float64) / item.temperature, axis=1)
        for item, found in zip(candidates, logits, strict=True)
    ]
    rows = []
    for item, found, share, speed in zip(candidates, logits, shares, speeds, strict=True):
        is_original = item is candidates[0]
        rows.append(
            ExportRow(
                item.name,
                None if is_original else float((found.argmax(axis=1) == logits[0].argmax(axis=1)).mean()),
                None if is_original else float(np.abs(share - shares[0]).max()),
                None if images.labels is None else score(images.labels, found, classes).weighted_f1,
                item.size_bytes,
                speed.single,
                speed.batch,
            )
        )
    return tuple(rows)


def measure(networks: tuple[Network, ...], images: CheckImages, emit: Emit, token: CancelToken) -> tuple[Speed, ...]:
    """The speed of each network. They take turns, so that what else the computer does falls on all alike."""
    medians: list[tuple[float, ...]] = []
    for size in (1, min(BATCH, images.count)):
        emit(Progress(Phase.TIMING, len(medians), 2))
        batch = images.gather(np.arange(size))
        medians.append(_medians(networks, batch, token))
    emit(Progress(Phase.TIMING, 2, 2))
    return tuple(Speed(single, batch) for single, batch in zip(*medians, strict=True))


def _medians(networks: tuple[Network, ...], batch: NDArray[np.uint8], token: CancelToken) -> tuple[float, ...]:
    """Milliseconds per image, median over repeated runs."""
    for network in networks:
        for _ in range(_WARM_UPS):
            network.infer(batch, token)
    taken: list[list[float]] = [[] for _ in networks]
    begin = time.perf_counter()
    while len(taken[0]) < _FEWEST or (len(taken[0]) < _MOST and time.perf_counter() - begin < _SECONDS * len(networks)):
        token.check()
        for network, times in zip(networks, taken, strict=True):
            start = time.perf_counter()
            network.infer(batch, token)
            times.append((time.perf_counter() - start) * 1000 / len(batch))
    return tuple(float(np.median(times)) for times in taken)
