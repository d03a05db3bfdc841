"""What a trained run leaves behind: model, predictions, scores. `execute` says afterwards that the run is finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from core.classes import ClassSet
from core.data.types import Part
from core.documents import write_json
from core.evaluation.detailed import full_document
from core.events import CancelToken, Emit, Level, Notice, Phase, Progress
from core.inference.calibrating import (
    PHASES,
    Calibrated,
    PartOutputs,
    calibrate,
    calibration_document,
    stored_appearance,
)
from core.models.info import ModelInfo
from core.recipe import Recipe, recipe_hash
from core.runs.corrections import corrections_digest
from core.runs.environment import package_version
from core.runs.folder import RunFolder
from core.runs.preparing import PreparedData
from core.runs.tables import Predictions, write_predictions

if TYPE_CHECKING:
    from core.models.factory import LoadedModel
    from core.training.hardware import Hardware
    from core.training.loop import FitResult


@dataclass(frozen=True)
class Results:
    """The results of one run: asked of its model, which holds the weights to be kept, and written into its folder."""

    folder: RunFolder
    recipe: Recipe
    model: LoadedModel
    data: PreparedData
    emit: Emit
    token: CancelToken

    @property
    def classes(self) -> ClassSet:
        """The classes of the run."""
        return self.recipe.class_set

    def write(self, result: FitResult, notes: Sequence[str], hardware: Hardware) -> None:
        """Ask the model about the validation, calibration and test images, calibrate it, and write model.safetensors,
        predictions.csv and metrics.json with `notes`. Raises `SkinKDError` for weights that can not be saved, and
        `Cancelled`."""
        found = {part: self.infer(part, hardware) for part in PHASES}
        calibrated, calibration = self.calibrated(found, hardware)
        self.emit(Progress(Phase.SAVING, 0, 1))
        self.save_model(calibrated)
        predictions = self._predictions(found)
        write_predictions(self.folder.predictions_file, predictions, self.classes)
        metrics = {**self._metrics(predictions, result, notes), "calibration": calibration}
        write_json(self.folder.metrics_file, metrics)

    def save_model(self, calibrated: Calibrated | None = None) -> None:
        """Write model.safetensors. Raises `SkinKDError` for weights that can not be used."""
        from core.models.files import save_model

        info = ModelInfo(
            architecture=self.recipe.trained.architecture,
            preprocessing=self.model.preprocessing,
            skinkd_version=package_version("skinkd"),
            recipe_hash=recipe_hash(self.recipe),
            task=self.recipe.task,
            trained_on=f"{self.data.dataset.root.name} ({len(self.data.split.train)} training images)",
            synthetic=self.data.dataset.synthetic,
            temperature=calibrated.temperature if calibrated else 1.0,
            calibrated_on=calibrated.part.value if calibrated else "",
            classes=self.classes,
        )
        save_model(self.folder.model_file, self.model.model, info, calibrated.statistics if calibrated else None)

    def infer(self, part: Part, hardware: Hardware) -> PartOutputs:
        """Logits (n, classes) and features, with 32 bits: the scores are those of the model file as it will be used.

        Raises as `forward_outputs`."""
        from core.models.forward import forward_outputs

        indices = self.data.split.of(part)
        labels = self.data.dataset.labels[indices]
        if not len(indices):
            return PartOutputs(part, indices, labels, np.zeros((0, len(self.classes)), np.float32), None)
        logits, features = forward_outputs(
            self.model.model,
            self.model.preprocessing,
            self.data.store,
            indices,
            device=hardware.device,
            emit=self.emit,
            phase=PHASES[part],
            token=self.token,
        )
        return PartOutputs(part, indices, labels, logits, features)

    def calibrated(self, outputs: dict[Part, PartOutputs], hardware: Hardware) -> tuple[Calibrated, dict[str, Any]]:
        """The temperature and what verdicts rest on, and how they do, from what `infer` gave: the test part and the one
        that calibrates. Raises `Cancelled`."""
        calibrating = outputs[self.data.split.calibrates]
        calibrated = calibrate(
            self.model.model,
            self.model.preprocessing,
            self.data.store,
            self.data.split.train,
            calibrating,
            self.classes,
            device=hardware.device,
            seed=self.recipe.optimisation.seed,
            emit=self.emit,
            token=self.token,
        )
        for note in calibrated.notes:
            self.emit(Notice(note, Level.WARNING))
        looks = partial(stored_appearance, self.data.store, token=self.token)
        document = calibration_document(
            calibrated, calibrating, outputs[Part.TEST], lambda part: looks(part.indices), self.classes
        )
        return calibrated, document

    def _predictions(self, outputs: dict[Part, PartOutputs]) -> Predictions:
        dataset = self.data.dataset
        indices = np.concatenate([answered.indices for answered in outputs.values()])
        parts = tuple(part for part, answered in outputs.items() for _ in answered.indices)
        names = tuple(dataset.records[index].name for index in indices)
        logits = np.concatenate([answered.logits for answered in outputs.values()])
        return Predictions(names, parts, dataset.labels[indices], logits)

    def _metrics(self, predictions: Predictions, result: FitResult, notes: Sequence[str]) -> dict[str, Any]:
        scored: dict[str, Any] = {}
        lesions = {record.name: record.lesion or "" for record in self.data.dataset.records}
        for part in (Part.VALIDATION, Part.TEST):
            rows = predictions.of(part)
            groups = [lesions[name] for name in rows.names]
            scored[part.value] = full_document(rows.labels, rows.logits, self.classes, groups) if rows.names else None
        untested = () if scored["test"] else ("The split has no test images, so there are no test scores.",)
        return {
            "classes": list(self.classes.codes),
            **scored,
            "best_epoch": result.best_epoch,
            "epochs": len(result.history),
            "notes": [*notes, *untested],
            "data": {**_data_facts(self.data), "corrections_sha256": corrections_digest(self.folder)},
        }


def _data_facts(data: PreparedData) -> dict[str, Any]:
    split, dataset = data.split, data.dataset
    return {
        "path": str(dataset.root),
        "layout": dataset.layout,
        "images": len(dataset.records),
        **{part.value: len(split.of(part)) for part in Part},
        "counts": dataset.counts,
        "left_out": data.left_out,
        "synthetic": dataset.synthetic,
        "terms": dataset.terms,
    }
