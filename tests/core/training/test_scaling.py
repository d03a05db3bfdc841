"""fp16 with a scaled loss, as on older GPUs: the same loop with the same parts, on the CPU's fp16."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from torch import nn

from core.distillation.method import LossTerm, TeacherStatistics
from core.distillation.outputs import Outputs
from core.errors import Cancelled
from core.events import ignore
from core.training import step
from core.training.checkpoint import CheckpointFolder
from core.training.divergence import TrainingDivergedError
from core.training.step import Learner, StepInput

from . import small_training
from .feature_training import TEACHER_WIDTH, Relations, Settings, halved_model, use
from .small_training import PREPROCESSING, StopAt, assert_equal_weights, numbers, small_recipe, train
from .test_loop import SpoiltAt
from .test_micro_batches import METHODS, NeedsMemory, plain_network
from .test_waiting import watched


@pytest.fixture(autouse=True)
def scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fabric refuses fp16 on a CPU by name, but drives the same precision when it is given."""

    def fabric(hardware: object) -> Fabric:
        precision = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=256.0))
        return Fabric(accelerator="cpu", devices=1, plugins=[precision])

    monkeypatch.setattr(step, "create_fabric", fabric)
    monkeypatch.setattr(small_training, "CPU", replace(small_training.CPU, precision="16"))


def test_a_gradient_beyond_fp16_costs_one_step_and_no_more(tmp_path: Path) -> None:
    outcome = train(small_recipe(), tmp_path, model=SpoiltAt(8, backward=True))
    assert len(outcome.result.history) == 3
    assert all(torch.isfinite(value).all() for value in outcome.weights.values())
    assert CheckpointFolder(tmp_path).load()["precision"]["scale"] == 128.0


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path) -> None:
    with pytest.raises(TrainingDivergedError, match="epoch 2") as caught:
        train(small_recipe(), tmp_path, model=SpoiltAt(8, backward=False))
    assert "32-bit precision" in caught.value.summary
    assert CheckpointFolder(tmp_path).load()["epoch"] == 2


def test_the_scale_is_part_of_what_is_gone_on_with(tmp_path: Path) -> None:
    def go(folder: str, token: StopAt | None = None) -> small_training.Outcome:
        return train(small_recipe(), tmp_path / folder, model=small_training.small_model(), token=token)

    with pytest.raises(Cancelled):
        go("parts", StopAt(9))
    parts, whole = go("parts"), go("whole")
    assert_equal_weights(parts.weights, whole.weights)
    assert numbers(parts.result.history) == numbers(whole.result.history)


def test_a_run_begun_in_32_bits_goes_on_in_fp16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its checkpoint has no scale."""
    with monkeypatch.context() as patch:
        patch.setattr(step, "create_fabric", lambda hardware: Fabric(accelerator="cpu", devices=1))
        with pytest.raises(Cancelled):
            train(small_recipe(), tmp_path, token=StopAt(9))
    assert CheckpointFolder(tmp_path).load()["precision"] == {}
    assert len(train(small_recipe(), tmp_path).result.history) == 3


@pytest.mark.parametrize("method", METHODS)
def test_parts_of_a_batch_are_scaled_like_the_whole(method: str, tmp_path: Path) -> None:
    """Plain descent shows every factor that would be missing or double in how far the weights have come."""
    recipe = small_recipe(
        *METHODS[method],
        "optimisation.batch_size=8",
        "optimisation.optimizer=sgd",
        "optimisation.epochs=1",
        "optimisation.learning_rate=0.001",
    )
    start = dict(NeedsMemory(plain_network(), 8).state_dict())
    whole, parts = (
        train(recipe, tmp_path / str(most), model=NeedsMemory(plain_network(), most)).weights for most in (8, 3)
    )
    way, same = (torch.cat([(ends[name] - start[name]).flatten() for name in start]) for ends in (whole, parts))
    assert float((way - same).norm() / way.norm()) < 0.02  # fp16's own rounding


def test_a_projector_in_parts_is_scaled_like_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the loss's own weights are moved by, where the batch is gathered: neither unscaled nor scaled twice."""
    use(monkeypatch, LossTerm(Relations(), Settings()))
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (8, 32, 32, 3), dtype=torch.uint8, generator=generator)
    teacher = Outputs(torch.randn(8, 8, generator=generator), torch.randn(8, TEACHER_WIDTH, generator=generator))
    batch = StepInput(images, torch.arange(8), (teacher,), (TeacherStatistics(),), 1, 0.001, 7)
    ways = []
    for parts in ((slice(0, 8),), (slice(0, 3), slice(3, 8))):
        learner = Learner(
            halved_model().train(),
            PREPROCESSING,
            small_recipe(),
            small_training.CPU,
            ignore,
            teacher_dims=[TEACHER_WIDTH],
        )
        learner._backward(batch, parts)
        ways.append(torch.cat([weight.grad.flatten() for weight in learner.weights if weight.grad is not None]))
    assert float(ways[0].norm()) > 1
    assert float((ways[0] - ways[1]).norm() / ways[0].norm()) < 0.02  # fp16's own rounding


def test_a_scaled_step_with_a_fused_optimizer_waits_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[str] = []
    original = Learner.step

    def watched_step(self: Learner, batch: StepInput) -> None:
        with watched(monkeypatch) as found:
            original(self, batch)
        inside.extend(found)

    monkeypatch.setattr(Learner, "step", watched_step)
    train(small_recipe("optimisation.epochs=1"), tmp_path, model=nn.Sequential(small_training.small_model()))
    assert set(inside) <= {"aten.lift_fresh.default"}
