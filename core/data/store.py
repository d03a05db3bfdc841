"""Every image decoded once into a file; a batch is a gather from it.

Batches are read from the file, not through a map of it: mapped pages count as the program's memory until the system
wants them back, and a file cut short under a map ends the program.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.file_checks import Depth, examine_files, forget_file
from core.data.store_files import ImageChangedError, Source, StoreBuilder, store_bytes
from core.data.types import DataSet
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase, ignore
from core.paths import cache_root

__all__ = ["ImageStore", "open_store", "store_bytes"]


@dataclass(frozen=True, eq=False)
class ImageStore:
    """Decoded images in the order of the data set's records.

    `images` is uint8 RGB of shape (N, size, size, 3), read-only; rows in `failed` (index -> why) are zeros and must
    not be used. `key` names the content: the same pictures in the same order at the same size. `labels` is int64 (N,).
    `earlier_keys` are those that the same files had when older versions decoded them, to slightly other pixels.
    `file` holds the same pixels, row after row; None when they are only in memory.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    failed: dict[int, str]
    key: str
    image_size: int
    file: Path | None = None
    earlier_keys: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.images.shape[0])

    def gather(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """A copy of the rows `indices`, shape (n, size, size, 3), in their order, repeats allowed.

        Safe in several threads. Raises `IndexError` for rows that are not there, and `SkinKDError` when the file can
        no longer be read.
        """
        if self.file is None:
            return np.asarray(self.images[indices])
        rows = np.arange(len(self))[indices]
        batch = np.empty((len(rows), *self.images.shape[1:]), np.uint8)
        try:
            # A handle of its own: threads do not move one another's place in the file.
            with self.file.open("rb") as file:
                for row, pixels in zip(rows.tolist(), batch, strict=True):
                    file.seek(row * pixels.nbytes)
                    if file.readinto(pixels.data) != pixels.nbytes:
                        raise EOFError("it is too short")
        except (OSError, EOFError) as error:
            raise SkinKDError(
                "The decoded images can not be read",
                f"{self.file}: {getattr(error, 'strerror', None) or error}. Start again; they are decoded anew.",
            ) from error
        return batch

    def in_memory(self) -> ImageStore:
        """The same store with its pixels read into memory (`store_bytes` of it)."""
        return replace(self, images=self.gather(np.arange(len(self))), file=None)


def open_store(
    dataset: DataSet,
    image_size: int,
    *,
    emit: Emit = ignore,
    token: CancelToken | None = None,
    threads: int = 0,
    cache: Path | None = None,
) -> ImageStore:
    """The store of a data set, built where it is missing; a finished one is opened without reading the images.

    An interrupted build goes on where it was; a damaged store is built again; two processes wait for one another.
    Raises `SkinKDError` when there are no images, too little space, or an image changes while it is read, and
    `Cancelled`.
    """
    token = token or CancelToken()
    paths = [record.path for record in dataset.records]
    present = [path for path in paths if path is not None]
    if not present:
        raise SkinKDError(
            "No images to decode", f"None of the {len(paths):,} images of {dataset.root} has a file. Check the folder."
        )
    root = cache or cache_root()
    verdicts = examine_files(
        present, depth=Depth.BYTES, phase=Phase.READING, emit=emit, token=token, threads=threads, cache=root
    )
    known = dict(zip(present, verdicts, strict=True))
    sources = [
        Source(path, known[path].digest, known[path].error) if path else Source(Path(), "", "The file does not exist.")
        for path in paths
    ]
    builder = StoreBuilder(root / "stores", sources, image_size)
    try:
        failed = builder.open(emit, token, threads)
    except ImageChangedError as error:
        forget_file(error.path, root)
        raise
    shape = (len(paths), image_size, image_size, 3)
    images = np.memmap(builder.pixels, dtype=np.uint8, mode="r", shape=shape)
    return ImageStore(images, dataset.labels, failed, builder.key, image_size, builder.pixels, builder.earlier_keys)
