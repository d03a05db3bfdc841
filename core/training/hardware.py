"""What a run computes on: chosen once, said aloud, written into the run folder."""

from __future__ import annotations

import logging
import os
import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import SkinKDError
from core.events import Emit, Level, Notice, ignore
from core.recipe.schema import HardwareRecipe

Precision = Literal["32", "bf16", "16"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hardware:
    """A resolved choice: torch's device name, the precision of forward and backward passes, CPU threads (>= 1).

    `name` is for people ("NVIDIA H100", the processor's name). `inference_precision` is that of the teacher's
    inference. `devices` of each of `nodes` computers make the run together.
    """

    device: str
    precision: Precision
    threads: int
    name: str
    inference_precision: Precision = "32"
    devices: int = 1
    nodes: int = 1

    @property
    def description(self) -> str:
        """One line for status bars, logs and reports."""
        bits = {"32": "32-bit", "bf16": "bf16", "16": "fp16"}[self.precision]
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        count = self.devices * self.nodes
        on = threads if self.device == "cpu" else self.device
        if count > 1:
            each = f"{count} processes of {threads}" if self.device == "cpu" else f"{count} GPUs"
            on = each if self.nodes == 1 else f"{each} on {self.nodes} computers"
        return f"{self.name} ({on}, {bits})"


@dataclass(frozen=True)
class DeviceFacts:
    """A device that torch sees. `works` is False, with the reason, when a small computation on it failed."""

    device: str
    name: str
    memory_bytes: int | None
    works: bool
    reason: str = ""


def list_devices() -> tuple[DeviceFacts, ...]:
    """Every device that torch sees, the CPU last. Each GPU is tried with a small convolution."""
    return tuple(_devices())


def resolve(hardware: HardwareRecipe, emit: Emit = ignore) -> Hardware:
    """What the recipe's hardware section means on this computer; reports the choice and every fallback as a `Notice`.

    Raises `SkinKDError` when a device is asked for by name that is absent or does not work; of several processes of
    one run on GPUs, where this one's does not.
    """
    own = _own_number(hardware)
    asked = hardware.device
    chosen, why = _automatic(own, emit) if asked == "auto" else (_named(asked, own), "as the recipe asks")
    threads = hardware.threads or max(1, available_cores() // hardware.devices)
    precision = _precision(hardware.precision, chosen, emit)
    device = "cuda" if chosen.device == "cuda:0" else chosen.device
    answers = _automatic_inference_precision(chosen.device) if hardware.precision == "auto" else precision
    resolved = Hardware(device, precision, threads, chosen.name, answers, hardware.devices, hardware.nodes)
    emit(Notice(f"Computing on {resolved.description}: {why}."))
    return resolved


def _own_number(hardware: HardwareRecipe) -> int | None:
    """Which GPU of this computer is this process's, where several make a run together; None: whichever works."""
    number = os.environ.get("LOCAL_RANK") if hardware.devices > 1 else None
    return None if number is None else int(number)


@contextmanager
def fixed_threads(threads: int) -> Iterator[None]:
    """Let torch use this many CPU threads inside the block: their number is part of what makes results equal."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def available_cores() -> int:
    """How many CPU cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def cpu_name() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:  # noqa: PTH123
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "CPU"


def _devices(own: int | None = None) -> Iterator[DeviceFacts]:
    """The devices one by one: trying a GPU takes time and some of its memory, so those not needed are not tried. `own`
    is the number of the one GPU that may be; None: all."""
    import psutil
    import torch

    yield from _gpus(own)
    if torch.backends.mps.is_available():
        reason = _trial("mps")
        yield DeviceFacts("mps", "Apple GPU", None, not reason, reason)
    yield DeviceFacts("cpu", cpu_name(), psutil.virtual_memory().total, True)


def _gpus(own: int | None = None) -> Iterator[DeviceFacts]:
    """NVIDIA's GPUs, or the one of them. Where the computer has one and CUDA does not start, that is a device that does
    not work."""
    import torch

    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        for index in range(count) if own is None or not count else (own,):
            if index >= count:
                yield DeviceFacts(f"cuda:{index}", f"GPU {index + 1}", None, False, f"torch sees {count} here")
                return
            properties = torch.cuda.get_device_properties(index)
            reason = _trial(f"cuda:{index}")
            yield DeviceFacts(f"cuda:{index}", properties.name, properties.total_memory, not reason, reason)
    except (RuntimeError, AssertionError) as error:
        _log.warning("CUDA does not start", exc_info=True)
        yield DeviceFacts("cuda:0", "The NVIDIA GPU", None, False, _first_line(error))
        return
    if not count and has_nvidia_driver():
        told = _first_line(said[-1].message) if said else "CUDA does not start, though NVIDIA's driver is installed"
        without = "this PyTorch was built without CUDA; install one with it"
        yield DeviceFacts("cuda:0", "The NVIDIA GPU", None, False, told if torch.version.cuda else without)


def has_nvidia_driver() -> bool:
    """Whether NVIDIA's driver is installed, as far as its usual traces tell: this computer is meant to have a GPU."""
    traces = (Path("/proc/driver/nvidia/version"), Path(os.environ.get("SYSTEMROOT", ""), "System32", "nvcuda.dll"))
    return any(trace.is_file() for trace in traces)


def _first_line(error: object) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _automatic(own: int | None, emit: Emit) -> tuple[DeviceFacts, str]:
    """The first device that works, and why it was taken. Raises `SkinKDError` where the GPU `own` does not: the other
    processes of the run would wait for this one with theirs."""
    import torch

    for place, facts in enumerate(_devices(own)):
        if facts.works and facts.device != "cpu":
            return facts, "it is the first GPU that works"
        if facts.works:
            return facts, "no GPU works" if place else "no GPU was found"
        if own is not None and torch.cuda.is_available():
            raise SkinKDError(
                "One of the GPUs can not be used",
                f"{facts.name}, number {own + 1} of those that make the run together, can not be used: {facts.reason}. "
                "Set hardware.devices to fewer, or hardware.device to cpu.",
            )
        emit(Notice(f"{facts.name} can not be used and is left aside: {facts.reason}", Level.WARNING))
    raise AssertionError("the CPU always works")


def _named(device: str, own: int | None) -> DeviceFacts:
    seen: list[DeviceFacts] = []
    for facts in _devices(own):
        if facts.works and facts.device.partition(":")[0] == device:
            return facts
        seen.append(facts)
    there = ", ".join(f"{facts.device} ({facts.name})" for facts in seen if facts.works)
    broken = [facts for facts in seen if facts.device.partition(":")[0] == device]
    if broken:
        raise SkinKDError(
            f"{broken[0].name} does not work",
            f"A small computation on {device} failed. Choose another device; working are: {there}.",
            broken[0].reason,
        )
    raise SkinKDError(
        f"There is no {device} device",
        f"The recipe asks for {device}, but torch sees none on this computer. Set hardware.device to auto, or to one "
        f"of: {there}.",
    )


def _precision(asked: Precision | Literal["auto"], facts: DeviceFacts, emit: Emit) -> Precision:
    kind = facts.device.partition(":")[0]
    if asked == "auto":
        return _automatic_precision(facts.device) if kind == "cuda" else "32"
    if asked == "16" and kind == "cpu":
        emit(Notice("fp16 needs a GPU; the CPU computes with 32 bits instead.", Level.WARNING))
        return "32"
    return asked


def _automatic_precision(device: str) -> Precision:
    return "bf16" if _generation(device) >= 8 else _automatic_inference_precision(device)


def _automatic_inference_precision(device: str) -> Precision:
    """fp16 on GPUs that compute fast in it, otherwise 32 bits; never bf16.

    A student learns the answers as they are, and bf16's 8 bits change them: of a MobileNetV2 teacher, 2.5 % of its
    diagnoses and its probabilities by 0.008 on average (fp16, which rounds as finely as a GPU's TF32: 0.5 %, 0.002). So
    processors that are fast in bf16 alone are asked with 32 bits, though bf16 would take 0.6 of the time.
    """
    return "16" if device.startswith("cuda") and _generation(device) >= 7 else "32"


def _generation(device: str) -> int:
    import torch

    return int(torch.cuda.get_device_properties(device).major)


def _trial(device: str) -> str:
    """Why a small convolution with its gradient fails on the device; empty when it works."""
    import torch

    try:
        weight = torch.ones(2, 3, 3, 3, device=device, requires_grad=True)
        result = torch.nn.functional.conv2d(torch.ones(1, 3, 8, 8, device=device), weight).sum()
        result.backward()  # type: ignore[no-untyped-call]
        return "" if float(result) == 1944.0 else f"a convolution gave {float(result)} instead of 1944"
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        _log.warning("%s failed its trial", device, exc_info=True)
        return _first_line(error)
