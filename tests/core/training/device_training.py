"""Trainings of seconds on any device; `python -m tests.core.training.device_training OUT` is one of two processes that
train together (RANK, WORLD_SIZE, LOCAL_RANK and SKINKD_MEET say which), also where there is one GPU for both."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.classes import CLASS_SETS
from core.data.store import ImageStore
from core.evaluation.metrics import score
from core.events import Event
from core.models.info import Preprocessing
from core.process_group import process_group, working_with
from core.recipe import Recipe, set_values
from core.recipe.schema import HardwareRecipe
from core.teachers.sources import StoredTeacher
from core.teachers.stored_outputs import StoredOutputs
from core.training.batches import FitData
from core.training.checkpoint import CheckpointFolder
from core.training.compiling import Compilation
from core.training.hardware import resolve
from core.training.loop import FitResult, Observer, fit

ROOT = Path(__file__).parents[3]
SIZE = 32
TOGETHER = (
    "optimisation.batch_size=7",
    "optimisation.optimizer=sgd",  # Adam turns the rounding of gradients next to nothing into whole steps
    "distillation.method=dist",
    "hardware.precision=32",
)
"""Of 22 images in batches of 7 the last is one by itself: one process has none."""


class Noted(Observer):
    """Keeps how the steps were computed."""

    compilation: Compilation | None = None

    def prepared(self, compilation: Compilation) -> None:
        self.compilation = compilation


def recipe_for(device: str, *changes: str) -> Recipe:
    """Two short epochs on the device, without compiling."""
    common = ("optimisation.epochs=2", "optimisation.patience=0", "optimisation.batch_size=8", "hardware.compile=off")
    return set_values(Recipe(), [*common, "optimisation.learning_rate=0.01", f"hardware.device={device}", *changes])


def network(*, normalises: bool = True) -> nn.Module:
    """A convolutional network with 8 logits, always with the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        middle = nn.BatchNorm2d(8) if normalises else nn.Identity()
        return nn.Sequential(
            nn.Conv2d(3, 8, 5, stride=2), middle, nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 8)
        )


def data(train: int = 22, size: int = SIZE) -> FitData:
    """Noise whose brightness tells the class a little, and a teacher that knows something of it."""
    generator = np.random.default_rng(0)
    count = train + 10
    labels = generator.integers(0, 4, count)
    images = generator.integers(0, 120, (count, size, size, 3)) + labels[:, None, None, None] * 40
    store = ImageStore(images.clip(0, 255).astype(np.uint8), labels, {}, "key", size)
    logits = (generator.normal(size=(1, count, 8)) + 2 * np.eye(8)[labels]).astype(np.float32)
    return FitData(store, np.arange(train), np.arange(train, count), (StoredTeacher(StoredOutputs(logits)),))


def trained(
    recipe: Recipe,
    out: Path,
    *,
    model: nn.Module | None = None,
    images: FitData | None = None,
    events: list[Event] | None = None,
    observer: Observer | None = None,
) -> tuple[nn.Module, FitResult]:
    """The network after the training (on the CPU again), and its history."""
    model = network() if model is None else model
    images = data() if images is None else images
    result = fit(
        model,
        Preprocessing(images.store.image_size, (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)),
        images,
        recipe,
        hardware=resolve(recipe.hardware),
        score=partial(score, classes=CLASS_SETS["isic2019"]),
        checkpoint=CheckpointFolder(out),
        observer=observer,
        emit=[].append if events is None else events.append,
    )
    return model.cpu(), result


def main(out: Path, backend: str) -> None:
    """Train together with the others; the first process writes the weights down."""
    torch.set_num_threads(1)
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    meeting = f"file://{os.environ['SKINKD_MEET']}"
    gpus = torch.cuda.device_count()
    device = resolve(HardwareRecipe(devices=size)).device if backend == "nccl" else ""
    if device:
        torch.cuda.set_device(torch.device(device).index or 0)
    torch.distributed.init_process_group(backend, init_method=meeting, rank=rank, world_size=size)
    devices = "hardware.devices=2" if device else "hardware.devices=1"
    recipe = recipe_for("cuda" if gpus else "cpu", *TOGETHER, devices)
    with working_with(process_group()):
        model, _ = trained(recipe, out / str(rank))
    if rank == 0:
        torch.save(model.state_dict(), out / "weights.pt")


def trained_by_two(out: Path) -> dict[str, torch.Tensor]:
    """The weights that two processes come to: on a GPU each (NCCL), or on the same device (gloo)."""
    backend = "nccl" if torch.cuda.device_count() > 1 else "gloo"
    group = {**os.environ, "WORLD_SIZE": "2", "SKINKD_MEET": str(out / "meet"), "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, "-m", __name__, str(out), backend]
    started = [
        subprocess.Popen(command, cwd=ROOT, env={**group, "RANK": rank, "LOCAL_RANK": rank}) for rank in ("0", "1")
    ]
    try:
        codes = [process.wait(timeout=100) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert codes == [0, 0]
    return dict(torch.load(out / "weights.pt"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
