"""What a run will cost on this computer: a few real steps of the real models are timed, the rest is arithmetic."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from core.data.decoding import IMAGE_SUFFIXES, decode_image
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase, Progress, ignore
from core.recipe import Recipe
from core.training.compiling import AS_ASKED, TOO_SHORT, plan_compilation
from core.training.hardware import fixed_threads, resolve
from core.training.plan import EpochPlan
from core.training.timing import time_teachers, time_training

_DECODED = 12


@dataclass(frozen=True)
class Cost:
    """An estimate. Times in seconds, sizes in bytes; an epoch's are the mean over all epochs, which may differ.

    `seconds_total_max` is without early stopping and includes decoding, asking the teachers and the final test, but not
    training a teacher (a run of its own). `decode_seconds` is for images that were never decoded at this size.
    `teacher_seconds` is for what is computed of the teachers beforehand, in all views, 0 without a teacher; one that is
    asked online is part of the epochs. `memory_bytes` is what training takes on `device` beyond the program itself
    ("cpu": main memory; "cuda": the GPU's). `disk_bytes` are the run, the decoded images and the teachers' outputs.
    """

    seconds_per_epoch: float
    seconds_total_max: float
    decode_seconds: float
    teacher_seconds: float
    disk_bytes: int
    memory_bytes: int
    device: str
    notes: tuple[str, ...]


def estimate_cost(
    recipe: Recipe, images: int, train_images: int, emit: Emit = ignore, token: CancelToken | None = None
) -> Cost:
    """The cost of a run over `images` usable images, `train_images` of them in the training part.

    Takes seconds to about a minute; nothing is downloaded (time does not depend on the weights). Raises `SkinKDError`
    when the models do not fit into the device's memory or can not be made, `Cancelled` between two steps.
    """
    token = token or CancelToken()
    hardware = resolve(recipe.hardware, emit)
    notes = list(recipe.optimisation.notes)
    emit(Progress(Phase.LOADING, 0, 3))
    with fixed_threads(hardware.threads):
        teachers = time_teachers(recipe, hardware, notes, token)
        emit(Progress(Phase.LOADING, 1, 3))
        speed = time_training(recipe, hardware, tuple(teacher.feature_dim for teacher in teachers), notes, token)
        emit(Progress(Phase.LOADING, 2, 3))
    sizes = {recipe.data.image_size, *(teacher.image_size for teacher in teachers)}
    decoding = sum(_decoding_seconds(recipe, size, notes, token) for size in sorted(sizes)) * images / hardware.threads
    emit(Progress(Phase.LOADING, 3, 3))
    shares = recipe.data.split
    rest = images - train_images
    validation = round(rest * shares[1] / (shares[1] + shares[2]) * (1 - recipe.data.calibration))
    plan = EpochPlan.of(recipe, train_images)
    shown = sum(plan.trained_images(epoch) for epoch in range(1, plan.epochs + 1)) / plan.epochs
    answering = sum(teacher.answering for teacher in teachers)
    online = answering if recipe.infers_online else 0.0
    validations = 2 if recipe.optimisation.ema else 1  # of the weights, and of their average
    epoch = shown * (speed.training + online) + validations * validation * speed.answering
    asking = train_images * answering * recipe.stored_views
    if not recipe.probes:
        notes += _compilation_notes(recipe, hardware.device, plan, speed.training)
    else:
        # Its steps take seconds; the network is asked once about every image that they learn or are scored from.
        epoch, asking = 0.0, (train_images + validation) * speed.answering
        notes.append("Of a probe, computing its features is counted; its last layer learns from them within seconds.")
    total = recipe.optimisation.epochs * epoch + decoding + asking + rest * speed.answering
    stores = sum(images * size * size * 3 for size in sizes)
    widths = sum(teacher.feature_dim for teacher in teachers) if recipe.needs_teacher_features else len(teachers)
    answers = 4 * images * recipe.stored_views * (widths + len(recipe.class_set) * len(teachers))
    return Cost(
        seconds_per_epoch=epoch,
        seconds_total_max=total,
        decode_seconds=decoding,
        teacher_seconds=asking,
        # Model file, and in the checkpoint: weights, two moments of Adam, the best weights, their average.
        disk_bytes=stores + answers + (4 + validations) * speed.parameters * 4 + rest * 120,
        memory_bytes=speed.memory + (stores if recipe.hardware.image_store == "memory" else 0),
        device=hardware.device.partition(":")[0],
        notes=tuple(notes),
    )


def _compilation_notes(recipe: Recipe, device: str, plan: EpochPlan, image_seconds: float) -> tuple[str, ...]:
    """What the figures leave out where the steps will be compiled."""
    seconds = image_seconds * recipe.optimisation.batch_size
    planned = plan_compilation(recipe.hardware.compile, device.partition(":")[0], plan.total, lambda: seconds)
    if planned.compiled:
        return (
            "The network is compiled before the first step, which takes a minute or two and usually makes the training "
            "faster than these figures, which are without it.",
        )
    return () if planned.reason in (AS_ASKED, TOO_SHORT) else (planned.reason,)


def _decoding_seconds(recipe: Recipe, size: int, notes: list[str], token: CancelToken) -> float:
    """Seconds to decode one image in one thread, the median over some of the user's files."""
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
            if Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield Path(folder, name)
