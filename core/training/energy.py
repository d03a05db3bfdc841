"""The energy that a computer counts by itself: NVIDIA's driver for its GPUs, Intel's and AMD's RAPL for processors.

Nothing is estimated: where a counter is absent or may not be read (Linux lets only administrators read RAPL, unless
told otherwise), there is no figure. Counters count everything that ran meanwhile, not the run alone.
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.events import Emit, Event

POWERCAP = Path("/sys/class/powercap")
_SECONDS = 10.0
"""A counter of a processor begins anew after minutes at full load: it is read more often than that."""


class EnergyCounter(Protocol):
    """Counts joules since some moment; begins anew at `turns_at` joules (0: never)."""

    @property
    def name(self) -> str: ...
    @property
    def turns_at(self) -> float: ...
    def joules(self) -> float:
        """What it shows now. Raises OSError when it can not be read any more."""


@dataclass(frozen=True)
class ProcessorCounter:
    """A package of RAPL: `folder` is its one in powercap."""

    folder: Path
    name: str
    turns_at: float

    def joules(self) -> float:
        """See `EnergyCounter`. Raises OSError."""
        try:
            return int((self.folder / "energy_uj").read_text(encoding="ascii")) / 1e6
        except ValueError as error:
            raise OSError(str(error)) from error


@dataclass(frozen=True)
class GpuCounter:
    """A GPU of NVIDIA by its number: nvmlDeviceGetTotalEnergyConsumption, in millijoules since the driver started."""

    library: Any
    handle: Any
    name: str
    turns_at: float = 0.0

    def joules(self) -> float:
        """See `EnergyCounter`. Raises OSError."""
        counted = ctypes.c_ulonglong()
        code = self.library.nvmlDeviceGetTotalEnergyConsumption(self.handle, ctypes.byref(counted))
        if code:
            raise OSError(f"NVML says {code}")
        return counted.value / 1000


def counters(device: str, devices: int = 1, powercap: Path = POWERCAP) -> tuple[EnergyCounter, ...]:
    """The counters that can be read here: of the processors, and of the GPU where `device` ("cpu", "cuda:1") is one; of
    the first `devices` ones where so many compute together."""
    found: list[EnergyCounter] = list(_processors(powercap))
    if device.startswith("cuda"):
        first = int(device.partition(":")[2] or 0)
        for index in (first,) if devices == 1 else range(devices):
            with suppress(OSError, AttributeError, AssertionError):  # the last: torch sees no such GPU
                found.append(_gpu(index))
    return tuple(found)


class EnergyMeter:
    """Adds up what counters count from its making on. `before` is what a run had counted when it was interrupted."""

    def __init__(self, counted_by: Sequence[EnergyCounter], before: Mapping[str, Any] | None = None) -> None:
        self._counters = tuple(counted_by)
        known = before or {}
        joules = known.get("joules")
        self._joules = {str(name): float(value) for name, value in joules.items()} if isinstance(joules, dict) else {}
        self._seconds = float(known.get("seconds") or 0.0)
        self._last = {each.name: each.joules() for each in self._counters}
        self._time = time.monotonic()
        self._lock = threading.Lock()  # events come from any thread

    def read(self) -> None:
        """Add what was counted since it was last read; a counter that can not be read any more is left out."""
        with self._lock:
            now = time.monotonic()
            for each in self._counters:
                with suppress(OSError):
                    self._add(each, each.joules())
            if self._counters:
                self._seconds += now - self._time
            self._time = now

    def _add(self, counter: EnergyCounter, shown: float) -> None:
        step = shown - self._last[counter.name]
        if step < 0:
            step = step + counter.turns_at if counter.turns_at else 0.0
        self._joules[counter.name] = self._joules.get(counter.name, 0.0) + step
        self._last[counter.name] = shown

    def reading(self, emit: Emit) -> Emit:
        """Events as they are, with a look at the counters now and then."""

        def told(event: Event) -> None:
            if time.monotonic() - self._time > _SECONDS:
                self.read()
            emit(event)

        return told

    @property
    def document(self) -> dict[str, Any]:
        """For environment.json: joules by counter, and the seconds that were counted; empty without a counter."""
        if not self._joules:
            return {}
        return {"joules": {name: round(value, 3) for name, value in self._joules.items()}, "seconds": self._seconds}


def _processors(powercap: Path) -> list[ProcessorCounter]:
    if not sys.platform.startswith("linux"):
        return []
    found = []
    with suppress(OSError):
        for folder in sorted(powercap.iterdir()):
            if ":" not in folder.name or folder.name.count(":") > 1:  # parts of a package are in its figure
                continue
            with suppress(OSError, ValueError):
                name = (folder / "name").read_text(encoding="utf-8").strip()
                turns_at = int((folder / "max_energy_range_uj").read_text(encoding="ascii")) / 1e6
                counter = ProcessorCounter(folder, f"processor {name}", turns_at)
                counter.joules()
                if name.startswith("package"):
                    found.append(counter)
    return found


def _gpu(index: int) -> GpuCounter:
    """Raises OSError or AttributeError where NVIDIA's library is absent or counts no energy."""
    import torch

    library = ctypes.CDLL("nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1")
    if library.nvmlInit_v2():
        raise OSError("NVML does not start")
    handle = ctypes.c_void_p()
    # By its UUID: CUDA numbers the GPUs that a process may see, NVML all.
    uuid = f"GPU-{torch.cuda.get_device_properties(index).uuid}".encode()
    if library.nvmlDeviceGetHandleByUUID(ctypes.c_char_p(uuid), ctypes.byref(handle)):
        raise OSError("NVML does not know the GPU")
    counter = GpuCounter(library, handle, f"GPU {index}")
    counter.joules()
    return counter
