"""What a run will cost on this computer: a few real steps of the real models are timed, the rest is arithmetic."""

from __future__ import annotations

import math
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
from core.progress import thread_count
from core.recipe import Recipe
from core.training.compiling import AS_ASKED, TOO_SHORT, plan_compilation
from core.training.hardware import fixed_threads, resolve
from core.training.plan import EpochPlan
from core.training.timing import TeacherSpeed, TrainingSpeed, time_teachers, time_training

_DECODED = 12


@dataclass(frozen=True)
class Cost:
    """An estimate. Times in seconds, sizes in bytes; an epoch's are the mean over all epochs, which may differ.

    `seconds_total_max` is without early stopping and includes decoding, asking the teachers and the final test, but not
    training a teacher (a run of its own). `decode_seconds` is for images that were never decoded at this size.
    `teacher_seconds` is for what is computed of the teachers beforehand, in all views, 0 without a teacher; one that is
    asked online is part of the epochs. `alone_seconds` of the total are spent by one process while the others wait.
    `memory_bytes` is what training takes on each `device` beyond the program itself ("cpu": main memory; "cuda": the
    GPU's). `disk_bytes` are the run, the decoded images and the teachers' outputs; `exchanged_bytes` what each process
    of several sends to others in an epoch.
    """

    seconds_per_epoch: float
    seconds_total_max: float
    decode_seconds: float
    teacher_seconds: float
    disk_bytes: int
    memory_bytes: int
    device: str
    notes: tuple[str, ...]
    alone_seconds: float = 0.0
    exchanged_bytes: int = 0


@dataclass(frozen=True)
class Interconnect:
    """How fast the processes of a run add up their gradients: `seconds` of a step's messages, whatever their size, and
    `bytes_per_second` in which each sends."""

    seconds: float
    bytes_per_second: float

    def adding(self, size: int, processes: int) -> float:
        """Seconds in which so many bytes are added up over the processes."""
        return 0.0 if processes == 1 else self.seconds + sent_bytes(size, processes) / self.bytes_per_second


def sent_bytes(size: int, processes: int) -> int:
    """What each process sends so that so many bytes are added up in all: 2 (p - 1) / p of them, around a ring
    (Patarasuk and Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, 2009)."""
    return round(2 * size * (processes - 1) / processes)


INTERCONNECTS = {
    "cpu": Interconnect(0.002, 0.8e9),
    "cuda": Interconnect(0.002, 20e9),
}
"""Of one computer, by kind of device. Of a CPU's processes as measured (`make bench ARGS="--only scaling"`: 8.9 MB in
11 ms); of GPUs not measured: two thirds of what PCIe 4.0 x16 moves one way (32 GB/s), NVLink moves ten times that."""


@dataclass(frozen=True)
class Speeds:
    """What a run's arithmetic starts from: the speed of its training with the images of one process, of its teachers,
    seconds to decode an image at all sizes in one thread, and in how many threads that is done."""

    training: TrainingSpeed
    teachers: tuple[TeacherSpeed, ...]
    decoding: float
    decoding_threads: int
    device: str
    interconnect: Interconnect


def images_of_process(recipe: Recipe) -> int:
    """The most images of a batch that one of the processes of a run has."""
    return math.ceil(recipe.optimisation.batch_size / processes_of(recipe))


def processes_of(recipe: Recipe) -> int:
    """How many processes, one a device, make a run together."""
    return recipe.hardware.devices * recipe.hardware.nodes


def estimate_cost(
    recipe: Recipe, images: int, train_images: int, emit: Emit = ignore, token: CancelToken | None = None
) -> Cost:
    """The cost of a run over `images` usable images, `train_images` of them in the training part.

    Takes seconds to about a minute; nothing is downloaded (time does not depend on the weights). Of several devices one
    is timed, with its part of a batch. Raises `SkinKDError` when the models do not fit into the device's memory or can
    not be made, `Cancelled` between two steps.
    """
    token = token or CancelToken()
    hardware = resolve(recipe.hardware, emit)
    notes = list(recipe.optimisation.notes)
    emit(Progress(Phase.LOADING, 0, 3))
    with fixed_threads(hardware.threads):
        teachers = time_teachers(recipe, hardware, notes, token)
        emit(Progress(Phase.LOADING, 1, 3))
        dims, own = tuple(teacher.feature_dim for teacher in teachers), images_of_process(recipe)
        speed = time_training(recipe, hardware, dims, notes, token, own)
        emit(Progress(Phase.LOADING, 2, 3))
    sizes = {recipe.data.image_size, *(teacher.image_size for teacher in teachers)}
    decoding = sum(_decoding_seconds(recipe, size, notes, token) for size in sorted(sizes))
    emit(Progress(Phase.LOADING, 3, 3))
    kind = hardware.device.partition(":")[0]
    threads = thread_count(recipe.hardware.threads)
    between = INTERCONNECTS.get(kind, INTERCONNECTS["cpu"])
    speeds = Speeds(speed, teachers, decoding, threads, kind, between)
    if recipe.probes:
        notes.append("Of a probe, computing its features is counted; its last layer learns from them within seconds.")
    else:
        plan = EpochPlan.of(recipe, train_images)
        notes += _compilation_notes(recipe, hardware.device, plan, speed.training * own)
    if processes_of(recipe) > 1:
        notes.append(
            f"One of {processes_of(recipe)} devices was timed with its part of a batch ({own} images); adding up their "
            f"gradients is reckoned at {between.bytes_per_second / 1e9:g} GB a second."
        )
    return reckoned(recipe, images, train_images, speeds, tuple(notes))


def reckoned(recipe: Recipe, images: int, train_images: int, speeds: Speeds, notes: tuple[str, ...] = ()) -> Cost:
    """The cost of a run from speeds, however these were found; see `estimate_cost`. Of several processes each has its
    part of a batch, of the validation images and of those that the teachers are asked about; one alone decodes the
    images and makes the final test. All wait for their gradients to be added up in every step."""
    speed, processes, own = speeds.training, processes_of(recipe), images_of_process(recipe)
    sizes = {recipe.data.image_size, *(teacher.image_size for teacher in speeds.teachers)}
    shares = recipe.data.split
    rest = images - train_images
    validation = round(rest * shares[1] / (shares[1] + shares[2]) * (1 - recipe.data.calibration))
    plan = EpochPlan.of(recipe, train_images)
    shown = sum(plan.trained_images(epoch) for epoch in range(1, plan.epochs + 1)) / plan.epochs
    steps = shown / recipe.optimisation.batch_size
    answering = sum(teacher.answering for teacher in speeds.teachers)
    online = answering / processes if recipe.infers_online else 0.0
    validations = 2 if recipe.optimisation.ema else 1  # of the weights, and of their average
    adding = speeds.interconnect.adding(4 * speed.parameters, processes)
    epoch = steps * (own * speed.training + adding) + shown * online
    epoch += validations * validation * speed.answering / processes
    asking = train_images * answering * recipe.stored_views / processes
    if recipe.probes:
        # Its steps take seconds; the network is asked once about every image that they learn or are scored from.
        epoch, asking = 0.0, (train_images + validation) * speed.answering / processes
    decoding = speeds.decoding * images / speeds.decoding_threads
    alone = decoding + rest * speed.answering
    stores = sum(images * size * size * 3 for size in sizes)
    teachers = speeds.teachers
    widths = sum(teacher.feature_dim for teacher in teachers) if recipe.needs_teacher_features else len(teachers)
    answers = 4 * images * recipe.stored_views * (widths + len(recipe.class_set) * len(teachers))
    # Of each image the logits go to all others, in 32 bits.
    logits = 4 * len(recipe.class_set) * own * (processes - 1)
    return Cost(
        seconds_per_epoch=epoch,
        seconds_total_max=recipe.optimisation.epochs * epoch + asking + alone,
        decode_seconds=decoding,
        teacher_seconds=asking,
        # Model file, and in the checkpoint: weights, two moments of Adam, the best weights, their average.
        disk_bytes=stores + answers + (4 + validations) * speed.parameters * 4 + rest * 120,
        memory_bytes=speed.memory + (stores if recipe.hardware.image_store == "memory" else 0),
        device=speeds.device,
        notes=notes,
        alone_seconds=alone if processes > 1 else 0.0,
        exchanged_bytes=round(steps * (sent_bytes(4 * speed.parameters, processes) + logits)) if processes > 1 else 0,
    )


def _compilation_notes(recipe: Recipe, device: str, plan: EpochPlan, seconds: float) -> tuple[str, ...]:
    """What the figures leave out where the steps, of so many seconds, will be compiled."""
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
