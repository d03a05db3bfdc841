"""What a trained run leaves behind: model, predictions, scores. `execute` says afterwards that the run is finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from core.classes import ClassSet
from core.data.augmentation.augmentation import POSITIONS
from core.data.groups import group_numbers
from core.data.types import Part
from core.documents import write_json
from core.errors import SkinKDError
from core.evaluation.detailed import full_document
from core.evaluation.promises import UPRIGHT_TEMPERATURE
from core.events import CancelToken, Emit, Level, Notice, Phase, Progress
from core.inference.calibrating import (
    PHASES,
    Calibrated,
    PartOutputs,
    calibrate,
    calibration_document,
    fitted_temperature,
    stored_appearance,
)
from core.models.info import ModelInfo
from core.recipe import Recipe, recipe_hash
from core.runs.corrections import corrections_digest
from core.runs.environment import package_version
from core.runs.folder import RunFolder, utc_now
from core.runs.preparing import PreparedData
from core.runs.skin_angles import keep_skin_angles
from core.runs.tables import Predictions, joined, write_predictions

if TYPE_CHECKING:
    from core.models.calibration_statistics import CalibrationStatistics
    from core.models.factory import LoadedModel
    from core.training.hardware import Hardware
    from core.training.loop import FitResult


ORIGIN = "origin"
"""In environment.json: where the starting weights are from and under which licence, and those of the teachers."""

WITHHELD = "The test images are withheld: no model was asked about them."
"""The note of a run that was not tested by its own recipe."""

TESTED_AT = "tested_at"
"""In metrics.json of a run whose test images were withheld: when its model was asked about them."""

_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Results:
    """The results of one run: asked of its model, which holds the weights to be kept, and written into its folder.

    Predictions and scores are of the upright images; `positions` is over how many flips and turns the outputs are means
    that the model is calibrated on (`ModelInfo.positions`).
    """

    folder: RunFolder
    recipe: Recipe
    model: LoadedModel
    data: PreparedData
    emit: Emit
    token: CancelToken
    positions: int = 1

    @property
    def classes(self) -> ClassSet:
        """The classes of the run."""
        return self.recipe.class_set

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """For every image of the data set a name that those share which belong together, as in split.csv."""
        return tuple(map(str, group_numbers(self.data.dataset).tolist()))

    def write(self, result: FitResult, notes: Sequence[str], hardware: Hardware) -> None:
        """Ask the model about the validation, calibration and test images (not about test images that the recipe
        withholds), calibrate it, and write model.safetensors, predictions.csv, skin_tone.csv and metrics.json with
        `notes`. Raises `SkinKDError` for weights that can not be saved, and `Cancelled`."""
        found = {part: self.infer(part, hardware) for part in PHASES if part is not Part.TEST} | self.tested(hardware)
        calibrated, calibration = self.calibrated(found, hardware)
        self.emit(Progress(Phase.SAVING, 0, 1))
        self.save_model(calibrated)
        predictions = self._predictions(found)
        write_predictions(self.folder.predictions_file, predictions, self.classes)
        if not self.folder.withholds_test:
            self._keep_beside_test(hardware)
        metrics = {**self._metrics(predictions, result, notes), "calibration": calibration}
        write_json(self.folder.metrics_file, metrics)

    def add_test(self, hardware: Hardware) -> None:
        """Ask the model about test images that were withheld when the run finished, and write what a run writes that
        was tested at once; of the model file, what decisions did on test lesions changes alone. Raises `SkinKDError`
        without predictions or scores, and `Cancelled`."""
        metrics, known = self.folder.metrics(), self.folder.predictions()
        if metrics is None:
            raise SkinKDError("The run's results are missing", f"{self.folder.metrics_file} is gone; resume the run.")
        calibrates = self.data.split.calibrates
        asked = {part: self.infer(part, hardware) for part in (calibrates, Part.TEST)}
        calibrated, calibration = self.calibrated(asked, hardware)
        self._keep_tested(calibrated.statistics)
        tested = self._predictions({Part.TEST: asked[Part.TEST]})
        parts = [known.of(part) for part in PHASES if part is not Part.TEST]
        write_predictions(self.folder.predictions_file, joined([*parts, tested]), self.classes)
        self._keep_beside_test(hardware)
        notes = [note for note in metrics.get("notes", []) if note != WITHHELD]
        scored = {"test": self._scored(tested), "notes": notes, "calibration": calibration}
        write_json(self.folder.metrics_file, {**metrics, **scored, TESTED_AT: utc_now()})

    def _keep_tested(self, made: CalibrationStatistics) -> None:
        """Add the lesions of a test to what the model file keeps of its calibration."""
        from core.models.files import load_statistics, read_model_info, save_model

        file = self.folder.model_file
        known = load_statistics(file, self.emit)
        tested = made
        if known is not None and known.lesions is not None:
            tested = replace(known, tested_logits=made.tested_logits, tested_labels=made.tested_labels)
        save_model(file, self.model.model, read_model_info(file), tested)

    def _keep_beside_test(self, hardware: Hardware) -> None:
        """What else is kept of the test images: how light the skin on them is, and of a teacher that learned turned
        images what it says of them with test-time augmentation, which is what its stored views teach."""
        test = self.data.split.of(Part.TEST)
        keep_skin_angles(self.folder.path, self.data.dataset, self.data.store, test, self.token)
        kept = self.positions > 1  # by `calibrated`, with those that calibrate
        if len(test) and self.recipe.task == "teacher" and self.recipe.view_rule.most != 1 and not kept:
            averaged = self._predictions({Part.TEST: self.infer(Part.TEST, hardware, POSITIONS)})
            write_predictions(self.folder.averaged_file, averaged, self.classes)

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
            positions=self.positions,
            origin=str(self.folder.environment().get(ORIGIN) or ""),
            classes=self.classes,
        )
        save_model(self.folder.model_file, self.model.model, info, calibrated.statistics if calibrated else None)

    def infer(self, part: Part, hardware: Hardware, positions: int = 1) -> PartOutputs:
        """Logits (n, classes) and features, with 32 bits: the scores are those of the model file as it will be used;
        means over so many `positions` (`forward_outputs`).

        Raises as `forward_outputs`."""
        from core.models.forward import forward_outputs

        indices = self.data.split.of(part)
        if not len(indices):
            return self._nothing(part)
        logits, features = forward_outputs(
            self.model.model,
            self.model.preprocessing,
            self.data.store,
            indices,
            device=hardware.device,
            positions=positions,
            emit=self.emit,
            phase=PHASES[part],
            token=self.token,
        )
        return PartOutputs(part, indices, self.data.dataset.labels[indices], logits, features)

    def tested(self, hardware: Hardware) -> dict[Part, PartOutputs]:
        """The test part: what `infer` gives, or nothing while it is withheld."""
        test = self._nothing(Part.TEST) if self.folder.withholds_test else self.infer(Part.TEST, hardware)
        return {Part.TEST: test}

    def _nothing(self, part: Part) -> PartOutputs:
        """What is known of a part whose images the model is not asked about."""
        return PartOutputs(part, _NONE, _NONE, np.zeros((0, len(self.classes)), np.float32), None)

    def calibrated(self, outputs: dict[Part, PartOutputs], hardware: Hardware) -> tuple[Calibrated, dict[str, Any]]:
        """The temperature and what verdicts rest on, and how they do, from what `infer` gave: the test part and the one
        that calibrates. Both are asked again, and the answers kept, where that takes more positions. Raises
        `Cancelled`."""
        parts = (self.data.split.calibrates, Part.TEST)
        calibrating, test = (
            self.infer(part, hardware, self.positions)
            if self.positions > 1 and len(outputs[part].indices)
            else outputs[part]
            for part in parts
        )
        if self.positions > 1:
            averaged = self._predictions(dict(zip(parts, (calibrating, test), strict=True)))
            write_predictions(self.folder.averaged_file, averaged, self.classes)
        calibrated = calibrate(
            self.model.model,
            self.model.preprocessing,
            self.data.store,
            self.data.split.train,
            calibrating,
            test,
            group_numbers(self.data.dataset, "lesion"),
            self.classes,
            device=hardware.device,
            seed=self.recipe.optimisation.seed,
            positions=self.positions,
            emit=self.emit,
            token=self.token,
        )
        for note in calibrated.notes:
            self.emit(Notice(note, Level.WARNING))
        looks = partial(stored_appearance, self.data.store, token=self.token)
        document = calibration_document(
            calibrated, calibrating, test, lambda part: looks(part.indices), self.groups, self.classes
        )
        upright = calibrated.temperature if self.positions == 1 else fitted_temperature(outputs[parts[0]])[0]
        return calibrated, {**document, "positions": self.positions, UPRIGHT_TEMPERATURE: upright}

    def _predictions(self, outputs: dict[Part, PartOutputs]) -> Predictions:
        dataset = self.data.dataset
        indices = np.concatenate([answered.indices for answered in outputs.values()])
        parts = tuple(part for part, answered in outputs.items() for _ in answered.indices)
        names = tuple(dataset.records[index].name for index in indices)
        logits = np.concatenate([answered.logits for answered in outputs.values()])
        return Predictions(names, parts, dataset.labels[indices], logits)

    def _metrics(self, predictions: Predictions, result: FitResult, notes: Sequence[str]) -> dict[str, Any]:
        scored = {part.value: self._scored(predictions.of(part)) for part in (Part.VALIDATION, Part.TEST)}
        untested = () if scored["test"] else (self._why_untested(),)
        return {
            "classes": list(self.classes.codes),
            **scored,
            "best_epoch": result.best_epoch,
            "epochs": len(result.history),
            "notes": [*notes, *untested],
            "data": {**_data_facts(self.data), "corrections_sha256": corrections_digest(self.folder)},
        }

    def _scored(self, rows: Predictions) -> dict[str, Any] | None:
        """The scores of one part for metrics.json; None without images."""
        records = self.data.dataset.records
        group_of = {record.name: group for record, group in zip(records, self.groups, strict=True)}
        groups = [group_of[name] for name in rows.names]
        return full_document(rows.labels, rows.logits, self.classes, groups) if rows.names else None

    def _why_untested(self) -> str:
        return WITHHELD if len(self.data.split.test) else "The split has no test images, so there are no test scores."


def _data_facts(data: PreparedData) -> dict[str, Any]:
    split, dataset = data.split, data.dataset
    return {
        "path": str(dataset.root),
        "layout": dataset.layout,
        "images": len(dataset.records),
        **{part.value: len(split.of(part)) for part in Part},
        "counts": dataset.counts,
        "left_out": data.left_out,
        "in_all": data.in_all,
        "synthetic": dataset.synthetic,
        "terms": dataset.terms,
    }
