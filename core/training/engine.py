"""What drives the loop: Lightning Fabric on the chosen hardware, and torch's global state left as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from core.training.hardware import Hardware

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_FABRIC_PRECISION: dict[str, Any] = {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}


def create_fabric(hardware: Hardware) -> Fabric:
    """Fabric for one device, with autocast and gradient scaling as the precision needs."""
    from lightning_fabric import Fabric

    # Fabric announces its choices on the terminal; ours are reported as events.
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.ERROR)
    kind, _, index = hardware.device.partition(":")
    devices: list[int] | int = [int(index or 0)] if kind == "cuda" else 1
    return Fabric(accelerator=kind, devices=devices, precision=_FABRIC_PRECISION[hardware.precision])


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
