"""What a run leaves behind beside its predictions and scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.types import Part
from core.runs.assess import assess_run, score_test_part
from tests.core.tiny_runs import run

RECIPE = """
task = "{task}"
data = {{path = '{data}', image_size = 32, split = [0.5, 0.3, 0.2]}}
teacher = {{architecture = "test_resnet", weights = "none"}}
student = {{architecture = "test_resnet", weights = "none"}}
optimisation = {{learning_rate = 0.003, batch_size = 8, epochs = 1, augmentation = "{augmentation}"}}
hardware = {{device = "cpu", threads = 1}}
"""


@pytest.mark.parametrize(
    ("task", "augmentation", "kept"),
    [("teacher", "turns", True), ("teacher", "none", False), ("student", "turns", False)],
)
def test_of_a_teacher_that_learned_turned_images_the_mean_over_the_turns_is_kept(
    task: str, augmentation: str, kept: bool, sample_set: Path, tmp_path: Path
) -> None:
    rest = "" if task == "teacher" else 'distillation = {method = "none"}'
    folder = run(tmp_path, RECIPE.format(task=task, data=sample_set, augmentation=augmentation) + rest)
    averaged, tested = folder.averaged_predictions(), folder.predictions().of(Part.TEST)
    assert (averaged is not None) is kept
    if averaged is not None:
        assert (averaged.names, averaged.parts) == (tested.names, tested.parts)
        assert averaged.labels.tolist() == tested.labels.tolist()
        assert 1e-5 < np.abs(averaged.logits - tested.logits).max() < 10


def test_a_test_that_comes_later_keeps_what_the_calibration_with_turns_said(sample_set: Path, tmp_path: Path) -> None:
    recipe = RECIPE.format(task="teacher", data=sample_set, augmentation="turns")
    folder = run(tmp_path, recipe.replace("image_size", 'test = "withheld", image_size'))
    assert folder.averaged_predictions() is None
    assess_run(folder, device="cpu", positions=8)
    before = folder.averaged_predictions()
    assert before is not None
    assert not before.of(Part.TEST).names
    score_test_part(folder, device="cpu")
    after = folder.averaged_predictions()
    assert after is not None
    assert after.calibrating.names == before.calibrating.names
    np.testing.assert_allclose(after.calibrating.logits, before.calibrating.logits, atol=1e-5)
    assert after.of(Part.TEST).names == folder.predictions().of(Part.TEST).names
