"""What a run will cost on this computer: a few real steps of the real models are timed, the rest is arithmetic."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.data.types import CLASS_CODES
from core.distillation.objective import Objective
from core.distillation.outputs import Outputs
from core.errors import SkinKDError
from core.events import CancelToken, Phase, Progress, Report, ignore
from core.models.info import Preprocessing
from core.recipe import Recipe
from core.training.hardware import Hardware, fixed_threads, resolve
from core.training.optimisation import create_optimizer, trainable_count
from core.training.plan import EpochPlan

_STEPS = 3
_PROBE_BATCH = 2
_FULL_BATCH_SECONDS = 5.0
"""Above this, a full batch is not waited for: its time is that of a small one, times the images."""
_DECODED = 12
_IMAGE_ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class Cost:
    """An estimate. Times in seconds, sizes in bytes; an epoch's are the mean over all epochs, which may differ.

    `seconds_total_max` is without early stopping and includes decoding, asking the teacher and the final test, but not
    training a teacher (a run of its own). `decode_seconds` is for images that were never decoded at this size.
    `teacher_seconds` is for the teacher's logits of all training images, 0 without a teacher. `memory_bytes` is what
    training takes on `device` beyond the program itself ("cpu": main memory; "cuda": the GPU's). `disk_bytes` are the
    run and the decoded images.
    """

    seconds_per_epoch: float
    seconds_total_max: float
    decode_seconds: float
    teacher_seconds: float
    disk_bytes: int
    memory_bytes: int
    device: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Speed:
    """Seconds per image of training and of answering, and bytes while training with the recipe's batch size."""

    training: float
    answering: float
    memory: int
    parameters: int


def estimate_cost(
    recipe: Recipe, images: int, train_images: int, report: Report = ignore, token: CancelToken | None = None
) -> Cost:
    """The cost of a run over `images` usable images, `train_images` of them in the training part.

    Takes seconds to about a minute; nothing is downloaded (time does not depend on the weights). Raises `SkinKDError`
    when the models do not fit into the device's memory or can not be made, `Cancelled` between two steps.
    """
    token = token or CancelToken()
    hardware = resolve(recipe.hardware, report)
    notes: list[str] = []
    report(Progress(Phase.LOADING, 0, 3))
    with fixed_threads(hardware.threads):
        speed = _measure_training(recipe, hardware, notes, token)
        report(Progress(Phase.LOADING, 1, 3))
        teacher, teacher_size = _measure_teacher(recipe, hardware, notes, token)
        report(Progress(Phase.LOADING, 2, 3))
    sizes = {recipe.data.image_size, teacher_size or recipe.data.image_size}
    decoding = sum(_decoding_seconds(recipe, size, notes, token) for size in sorted(sizes)) * images / hardware.threads
    report(Progress(Phase.LOADING, 3, 3))
    shares = recipe.data.split
    rest = images - train_images
    validation = round(rest * shares[1] / (shares[1] + shares[2]) * (1 - recipe.data.calibration))
    plan = EpochPlan.of(recipe, train_images)
    shown = sum(plan.trained_images(epoch) for epoch in range(1, plan.epochs + 1)) / plan.epochs
    epoch = shown * speed.training + validation * speed.answering
    asking = train_images * teacher
    total = recipe.optimisation.epochs * epoch + decoding + asking + rest * speed.answering
    stores = sum(images * size * size * 3 for size in sizes)
    return Cost(
        seconds_per_epoch=epoch,
        seconds_total_max=total,
        decode_seconds=decoding,
        teacher_seconds=asking,
        # Model file, and in the checkpoint: weights, two moments of Adam, the best weights.
        disk_bytes=stores + 5 * speed.parameters * 4 + rest * 120,
        memory_bytes=speed.memory + (stores if recipe.hardware.image_store == "memory" else 0),
        device=hardware.device.partition(":")[0],
        notes=tuple(notes),
    )


def _measure_training(recipe: Recipe, hardware: Hardware, notes: list[str], token: CancelToken) -> _Speed:
    from core.models.factory import create_model

    section, batch = recipe.trained, recipe.optimisation.batch_size
    loaded = create_model(
        section.architecture, weights="none", image_size=recipe.data.image_size, freeze=section.freeze
    )
    steps = _Steps(loaded.model, loaded.preprocessing, recipe, hardware)
    parameters = sum(parameter.numel() for parameter in loaded.model.parameters())
    try:
        probe = min(_PROBE_BATCH, batch)
        seconds = steps.train(probe) / probe
        for _ in range(2):  # the first step prepares; a busy moment of the computer must not count
            token.check()
            if seconds * probe < _FULL_BATCH_SECONDS:
                seconds = min(seconds, steps.train(probe) / probe)
        if hardware.device == "cpu" and seconds * batch > _FULL_BATCH_SECONDS:
            measured = probe
            notes.append(f"A step takes about {seconds * batch:.0f} s here; it was timed with {probe} images.")
        else:
            measured = batch
            seconds = float(np.median(list(_timed(steps, batch, token)))) / batch
        token.check()
        answering = steps.answer(measured)
    except torch.OutOfMemoryError as error:
        raise _too_large(section.architecture, batch) from error
    fixed = 4 * (parameters + 3 * trainable_count(loaded.model))  # weights; gradients and two moments
    if hardware.device.startswith("cuda"):
        memory = int(torch.cuda.max_memory_reserved(hardware.device))
        torch.cuda.empty_cache()
    else:
        memory = fixed + steps.kept_bytes(_PROBE_BATCH) * batch // _PROBE_BATCH
    return _Speed(seconds, answering, memory, parameters)


def _timed(steps: _Steps, batch: int, token: CancelToken) -> Iterator[float]:
    """Seconds of a few steps after one that prepares."""
    steps.train(batch)
    for _ in range(_STEPS):
        token.check()
        yield steps.train(batch)


def _measure_teacher(
    recipe: Recipe, hardware: Hardware, notes: list[str], token: CancelToken
) -> tuple[float, int | None]:
    """Seconds per image that the teacher takes to answer, and its image size; (0, None) without a teacher."""
    if not recipe.needs_teacher:
        return 0.0, None
    from core.models.factory import create_model

    token.check()
    architecture, size = _teacher_facts(recipe, notes)
    loaded = create_model(architecture, weights="none", image_size=size)
    steps = _Steps(loaded.model, loaded.preprocessing, recipe, hardware, learning=False)
    try:
        steps.answer(_PROBE_BATCH)
        return steps.answer(_PROBE_BATCH if hardware.device == "cpu" else recipe.optimisation.batch_size), size
    except torch.OutOfMemoryError as error:
        raise _too_large(architecture, recipe.optimisation.batch_size) from error


def _teacher_facts(recipe: Recipe, notes: list[str]) -> tuple[str, int]:
    file = Path(recipe.teacher.run) / "model.safetensors"
    if recipe.teacher.run and file.is_file():
        from core.models.files import read_model_info

        info = read_model_info(file)
        return info.architecture, info.preprocessing.image_size
    if recipe.teacher.run:
        notes.append(f"The teacher run was not found here; {recipe.teacher.architecture} was timed in its place.")
    return recipe.teacher.architecture, recipe.data.image_size


class _Steps:
    """Real steps of one model on noise."""

    def __init__(
        self, model: nn.Module, preprocessing: Preprocessing, recipe: Recipe, hardware: Hardware, learning: bool = True
    ) -> None:
        from core.models.factory import train_mode
        from core.models.folding import folded

        self._device = torch.device(hardware.device)
        model = model if learning else folded(model, preprocessing.image_size)  # as a teacher is asked
        self._model = model.to(device=self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._train_mode = train_mode
        self._preprocessing = preprocessing
        self._optimizer = (
            create_optimizer(model.parameters(), recipe.optimisation, hardware.device) if learning else None
        )
        self._objective = Objective(recipe.loss_terms, recipe.distillation.alpha).to(self._device)
        kinds = {"32": None, "bf16": torch.bfloat16, "16": torch.float16}
        self._type = kinds[hardware.precision if learning else hardware.answers]
        self._noise = np.random.default_rng(0)
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)

    def train(self, count: int) -> float:
        """Seconds of one step with this many images."""
        assert self._optimizer is not None
        self._train_mode(self._model)
        images, labels, teacher = self._batch(count)
        begin = self._now()
        with self._autocast():
            logits = self._model(self._inputs(images))
        loss = self._objective(Outputs(logits), labels, (Outputs(teacher),)).total
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return self._now() - begin

    def kept_bytes(self, count: int) -> int:
        """Bytes of what a forward pass with this many images keeps for its backward pass, weights not counted."""
        self._train_mode(self._model)
        inputs = self._inputs(self._batch(count)[0])
        kept: dict[int, int] = {}

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            if not isinstance(tensor, nn.Parameter):
                storage = tensor.untyped_storage()
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), self._autocast():
            logits = self._model(inputs)
        del logits  # what was kept lives until here, so no address is counted for two tensors
        return sum(kept.values())

    def answer(self, count: int) -> float:
        """Seconds per image of a forward pass with this many images."""
        self._model.eval()
        images = self._batch(count)[0]
        begin = self._now()
        with torch.no_grad(), self._autocast():
            self._model(self._inputs(images))
        return (self._now() - begin) / count

    def _inputs(self, images: torch.Tensor) -> torch.Tensor:
        from core.models.preprocessing import normalise

        return normalise(images.to(self._device), self._preprocessing)

    def _batch(self, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        size, classes = self._preprocessing.image_size, len(CLASS_CODES)
        images = torch.from_numpy(self._noise.integers(0, 256, (count, size, size, 3), dtype=np.uint8))
        labels = torch.from_numpy(self._noise.integers(0, classes, count)).to(self._device)
        teacher = torch.from_numpy(self._noise.normal(size=(count, classes)).astype(np.float32)).to(self._device)
        return images, labels, teacher

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._device.type, dtype=self._type, enabled=self._type is not None)

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter()


def _decoding_seconds(recipe: Recipe, size: int, notes: list[str], token: CancelToken) -> float:
    """Seconds to decode one image in one thread, the median over some of the user's files."""
    from core.data.decoding import decode_image

    times: list[float] = []
    for path in islice(_image_files(Path(recipe.data.path)), _DECODED):
        token.check()
        begin = time.perf_counter()
        try:
            decode_image(path, size)
        except (OSError, ValueError, SkinKDError):
            continue  # the check of the images lists it
        times.append(time.perf_counter() - begin)
    if not times:
        notes.append("No image was found to time the decoding with; it is not included.")
        return 0.0
    return float(np.median(times))


def _image_files(root: Path) -> Iterator[Path]:
    """Image files below a folder (or beside a table), as they come."""
    for folder, _, names in os.walk(root if root.is_dir() else root.parent):
        for name in names:
            if Path(name).suffix.lower() in _IMAGE_ENDINGS:
                yield Path(folder, name)


def _too_large(architecture: str, batch_size: int) -> SkinKDError:
    return SkinKDError(
        "The GPU has not enough memory",
        f"{architecture} with batches of {batch_size} images does not fit. Choose a smaller batch size, smaller "
        "images or a smaller network, or close other programs that use the GPU.",
    )
