"""What a model file keeps of its calibrating and training images, from which prediction sets and the
out-of-distribution score are computed later.

It is a text in the metadata of the file, under `KEY`: so one file carries its verdicts with it, and holds no tensor but
the network's own. A file may come from a stranger: shapes, ranges and finiteness are checked before anything is used.
No image and no name is kept.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEY = "skinkd.reference"
"""Where it stands in the metadata, in files of any format."""

PREFIX = f"{KEY}."
"""In model files of format 1 and 2 the arrays were tensors beside the weights; their names begin with this."""

_MOST_IMAGES, _MOST_KNOWN, _MOST_FEATURES, _MOST_DIRECTIONS, _MOST_APPEARANCE = 200_000, 4_000, 20_000, 512, 256

_MOST_RESPECTS = 16


class UnknownFormError(ValueError):
    """Calibration statistics of another version: its arrays have names, kinds or axes that this one does not know."""


@dataclass(frozen=True, eq=False)
class CalibrationStatistics:
    """Of the n images that the model was calibrated on ("validation" in the names of the arrays, which files of all
    versions share): logits float32 (n, classes), labels uint8 (n,), out-of-distribution scores float32 (n,).

    What the out-of-distribution score is measured with (`core.inference.out_of_distribution`): the mean float32 (d,) of
    normalised training features and the directions float16 (r, d) in which they vary (r = 0 where the network shows no
    features); the mean float32 (k,) of the pictures' appearance, the map float32 (k, k) that whitens them, and the
    whitened looks of m training images float16 (m, k). `scales` float32 (c,): for each respect in which the measure
    compares pictures (two in measure 1: features and appearance) the distance that counts as 1. `threshold`: the score
    above which an image is out of distribution; infinity where too few images could tell it. `measure`: which way of
    computing the score all this is for; another way gives other numbers.

    What decisions rest on (`core.evaluation.decisions`), None in files of older versions: `lesions` int32 (l,), the
    calibration images of which each stands for one lesion, as indices; and of one image of each of t test lesions the
    logits `tested_logits` float32 (t, classes) and labels `tested_labels` uint8 (t,), t = 0 while there are none.
    """

    validation_logits: NDArray[np.float32]
    validation_labels: NDArray[np.uint8]
    validation_scores: NDArray[np.float32]
    feature_mean: NDArray[np.float32]
    feature_directions: NDArray[np.float16]
    appearance_mean: NDArray[np.float32]
    appearance_whitening: NDArray[np.float32]
    appearance: NDArray[np.float16]
    scales: NDArray[np.float32]
    threshold: float
    measure: int
    lesions: NDArray[np.int32] | None = None
    tested_logits: NDArray[np.float32] | None = None
    tested_labels: NDArray[np.uint8] | None = None

    @property
    def images(self) -> int:
        """How many images it was calibrated on."""
        return len(self.validation_labels)

    @property
    def size_in_bytes(self) -> int:
        """What it adds to a file."""
        return sum(value.nbytes for value in statistics_to_arrays(self).values())


_STORED_AS = {
    "validation_scores": "validation_novelty",
    "appearance_mean": "look_mean",
    "appearance_whitening": "look_map",
    "appearance": "looks",
}
"""The names of fields that files, of all versions, call otherwise."""

_KINDS: dict[str, Any] = {
    "validation_logits": np.float32,
    "validation_labels": np.uint8,
    "validation_novelty": np.float32,
    "feature_mean": np.float32,
    "feature_directions": np.float16,
    "look_mean": np.float32,
    "look_map": np.float32,
    "looks": np.float16,
    "scales": np.float32,
    "threshold": np.float32,
    "measure": np.uint8,
}

_OF_DECISIONS: dict[str, Any] = {"lesions": np.int32, "tested_logits": np.float32, "tested_labels": np.uint8}
"""All of them or none."""

_TWO_AXES = {"validation_logits", "feature_directions", "look_map", "looks", "tested_logits"}


def statistics_to_arrays(statistics: CalibrationStatistics) -> dict[str, NDArray[Any]]:
    """The arrays to store by name (without `PREFIX`), in the shapes of `CalibrationStatistics`; `threshold` and
    `measure` are (1,).

    Infinity is stored as 0, which no threshold is.
    """
    values = {field.name: getattr(statistics, field.name) for field in fields(statistics)}
    arrays = {_STORED_AS.get(name, name): value for name, value in values.items() if value is not None}
    threshold = statistics.threshold if np.isfinite(statistics.threshold) else 0.0
    return {
        **arrays,
        "threshold": np.array([threshold], np.float32),
        "measure": np.array([statistics.measure], np.uint8),
    }


def statistics_from_arrays(arrays: Mapping[str, NDArray[Any]], classes: int) -> CalibrationStatistics:
    """What `statistics_to_arrays` gave, `threshold` and `measure` (1,), the others in the shapes of
    `CalibrationStatistics`.

    Raises ValueError, naming the array, for anything that it would not give.
    """
    check_shapes({name: (value.dtype.name, value.shape) for name, value in arrays.items()}, classes)
    for name, value in arrays.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{name} holds values that are not finite numbers")
    for name in ("validation_labels", "tested_labels"):
        if name in arrays and (arrays[name] >= classes).any():
            raise ValueError(f"{name} holds values that are none of the {classes} classes")
    images = len(arrays["validation_labels"])
    if "lesions" in arrays and not ((arrays["lesions"] >= 0) & (arrays["lesions"] < images)).all():
        raise ValueError(f"lesions holds values that are none of the {images} images")
    if (arrays["validation_novelty"] < 0).any() or not (arrays["scales"] > 0).all():
        raise ValueError("its distances are negative")
    threshold = float(arrays["threshold"][0])
    if threshold < 0:
        raise ValueError("threshold is negative")
    names = {field.name: _STORED_AS.get(field.name, field.name) for field in fields(CalibrationStatistics)}
    values: dict[str, Any] = {field: arrays.get(stored) for field, stored in names.items()}
    values |= {"threshold": threshold or float("inf"), "measure": int(arrays["measure"][0])}
    return CalibrationStatistics(**values)


def statistics_to_text(statistics: CalibrationStatistics) -> str:
    """Its arrays as one text: a safetensors file in base64. Raises ValueError for what reading would refuse."""
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(value) for name, value in statistics_to_arrays(statistics).items()}
    statistics_from_arrays(arrays, statistics.validation_logits.shape[1])
    return base64.b64encode(save(arrays)).decode("ascii")


def statistics_from_text(text: str, classes: int) -> CalibrationStatistics:
    """What `statistics_to_text` gave. Raises ValueError for anything else, `UnknownFormError` for another version's."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(base64.b64decode(text, validate=True))
    except (SafetensorError, KeyError, TypeError) as error:
        raise ValueError(str(error)) from error
    return statistics_from_arrays(arrays, classes)


def check_shapes(arrays: Mapping[str, tuple[str, tuple[int, ...]]], classes: int) -> None:
    """Raise ValueError unless types and shapes are those of calibration statistics of sensible size; looks at no value.

    `UnknownFormError` where another version may well have written it.
    """
    kinds = _KINDS | (_OF_DECISIONS if not _OF_DECISIONS.keys().isdisjoint(arrays) else {})
    if set(arrays) != set(kinds):
        raise UnknownFormError(
            f"it must hold {', '.join(kinds)}; it holds {', '.join(sorted(arrays))[:300] or 'nothing'}"
        )
    for name, (kind, shape) in arrays.items():
        if kind != np.dtype(kinds[name]).name:
            raise UnknownFormError(f"{name} holds numbers of the type {kind[:20]}")
        if len(shape) != (2 if name in _TWO_AXES else 1):
            raise UnknownFormError(f"{name} has {len(shape)} axes")
    shapes = {name: shape for name, (_, shape) in arrays.items()}
    (n,), (d,), (k,) = (shapes[name] for name in ("validation_labels", "feature_mean", "look_mean"))
    r, m = shapes["feature_directions"][0], shapes["looks"][0]
    expected = {
        "validation_logits": (n, classes),
        "validation_labels": (n,),
        "validation_novelty": (n,),
        "feature_mean": (d,),
        "feature_directions": (r, d),
        "look_mean": (k,),
        "look_map": (k, k),
        "looks": (m, k),
        "scales": (shapes["scales"][0],),
        "threshold": (1,),
        "measure": (1,),
    }
    for name, shape in expected.items():
        if shapes[name] != shape:
            raise ValueError(f"{name} has the shape {shapes[name]}, not {shape}")
    if not 2 <= shapes["scales"][0] <= _MOST_RESPECTS:
        raise ValueError(f"scales has the shape {shapes['scales']}")
    bounds = ((n, _MOST_IMAGES), (m, _MOST_KNOWN), (d, _MOST_FEATURES), (r, _MOST_DIRECTIONS), (k, _MOST_APPEARANCE))
    if any(size > most for size, most in bounds):
        raise ValueError("it is larger than any that SkinKD writes")
