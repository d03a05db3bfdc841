"""A run that several processes make together, one a device: what the leader says to the others, and what these do.

The leader does everything that one process would do, alone (`core.runs.execute`), but for the teachers' inference and
the training: for those the others get the run from it, and do their part. They write nothing and say nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from core.errors import Cancelled
from core.evaluation.metrics import score
from core.events import CancelToken, Emit, ignore
from core.process_group import ProcessGroup, process_group, working_with
from core.recipe import Recipe, recipe_from_toml
from core.recipe.schema import HardwareRecipe
from core.runs.preparing import PreparedData, decoded
from core.runs.teachers import Teacher
from core.runs.teaching import prepare_teachers
from core.training.divergence import TrainingDivergedError
from core.training.hardware import Precision, fixed_threads, resolve

if TYPE_CHECKING:
    from torch import nn

    from core.data.types import DataSet, Split
    from core.models.factory import LoadedModel
    from core.training.batches import FitData
    from core.training.compiling import Compilation
    from core.training.hardware import Hardware


MEETING = "SKINKD_MEETING"
"""The name of a variable: the file by which the processes of one computer meet."""


@dataclass(frozen=True)
class SharedRun:
    """What a follower must know of a run: its recipe (as TOML: its sections can not be pickled), what the leader found,
    the network with its first weights. The images are where the leader read them, on every computer."""

    recipe_toml: str
    model: LoadedModel
    dataset: DataSet
    split: Split
    teachers: tuple[Teacher, ...]
    precision: Precision
    numerics: Precision
    teacher_digest: str
    compilation: Compilation | None


def started_with_others() -> bool:
    """Whether this process is one of several, started by torchrun (`torch.distributed.run`) or `core.runs.several`."""
    known = "TORCHELASTIC_RUN_ID" in os.environ or MEETING in os.environ
    return known and int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextmanager
def joined(hardware: HardwareRecipe) -> Iterator[bool]:
    """Meet the other processes that torchrun started for runs with this hardware section. Yields whether this leads:
    the leader then makes the runs inside; a follower has helped with all of them when it gets here. Where torchrun
    started none, this process leads."""
    group = _met(hardware)
    if not group.leads:
        _follow(group)
    yield group.leads
    if group.size > 1 and group.leads:
        group.tell(None)


def _met(hardware: HardwareRecipe) -> ProcessGroup:
    group = process_group()
    if group.size == 1 and started_with_others():
        from core.training.engine import join_processes

        devices, nodes = (int(os.environ.get(name, "1")) for name in ("LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE"))
        join_processes(resolve(hardware), devices, nodes, os.environ.get(MEETING, ""))
    return process_group()


def _follow(group: ProcessGroup) -> None:
    """Help with every run that the leader makes, until it has no more."""
    while True:
        try:
            run = group.tell(None)
            if run is None:
                return
            _help(run, group)
        except (Cancelled, TrainingDivergedError):  # in the leader too, which says so
            continue


def _help(run: SharedRun, group: ProcessGroup) -> None:
    recipe, token = recipe_from_toml(run.recipe_toml), CancelToken()
    # Gradients are added as they are: scaled for fp16 in one process, they must be in all, whatever their GPUs.
    hardware = replace(resolve(recipe.hardware), precision=run.numerics)
    with fixed_threads(hardware.threads):
        store = decoded(run.dataset, recipe.data.image_size, recipe, ignore, token)
        data = PreparedData(run.dataset, run.split, store, (), {})
        with working_with(group):
            _train(run, recipe, data, hardware, token)


def _train(run: SharedRun, recipe: Recipe, data: PreparedData, hardware: Hardware, token: CancelToken) -> None:
    """A follower's part of the teachers' inference and of the training."""
    from core.training.batches import FitData
    from core.training.checkpoint import CheckpointFolder
    from core.training.loop import fit

    sources, _ = prepare_teachers(
        run.teachers, recipe, data, hardware=hardware, precision=run.precision, emit=ignore, token=token
    )
    images = FitData(data.store, data.split.train, data.split.validation, sources)
    network, images = learning(run.model, images, recipe, hardware, token)
    with TemporaryDirectory(prefix="skinkd-follower-") as folder:  # nothing is written to it
        fit(
            network,
            run.model.preprocessing,
            images,
            recipe,
            hardware=hardware,
            score=partial(score, classes=recipe.class_set),
            checkpoint=CheckpointFolder(Path(folder)),
            token=token,
            teacher_digest=run.teacher_digest,
            compilation=run.compilation,
        )


def learning(
    model: LoadedModel, data: FitData, recipe: Recipe, hardware: Hardware, token: CancelToken, emit: Emit = ignore
) -> tuple[nn.Module, FitData]:
    """What is trained, and on what: the model and its images, or of a probe its last layer and its features."""
    if not recipe.probes:
        return model.model, data
    from core.training.probing import prepare_probe

    probe = prepare_probe(model.model, model.preprocessing, data, hardware, recipe, emit, token)
    return probe.head, probe.data
