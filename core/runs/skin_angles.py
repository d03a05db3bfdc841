"""skin_tone.csv of a run: how light the skin looks on its test images, where the data note no skin type."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.skin_tone import skin_angle
from core.data.store import ImageStore
from core.data.tables import write_table
from core.data.types import DataSet
from core.errors import SkinKDError
from core.events import CancelToken

FILE_NAME = "skin_tone.csv"
_HEADER = ("image", "ita")


def keep_skin_angles(
    folder: Path, dataset: DataSet, store: ImageStore, rows: NDArray[np.int64], token: CancelToken
) -> None:
    """Write skin_tone.csv for the images `rows` (n,) of a store, in degrees; not where a skin type is known of any of
    them, which is better than an estimate. Raises `Cancelled`."""
    if any(dataset.records[row].skin_type is not None for row in rows):
        return
    measured = []
    for row in rows.tolist():
        token.check()
        angle = skin_angle(store.gather(np.array([row]))[0])
        measured.append((dataset.records[row].name, "" if angle is None else f"{angle:.1f}"))
    write_table(folder / FILE_NAME, _HEADER, measured)


def read_skin_angles(folder: Path) -> dict[str, float]:
    """The angle of each image in degrees, of those that have one; none where nothing was measured. Raises `SkinKDError`
    when the file is damaged."""
    path = folder / FILE_NAME
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            found = {row["image"]: float(row["ita"]) for row in csv.DictReader(lines) if row["ita"]}
        if not all(math.isfinite(angle) for angle in found.values()):
            raise ValueError("an angle is no number")
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise SkinKDError(
            "skin_tone.csv can not be read", f"{path} is damaged. Delete it, or restore a copy.", str(error)
        ) from error
    return found
