"""Pictures that are nearly the same: mirrored, turned, rescaled, recompressed, a little rotated or cropped.

Every picture leaves a sketch of 2.3 kB. Candidates are nearest neighbours of a coarse description that a small turn or
crop hardly changes, asked in all eight flips and quarter turns; what lies over its candidate, detail by detail, is a
copy. Coarse shapes do not count: most lesions are a dark spot in the middle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import atomic
from core.data.aligning import Motions, Pictures, agreement, align, still
from core.data.components import components
from core.data.decoding import LOOK_SIDE
from core.documents import read_json
from core.events import CancelToken, Emit, Phase
from core.paths import make_private
from core.progress import ProgressMeter, map_in_threads

SKETCH_VERSION = 1
"""Raise it whenever the same picture leaves another sketch, or other pairs are found."""

LARGEST_CHAIN, _FEWEST = 0.02, 25
"""Share of all pictures that one chain of near-copies may tie together; this many pictures always may be."""

Pairs = NDArray[np.int64]

_SIDE, _COARSE = LOOK_SIDE, 8
SKETCH_BYTES = _SIDE * _SIDE + 6
_NEIGHBOURS = 5
_FARTHEST = 8.0
"""Of two descriptions, squared; nearly all copies lie within 5."""

_FLATTEST = 2.0
"""Grey levels (standard deviation) below which a picture has nothing to be told by."""

_SHAPE, _COLOUR = 10.0, 12.0
_BLOCK = 64
_WIDEST_MOTION, _COLOUR_APART = 0.3, 16
_COARSE_AGREEMENT, _FINE_AGREEMENT = 0.7, 0.9


def sketch(pixels: NDArray[np.uint8]) -> bytes:
    """What a picture, uint8 RGB (height, width, 3), is compared by: grey in small, and its colours in the middle."""
    small = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=3)
    edge = _SIDE // 6
    middle = np.asarray(small)[edge:-edge, edge:-edge].reshape(-1, 3)
    colours = np.rint(np.concatenate([middle.mean(axis=0), middle.std(axis=0)])).astype(np.uint8)
    return bytes(small.convert("L").tobytes() + colours.tobytes())


def opened(sketches: Sequence[bytes]) -> tuple[NDArray[np.uint8], Pictures]:
    """What sketches hold: grey pictures, uint8 (n, side, side), and mean and spread of red, green and blue, (n, 6)."""
    table = np.frombuffer(b"".join(sketches), np.uint8).reshape(len(sketches), SKETCH_BYTES)
    return table[:, : _SIDE * _SIDE].reshape(-1, _SIDE, _SIDE), table[:, _SIDE * _SIDE :].astype(np.float32)


def near_copies(
    sketches: Mapping[str, bytes], cache: Path, emit: Emit, token: CancelToken, threads: int = 0
) -> tuple[tuple[str, str], ...]:
    """The pairs of keys (digests of contents) of `sketches` whose pictures are nearly the same.

    Of a picture with many copies not every pair is named; all hang together. What was found among the same contents is
    kept in the folder `cache`. Raises `Cancelled`.
    """
    keys = sorted(sketches)
    name = hashlib.blake2b("".join([str(SKETCH_VERSION), *keys]).encode(), digest_size=16).hexdigest()
    known = cache / "near_copies" / f"{name}.json"
    try:
        return tuple((keys[left], keys[right]) for left, right in read_json(known)["pairs"])
    except (OSError, ValueError, LookupError, TypeError):
        pairs = find_pairs([sketches[key] for key in keys], emit, token, threads).tolist()
    with suppress(OSError):  # it is found again
        make_private(known.parent)
        atomic.write_text(known, json.dumps({"pairs": pairs}))
    return tuple((keys[left], keys[right]) for left, right in pairs)


def tied(pairs: Sequence[tuple[str, str]], count: int) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """The pairs, among `count` pictures, without those of chains that are too long; and the members of these chains."""
    names = sorted({name for pair in pairs for name in pair})
    places = {name: place for place, name in enumerate(names)}
    links = np.array([[places[left], places[right]] for left, right in pairs], np.int64).reshape(-1, 2)
    chain = components(links, len(names))
    too_long = np.bincount(chain, minlength=1) > max(_FEWEST, LARGEST_CHAIN * count)
    kept = [pair for pair in pairs if not too_long[chain[places[pair[0]]]]]
    return kept, [[names[place] for place in np.flatnonzero(chain == each)] for each in np.flatnonzero(too_long)]


def find_pairs(sketches: Sequence[bytes], emit: Emit, token: CancelToken, threads: int = 0) -> Pairs:
    """The pairs (m, 2) of positions in `sketches`, the smaller first, whose pictures are nearly the same."""
    greys, colours = opened(sketches)
    uneven = np.flatnonzero(greys.std(axis=(1, 2)) >= _FLATTEST)
    greys, colours = greys[uneven], colours[uneven]
    if len(uneven) < 2:
        return np.zeros((0, 2), np.int64)
    blocks = np.array_split(np.arange(len(uneven)), -(-len(uneven) // _BLOCK))
    meter = ProgressMeter(Phase.NEAR_COPIES, len(blocks), emit)
    found = [np.zeros((0, 2), np.int64)]
    compare = partial(_copies_of, greys, colours, descriptions(greys, colours))
    with closing(map_in_threads(compare, blocks, threads=threads, token=token)) as results:
        for pairs in results:
            found.append(uneven[pairs])
            meter.add()
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _copies_of(greys: NDArray[np.uint8], colours: Pictures, known: Pictures, block: NDArray[np.int64]) -> Pairs:
    """The pairs of the pictures of one block with any others."""
    candidates, turns = _candidates(greys[block], colours[block], known, block)
    left, right = block[candidates[:, 0]], candidates[:, 1]
    first = np.empty((len(left), _SIDE, _SIDE), np.float32)
    for turn, picture in enumerate(_turned(greys[block])):
        chosen = turns == turn
        first[chosen] = picture[candidates[chosen, 0]]
    same = _lie_over(first, greys[right].astype(np.float32))
    return np.stack([left[same], right[same]], axis=1)


def _candidates(
    greys: NDArray[np.uint8], colours: Pictures, known: Pictures, block: NDArray[np.int64]
) -> tuple[Pairs, NDArray[np.int8]]:
    """Pairs (position in the block, picture) worth a closer look, and the turn under which the first is alike."""
    nearest = np.full((len(block), len(known)), np.inf, np.float32)
    turns = np.zeros(nearest.shape, np.int8)
    for turn, turned in enumerate(_turned(greys)):
        apart = distances(descriptions(turned, colours), known)
        turns[apart < nearest] = turn
        np.minimum(nearest, apart, out=nearest)
    rows = np.arange(len(block))
    nearest[rows, block] = np.inf
    count = min(_NEIGHBOURS, len(known))
    columns = np.argpartition(nearest, count - 1, axis=1)[:, :count]
    rows = np.repeat(rows, count)
    pairs = np.stack([rows, columns.ravel()], axis=1)
    pairs = pairs[nearest[pairs[:, 0], pairs[:, 1]] < _FARTHEST]
    painted = known[:, _COARSE * _COARSE :] * _COLOUR
    pairs = pairs[np.abs(painted[block[pairs[:, 0]]] - painted[pairs[:, 1]]).max(axis=1) <= _COLOUR_APART]
    return pairs, turns[pairs[:, 0], pairs[:, 1]]


def descriptions(greys: NDArray[np.uint8], colours: Pictures) -> Pictures:
    """What pictures look like from afar, float32 (n, 70): the coarse shape, of any contrast, beside the colours."""
    step = _SIDE // _COARSE
    coarse = greys.reshape(-1, _COARSE, step, _COARSE, step).mean(axis=(2, 4), dtype=np.float32).reshape(len(greys), -1)
    middle = _middle(_COARSE)
    coarse = (coarse - (coarse * middle).sum(axis=1, keepdims=True) / middle.sum()) * middle
    length = np.linalg.norm(coarse, axis=1, keepdims=True)
    return np.concatenate([coarse * (_SHAPE**0.5 / np.maximum(length, 1e-6)), colours / _COLOUR], axis=1)


def _middle(side: int) -> Pictures:
    """1 in the middle of a picture (side²,), 0 in its corners, which a turn leaves black."""
    ticks = (np.arange(side) + 0.5) / side * 2 - 1
    return (np.hypot(*np.meshgrid(ticks, ticks)) < 1).astype(np.float32).ravel()


def distances(left: Pictures, right: Pictures) -> Pictures:
    """The squared distances (n, m) of descriptions (n, 70) and (m, 70)."""
    squares = (left * left).sum(axis=1)[:, None] + (right * right).sum(axis=1)
    return np.asarray(squares - 2 * (left @ right.T), np.float32)


def _turned(pictures: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The eight flips and quarter turns of pictures (n, side, side)."""
    for quarter in range(4):
        turned = np.rot90(pictures, quarter, axes=(1, 2))
        yield turned
        yield turned[:, :, ::-1]


def _lie_over(first: Pictures, second: Pictures) -> NDArray[np.bool_]:
    """Which pictures agree in their details, with no more motion between them than a small turn or crop makes."""
    same = np.zeros(len(first), bool)
    if not len(first):
        return same
    small = [picture.reshape(-1, _SIDE // 2, 2, _SIDE // 2, 2).mean(axis=(2, 4)) for picture in (first, second)]
    rough = _moved(small, still(len(first)), (1.2, 8), (0.6, 4))
    hopeful = np.flatnonzero(_alike(small, rough, 0.5, 1.5) > _COARSE_AGREEMENT)
    if hopeful.size:
        chosen = [first[hopeful], second[hopeful]]
        motions = _moved(chosen, rough[hopeful], (0.8, 5))
        near = np.abs(motions[:, :2] - np.eye(3, dtype=np.float32)[:2]).max(axis=(1, 2)) <= _WIDEST_MOTION
        same[hopeful] = near & (_alike(chosen, motions, 0.5, 1.5) > _FINE_AGREEMENT)
    return same


def _moved(pair: Sequence[Pictures], motions: Motions, *stages: tuple[float, int]) -> Motions:
    """The motions, found in stages of (blur, steps)."""
    for blur, steps in stages:
        motions = align(_blurred(pair[0], blur), _blurred(pair[1], blur), motions, steps)
    return motions


def _alike(pair: Sequence[Pictures], motions: Motions, fine: float, coarse: float) -> Pictures:
    """How the details between two blurs agree."""
    first, second = (_blurred(picture, fine) - _blurred(picture, coarse) for picture in pair)
    return agreement(first, second, motions)


def _blurred(pictures: Pictures, sigma: float) -> Pictures:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(pictures, (0, sigma, sigma), mode="nearest"), np.float32)
