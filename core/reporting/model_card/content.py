"""What a model's card says, collected once: from its file and, where there is one, its run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.prediction_sets import Coverage, coverage, nonconformity
from core.evaluation.promises import part_of_calibration
from core.events import CancelToken, Emit
from core.inference.classifier import info_of, is_exported, model_file_of
from core.inference.export.material import run_of
from core.inference.from_statistics import CertifiedDecisions, certified_decisions, sets_of
from core.reporting.facts.record import RunRecord, read_record, whole_record
from core.reporting.privacy import name_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.evaluation.calibration import Reliability
    from core.evaluation.detailed import DetailedScores
    from core.evaluation.subgroups import Subgroup
    from core.models.calibration_statistics import CalibrationStatistics
    from core.models.info import ModelInfo
    from core.recipe import Recipe
    from core.runs.evidence import Evidence
    from core.runs.folder import RunFolder
    from core.runs.tables import Predictions

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Sureness:
    """How sure the model is against how often it is right, on `images` images: those of `part`, the test part of its
    data or those that the temperature was fitted on. `after` is None for a model without calibration."""

    before: Reliability
    after: Reliability | None
    part: Part

    @property
    def images(self) -> int:
        """How many images it was measured on."""
        return self.before.images


@dataclass(frozen=True, eq=False)
class CalibrationProbabilities:
    """Which of the images (n,) of `part` that the model was calibrated on are melanomas, and the calibrated melanoma
    probabilities (n,) that they got."""

    part: Part
    is_melanoma: NDArray[np.bool_]
    melanoma: NDArray[np.float64]

    @property
    def melanomas(self) -> int:
        """How many of them are melanomas."""
        return int(self.is_melanoma.sum())


@dataclass(frozen=True, eq=False)
class CardContent:
    """Everything that is known of a model. What only a run knows is None for a file of its own, and what only a
    reference tells is None for models without.

    `coverage` is measured on test images; `share_out_of_distribution` is
    the share of test images taken for out of distribution. `detailed` are the scores on the images of the statistics,
    for a file without a run. `trouble` names what could not be read. `record` is what the run's folder holds.
    """

    source: Path
    file: Path
    info: ModelInfo
    size: int
    parameters: int | None
    statistics: CalibrationStatistics | None
    name: str = ""
    coverage: Coverage | None = None
    share_out_of_distribution: float | None = None
    sureness: Sureness | None = None
    calibrating: CalibrationProbabilities | None = None
    detailed: DetailedScores | None = None
    subgroups: tuple[Subgroup, ...] = ()
    trouble: tuple[str, ...] = ()
    record: RunRecord | None = None

    @property
    def recipe(self) -> Recipe | None:
        """The run's recipe; None without a run, or where it can not be read."""
        return None if self.record is None else self.record.summary.recipe

    @property
    def evidence(self) -> Evidence | None:
        """The run's test."""
        return None if self.record is None else self.record.evidence

    @property
    def data_name(self) -> str:
        """The name of the folder of the run's images; "" where it is not known."""
        return "" if self.record is None else name_of(str(self.record.data.get("path") or ""))

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """The training images per class; none where they are not known."""
        rows = () if self.record is None else self.record.rows
        counts = Counter(row.label for row in rows if row.part is Part.TRAIN)
        return tuple((code, counts[code]) for code in self.info.classes.codes) if counts else ()

    @property
    def calibrated_on(self) -> Part:
        """The part of the data that temperature, prediction sets and thresholds are from."""
        return part_of_calibration(self.info.calibrated_on)

    @property
    def decided(self) -> CertifiedDecisions | None:
        """Its decisions and what test lesions say of them; None where its file holds no lesions."""
        return (
            None
            if self.statistics is None
            else certified_decisions(self.statistics, self.info.temperature, self.info.classes)
        )

    @property
    def exported(self) -> bool:
        """Whether it is a file for onnxruntime."""
        return is_exported(self.file)


def read_card(source: Path, emit: Emit, token: CancelToken) -> CardContent:
    """Read everything of the model at `source`, a run folder or a model file. Raises `SkinKDError`, `Cancelled`."""
    file = model_file_of(source)
    info = info_of(file)
    token.check()
    trouble: list[str] = []
    statistics = _attempt(lambda: _statistics(file), trouble)
    parameters = _attempt(lambda: _parameters(info), trouble)
    token.check()
    values: dict[str, Any] = {
        "parameters": parameters,
        "statistics": statistics,
        "name": file.stem if run_of(source) is None else file.parent.name,
        "calibrating": None
        if statistics is None
        else _calibrating(statistics.validation_labels, statistics.validation_logits, info),
    }
    run = run_of(source)
    if run is not None:
        values |= _of_run(run, info, statistics, trouble, token)
    if "sureness" not in values and statistics is not None and statistics.images:
        values |= _of_statistics(statistics, info)
    size = file.stat().st_size
    return CardContent(source=source, file=file, info=info, size=size, trouble=tuple(trouble), **values)


def _attempt(read: Callable[[], T], trouble: list[str]) -> T | None:
    """What can be read; what can not is named, and hides nothing else."""
    try:
        return read()
    except SkinKDError as error:
        trouble.append(f"{error.title}. {error.summary}")
        return None


def _statistics(file: Path) -> CalibrationStatistics | None:
    if is_exported(file):
        from core.inference.export.onnx_file import read_onnx_statistics

        return read_onnx_statistics(file)
    from core.models.files import load_statistics

    return load_statistics(file)


def _parameters(info: ModelInfo) -> int:
    from core.models.catalog import describe_model

    return describe_model(info.architecture, info.preprocessing.image_size, len(info.classes)).parameters


def _of_run(
    run: Path, info: ModelInfo, statistics: CalibrationStatistics | None, trouble: list[str], token: CancelToken
) -> dict[str, Any]:
    from core.evaluation.subgroups import subgroup_scores
    from core.runs.evidence import load_evidence
    from core.runs.folder import RunFolder
    from core.runs.listing import summarise

    folder = RunFolder(run)
    for read in (folder.status, folder.recipe):
        _attempt(read, trouble)
    evidence = _attempt(lambda: load_evidence(run), trouble)
    token.check()
    record = read_record(summarise(folder)) if evidence is None else read_record(evidence.summary, evidence.split)
    record = record if evidence is None else whole_record(record, evidence)
    trouble += [text for text in record.trouble if text not in trouble]
    found: dict[str, Any] = {"record": record, "name": record.summary.status.name}
    said = _attempt(lambda: _as_used(folder, info), [])
    if said is not None and statistics is None:
        found["calibrating"] = _calibrating(said.calibrating.labels, said.calibrating.logits, info)
    if evidence is not None:
        tested = evidence.predictions
        used = None if said is None else said.of(Part.TEST)
        if used is not None and used.names == tested.names:
            found["sureness"] = _sureness(used.labels, used.logits, info.temperature, Part.TEST, evidence.groups)
            found |= _trusted(used, statistics, info)
        found["subgroups"] = subgroup_scores(
            tested.labels,
            tested.logits.argmax(axis=1),
            evidence.classes,
            evidence.people,
            evidence.groups,
            resamples=200,
        )
        unlike = record.calibration.get("unlike")
        if record.calibration.get("part") == "test" and isinstance(unlike, int | float):
            found["share_out_of_distribution"] = float(unlike)
    return found


def _as_used(folder: RunFolder, info: ModelInfo) -> Predictions | None:
    """What the model says as it is used: means over flips and turns where it is calibrated so, which runs that were
    calibrated so by an earlier version did not keep (then None)."""
    return folder.predictions() if info.positions == 1 else folder.averaged_predictions()


def _trusted(tested: Predictions, statistics: CalibrationStatistics | None, info: ModelInfo) -> dict[str, Any]:
    """How the prediction sets do on the test images."""
    from core.inference.trust import DEFAULT_LEVEL

    if statistics is None or not statistics.images:
        return {}
    sets = sets_of(statistics, info.temperature, info.classes)
    return {"coverage": coverage(sets, tested.labels, tested.logits, DEFAULT_LEVEL, info.classes)}


def _of_statistics(statistics: CalibrationStatistics, info: ModelInfo) -> dict[str, Any]:
    """What the images of the calibration statistics tell where there is no run."""
    from core.evaluation.detailed import detailed_scores

    labels = statistics.validation_labels.astype(np.int64)
    logits = statistics.validation_logits
    return {
        "sureness": _sureness(labels, logits, info.temperature, part_of_calibration(info.calibrated_on)),
        "detailed": detailed_scores(labels, logits, info.classes),
    }


def _sureness(
    labels: NDArray[np.int64],
    logits: NDArray[np.floating[Any]],
    temperature: float,
    part: Part,
    groups: Sequence[str] | None = None,
) -> Sureness:
    from core.evaluation.calibration import reliability

    before = reliability(labels, logits, groups=groups)
    after = reliability(labels, logits, temperature, groups=groups) if temperature != 1.0 else None
    return Sureness(before, after, part)


def _calibrating(
    labels: NDArray[np.integer[Any]], logits: NDArray[np.floating[Any]], info: ModelInfo
) -> CalibrationProbabilities | None:

    place = info.classes.melanoma
    if not len(labels) or place is None:
        return None
    melanoma = 1 - nonconformity(logits, info.temperature)[:, place]
    return CalibrationProbabilities(part_of_calibration(info.calibrated_on), labels == place, melanoma)
