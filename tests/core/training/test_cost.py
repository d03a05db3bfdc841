"""The estimate of a run's cost comes from real steps and adds up."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from core.errors import Cancelled
from core.events import CancelSource, ignore
from core.recipe import Recipe, set_values
from core.training.cost import estimate_cost


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """Small models, and a folder with two pictures, one broken."""
    Image.new("RGB", (90, 60), (200, 120, 90)).save(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    return set_values(
        Recipe(),
        [
            f"data.path={tmp_path}",
            "data.image_size=32",
            "teacher.architecture=test_resnet",
            "student.architecture=test_efficientnet",
            "optimisation.batch_size=8",
            "optimisation.epochs=10",
            "hardware.device=cpu",
            "hardware.threads=1",
        ],
    )


def test_the_parts_add_up(recipe: Recipe) -> None:
    cost = estimate_cost(set_values(recipe, ["distillation.method=kl"]), 1000, 700)
    assert min(cost.seconds_per_epoch, cost.decode_seconds, cost.teacher_seconds) > 0
    assert cost.memory_bytes > 0
    parts = 10 * cost.seconds_per_epoch + cost.decode_seconds + cost.teacher_seconds
    assert parts <= cost.seconds_total_max <= parts + cost.seconds_per_epoch
    assert cost.disk_bytes > 1000 * 32 * 32 * 3
    assert cost.device == "cpu"
    assert cost.notes == ()


def test_memory_grows_with_the_batch_by_what_the_images_leave_behind(recipe: Recipe) -> None:
    teacher = set_values(recipe, ["task=teacher", "data.image_size=64"])
    small, large = (
        estimate_cost(set_values(teacher, [f"optimisation.batch_size={size}"]), 100, 70).memory_bytes
        for size in (8, 32)
    )
    first_layers = 64 * 64 * 3 * 4  # bytes: at the very least the image itself is kept
    assert large - small > (32 - 8) * first_layers
    assert large < 10**9


def test_no_teacher_costs_nothing(recipe: Recipe) -> None:
    cost = estimate_cost(set_values(recipe, ["task=teacher", "distillation.method=kl"]), 1000, 700)
    assert cost.teacher_seconds == 0


def test_without_images_the_decoding_is_left_out_aloud(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").unlink()
    cost = estimate_cost(recipe, 1000, 700)
    assert cost.decode_seconds == 0
    assert any("not included" in note for note in cost.notes)


def test_it_can_be_cancelled(recipe: Recipe) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        estimate_cost(recipe, 1000, 700, ignore, source.token)
