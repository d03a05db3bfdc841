"""Which corrections a run uses, and what they do to the scores of its test images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.classes import CLASS_SETS
from core.data.corrections import Correction, CorrectionKind, corrections_file, write_corrections
from core.data.types import Part
from core.recipe import Recipe, set_values
from core.runs.corrections import corrected_scores, corrections_digest, corrections_of, suspects
from core.runs.folder import RunFolder, create_run
from core.runs.tables import Predictions, write_predictions

CLASSES = CLASS_SETS["isic2019"]
RELABEL, EXCLUDE = CorrectionKind.RELABEL, CorrectionKind.EXCLUDE


def predictions(labels: list[int], answers: list[int]) -> Predictions:
    logits = (8 * np.eye(8)[answers]).astype(np.float32)
    names = tuple(f"{index}.jpg" for index in range(len(labels)))
    return Predictions(names, (Part.TEST,) * len(labels), np.array(labels), logits)


def test_a_run_keeps_the_corrections_that_it_began_with(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    recipe = set_values(Recipe(), [f"data.path={data}"])
    made = (Correction("a.jpg", EXCLUDE),)
    write_corrections(corrections_file(data), made)
    run = create_run(recipe, runs=tmp_path / "runs")
    assert corrections_digest(run) == ""
    assert corrections_of(run, recipe) == made
    assert len(corrections_digest(run)) == 64
    write_corrections(corrections_file(data), (*made, Correction("b.jpg", EXCLUDE)))
    assert corrections_of(run, recipe) == made
    begun = create_run(recipe, runs=tmp_path / "runs")
    begun.split_file.write_text("image,label,lesion_id,part\n")  # by a version that knew no corrections
    assert corrections_of(begun, recipe) == ()
    without = set_values(recipe, ["data.corrections=false"])
    assert corrections_of(create_run(without, runs=tmp_path / "runs"), without) == ()


def test_scores_before_and_after_are_both_given() -> None:
    made = [
        Correction("0.jpg", RELABEL, "NV", before="MEL", source="run 1"),
        Correction("1.jpg", EXCLUDE),
        Correction("elsewhere.jpg", EXCLUDE),
    ]
    for used in (0, 1):  # whether the run was tested with the old or the new label
        found = corrected_scores(predictions([used, 0, 0, 1], [1, 1, 0, 1]), CLASSES, made)
        assert found is not None
        assert (found.before.accuracy, found.after.accuracy) == (0.5, 1.0)
        assert (found.relabelled, found.left_out, found.by_model) == (1, 1, 1)
        assert "flatters that model" in found.sentence
    assert corrected_scores(predictions([0], [0]), CLASSES, made[2:]) is None


def test_the_swapped_label_of_a_run_is_suspected(tmp_path: Path) -> None:
    run: RunFolder = create_run(Recipe(), runs=tmp_path)
    labels = [0] * 5 + [1] * 5
    write_predictions(run.predictions_file, predictions([1, *labels[1:]], labels), CLASSES)
    (found,) = suspects([run])
    assert (found.image, found.label, found.suggested) == ("0.jpg", "NV", "MEL")
    assert found.margin > 0.9
