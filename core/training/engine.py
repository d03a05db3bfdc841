"""What drives the loop: Lightning Fabric on the chosen hardware, and torch's global state left as it was."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from core.events import Emit, Level, Notice
from core.process_group import ProcessGroup
from core.training.hardware import Hardware

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_FABRIC_PRECISION: dict[str, Any] = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}


def create_fabric(hardware: Hardware) -> Fabric:
    """Fabric for one device, with autocast and gradient scaling as the precision needs."""
    from lightning_fabric import Fabric

    _quiet()
    kind, _, index = hardware.device.partition(":")
    devices: list[int] | int = [int(index or 0)] if kind == "cuda" else 1
    return Fabric(accelerator=kind, devices=devices, precision=_FABRIC_PRECISION[hardware.precision])


def _quiet() -> None:
    """Fabric announces its choices on the terminal; ours are reported as events."""
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.ERROR)


def join_processes(hardware: Hardware, devices: int, nodes: int, meeting: str) -> None:
    """Meet the other processes that were started for a run, `devices` on each of so many `nodes`: by the file `meeting`
    on one computer, where nothing listens for that; without one by what torchrun (or SLURM) said to this process.
    Raises what torch raises when they do not come."""
    from datetime import timedelta

    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments.lightning import LightningEnvironment
    from lightning_fabric.strategies.ddp import DDPStrategy

    _quiet()
    kind = hardware.device.partition(":")[0]
    # Followers wait for the leader, which may read and decode data for hours: by gloo, in a group of its own on GPUs.
    # NCCL only joins what all compute at the same time; where one is lost there, the others end.
    backend, patience = ("nccl", timedelta(minutes=30)) if kind == "cuda" else ("gloo", timedelta(days=30))
    if meeting:
        own, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        torch.distributed.init_process_group(
            backend, init_method=f"file://{meeting}", rank=own, world_size=count, timeout=patience
        )
    strategy = DDPStrategy(process_group_backend=backend, timeout=patience)
    # In a job of SLURM's, Fabric would take the processes for SLURM's, all of them for its first.
    plugins: list[Any] = [LightningEnvironment()] if meeting else []
    Fabric(accelerator=kind, devices=devices, num_nodes=nodes, strategy=strategy, plugins=plugins).launch()


def with_common_statistics(model: nn.Module, device: torch.device, group: ProcessGroup, emit: Emit) -> nn.Module:
    """The model with batch normalisation that takes its statistics from all processes' images, on GPUs; on a CPU torch
    has none, which is said."""
    normalises = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())
    if group.size == 1 or not normalises:
        return model
    if device.type == "cuda":
        from timm.layers.norm_act import convert_sync_batchnorm

        found: nn.Module = convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return found
    emit(
        Notice(
            f"Batch normalisation takes its statistics from each process's part of a batch (of {group.size}), so the "
            "numbers differ from those of one process. On GPUs it takes them from the whole batch.",
            Level.WARNING,
        )
    )
    return model


@contextmanager
def without_exchange(model: nn.Module) -> Iterator[None]:
    """Inside, its batch normalisation waits for no other process and changes no statistics, for about the same
    memory."""
    exchanging = [module for module in model.modules() if isinstance(module, nn.SyncBatchNorm) and module.training]
    for module in exchanging:
        module.eval()
    try:
        yield
    finally:
        for module in exchanging:
            module.train()


@contextmanager
def own_randomness(device: str) -> Iterator[None]:
    """Leave the global random state and cuDNN's settings as they were."""
    on_cuda = device.startswith("cuda")
    devices = [torch.device(device).index or 0] if on_cuda else []
    benchmark = torch.backends.cudnn.benchmark
    with torch.random.fork_rng(devices=devices):
        torch.backends.cudnn.benchmark = on_cuda
        try:
            yield
        finally:
            torch.backends.cudnn.benchmark = benchmark
