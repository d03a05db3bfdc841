"""One process against several that make the same run together, with the same cores (on GPUs: with one each)."""

from __future__ import annotations

import core  # noqa: F401  (before numpy and torch: it says how their threads wait)

# isort: split
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from ratios import Ratio, Settings, say
from resident import FULL

from core.training.hardware import available_cores

_EPOCHS = 3
_PEER = Path(__file__).with_name("scaling_peer.py")


@dataclass(frozen=True)
class Found:
    """Of one run: images a second, seconds in which the gradients of a step are added up, their bytes, the device."""

    rate: float
    exchange: float
    bytes: int
    device: str


def measure(settings: Settings) -> list[Ratio]:
    """Rates of two processes (and of more where there are as many GPUs or cores) over that of one, in turns; and over
    what the cost page's arithmetic makes of one process that has its part of a batch and of the cores."""
    size, steps = (96, 4) if settings.quick else (224, 4)
    if torch.cuda.is_available():
        size, steps = FULL.size, 60
    counts = [count for count in (2, 4, 8) if count <= _places()]
    turns = [[_turn(count, size, steps, settings.folder) for count in counts] for _ in range(settings.turns)]
    found = [line for place in range(len(counts)) for line in _compared([row[place] for row in turns], size)]
    return found or [Ratio("several processes", 0.0, 0.0, "images/s", note="there is one core, or one GPU, alone")]


def interval(values: list[float]) -> tuple[float, float]:
    """The 95 % interval of the geometric mean of paired ratios (Student's t of their logarithms)."""
    from scipy.special import stdtrit

    logs = [math.log(value) for value in values]
    if len(logs) < 2:
        return 0.0, math.inf
    reach = float(stdtrit(len(logs) - 1, 0.975)) * statistics.stdev(logs) / math.sqrt(len(logs))
    middle = statistics.fmean(logs)
    return math.exp(middle - reach), math.exp(middle + reach)


@dataclass(frozen=True)
class Turn:
    """One process with all cores, `count` processes with them together, and one with the part of one of these."""

    count: int
    one: Found
    several: Found
    part: Found

    @property
    def reckoned(self) -> float:
        """Images a second of the several, from the part and from what the gradients took."""
        own = FULL.batch // self.count
        return FULL.batch / (own / self.part.rate + self.several.exchange)


def _turn(count: int, size: int, steps: int, folder: Path) -> Turn:
    cores = max(1, available_cores() // count)
    one = _run(1, size, FULL.batch, available_cores(), steps, folder)
    several = _run(count, size, FULL.batch, cores, steps, folder)
    return Turn(count, one, several, _run(1, size, FULL.batch // count, cores, steps, folder))


def _compared(turns: list[Turn], size: int) -> list[Ratio]:
    count, last = turns[0].count, turns[-1].several
    several, one, reckoned = (
        math.exp(statistics.fmean(map(math.log, rates)))
        for rates in zip(*((turn.several.rate, turn.one.rate, turn.reckoned) for turn in turns), strict=True)
    )
    took = statistics.median(turn.several.exchange for turn in turns)
    exchange = f"{last.bytes / 1e6:.1f} MB of gradients, {last.bytes / took / 1e9:.2f} GB/s; reference: the step"
    return [
        Ratio(
            f"{count} processes / 1",
            several,
            one,
            "images/s",
            note=f"{_reach([turn.several.rate / turn.one.rate for turn in turns])}; {size} px, {last.device}",
        ),
        Ratio(
            f"{count} processes / as reckoned",
            several,
            reckoned,
            "images/s",
            note=_reach([turn.several.rate / turn.reckoned for turn in turns]),
        ),
        Ratio(f"gradients of {count} / step", 1000 * took, 1000 * FULL.batch / several, "ms", note=exchange),
    ]


def _reach(ratios: list[float]) -> str:
    low, high = interval(ratios)
    return f"{low:.2f} to {high:.2f} (95 %, {len(ratios)} turns)"


def _places() -> int:
    return torch.cuda.device_count() if torch.cuda.is_available() else available_cores()


def _run(processes: int, size: int, batch: int, threads: int, steps: int, folder: Path) -> Found:
    """A run by so many processes with so many threads each; its first epoch does not count."""
    out = folder / "found.json"
    out.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as meeting:
        group = {**os.environ, "WORLD_SIZE": str(processes), "SKINKD_MEET": f"{meeting}/meet"}
        group |= {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
        group["OMP_NUM_THREADS"] = str(threads)
        command = [sys.executable, str(_PEER), *map(str, (size, batch, threads, steps, _EPOCHS)), str(out)]
        started = [
            subprocess.Popen(command, env={**group, "RANK": str(rank), "LOCAL_RANK": str(rank)})
            for rank in range(processes)
        ]
        try:
            codes = [process.wait(timeout=600) for process in started]
        finally:
            for process in started:
                process.kill()
                process.wait()
    if any(codes):
        raise RuntimeError(f"{processes} processes ended with {codes}")
    found = json.loads(out.read_text(encoding="utf-8"))
    rate = statistics.median(found["rates"][1:])
    say(f"  {processes}: {rate:.4g} images/s, {1000 * found['exchange']:.2f} ms for gradients")
    return Found(rate, found["exchange"], found["bytes"], found["device"])
