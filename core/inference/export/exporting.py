"""Export a model: write it, check it beside the original, and only then give it its name."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core import atomic
from core.data.augmentation.augmentation import POSITIONS
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Level, Notice, Phase, Progress, ignore
from core.inference.classifier import is_exported, model_file_of
from core.inference.export.checking import BATCH, Candidate, CheckImages, compare, patterns
from core.inference.export.history import record_export
from core.inference.export.material import Material, find_material, run_of
from core.inference.export.precisions import PRECISIONS
from core.inference.export.recalibrating import recalibrate, sample
from core.inference.export.report import (
    LARGEST_PLAIN_DIFFERENCE,
    PLAIN,
    ExportReport,
    ExportRow,
    report_to_json,
    report_to_markdown,
)
from core.inference.onnx_network import load_onnx
from core.inference.test_time import ABOUT, AveragedNetwork
from core.visible_text import writable_values

if TYPE_CHECKING:
    import onnx
    from torch import nn

    from core.models.calibration_statistics import CalibrationStatistics
    from core.models.info import ModelInfo

CALIBRATION_IMAGES = 300
_SEED = 0
_FEW = 100
_ALIKE = 0.95
_ROUNDING = 1e-9


@dataclass(frozen=True)
class ModelExportOrder:
    """What to export: `source` is a run folder or a model file, `out` the .onnx file to write.

    `averaged` puts test-time augmentation into the file (`core.inference.test_time`), which a model that was calibrated
    with it has in any case. `quantise` is one of `PRECISIONS`; `tolerance` the weighted F1 that may be lost, in 0..1
    (None: what the precision allows); `data` where the images lie, if not where the run found them; `without_test`
    writes without them.
    """

    source: Path
    out: Path
    quantise: str = PLAIN
    tolerance: float | None = None
    data: Path | None = None
    without_test: bool = False
    averaged: bool = False


def export_model(order: ModelExportOrder, emit: Emit = ignore, token: CancelToken | None = None) -> ExportReport:
    """Export and check; the file gets its name, and its check beside it, only when it is good enough.

    A file that loses more than allowed is refused: the report says so with the figures, and what was at `out` stays as
    it was. Raises `SkinKDError` when there is nothing to export or to check on, and `Cancelled`.
    """
    token = token or CancelToken()
    model_file = _check(order)
    order.out.parent.mkdir(parents=True, exist_ok=True)
    try:
        atomic.remove_leftovers([order.out.parent])
        with atomic.temporary_folder(order.out.parent) as folder:
            return _Export(order, model_file, folder, emit, token).run()
    except OSError as error:
        raise SkinKDError(
            "The export could not be written", f"{order.out}: {error.strerror or error}.", str(error)
        ) from error


def check_files(out: Path) -> tuple[Path, Path]:
    """Where the check of an export is saved: as JSON and as Markdown."""
    return out.with_name(f"{out.stem}.check.json"), out.with_name(f"{out.stem}.check.md")


def _check(order: ModelExportOrder) -> Path:
    """The model file to export. Raises `SkinKDError` for an order that can not be carried out."""
    if order.quantise not in PRECISIONS:
        known = ", ".join(filter(None, PRECISIONS))
        raise SkinKDError("Unknown kind of export", f"Numbers can be converted to {known}; it is {order.quantise!r}.")
    if order.out.suffix.lower() != ".onnx":
        raise SkinKDError("Unknown kind of file", f"The name of an ONNX file ends in .onnx; it is {order.out.name}.")
    if order.tolerance is not None and not 0 <= order.tolerance <= 1:
        raise SkinKDError("There is no such tolerance", f"It is a fraction from 0 to 1; it is {order.tolerance:g}.")
    if order.without_test and PRECISIONS[order.quantise].scales:
        raise SkinKDError(
            "8 bits need images",
            "Their scales come from training images, and what they lose shows on test images alone. Name the data set, "
            "or export with all numbers.",
        )
    model_file = model_file_of(order.source)
    if is_exported(model_file):
        raise SkinKDError(
            "This model was exported before", f"{model_file.name} can not be exported again. Choose the run it is from."
        )
    return model_file


class _Export:
    """One export at work in a temporary folder."""

    def __init__(self, order: ModelExportOrder, model_file: Path, folder: Path, emit: Emit, token: CancelToken) -> None:
        self._order, self._folder, self._precision = order, folder, PRECISIONS[order.quantise]
        self._source = model_file
        self._emit, self._token = emit, token
        self._notes: list[str] = []

    def run(self) -> ExportReport:
        """All steps."""
        from core.models.files import load_model, load_statistics, read_model_info
        from core.training.hardware import available_cores, fixed_threads

        described = read_model_info(self._source)
        material = self._material(described)
        self._emit(Progress(Phase.LOADING, 0, 1))
        model, info = load_model(self._source)
        self._emit(Progress(Phase.LOADING, 1, 1))
        images = patterns(described.preprocessing.image_size) if material is None else _check_images(material)
        with fixed_threads(available_cores()):
            path, info_out = self._write(info, load_statistics(self._source, self._emit), material)
            self._token.check()
            found = self._compare(path, model, info, info_out, images, material)
        self._token.check()
        return found if found.refused else self._keep(path, found)

    def _material(self, info: ModelInfo) -> Material | None:
        order = self._order
        if order.without_test:
            self._notes.append("The scores on test images were not checked, because it was asked for without.")
            return None
        found = find_material(order.source, order.data, info, self._emit, self._token)
        if self._precision.scales and not len(found.train):
            raise SkinKDError(
                "8 bits need the run's training images",
                f"{self._source.name} does not say which images it was trained on. Export the run itself.",
            )
        self._notes += found.notes
        return found

    def _write(
        self, info: ModelInfo, statistics: CalibrationStatistics | None, material: Material | None
    ) -> tuple[Path, ModelInfo]:
        """The exported file under a temporary name, and its description."""
        from core.inference.export.subprocess_export import export_in_subprocess

        self._emit(Progress(Phase.EXPORTING, 0, 1))
        averaged = self._order.averaged or info.positions > 1
        recalibrated = averaged != (info.positions > 1)
        info = replace(info, positions=POSITIONS if averaged else 1)
        if averaged:
            self._notes.append(f"Test-time augmentation is in the file. {ABOUT}")
        network = export_in_subprocess(self._source, self._folder, self._token, info.positions)
        self._emit(Progress(Phase.EXPORTING, 1, 1))
        self._token.check()
        path = self._folder / "model.onnx"
        converted = self._precision.convert is not None
        if not (converted or recalibrated):
            self._save(path, network, info, statistics, material)
            return path, info
        if converted:
            network = self._converted(network, material)
        self._save(path, network, info, None, material)
        if statistics is None or material is None or not len(material.calibration):
            lacking = "The images to calibrate it anew are not at hand" if statistics else "The model has no reference"
            self._notes.append(f"{lacking}, so the file's answers come without a verdict.")
            return path, info
        exported, _ = load_onnx(path, "cpu", token=self._token)
        info, statistics = recalibrate(exported, info, material, self._emit, self._token)
        self._save(path, network, info, statistics, material)
        return path, info

    def _converted(self, network: onnx.ModelProto, material: Material | None) -> onnx.ModelProto:
        from core.inference.export.quantising import ScaleImages

        assert self._precision.convert is not None
        images = None
        if self._precision.scales and material is not None:
            images = ScaleImages(material.store.gather, sample(material, CALIBRATION_IMAGES, _SEED))
        found, notes = self._precision.convert(network, images, self._folder, self._emit, self._token)
        self._notes += notes
        for note in notes:
            self._emit(Notice(note))
        return found

    def _save(
        self,
        path: Path,
        network: onnx.ModelProto,
        info: ModelInfo,
        statistics: CalibrationStatistics | None,
        material: Material | None,
    ) -> None:
        from core.inference.export.onnx_bytes import write_onnx
        from core.inference.export.onnx_file import attach, metadata

        terms = _terms(self._order.source) if material is None else material.terms
        values = metadata(info, terms=terms, quantisation=self._order.quantise, statistics=statistics)
        attach(network, values, f"{info.architecture} for skin lesions, exported by SkinKD {info.skinkd_version}")
        write_onnx(network, path)

    def _compare(
        self,
        path: Path,
        model: nn.Module,
        info: ModelInfo,
        info_out: ModelInfo,
        images: CheckImages,
        material: Material | None,
    ) -> ExportReport:
        from core.inference.network import TorchNetwork
        from core.training.hardware import available_cores, cpu_name

        exported, _ = load_onnx(path, "cpu", token=self._token)
        single = TorchNetwork(model, info.preprocessing, "cpu")
        averaged, size = info_out.positions > 1, self._source.stat().st_size
        original = AveragedNetwork(single) if averaged else single
        same = self._precision.convert is None
        candidates: tuple[Candidate, ...] = (
            Candidate("Original", original, size, info_out.temperature if same else info.temperature),
            Candidate(self._precision.title, exported, path.stat().st_size, info_out.temperature),
        )
        if averaged:
            candidates += (Candidate("Original, one view", single, size, info.temperature),)
        rows = compare(candidates, images, info.classes, self._emit, self._token)
        self._warn(rows[1], images, material)
        tolerance = self._order.tolerance
        tolerance = self._precision.tolerance if tolerance is None else tolerance
        loss = _loss(rows)
        threads = available_cores()
        return ExportReport(
            file=None,
            source=self._order.source,
            architecture=info.architecture,
            quantisation=self._order.quantise,
            part="" if material is None else material.part,
            images=images.count,
            tolerance=tolerance,
            f1_loss=loss,
            rows=rows,
            refused=_refusal(rows[1], loss, tolerance, same=same),
            notes=tuple(self._notes),
            calibration_images=min(CALIBRATION_IMAGES, len(material.train))
            if material and self._precision.scales
            else 0,
            machine=f"{cpu_name()}, {'1 thread' if threads == 1 else f'{threads} threads'}",
            batch=min(BATCH, images.count),
        )

    def _warn(self, row: ExportRow, images: CheckImages, material: Material | None) -> None:
        if row.agreement is not None and row.agreement < _ALIKE:
            other = round(images.count * (1 - row.agreement))
            self._notes.append(f"{other:,} of {images.count:,} images get another diagnosis than from the original.")
        if material is not None and images.count < _FEW:
            self._notes.append(f"{images.count} images are few: a loss of F1 can stay unseen, or be chance.")
        if material is not None and material.part == "validation":
            self._notes.append("The split has no test images: the model was chosen on those that it was checked on.")

    def _keep(self, path: Path, report: ExportReport) -> ExportReport:
        """Give the file its name; the check goes first, so that no file stands without one."""
        self._emit(Progress(Phase.SAVING, 0, 1))
        out = self._order.out
        report = replace(report, file=out)
        as_json, as_text = check_files(out)
        document = {**report_to_json(report), "file": out.name}  # it may be passed on: no folders of this computer
        atomic.write_text(
            as_json, json.dumps(writable_values(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        )
        atomic.write_text(as_text, report_to_markdown(report))
        path.replace(out)
        if (run := run_of(self._order.source)) is not None:
            self._record(run, report)
        self._emit(Progress(Phase.SAVING, 1, 1))
        return report

    def _record(self, run: Path, report: ExportReport) -> None:
        try:
            record_export(run, report)
        except OSError as error:
            told = f"The check is beside the file alone: {run} can not be written ({error.strerror or error})."
            self._emit(Notice(told, Level.WARNING))


def _loss(rows: tuple[ExportRow, ...]) -> float | None:
    before, after = rows[0].weighted_f1, rows[1].weighted_f1
    return None if before is None or after is None else before - after


def _refusal(row: ExportRow, loss: float | None, tolerance: float, *, same: bool) -> str:
    """Why an export is not good enough, with the figures, or nothing. `same`: it has the original's numbers."""
    difference = row.largest_difference
    # Written so that NaN is refused.
    if same and not (difference is not None and difference <= LARGEST_PLAIN_DIFFERENCE):
        return (
            f"Refused: a probability differs from the original's by {difference:.2g}; at most "
            f"{LARGEST_PLAIN_DIFFERENCE:g} can come from rounding. Nothing was written."
        )
    if loss is not None and not loss <= tolerance + _ROUNDING:
        return (
            f"Refused: it loses {100 * loss:.2f} points of weighted F1, and {100 * tolerance:g} were allowed. Nothing "
            "was written. Allow more, or keep all numbers at 32 bits."
        )
    return ""


def _check_images(material: Material) -> CheckImages:
    def gather(positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        return material.store.gather(material.check[positions])

    return CheckImages(gather, len(material.check), material.store.labels[material.check])


def _terms(source: Path) -> str:
    """The licence terms that a run wrote down with its scores; empty where there are none."""
    run = run_of(source)
    if run is None:
        return ""
    try:
        values = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
        return str(values["data"]["terms"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
