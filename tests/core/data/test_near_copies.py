"""Copies of generated pictures are found, and pictures that only look alike from afar are not."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from core.data.near_copies import find_pairs, near_copies, sketch, tied
from core.events import Cancelled, CancelSource, CancelToken, ignore

Pixels = NDArray[np.uint8]


def lesion(seed: int, side: int = 160) -> Pixels:
    """A dark spot in the middle of skin with details of its own, as all lesions look from afar."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    detail = gaussian_filter(generator.normal(size=(side, side)), 3) * 12
    spot = 1 / (1 + np.exp((np.hypot(x * generator.uniform(0.9, 1.1), y) - 0.45) * 20))
    skin = np.array([210, 160, 140]) - spot[..., None] * np.array([110, 100, 90])
    return np.clip(skin + detail[..., None] * 60, 0, 255).astype(np.uint8)


def copies(pixels: Pixels) -> dict[str, Pixels]:
    picture = Image.fromarray(pixels)
    side = picture.width
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=40)
    cut = round(side * 0.07)
    return {
        "mirrored": pixels[:, ::-1],
        "turned": np.rot90(pixels),
        "turned and mirrored": np.rot90(pixels, 3)[::-1],
        "smaller": np.asarray(picture.resize((90, 70))),
        "recompressed": np.asarray(Image.open(jpeg)),
        "rotated": np.asarray(picture.rotate(5, Image.Resampling.BICUBIC)),
        "cropped": pixels[cut:, : side - cut],
    }


@pytest.fixture(scope="module")
def originals() -> list[bytes]:
    return [sketch(lesion(seed)) for seed in range(40)]


@pytest.mark.parametrize("kind", list(copies(lesion(0))))
def test_a_copy_is_found_and_nothing_else(kind: str, originals: list[bytes]) -> None:
    copied = [sketch(np.ascontiguousarray(copies(lesion(seed))[kind])) for seed in range(6)]
    pairs = find_pairs([*originals, *copied], ignore, CancelToken())
    assert pairs.tolist() == [[seed, len(originals) + seed] for seed in range(6)]


def test_pictures_without_details_are_no_copies() -> None:
    plain = [sketch(np.full((60, 60, 3), grey, np.uint8)) for grey in (40, 40, 200)]
    assert find_pairs(plain, ignore, CancelToken()).shape == (0, 2)
    assert find_pairs([], ignore, CancelToken()).shape == (0, 2)
    assert find_pairs([sketch(lesion(1))], ignore, CancelToken()).shape == (0, 2)


def test_what_was_found_is_kept_by_content(tmp_path: Path) -> None:
    sketches = {"b": sketch(lesion(1)), "a": sketch(lesion(2)), "c": sketch(np.flipud(lesion(1)).copy())}
    assert near_copies(sketches, tmp_path, ignore, CancelToken()) == (("b", "c"),)
    stop = CancelSource()
    stop.cancel()
    assert near_copies(dict(reversed(sketches.items())), tmp_path, ignore, stop.token) == (("b", "c"),)
    with pytest.raises(Cancelled):
        near_copies({**sketches, "d": sketch(lesion(3))}, tmp_path, ignore, stop.token)
    (kept,) = (tmp_path / "near_copies").iterdir()
    kept.write_text("{}")
    assert near_copies(sketches, tmp_path, ignore, CancelToken()) == (("b", "c"),)


def test_a_chain_that_is_too_long_ties_nothing() -> None:
    names = [f"i{number:03d}" for number in range(60)]
    chain, pair = list(pairwise(names[:31])), (names[40], names[41])
    kept, chains = tied([*chain, pair], 1000)
    assert (kept, chains) == ([pair], [names[:31]])
    assert tied([*chain, pair], 2000) == ([*chain, pair], [])
    assert tied([], 5) == ([], [])
