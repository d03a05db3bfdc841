"""Decoding: files to the store with all cores, against one core's reduced JPEG decoding times the cores.

Run by itself (`python tests/benchmarks/decoding_bench.py --images 25331`) it does a data set of the size of ISIC 2019.
"""

from __future__ import annotations

import core  # noqa: F401  (before numpy: it says how its threads wait)

# isort: split
import argparse
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from photographs import SIDE, write_photographs
from PIL import Image
from ratios import Ratio, Settings, say, turns
from watching import MemoryWatch

from core.data.decoding import decode_image
from core.data.file_checks import Depth, examine_files
from core.data.store import open_store
from core.data.types import DataSet
from core.errors import Cancelled
from core.events import CancelSource, CancelToken, Event, Phase, Progress, ignore
from core.progress import thread_count

SIZE = 224
FLAT = 150.0
"""Megabytes that decoding may take for itself, however many images there are."""


def measure(settings: Settings, images: int = 0) -> list[Ratio]:
    """The ratios of decoding; `images` is how many the whole data set has (0: a few hundred)."""
    few = 96 if settings.quick else 384
    count = max(images, 3 * few)
    dataset = write_photographs(settings.folder / "photographs", count, min(few, 192))
    part = replace(dataset, records=dataset.records[: 3 * few])  # what is done once for all weighs little then
    files = [record.path for record in dataset.records[:few] if record.path is not None]
    one, whole, fresh, known, checking = turns(
        settings.turns,
        partial(_one_core_rate, files, reduced=True),
        partial(_one_core_rate, files, reduced=False),
        partial(_store_rate, settings.folder, part, checked=False),
        partial(_store_rate, settings.folder, part, checked=True),
        partial(_checking_rate, settings.folder, part),
    )
    cores, unit = thread_count(0), "images/s"
    note = f"against one core's reduced decoding times {cores}; from {SIDE} to {SIZE} px"
    worst = max(map(_difference, files[:24]))
    return [
        Ratio("decoding: reading, digests, reducing, storing", fresh, one * cores, unit, 0.9, note=note),
        Ratio("decoding images that were checked before", known, one * cores, unit, 0.9, note=note),
        Ratio("checking images", checking, whole * cores, unit, note=f"against one core's full decoding times {cores}"),
        *_whole_build(settings.folder, dataset, one * cores),
        Ratio("difference from full decoding", worst, 2.0, "grey levels RMS", 1.0, False, "the worst of 24 pictures"),
    ]


def _one_core_rate(files: list[Path], *, reduced: bool) -> float:
    """What one core reaches with Pillow alone: decoding, reduced or in full, and a resize."""
    begin = time.perf_counter()
    for file in files:
        with Image.open(file) as image:
            if reduced:
                image.draft("RGB", (2 * SIZE, 2 * SIZE))
            np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR))
    return len(files) / (time.perf_counter() - begin)


def _store_rate(folder: Path, dataset: DataSet, *, checked: bool) -> float:
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        if checked:
            _examine(dataset, Path(cache), Depth.BYTES)
        begin = time.perf_counter()
        open_store(dataset, SIZE, cache=Path(cache))
        return len(dataset.records) / (time.perf_counter() - begin)


def _checking_rate(folder: Path, dataset: DataSet) -> float:
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        begin = time.perf_counter()
        _examine(dataset, Path(cache), Depth.PREVIEW)
        return len(dataset.records) / (time.perf_counter() - begin)


def _examine(dataset: DataSet, cache: Path, depth: Depth) -> None:
    files = [record.path for record in dataset.records if record.path is not None]
    examine_files(files, depth=depth, phase=Phase.READING, emit=ignore, token=CancelToken(), cache=cache)


def _whole_build(folder: Path, dataset: DataSet, ideal: float) -> list[Ratio]:
    """A build that is stopped half way and goes on: its pace, its memory, and the start that follows it."""
    count, note = len(dataset.records), f"{len(dataset.records):,} images"
    source, totals = CancelSource(), [0, 0]

    def stop_half_way(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is Phase.DECODING:
            totals[0] = event.done
            if event.done >= count // 2:
                source.cancel()

    def note_what_is_left(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is Phase.DECODING:
            totals[1] = event.total

    with tempfile.TemporaryDirectory(dir=folder) as cache:
        with MemoryWatch() as memory:
            begin = time.perf_counter()
            with suppress(Cancelled):
                open_store(dataset, SIZE, cache=Path(cache), emit=stop_half_way, token=source.token)
            open_store(dataset, SIZE, cache=Path(cache), emit=note_what_is_left)
            first = time.perf_counter() - begin
        begin = time.perf_counter()
        open_store(dataset, SIZE, cache=Path(cache))
        second = time.perf_counter() - begin
    return [
        Ratio("the whole data set, interrupted once", count / first, ideal, "images/s", 0.9, note=note),
        Ratio("images decoded in both halves", sum(totals), count, "images", 1.01, False, note),
        Ratio("memory that decoding takes", memory.resident - memory.before, FLAT, "MB", 1.0, False, note),
        Ratio("a second start, against the first", second, first, "s", 0.05, False, f"{note}; none is read"),
    ]


def _difference(file: Path) -> float:
    """The root mean square over a picture, against decoding every pixel and resizing that."""
    with Image.open(file) as image:
        full = np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR), np.float64)
    return float(np.sqrt(np.mean((decode_image(file, SIZE) - full) ** 2)))


def main() -> None:
    """The long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=0, help="how many; 25331 as in ISIC 2019 (0: a few hundred)")
    parser.add_argument("--folder", type=Path, help="where there is room for 150 kB an image; emptied afterwards")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for item in measure(Settings(Path(folder)), arguments.images):
            figures = f"{item.measured:10.2f}{item.reference:10.2f} {item.unit:22}{item.ratio:6.2f}"
            say(f"{item.name:40}{figures}  {item.expected}")


if __name__ == "__main__":
    main()
