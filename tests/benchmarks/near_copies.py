"""How many near-copies are found, how many pictures are taken for copies that are none, and what it costs.

    python -m tests.benchmarks.near_copies DATA... [--copies 500] [--show FOLDER]

Every picture of a data set is compared with every other, beside changed copies of some of them. A pair of originals of
different lesions counts as false until somebody has looked at it: `--show` writes these pairs side by side.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.classes import CLASS_SETS
from core.data.checking import excluded_names
from core.data.decoding import decode_preview
from core.data.near_copies import find_pairs, sketch
from core.data.reading import read_dataset
from core.data.types import ImageRecord
from core.events import CancelToken, ignore

Change = Callable[[Image.Image, np.random.Generator], Image.Image]
_ISIC2019 = CLASS_SETS["isic2019"]


def main() -> None:
    """Measure and print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--copies", type=int, default=500)
    parser.add_argument("--show", type=Path)
    asked = parser.parse_args()
    for folder in asked.data:
        dataset = read_dataset(folder, _ISIC2019)
        records = [record for record in dataset.without(excluded_names(dataset.problems)).records if record.path]
        sys.stdout.write("\n".join(measured(folder.name, records, asked.copies, asked.show)) + "\n")


def measured(name: str, records: list[ImageRecord], copies: int, show: Path | None) -> list[str]:
    """The lines of one data set's table."""
    started = time.process_time()
    sketches = [_sketch(_bytes(record)) for record in records]
    drawn = time.process_time() - started
    started = time.process_time()
    pairs = find_pairs(sketches, ignore, CancelToken())
    compared = time.process_time() - started
    other = [pair for pair in pairs.tolist() if len({records[index].lesion or index for index in pair}) > 1]
    if show is not None:
        _show(show / name, records, other)
    each = 1000 / len(records)
    lines = [
        f"{name}: {len(records):,} pictures; per 1,000: {each * drawn:.1f} s to draw, {each * compared:.1f} s to "
        "compare (one core)",
        f"pairs of originals: {len(pairs)}, of them of different lesions (look at them): {len(other)}",
    ]
    for kind, change in KINDS.items():
        found = _recall(records, sketches, change, min(copies, len(records)))
        lines.append(f"{kind}: {found:.1%} found")
    return lines


def _recall(records: list[ImageRecord], sketches: list[bytes], change: Change, copies: int) -> float:
    """The share of changed copies that are tied to their original, among all pictures."""
    generator = np.random.default_rng(0)
    chosen = generator.choice(len(records), copies, replace=False).tolist()
    changed = []
    for index in chosen:
        with Image.open(io.BytesIO(_bytes(records[index]))) as picture:
            changed.append(_sketch(_jpeg(change(picture.convert("RGB"), generator), int(generator.integers(50, 96)))))
    tied = {tuple(pair) for pair in find_pairs([*sketches, *changed], ignore, CancelToken()).tolist()}
    return float(np.mean([(index, len(sketches) + place) in tied for place, index in enumerate(chosen)]))


def _bytes(record: ImageRecord) -> bytes:
    assert record.path is not None
    return record.path.read_bytes()


def _sketch(content: bytes) -> bytes:
    return sketch(decode_preview(content, quick=True).pixels)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _turned(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    turned = picture.rotate(90 * int(generator.integers(4)), expand=True)
    return turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if generator.random() < 0.5 else turned


def _rescaled(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    factor = generator.uniform(0.4, 1.6)
    size = round(picture.width * factor), round(picture.height * factor)
    return _turned(picture, generator).resize(size, Image.Resampling.LANCZOS)


def _rotated(picture: Image.Image, generator: np.random.Generator, most: float = 5) -> Image.Image:
    """Corners black, white, or filled with what lies beside them."""
    angle, filling = generator.uniform(-most, most), generator.integers(3)
    turned = _turned(picture, generator)
    if filling < 2:
        return turned.rotate(angle, Image.Resampling.BICUBIC, fillcolor=((0, 0, 0), (255, 255, 255))[filling])
    edge = max(turned.size) // 4
    wide: NDArray[np.uint8] = np.pad(np.asarray(turned), ((edge, edge), (edge, edge), (0, 0)), mode="reflect")
    box = edge, edge, edge + turned.width, edge + turned.height
    return Image.fromarray(wide).rotate(angle, Image.Resampling.BICUBIC).crop(box)


def _cropped(picture: Image.Image, generator: np.random.Generator) -> Image.Image:
    """Up to a tenth of either side is gone; half of the copies are brought back to their size."""
    width, height = (round(side * generator.uniform(0.9, 1)) for side in picture.size)
    left, top = generator.integers(picture.width - width + 1), generator.integers(picture.height - height + 1)
    cut = picture.crop((int(left), int(top), int(left) + width, int(top) + height))
    return _turned(cut.resize(picture.size) if generator.random() < 0.5 else cut, generator)


KINDS: dict[str, Change] = {
    "mirrored and turned by quarters": _turned,
    "rescaled, mirrored and turned": _rescaled,
    "turned by up to 5 degrees": _rotated,
    "turned by up to 10 degrees": lambda picture, generator: _rotated(picture, generator, 10),
    "cropped by up to 10 %": _cropped,
    "turned by up to 5 degrees and cropped": lambda picture, generator: _cropped(
        _rotated(picture, generator), generator
    ),
}
"""What is done to copies, each of which is also saved as JPEG with a quality of 50 to 95."""


def _show(folder: Path, records: list[ImageRecord], pairs: list[list[int]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, pair in enumerate(pairs):
        sheet = Image.new("RGB", (400, 150))
        for place, index in enumerate(pair):
            with Image.open(io.BytesIO(_bytes(records[index]))) as picture:
                sheet.paste(picture.convert("RGB").resize((200, 150)), (200 * place, 0))
        sheet.save(folder / f"{number:03d}.png")


if __name__ == "__main__":
    main()
