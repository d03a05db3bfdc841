"""Finished runs without a training: the files that a run leaves and that results are read from."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.classes import CLASS_SETS
from core.data.types import Part
from core.evaluation.detailed import full_document
from core.recipe import Recipe, set_values
from core.runs.folder import create_run
from core.runs.status import RunState
from core.runs.tables import Predictions, write_predictions

ISIC2019 = CLASS_SETS["isic2019"]

WriteRun = Callable[..., Path]


@pytest.fixture
def write_run(tmp_path: Path) -> WriteRun:
    """Write a finished run: write_run(name, labels, predicted, lesions=..., begin=..., train=..., notes=...) -> folder.

    Test images are named t0, t1 and so on from `begin`; training images as in `train`, rows (image, lesion).
    """

    def write(
        name: str,
        labels: NDArray[np.int64],
        predicted: NDArray[np.int64],
        *changes: str,
        lesions: Sequence[str] = (),
        begin: int = 0,
        train: Sequence[tuple[str, str]] = (("learned", ""),),
        notes: Sequence[str] = (),
        synthetic: bool = False,
    ) -> Path:
        recipe = set_values(Recipe(), ["data.path=" + str(tmp_path / "data"), *changes])
        folder = create_run(recipe, runs=tmp_path / "runs", name=name)
        names = tuple(f"t{row}" for row in range(begin, begin + len(labels)))
        groups = list(lesions) or [""] * len(labels)
        logits = np.eye(8, dtype=np.float32)[predicted] * 2
        rows = [f"{image},NV,{lesion},train,,," for image, lesion in train]
        rows += [
            f"{image},{ISIC2019.codes[label]},{lesion},test,{30 + row},female,back"
            for row, (image, label, lesion) in enumerate(zip(names, labels, groups, strict=True))
        ]
        header = "image,label,lesion_id,part,age,sex,site"
        folder.split_file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        parts = (Part.VALIDATION, *(Part.TEST,) * len(names))
        both = Predictions(("seen", *names), parts, np.concatenate([[0], labels]), np.concatenate([logits[:1], logits]))
        write_predictions(folder.predictions_file, both, ISIC2019)
        metrics = {"test": full_document(labels, logits, ISIC2019, groups), "notes": list(notes)}
        folder.metrics_file.write_text(json.dumps(metrics), encoding="utf-8")
        folder.set_status(state=RunState.FINISHED, synthetic=synthetic)
        return folder.path

    return write
