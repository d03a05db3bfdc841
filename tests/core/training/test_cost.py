"""The estimate of a run's cost comes from real steps and adds up."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from core.errors import Cancelled
from core.events import CancelSource, ignore
from core.recipe import Recipe, set_values
from core.training import cost
from core.training.cost import Interconnect, estimate_cost
from core.training.step import Learner, StepInput
from core.training.timing import TeacherSpeed, TrainingSpeed


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
    estimate = estimate_cost(set_values(recipe, ["distillation.method=kl"]), 1000, 700)
    assert min(estimate.seconds_per_epoch, estimate.decode_seconds, estimate.teacher_seconds) > 0
    assert estimate.memory_bytes > 0
    parts = 10 * estimate.seconds_per_epoch + estimate.decode_seconds + estimate.teacher_seconds
    assert parts <= estimate.seconds_total_max <= parts + estimate.seconds_per_epoch
    assert estimate.disk_bytes > 1000 * 32 * 32 * 3
    assert estimate.device == "cpu"
    assert estimate.notes == ()


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
    estimate = estimate_cost(set_values(recipe, ["task=teacher", "distillation.method=kl"]), 1000, 700)
    assert estimate.teacher_seconds == 0


def test_without_images_the_decoding_is_left_out_aloud(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").unlink()
    estimate = estimate_cost(recipe, 1000, 700)
    assert estimate.decode_seconds == 0
    assert any("not included" in note for note in estimate.notes)


def test_it_can_be_cancelled(recipe: Recipe) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        estimate_cost(recipe, 1000, 700, ignore, source.token)


def test_the_steps_are_the_trainings_own(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    step = Learner.step

    def counted(learner: Learner, batch: StepInput) -> None:
        sizes.append(len(batch.labels))
        step(learner, batch)

    monkeypatch.setattr(Learner, "step", counted)
    estimate_cost(set_values(recipe, ["distillation.method=kl"]), 1000, 700)
    assert sizes == [2, 2, 2, 8, 8, 8, 8]


def test_views_and_further_teachers_cost_their_share(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored ones before the training, for every view; online ones in every epoch."""
    teachers = (TeacherSpeed(0.01, 32, 10), TeacherSpeed(0.03, 32, 20))
    monkeypatch.setattr(cost, "time_teachers", lambda *_: teachers)
    monkeypatch.setattr(cost, "time_training", lambda *_: TrainingSpeed(0.002, 0.0, 1000, 500))
    kl = set_values(recipe, ["distillation.method=kl", "optimisation.batch_size=7"])

    def found(*changes: str) -> tuple[float, float]:
        estimate = estimate_cost(set_values(kl, changes), 1000, 700)
        return estimate.teacher_seconds, estimate.seconds_per_epoch

    assert found() == pytest.approx((700 * 0.04, 700 * 0.002))
    assert found("optimisation.augmentation=light") == pytest.approx((8 * 700 * 0.04, 700 * 0.002))
    light = "optimisation.augmentation=light"
    assert found(light, "teacher.views=3") == pytest.approx((3 * 700 * 0.04, 700 * 0.002))
    assert found(light, "teacher.source=online") == pytest.approx((0, 700 * 0.042))
    ordered = ("distillation.method=none", "curriculum.order=easy_first", "teacher.source=online")
    assert found(light, *ordered) == pytest.approx((700 * 0.04, 700 * 0.002))


def test_several_devices_divide_what_they_share(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their part of a batch is timed; steps, teachers and validation are shared, decoding and the test are not."""
    asked: list[int] = []

    def training(*arguments: object) -> TrainingSpeed:
        asked.append(arguments[-1])  # type: ignore[arg-type]
        return TrainingSpeed(0.002, 0.001, 1000, 500)

    monkeypatch.setattr(cost, "time_teachers", lambda *_: (TeacherSpeed(0.04, 32, 10),))
    monkeypatch.setattr(cost, "time_training", training)
    monkeypatch.setattr(cost, "INTERCONNECTS", {"cpu": Interconnect(0.01, 1e6)})
    kl = set_values(recipe, ["distillation.method=kl", "hardware.threads=1"])
    one, four = (estimate_cost(set_values(kl, [f"hardware.devices={count}"]), 1000, 700) for count in (1, 4))
    assert asked == [8, 2]
    assert four.teacher_seconds == pytest.approx(one.teacher_seconds / 4)
    assert (one.exchanged_bytes, one.alone_seconds) == (0, 0)
    validating = one.seconds_per_epoch - 700 * 0.002
    steps = 700 / 8 * (2 * 0.002 + 0.01 + 2 * 2000 * 3 / 4 / 1e6)
    assert four.seconds_per_epoch == pytest.approx(steps + validating / 4)
    assert four.alone_seconds == pytest.approx(four.decode_seconds + 300 * 0.001)
    assert any("One of 4 devices was timed" in note for note in four.notes)
