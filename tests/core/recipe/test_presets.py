"""The paper preset is the paper's set-up, value by value."""

from __future__ import annotations

import pytest

from core.recipe import Preset, preset, set_values
from core.recipe.changes import recipe_changes


def test_the_paper_preset_is_the_papers() -> None:
    recipe = preset(Preset.PAPER)
    assert recipe.teacher.architecture == "tf_efficientnet_b7.aa_in1k"
    assert recipe.student.architecture == "mobilenetv2_100"
    assert recipe.teacher.weights == recipe.student.weights == "hub"
    assert recipe.teacher.freeze == recipe.student.freeze == 0
    assert recipe.data.image_size == 224
    assert (recipe.data.split, recipe.data.rounding) == ((0.7, 0.2, 0.1), "paper")
    assert (recipe.data.group_by, recipe.data.calibration) == ("image", 0)
    assert (recipe.teacher.drop_rate, recipe.teacher.drop_path_rate) == (0.5, 0.2)
    assert (recipe.student.drop_rate, recipe.student.drop_path_rate) == (0.2, "own")
    assert recipe.hardware.precision == "32"
    papers = {"method": "kl", "alpha": 0.1, "term": (), "temperature": 1.0, "direction": "student_teacher"}
    assert recipe.distillation.model_dump() == papers
    assert recipe.curriculum.order == "none"
    optimisation = recipe.optimisation
    assert (optimisation.optimizer, optimisation.learning_rate, optimisation.weight_decay) == ("adam", 1e-5, 0.01)
    assert (optimisation.batch_size, optimisation.epochs, optimisation.patience) == (32, 25, 5)
    assert (optimisation.monitor, optimisation.sampler) == ("accuracy", "weighted")
    assert (optimisation.augmentation, optimisation.label_smoothing) == ("none", 0.0)
    assert (optimisation.schedule, optimisation.warmup) == ("constant", 0)


def test_the_twin_differs_in_the_split_alone() -> None:
    changes = recipe_changes(preset(Preset.PAPER), preset(Preset.PAPER_LESION))
    assert [change.line for change in changes] == ['data.group_by: "image" -> "lesion"']


@pytest.mark.parametrize(
    ("task", "method", "order", "expected"),
    [
        ("teacher", "kl", "none", False),
        ("student", "none", "none", False),
        ("student", "kl", "none", True),
        ("student", "dist", "none", True),
        ("student", "none", "easy_first", True),
        ("student", "none", "random", False),
        ("teacher", "none", "easy_first", False),
    ],
)
def test_which_runs_need_a_teacher(task: str, method: str, order: str, expected: bool) -> None:
    changes = [f"task={task}", f"distillation.method={method}", f"curriculum.order={order}"]
    recipe = set_values(preset(Preset.PAPER), changes)
    assert recipe.needs_teacher is expected
