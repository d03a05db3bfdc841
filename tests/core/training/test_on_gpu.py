"""What only a GPU does: images in its memory, half precision, compiled steps, too little memory, several processes.

Where there is none these are skipped, but for those that a CPU can do as well: so they run the first time on a GPU.
`tests/benchmarks/gpu.sh` runs them on a machine that has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.events import Event, Level, Notice
from core.models.factory import create_model
from core.models.files import save_model
from core.models.info import ModelInfo
from core.recipe import Recipe, set_values
from core.teachers.stored_outputs import stored_outputs
from core.training import loop
from core.training.cost import estimate_cost
from core.training.energy import counters
from core.training.hardware import list_devices, resolve
from core.training.placement import stage_images
from core.training.step import Learner

from .device_training import TOGETHER, Noted, data, network, recipe_for, trained, trained_by_two
from .small_training import ISIC2019

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that torch can use (CUDA)")
on_gpu = (pytest.mark.gpu, needs_gpu)
DEVICES = ["cpu", pytest.param("cuda", marks=on_gpu)]


@pytest.fixture
def no_lasting_threads() -> None:
    """Torch's compiler and its GPU keep threads of their own."""


def only_on_gpu(test: Any) -> Any:
    """A test that a CPU can not do."""
    return pytest.mark.gpu(needs_gpu(test))


def _distance(first: nn.Module, second: dict[str, torch.Tensor]) -> float:
    return max(float((value.float() - second[name].float()).abs().max()) for name, value in first.state_dict().items())


@only_on_gpu
def test_the_gpu_is_chosen_and_works() -> None:
    found = list_devices()
    assert found[0].device == "cuda:0"
    assert found[0].works, found[0].reason
    assert resolve(recipe_for("auto").hardware).device == "cuda"
    for counter in counters("cuda"):
        assert counter.joules() >= 0


@pytest.mark.parametrize("device", DEVICES)
def test_batches_come_from_the_devices_memory(device: str) -> None:
    store = data().store
    placed = stage_images(store, "auto", device)
    assert placed.location == ("device" if device == "cuda" else "disk")
    rows = np.array([5, 0, 5, 30])
    expected = torch.from_numpy(store.images[rows])
    assert torch.equal(placed.batch(rows).cpu(), expected)
    assert torch.equal(placed.batch(rows, torch.from_numpy(rows).to(device)).cpu(), expected)


@pytest.mark.parametrize("precision", ["32", "bf16", "16"])
@pytest.mark.parametrize("method", ["kl", "dist"])
@pytest.mark.parametrize("device", DEVICES)
def test_half_precision_learns_the_same(device: str, method: str, precision: str, tmp_path: Path) -> None:
    if (device, precision) == ("cpu", "16"):
        pytest.skip("fp16 is for GPUs")
    changes = (f"distillation.method={method}", "optimisation.learning_rate=0.001")
    _, expected = trained(recipe_for("cpu", *changes), tmp_path / "cpu")
    _, found = trained(recipe_for(device, *changes, f"hardware.precision={precision}"), tmp_path / device)
    for one, other in zip(expected.history, found.history, strict=True):
        assert other.train_loss.total == pytest.approx(one.train_loss.total, rel=0.05)
        assert other.validation_loss == pytest.approx(one.validation_loss, rel=0.05)


@pytest.mark.parametrize("location", ["device", "memory", "disk"])
@pytest.mark.parametrize("device", DEVICES)
def test_the_average_of_the_weights_is_of_those_that_learn(device: str, location: str, tmp_path: Path) -> None:
    changes = ("optimisation.ema=0.5", "optimisation.augmentation=turns", f"hardware.image_store={location}")
    learners: list[Learner] = []
    original = Learner.read_sums

    def seen(self: Learner) -> Any:
        learners.append(self)
        return original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "read_sums", seen)
        trained(recipe_for(device, *changes, "hardware.precision=32"), tmp_path)
    averaged = learners[-1].average
    assert averaged is not None
    values, own = averaged.state()["values"], learners[-1].model.state_dict()
    start = network().state_dict()
    for name in ("0.weight", "5.weight"):
        assert values[name].device == own[name].device
        assert 0 < float((values[name] - own[name]).abs().max()) < 1
        assert float((values[name].cpu() - start[name]).abs().max()) > 1e-3  # it went along


@only_on_gpu
@pytest.mark.parametrize("changes", [(), ("curriculum.difficulty=loss", "curriculum.order=easy_first")])
@pytest.mark.parametrize("location", ["device", "disk"])
def test_a_step_waits_for_nothing(
    changes: tuple[str, ...], location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch itself refuses to wait inside."""
    recipe = recipe_for(
        "cuda", "distillation.method=dist", "optimisation.augmentation=strong", f"hardware.image_store={location}"
    )
    recipe = set_values(recipe, changes)
    for owner, name in ((Learner, "step"), (loop._Trainer, "_input")):
        original = getattr(owner, name)

        def strictly(self: Any, *arguments: Any, original: Any = original) -> Any:
            torch.cuda.set_sync_debug_mode("error")
            try:
                return original(self, *arguments)
            finally:
                torch.cuda.set_sync_debug_mode("default")

        monkeypatch.setattr(owner, name, strictly)
    trained(recipe, tmp_path)


@only_on_gpu
@pytest.mark.parametrize("precision", ["bf16", "16"])
def test_compiled_steps_are_captured_and_learn_the_same(precision: str, tmp_path: Path) -> None:
    changes = (f"hardware.precision={precision}", "distillation.method=kl", "optimisation.learning_rate=0.001")
    _, plain = trained(recipe_for("cuda", *changes), tmp_path / "plain")
    observer = Noted()
    recipe = recipe_for("cuda", *changes, "hardware.compile=on")
    _, fast = trained(recipe, tmp_path / "fast", observer=observer)
    assert observer.compilation is not None
    assert observer.compilation.compiled, observer.compilation.reason
    for one, other in zip(plain.history, fast.history, strict=True):
        assert other.train_loss.total == pytest.approx(one.train_loss.total, rel=0.05)
    auto = recipe_for("cuda", *changes, "hardware.compile=auto")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.training.compiling.LONG_ON_GPU", 1)
        trained(auto, tmp_path / "auto", observer=observer)
    assert not observer.compilation.reason.startswith("Compiling failed"), observer.compilation.reason


@pytest.fixture
def little_memory() -> Iterator[None]:
    """A GPU of 700 MB."""
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(700 * 2**20 / total)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


def _wide() -> nn.Module:
    """26 MB of each image of 224 pixels to remember, and nothing that depends on how a batch is cut."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1), nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(256, 8)
        )


@only_on_gpu
@pytest.mark.parametrize("method", ["none", "kl", "dist"])
@pytest.mark.usefixtures("little_memory")
def test_a_batch_that_does_not_fit_is_made_in_parts(method: str, tmp_path: Path) -> None:
    images, events = data(64, 224), list[Event]()
    changes = (f"distillation.method={method}", "hardware.precision=32", "optimisation.learning_rate=0.0001")
    whole = recipe_for("cuda", *changes, "optimisation.batch_size=64")
    _, parts = trained(whole, tmp_path / "parts", model=_wide(), images=images, events=events)
    assert any(isinstance(event, Notice) and event.level is Level.WARNING for event in events)
    torch.cuda.set_per_process_memory_fraction(1.0)
    events.clear()
    _, expected = trained(whole, tmp_path / "whole", model=_wide(), images=images, events=events)
    assert not any(isinstance(event, Notice) and event.level is Level.WARNING for event in events)
    for one, other in zip(expected.history, parts.history, strict=True):
        assert other.train_loss.total == pytest.approx(one.train_loss.total, rel=1e-3)
        assert other.validation_loss == pytest.approx(one.validation_loss, rel=1e-2)


@pytest.mark.parametrize("device", [pytest.param("cpu", marks=pytest.mark.long), *DEVICES[1:]])
def test_two_processes_learn_what_one_does(device: str, tmp_path: Path) -> None:
    """On GPUs with the statistics of the whole batch; on a CPU, where each has its own, only nearly."""
    if device == "cpu" and torch.cuda.is_available():
        pytest.skip("two processes take the GPU where there is one")
    together = trained_by_two(tmp_path)
    alone, _ = trained(recipe_for(device, *TOGETHER), tmp_path / "alone")
    assert _distance(alone, together) < (0.005 if device == "cuda" else 0.1)


@pytest.mark.parametrize("device", DEVICES)
def test_a_teacher_in_half_precision_says_nearly_the_same(device: str, tmp_path: Path) -> None:
    made = create_model("test_efficientnet", weights="none", image_size=64, classes=ISIC2019)
    file = tmp_path / "teacher.safetensors"
    save_model(file, made.model, ModelInfo("test_efficientnet", made.preprocessing, classes=ISIC2019))
    store, rows = data(22, 64).store, np.arange(32)
    kind = "16" if device == "cuda" else "32"
    found, expected = (
        stored_outputs(file, store, rows, device=place, precision=precision, cache=tmp_path / place)
        for place, precision in ((device, kind), ("cpu", "32"))
    )
    assert np.abs(found.logits - expected.logits).max() < 0.02 * max(1.0, np.abs(expected.logits).max())


@pytest.mark.parametrize("device", DEVICES)
def test_the_cost_of_a_run_is_measured(device: str) -> None:
    networks = ("student.architecture=test_efficientnet", "teacher.architecture=test_efficientnet")
    recipe = set_values(Recipe(), [*networks, "data.image_size=64", f"hardware.device={device}"])
    cost = estimate_cost(set_values(recipe, ["distillation.method=kl"]), 1000, 700)
    assert (cost.device, cost.memory_bytes > 0, cost.teacher_seconds > 0) == (device, True, True)
