"""A run whose recipe wants several devices: a child process for each, whose leader does the run; what it tells is
passed on, and what its user asks for. They meet by a file: torchrun, which starts those of several computers, would
listen on all of this computer's addresses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import Cancelled, SkinKDError
from core.events import CancelToken, Emit
from core.inference.child_process import end, start
from core.program import is_frozen
from core.recipe.schema import HardwareRecipe
from core.runs import rank
from core.runs.folder import RunFolder
from core.runs.following import MEETING, started_with_others
from core.runs.rank import Ended, Execute, Wish
from core.runs.status import RunState

_SECONDS = 0.1
_MOST_TOLD = 4_000  # characters


def wants_others(hardware: HardwareRecipe) -> bool:
    """Whether a run with this hardware section is to be made by processes that are not there yet."""
    return hardware.devices * hardware.nodes > 1 and not started_with_others()


def execute_with_others(
    execute: Execute, folder: RunFolder, hardware: HardwareRecipe, emit: Emit, token: CancelToken
) -> None:
    """Do, or go on with, a run as `execute` does, by one process for each of its devices.

    Raises `SkinKDError` where that can not be started, for the errors of the run, and when one of the processes ended
    unwished (the others are ended too, and the run can be resumed); `Cancelled`.
    """
    _check(hardware)
    with TemporaryDirectory(prefix="skinkd-processes-") as place:
        ended = _followed(execute, folder, hardware.devices, Path(place), emit, token)
        outputs = [file.read_text(errors="replace") for file in sorted(Path(place).glob("*.txt"))]
    if ended is None:
        summary = (
            "One of the processes that made the run ended unexpectedly (it was killed, or the memory did not suffice); "
            "the others were ended. Resume the run: it goes on from its last checkpoint."
        )
        folder.set_status(state=RunState.FAILED, message=summary)
        details = "\n".join(output[-_MOST_TOLD:] for output in outputs if output)
        raise SkinKDError("A process of the run ended", summary, details)
    if ended.stopped:
        raise Cancelled
    if ended.error is not None:
        raise SkinKDError(*ended.error)


def _check(hardware: HardwareRecipe) -> None:
    if is_frozen():
        raise SkinKDError(
            "The installed program uses one device",
            "Several GPUs or computers make a run together with SkinKD from its sources alone. Set hardware.devices "
            "and hardware.nodes to 1.",
        )
    if hardware.nodes > 1:
        raise SkinKDError(
            "Several computers are started by torchrun",
            f"The recipe asks for {hardware.nodes} computers. Start the same command on each of them: torchrun "
            f"--nnodes {hardware.nodes} --nproc-per-node {hardware.devices} --rdzv-backend c10d --rdzv-endpoint "
            "HOST:PORT -m core.cli train ... (README, Several GPUs).",
        )
    available = _devices(hardware.device)
    if available is not None and available < hardware.devices:
        raise SkinKDError(
            "There are not so many GPUs",
            f"The recipe asks for {hardware.devices} devices, and this computer has {available} that torch can use. "
            "Set hardware.devices to that.",
        )


def _devices(wanted: str) -> int | None:
    """How many GPUs there are; None where the run is on a CPU, which takes any number of processes."""
    import torch

    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return None
    return torch.cuda.device_count() if wanted in ("auto", "cuda") else 1


def _followed(
    execute: Execute, folder: RunFolder, count: int, meeting: Path, emit: Emit, token: CancelToken
) -> Ended | None:
    """So many processes to their end, their events passed on and the token's wishes in. None where one ended before the
    leader told how the run did."""
    with _started(execute, folder, count, meeting) as (processes, leader):
        wished = Wish.GO
        while True:
            wish = Wish.STOP if token.cancelled else Wish.WAIT if token.paused else Wish.GO
            try:
                if wish is not wished:
                    leader.send(wish)
                    wished = wish
                if leader.poll(_SECONDS):
                    told = leader.recv()
                    if isinstance(told, Ended):
                        return told
                    emit(told)
                elif any(process.exitcode for process in processes):  # the others would wait for it
                    return None
            except (EOFError, OSError):
                return None


@contextmanager
def _started(
    execute: Execute, folder: RunFolder, count: int, meeting: Path
) -> Iterator[tuple[list[BaseProcess], Connection]]:
    """The processes, and the connection to their leader; they are ended when the block is left."""
    ours, theirs = Pipe()
    processes: list[BaseProcess] = []
    try:
        for number in range(count):
            output, own = meeting / f"{number}.txt", theirs if number == 0 else None
            processes.append(start(rank.main, execute, folder.path, _variables(number, count, meeting), output, own))
        theirs.close()
        yield processes, ours
    finally:
        for process in processes:
            end(process)
        ours.close()


def _variables(number: int, count: int, meeting: Path) -> dict[str, str]:
    own = {MEETING: str(meeting / "meeting"), "RANK": str(number), "LOCAL_RANK": str(number)}
    own |= {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    if sys.platform == "linux":  # they speak through the loopback device alone
        own |= {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
    return own
