"""A few real steps and inferences on noise, timed: the ones that a run will make, by the code that makes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from core.distillation.method import TeacherStatistics
from core.distillation.outputs import Outputs
from core.events import CancelToken, Event, Notice
from core.models.info import Preprocessing
from core.recipe import Recipe
from core.teachers.given_outputs import is_given, read_given_outputs
from core.training.engine import own_randomness
from core.training.hardware import Hardware
from core.training.step import Learner, StepInput
from core.user_paths import expanded

_STEPS = 3
_PROBE_BATCH = 2
_FULL_BATCH_SECONDS = 5.0
"""Above this, a full batch is not waited for: its time is that of a small one, times the images."""


@dataclass(frozen=True)
class TrainingSpeed:
    """Seconds per image of training (without its teachers) and of validating, bytes while training with a process's
    part of a batch, and how many weights the network has."""

    training: float
    answering: float
    memory: int
    parameters: int


@dataclass(frozen=True)
class TeacherSpeed:
    """Seconds per image of a teacher's inference, the image size it wants, and the width of its pooled features where a
    loss learns from them (0: none does)."""

    answering: float
    image_size: int
    feature_dim: int


def time_training(
    recipe: Recipe,
    hardware: Hardware,
    teacher_dims: tuple[int, ...],
    notes: list[str],
    token: CancelToken,
    batch: int,
) -> TrainingSpeed:
    """Time the recipe's training in batches of `batch` images; `notes` gets what a reader of the figures must know.

    Raises `SkinKDError` when the network can not be made or not even a few images fit into the device's memory,
    `Cancelled` between two steps.
    """
    from core.models.factory import create_model, train_mode
    from core.models.rates import Rates

    def tell(event: Event) -> None:
        notes.extend([event.text] if isinstance(event, Notice) else [])

    section = recipe.trained
    loaded = create_model(
        section.architecture,
        weights="none",
        image_size=recipe.data.image_size,
        classes=recipe.class_set,
        freeze=1.0 if recipe.probes else section.freeze,
        rates=Rates.of(section.drop_rate, section.drop_path_rate),
    )
    if hardware.device.startswith("cuda"):
        torch.cuda.empty_cache()  # what the teachers' inference took is no part of it
        torch.cuda.reset_peak_memory_stats(hardware.device)
    with own_randomness(hardware.device):
        counts = torch.ones(len(recipe.class_set), dtype=torch.int64)
        learner = Learner(
            loaded.model, loaded.preprocessing, recipe, hardware, tell, class_counts=counts, teacher_dims=teacher_dims
        )
        train_mode(loaded.model)
        steps = _Steps(learner, recipe.data.image_size, len(recipe.class_set), teacher_dims)
        measured, seconds = _training_seconds(steps, batch, hardware.device, notes, token)
        memory = _memory(steps, batch, hardware.device)
        answering = _inference_seconds(
            loaded.model, loaded.preprocessing, measured, hardware.device, hardware.precision, token
        )
    return TrainingSpeed(seconds, answering, memory, sum(weight.numel() for weight in loaded.model.parameters()))


def time_teachers(recipe: Recipe, hardware: Hardware, notes: list[str], token: CancelToken) -> tuple[TeacherSpeed, ...]:
    """Time the inference of each of the recipe's teachers; none where it has none. Raises as `time_training`."""
    if not recipe.needs_teacher:
        return ()
    return tuple(
        _time_teacher(run, recipe, hardware, notes, token) for run in (recipe.teacher.run, *recipe.teacher.also)
    )


def _time_teacher(run: str, recipe: Recipe, hardware: Hardware, notes: list[str], token: CancelToken) -> TeacherSpeed:
    from core.models.batchnorm_fusion import fuse_batchnorm
    from core.models.factory import create_model
    from core.models.outputs import feature_dim

    token.check()
    if is_given(Path(run)):
        return _given_teacher(Path(run), recipe)
    architecture, size = _teacher_facts(run, recipe, notes)
    loaded = create_model(architecture, weights="none", image_size=size, classes=recipe.class_set)
    network, device, kind = fuse_batchnorm(loaded.model, size), hardware.device, hardware.inference_precision
    if device == "cpu":  # the first pass of a network is slower
        _inference_seconds(network, loaded.preprocessing, _PROBE_BATCH, device, kind, token)
    seconds = _inference_seconds(network, loaded.preprocessing, _PROBE_BATCH, device, kind, token)
    width = feature_dim(network, size) if recipe.needs_features else None
    return TeacherSpeed(seconds, size, width or 0)


def _given_teacher(file: Path, recipe: Recipe) -> TeacherSpeed:
    """Of a teacher that is read from a file, which takes no inference."""
    features = read_given_outputs(expanded(file)).features if recipe.needs_features else None
    return TeacherSpeed(0.0, recipe.data.image_size, 0 if features is None else features.shape[1])


def _teacher_facts(run: str, recipe: Recipe, notes: list[str]) -> tuple[str, int]:
    file = Path(run) / "model.safetensors"
    if run and file.is_file():
        from core.models.files import read_model_info

        info = read_model_info(file)
        return info.architecture, info.preprocessing.image_size
    if run:
        notes.append(f"The teacher run was not found here; {recipe.teacher.architecture} was timed in its place.")
    return recipe.teacher.architecture, recipe.data.image_size


def _training_seconds(
    steps: _Steps, batch: int, device: str, notes: list[str], token: CancelToken
) -> tuple[int, float]:
    """With how many images it was measured, and seconds per image."""
    probe = min(_PROBE_BATCH, batch)
    seconds = steps.train(probe) / probe
    for _ in range(2):  # the first step prepares; a busy moment of the computer must not count
        token.check()
        if seconds * probe < _FULL_BATCH_SECONDS:
            seconds = min(seconds, steps.train(probe) / probe)
    if device == "cpu" and seconds * batch > _FULL_BATCH_SECONDS:
        notes.append(f"A step takes about {seconds * batch:.0f} s here; it was timed with {probe} images.")
        return probe, seconds
    return batch, float(np.median(list(_timed(steps, batch, token)))) / batch


def _timed(steps: _Steps, batch: int, token: CancelToken) -> Iterator[float]:
    """Seconds of a few steps after one that prepares."""
    steps.train(batch)
    for _ in range(_STEPS):
        token.check()
        yield steps.train(batch)


def _inference_seconds(
    network: nn.Module, preprocessing: Preprocessing, count: int, device: str, precision: str, token: CancelToken
) -> float:
    """Seconds per image of inference on this many images; on a GPU, in a batch of the size in which a run asks there,
    after one that prepares."""
    from core.models.forward import forward_logits, inference_batch

    count, times = (count, 1) if device == "cpu" else (inference_batch(torch.device(device)), 2)
    images = _noise(count, preprocessing.image_size)

    def once() -> float:
        begin = time.perf_counter()
        forward_logits(
            network,
            preprocessing,
            lambda indices: images[torch.from_numpy(indices)],
            np.arange(count),
            device=device,
            precision=precision,
            batch_size=count,
            token=token,
        )
        return (time.perf_counter() - begin) / count

    return [once() for _ in range(times)][-1]


def _memory(steps: _Steps, batch: int, device: str) -> int:
    """Bytes that training takes: measured on a GPU, counted on a CPU."""
    if device.startswith("cuda"):
        memory = int(torch.cuda.max_memory_reserved(device))
        torch.cuda.empty_cache()
        return memory
    weights = steps.learner.weights
    changed = sum(weight.numel() for weight in weights if weight.requires_grad)  # a gradient and two moments each
    fixed = 4 * (sum(weight.numel() for weight in weights) + 3 * changed)
    return fixed + steps.saved_activation_bytes(_PROBE_BATCH) * batch // _PROBE_BATCH


class _Steps:
    """Steps of a learner on noise of its kind."""

    def __init__(self, learner: Learner, image_size: int, classes: int, teacher_dims: tuple[int, ...]) -> None:
        self.learner, self._size, self._classes, self._dims = learner, image_size, classes, teacher_dims

    def train(self, count: int) -> float:
        """Seconds of one step with this many images."""
        batch = self._batch(count)
        self._wait()
        begin = time.perf_counter()
        self.learner.step(batch)
        self._wait()
        return time.perf_counter() - begin

    def saved_activation_bytes(self, count: int) -> int:
        """Bytes of what a forward pass with this many images keeps for its backward pass, weights not counted."""
        images = self._batch(count).images
        kept: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            if not isinstance(tensor, nn.Parameter):
                storage = tensor.untyped_storage()
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            outputs = self.learner.outputs(images)
        del outputs  # what was kept lives until here, so no address is counted for two tensors
        return sum(kept.values())

    def _batch(self, count: int) -> StepInput:
        device = self.learner.device
        labels = torch.arange(count, device=device) % self._classes
        teachers = tuple(
            Outputs(torch.randn(count, self._classes, device=device), torch.randn(count, width, device=device))
            for width in self._dims
        )
        statistics = tuple(
            TeacherStatistics(torch.randn(self._classes, width, device=device), torch.rand(count, device=device))
            for width in self._dims
        )
        images = _noise(count, self._size).to(device)
        return StepInput(images, labels, teachers, statistics, epoch=1, learning_rate=1e-6, seed=0)

    def _wait(self) -> None:
        if self.learner.device.type == "cuda":
            torch.cuda.synchronize(self.learner.device)
        elif self.learner.device.type == "mps":
            torch.mps.synchronize()


def _noise(count: int, size: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, size, size, 3), dtype=torch.uint8, generator=generator)
