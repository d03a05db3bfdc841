"""A model's calibration on pictures of one's own clinic, in a file beside the model's: temperature, thresholds and
prediction sets for the cameras, people and shares of diagnoses that it meets there.

The model file stays as it is, with its own calibration and scores. The file beside it names both by their hash: it is
used with this very model only, and says on which data it rests. It holds logits, labels and some 50 numbers of each
picture's colours and texture, so no picture and no name; a run that is packed for others goes without it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import __version__
from core.classes import ClassSet
from core.digests import file_digest
from core.documents import read_json, up_to_date, write_json
from core.errors import SkinKDError
from core.evaluation.intervals import Interval
from core.evaluation.proportions import Proportion
from core.models.calibration_statistics import CalibrationStatistics, statistics_from_text, statistics_to_text

ENDING = ".local-calibration.json"
"""What is added to the name of a model file."""

VERSION = 1
_MOST_BYTES = 64_000_000
_HASH = 64


@dataclass(frozen=True)
class DecisionMeasure:
    """What the thresholds of malignant and benign do, withheld or not, on lesions that they were not made from, one
    picture each: malignant lesions that are called benign, benign ones that are called malignant, and lesions of which
    either is said. `diagnosed` are the lesions whose diagnosis is given, `wrong` those of them of which it is not the
    truth; None in files of older versions."""

    malignant_called_benign: Proportion
    benign_called_malignant: Proportion
    decided: Proportion
    diagnosed: Proportion | None = None
    wrong: Proportion | None = None


@dataclass(frozen=True)
class LocalMeasure:
    """How a model does on images of the clinic that the calibration in question was not made from.

    `error` is the expected calibration error (0..1) with its 95 % interval. Of the prediction sets at `level`:
    `covered` are the images whose set holds the truth, `least_covered` those of the class that is covered least, of the
    code `least`; `mean_size` counts classes per set, `single` are images of a set of one class that are not taken for
    unlike, `single_right` those of them of which it is the truth.
    `out_of_distribution` are the images taken for unlike. `decisions` is None where there are none to make.
    """

    level: float
    error: float
    error_interval: Interval | None
    covered: Proportion
    least: str
    least_covered: Proportion
    mean_size: float
    single: Proportion
    single_right: Proportion
    out_of_distribution: Proportion
    decisions: DecisionMeasure | None = None


@dataclass(frozen=True, eq=False)
class LocalCalibration:
    """`temperature` and `statistics` for the model file of hash `model`, from `images` images of `lesions` lesions,
    the first of the statistics (further ones are the model's own, of classes that the clinic has too few images of);
    their contents and labels have the hash `data`; `made` is UTC in ISO 8601.

    `before` and `after` are measured on all of them: before with the model's own calibration, after with what was made
    from the half of the lesions that an image is not in (what is stored is made from both halves). The thresholds of
    malignant and benign alone are made from one half, and measured and certified on the other, as they are stored.
    `counts` are the images of each class code; `appearance` float32 (images, k) and `features` (title to values
    (images,)) are what later folders are compared with.
    """

    model: str
    data: str
    made: str
    skinkd_version: str
    images: int
    lesions: int
    positions: int
    temperature: float
    own_temperature: float
    statistics: CalibrationStatistics
    before: LocalMeasure
    after: LocalMeasure
    counts: dict[str, int]
    appearance: NDArray[np.float32]
    features: dict[str, NDArray[np.float32]]
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What it is, for people."""
        return (
            f"Calibrated on {self.lesions:,} lesions ({self.images:,} images) of your own, {self.made[:10]}, data "
            f"{self.data[:12]}."
        )


def local_file(model_file: Path) -> Path:
    """Where the calibration of a model file on one's own images lies, whether there is one or not."""
    return model_file.with_name(model_file.name + ENDING)


def write_local(model_file: Path, local: LocalCalibration) -> Path:
    """Write it beside the model file, for its owner alone, whole or not at all. Raises `SkinKDError`."""
    path = local_file(model_file)
    try:
        write_json(path, _to_document(local))
        path.chmod(0o600)
    except OSError as error:
        raise SkinKDError(
            "The calibration was not saved",
            f"{path} can not be written. Copy the model file to a folder of yours, and calibrate it there.",
            str(error),
        ) from error
    return path


def remove_local(model_file: Path) -> bool:
    """Remove it, so that the model's own calibration counts again; False where there was none. Raises `SkinKDError`."""
    path = local_file(model_file)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SkinKDError("The calibration was not removed", f"{path} can not be removed.", str(error)) from error
    return True


def read_local(model_file: Path, classes: ClassSet) -> LocalCalibration | None:
    """The calibration beside a model file of these classes; None where there is none.

    Raises `SkinKDError` where it is damaged, or was made for another content of the model file.
    """
    path = local_file(model_file)
    if not path.is_file():
        return None
    try:
        local = _from_document(read_json(path, _MOST_BYTES), classes)
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unusable(path, "it is damaged, or not of this program", str(error)) from error
    if local.model != file_digest(model_file):
        raise _unusable(path, f"{model_file.name} has changed since it was made")
    return local


def _unusable(path: Path, why: str, details: str = "") -> SkinKDError:
    return SkinKDError(
        "The calibration on your own images can not be used",
        f"{path.name}: {why}. Calibrate again ('skinkd-cli calibrate MODEL --data FOLDER'), or remove it "
        "('skinkd-cli calibrate MODEL --remove').",
        details,
    )


def local_to_json(local: LocalCalibration | None) -> dict[str, Any] | None:
    """What others need to know of it beside an answer; None where there is none."""
    if local is None:
        return None
    return {"lesions": local.lesions, "images": local.images, "made": local.made, "data_sha256": local.data}


def new_local(**values: Any) -> LocalCalibration:
    """One that is made now, by this version."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return LocalCalibration(made=now, skinkd_version=__version__, **values)


_PLAIN = (
    "model",
    "data",
    "made",
    "skinkd_version",
    "images",
    "lesions",
    "positions",
    "temperature",
    "own_temperature",
    "counts",
)


def _to_document(local: LocalCalibration) -> dict[str, Any]:
    return {
        "version": VERSION,
        **{name: getattr(local, name) for name in _PLAIN},
        "notes": list(local.notes),
        "before": measure_to_json(local.before),
        "after": measure_to_json(local.after),
        "statistics": statistics_to_text(local.statistics),
        "appearance": local.appearance.astype(float).round(5).tolist(),
        "features": {title: values.astype(float).round(4).tolist() for title, values in local.features.items()},
    }


def _from_document(document: dict[str, Any], classes: ClassSet) -> LocalCalibration:
    """What `_to_document` gave. Raises ValueError, LookupError or TypeError for anything else."""
    values = up_to_date(document, "The calibration on your own images", VERSION, {})
    statistics = statistics_from_text(str(values["statistics"]), len(classes))
    appearance = np.asarray(values["appearance"], np.float32)
    features = {str(title): np.asarray(column, np.float32) for title, column in values["features"].items()}
    rows = int(values["images"])
    shapes = [appearance.shape[:1], *(column.shape for column in features.values())]
    if not 0 < rows <= statistics.images or appearance.ndim != 2 or any(shape != (rows,) for shape in shapes):
        raise ValueError("its numbers do not belong to its images")
    if not all(np.isfinite(column).all() for column in (appearance, *features.values())):
        raise ValueError("it holds values that are not finite numbers")
    temperatures = [float(values[name]) for name in ("temperature", "own_temperature")]
    if not all(1e-3 <= value <= 1e3 for value in temperatures):
        raise ValueError("a temperature is out of bounds")
    if any(len(str(values[name])) != _HASH for name in ("model", "data")):
        raise ValueError("a hash is none")
    return LocalCalibration(
        **{name: str(values[name]) for name in ("model", "data", "made", "skinkd_version")},
        images=rows,
        lesions=int(values["lesions"]),
        positions=int(values["positions"]),
        temperature=temperatures[0],
        own_temperature=temperatures[1],
        statistics=statistics,
        before=_measure_from_json(values["before"]),
        after=_measure_from_json(values["after"]),
        counts={str(code): int(count) for code, count in values["counts"].items()},
        appearance=appearance,
        features=features,
        notes=tuple(str(note) for note in values["notes"]),
    )


def measure_to_json(measure: LocalMeasure) -> dict[str, Any]:
    """The measure as plain values: fractions, counts, and intervals as their bounds."""
    return asdict(measure)


def _measure_from_json(values: dict[str, Any]) -> LocalMeasure:
    found = _with_proportions(values)
    if values["decisions"] is not None:
        found["decisions"] = DecisionMeasure(**_with_proportions(values["decisions"]))
    return LocalMeasure(**{**found, "error_interval": _interval(values["error_interval"])})


def _with_proportions(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: Proportion(int(value["count"]), int(value["of"]), _interval(value["interval"]))
        if isinstance(value, dict) and "of" in value
        else value
        for name, value in values.items()
    }


def _interval(values: dict[str, float] | None) -> Interval | None:
    return None if values is None else Interval(float(values["low"]), float(values["high"]))
