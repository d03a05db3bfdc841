"""Compiled training steps: whether a run's network is compiled by torch.compile, chosen once, tried and timed.

A compiled network computes the same with other roundings. So the choice belongs to the run and not to the computer's
mood: it is recorded in the run's folder, and whoever goes on with the run goes on with it.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from core.events import Emit, Level, Notice
from core.paths import cache_root, make_private
from core.program import is_frozen
from core.quantities import duration

Network = Callable[[Tensor], Any]
"""Images to logits, or to logits and features; the same weights, however it is computed."""

Wanted = Literal["auto", "on", "off"]

LONG_ON_CPU = 600.0
"""Seconds of training. Compiling takes a minute or two, and a step then 0.7 to 0.9 of its time."""

_LEAST_ON_CPU = 100
"""Steps; a training of fewer is not even timed."""

LONG_ON_GPU = 2000
"""Steps, on NVIDIA GPUs."""

AS_ASKED = "The recipe says so (hardware.compile)."
TOO_SHORT = "The training is too short to win the time of compiling back."
WITH_OTHERS = "Its batch normalisation waits for the other processes, at which a compiled network breaks apart."
NOT_IN_ALL = "Compiling failed, or gains nothing, in another of the processes that make the run."

_LEAST_GAIN = 1.05
"""How many times as fast a compiled step must be; less is within what a busy computer measures."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compilation:
    """Whether the steps of a run are compiled on a `device` (torch's name), and why or why not: a sentence."""

    compiled: bool
    device: str
    reason: str

    def to_values(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: Any) -> Compilation | None:
        """What `to_values` gave; None for anything else, as in runs of versions that recorded nothing."""
        known = isinstance(values, dict) and {name: type(value) for name, value in values.items()}
        return cls(**values) if known == {"compiled": bool, "device": str, "reason": str} else None


UNRECORDED = Compilation(False, "cpu", "The run began with a version of SkinKD that compiled nothing on a processor.")
"""Of a run that began before this was recorded."""


def prepare_network(
    model: nn.Module,
    example: Callable[[], Tensor],
    plan: Callable[[Callable[[], float]], Compilation],
    emit: Emit,
    *,
    check_gain: bool,
) -> tuple[Network, Compilation]:
    """How the steps of a training compute `model`: compiled where `plan`, given what times a step, says so and it
    works. `example` gives normalised images (n, 3, S, S) of a batch as it will come. Call it in the precision context
    of the training; the model is afterwards as it was before."""
    planned = plan(lambda: time_step(model, example()))
    if planned.compiled:
        return compile_network(model, example(), planned, emit, check_gain=check_gain)
    if planned.reason not in (AS_ASKED, TOO_SHORT):
        _tell(planned, emit)
    return model, planned


def plan_compilation(
    wanted: Wanted, device: str, steps: int, step_seconds: Callable[[], float], known: Compilation | None = None
) -> Compilation:
    """Whether to try and compile a training of `steps` steps, before anything is tried.

    What the recipe wants decides; with `auto` what is `known` of the run on this device, and for a new run whether the
    training is long enough to win the compiling back: `step_seconds` gives the time of a usual step, and is asked on a
    CPU alone.
    """
    if wanted == "auto" and known is not None and known.device == device:
        return known
    if wanted == "off":
        return Compilation(False, device, AS_ASKED)
    if wanted == "auto" and not _is_long(device, steps, step_seconds):
        return Compilation(False, device, TOO_SHORT)
    obstacle = _obstacle(device)
    return Compilation(not obstacle, device, obstacle or AS_ASKED)


def compile_network(
    model: nn.Module,
    example: Tensor,
    plan: Compilation,
    emit: Emit,
    *,
    check_gain: bool = True,
    compile_with: Callable[..., Any] = torch.compile,
) -> tuple[Network, Compilation]:
    """A faster way to compute `model` for batches of the shape of `example`, (n, 3, S, S), and what became of `plan`.

    It is built, tried and timed forward and backward with `example`, which takes a minute or more. Where it can not be
    built, or with `check_gain` is no faster, `model` itself is returned and the compilation says why. Weights, running
    statistics and gradients are afterwards as they were before (gradients: none). The compiled network shares the
    model's weights: checkpoints stay those of the plain model. Call it in the precision context of the training.
    """
    network: Network = model
    emit(Notice("The training steps are being compiled, which takes a minute or two."))
    try:
        with _left_unchanged(model):
            begin = time.perf_counter()
            network = _built(model, plan.device, compile_with)
            for _ in range(2):  # the first call builds, the second records a GPU's graph
                _try(network, example, model)
            seconds = time.perf_counter() - begin
            gain = _gain(model, network, example) if check_gain else None
    except torch.OutOfMemoryError:
        _log.warning("the compiled network did not fit into memory", exc_info=True)
        done = Compilation(False, plan.device, "Compiling takes more memory than there is.")
    except Exception as error:  # the compiler's many parts raise anything, from a missing C compiler to internal errors
        _log.warning("the network could not be compiled", exc_info=True)
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        done = Compilation(False, plan.device, f"Compiling failed: {reason}")
    else:
        done = _assessed(plan.device, seconds, gain)
    _end_workers()
    _tell(done, emit)
    return (network, done) if done.compiled else (model, done)


def time_step(model: nn.Module, example: Tensor) -> float:
    """Seconds of a forward and backward pass of images (n, 3, S, S), the better of two; the model stays as it was."""
    with _left_unchanged(model):
        return min(_try(model, example, model) for _ in range(2))


def changed(known: Compilation | None, now: Compilation) -> Notice | None:
    """What to say when a run goes on otherwise than it began, on the same device; None where it does not."""
    if known is None or known.device != now.device or known.compiled == now.compiled:
        return None
    before, after = ("compiled", "are not") if known.compiled else ("not compiled", "are now")
    return Notice(
        f"The run's steps were {before} so far and {after} from here on: its numbers can differ in the last digits "
        f"from those of a run that never changed. {now.reason}",
        Level.WARNING,
    )


@contextmanager
def _left_unchanged(model: nn.Module) -> Iterator[None]:
    """Put running statistics back and clear gradients, whatever was tried inside."""
    statistics = [buffer.clone() for buffer in model.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, kept in zip(model.buffers(), statistics, strict=True):
                buffer.copy_(kept)
        model.zero_grad()


def _is_long(device: str, steps: int, step_seconds: Callable[[], float]) -> bool:
    if device.startswith("cuda"):
        return steps >= LONG_ON_GPU
    return device == "cpu" and steps >= _LEAST_ON_CPU and steps * step_seconds() >= LONG_ON_CPU


def _obstacle(device: str) -> str:
    """Why nothing can be compiled here, in a sentence; empty where it is worth trying."""
    if device.startswith("cuda"):
        return ""
    if device != "cpu":
        return "Steps are compiled on NVIDIA GPUs and processors alone."
    if is_frozen():
        return "The installed program brings no compiler; SkinKD from its sources can use the computer's."
    if not _has_cpp_compiler():
        return f"There is no C++ compiler on this computer ({_cpp_compiler()}); with one, long trainings are faster."
    return ""


def _cpp_compiler() -> str:
    """The program that torch compiles C++ with."""
    usual = {"win32": "cl", "darwin": "clang++"}
    return os.environ.get("CXX") or usual.get(sys.platform, "g++")


def _has_cpp_compiler() -> bool:
    if shutil.which(_cpp_compiler()) is None:
        return False
    if "darwin" not in sys.platform:
        return True
    # The Mac's clang++ is always there, and without Apple's tools it opens a window that offers to install them.
    asked = subprocess.run(["xcode-select", "--print-path"], capture_output=True, check=False, timeout=30)
    return asked.returncode == 0


def _built(model: nn.Module, device: str, compile_with: Callable[..., Any]) -> Network:
    """The compiled network, not yet built: torch does that when it is first called."""
    import torch._dynamo
    import torch._inductor.config

    # Torch's own place is a folder below /tmp that several users share.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(make_private(cache_root() / "compiled"))
    # Each code of a network may be compiled a few times, for all networks of a process together.
    torch._dynamo.reset()
    if device == "cpu":
        # One after the other, in this thread: torch's pool of threads, or of processes, would never end.
        torch._inductor.config.compile_threads = 1
        return compile_with(model, dynamic=False)  # type: ignore[no-any-return]
    return compile_with(model, mode="reduce-overhead", dynamic=False)  # type: ignore[no-any-return]


def _end_workers() -> None:
    """End the processes and threads that torch compiled with, which would stay for as long as the program runs."""
    compiler = sys.modules.get("torch._inductor.async_compile")
    if compiler is not None:
        compiler.shutdown_compile_workers()


def _try(network: Network, example: Tensor, gradients_of: nn.Module) -> float:
    """Seconds of a forward and a backward pass, which leave gradients in the model. Those before are forgotten first,
    as in a training: a GPU's graph writes its gradients to the same place again, so that they can not be added up."""
    gradients_of.zero_grad()
    begin = time.perf_counter()
    found = network(example)
    outputs: Iterable[Tensor] = found if isinstance(found, tuple) else (found,)
    torch.autograd.backward([output.float().sum() for output in outputs])
    if example.device.type == "cuda":
        torch.cuda.synchronize(example.device)
    return time.perf_counter() - begin


def _gain(model: nn.Module, network: Network, example: Tensor) -> float:
    """How many times as fast the compiled network is. Both are timed in turn: what else the computer does hits both."""
    pairs = [(_try(model, example, model), _try(network, example, model)) for _ in range(3)]
    return min(plain for plain, _ in pairs) / min(fast for _, fast in pairs)


def _assessed(device: str, seconds: float, gain: float | None) -> Compilation:
    took = f"Compiling took {duration(seconds)}"
    if gain is None:
        return Compilation(True, device, f"{took}.")
    if gain < _LEAST_GAIN:
        return Compilation(False, device, f"{took}, and a step is not faster with it ({gain:.2f} times as fast).")
    return Compilation(True, device, f"{took}; a step is {gain:.2f} times as fast with it.")


def _tell(done: Compilation, emit: Emit) -> None:
    words = "The training steps are compiled." if done.compiled else "The training steps are not compiled."
    emit(Notice(f"{words} {done.reason}"))
