"""What drives the loop: Lightning Fabric on the chosen hardware, torch.compile where it pays and works, and torch's
global state left as it was."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from core.events import Emit, Notice
from core.training.hardware import Hardware

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Network = Callable[[Tensor], Any]
"""Images to logits, or to logits and features; the same weights, however it is computed."""

_WORTHWHILE_STEPS = 2000
"""Compiling takes a minute or more; it is won back only by a training of several minutes."""

_log = logging.getLogger(__name__)

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


def worth_compiling(device: str, steps: int) -> bool:
    """Whether a training of so many steps is worth compiling for: on NVIDIA GPUs, when it is long."""
    return device.startswith("cuda") and steps >= _WORTHWHILE_STEPS


def compiled(
    model: nn.Module, example: Tensor, emit: Emit, compile_with: Callable[..., Any] = torch.compile
) -> Network:
    """A faster way to compute `model` for batches of the shape of `example`, (n, 3, S, S), or `model` where that fails.

    It is tried once, forward and backward, with `example`, which takes a minute or more; weights, running statistics
    and gradients are afterwards as they were before (gradients: none). The compiled network shares the model's weights:
    checkpoints stay those of the plain model. Call it in the precision context of the training.
    """
    statistics = [buffer.clone() for buffer in model.buffers()]
    try:
        network: Network = compile_with(model, mode="reduce-overhead", dynamic=False)
        for _ in range(2):  # the first call builds, the second records the graph
            found = network(example)
            answers = found if isinstance(found, tuple) else (found,)
            torch.autograd.backward([answer.float().sum() for answer in answers])
    except torch.OutOfMemoryError:
        _log.warning("the compiled network did not fit into memory", exc_info=True)
        emit(Notice("The network is not compiled: that takes more memory than there is."))
        network = model
    except Exception as error:  # the compiler's many parts raise anything, from a missing C compiler to internal errors
        _log.warning("the network could not be compiled", exc_info=True)
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        emit(Notice(f"The network is not compiled and trains at the usual speed: {reason}"))
        network = model
    else:
        emit(Notice("The network was compiled for this GPU."))
    with torch.no_grad():
        for buffer, kept in zip(model.buffers(), statistics, strict=True):
            buffer.copy_(kept)
    model.zero_grad()
    return network
