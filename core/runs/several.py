"""A run whose recipe wants several devices: a child process for each, whose leader does the run; what it tells is
passed on, and what its user asks for. They meet by a file: torchrun, which starts those of several computers, would
listen on all of this computer's addresses."""

from __future__ import annotations

import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from core import atomic
from core.errors import Cancelled, SkinKDError
from core.events import CancelToken, Emit
from core.program import is_frozen
from core.recipe.schema import HardwareRecipe
from core.runs import orders
from core.runs.event_lines import Failed, from_line
from core.runs.folder import RunFolder
from core.runs.following import MEETING, started_with_others
from core.runs.status import RunState

_log = logging.getLogger(__name__)

_COMMAND = "command"
_SECONDS = 0.1
_LAST_LINES = 40


def wants_others(hardware: HardwareRecipe) -> bool:
    """Whether a run with this hardware section is to be made by processes that are not there yet."""
    return hardware.devices * hardware.nodes > 1 and not started_with_others()


def execute_with_others(folder: RunFolder, hardware: HardwareRecipe, emit: Emit, token: CancelToken) -> None:
    """Do, or go on with, a run as `core.runs.execute` does, by one process for each of its devices.

    Raises `SkinKDError` where that can not be started, for the errors of the run, and when one of the processes ended
    unwished (the others are ended too, and the run can be resumed); `Cancelled`.
    """
    _check(hardware)
    with TemporaryDirectory(prefix="skinkd-processes-") as meeting_folder:
        failed, statuses, last = _followed(folder, hardware.devices, Path(meeting_folder), emit, token)
    if statuses == {0}:
        return
    if orders.STOPPED in statuses:
        raise Cancelled
    if isinstance(failed, Failed):
        raise SkinKDError(failed.title, failed.summary, failed.details)
    summary = (
        "One of the processes that made the run ended unexpectedly (it was killed, or the memory did not suffice); the "
        "others were ended. Resume the run: it goes on from its last checkpoint."
    )
    folder.set_status(state=RunState.FAILED, message=summary)
    raise SkinKDError("A process of the run ended", summary, "\n".join(last))


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
    folder: RunFolder, count: int, meeting_folder: Path, emit: Emit, token: CancelToken
) -> tuple[Failed | None, set[int], list[str]]:
    """So many processes to their end, their events passed on and the token's wishes in: the error that the leader told,
    the exit statuses (of the first to fail alone, where that ended the others), and the last of the other lines."""
    lines: queue.Queue[str | None] = queue.Queue()
    others: list[str] = []
    failed: Failed | None = None
    broken: set[int] = set()
    with _started(folder, count, meeting_folder, lines) as processes:
        wished, open_ends = orders.GO, count
        while open_ends:
            wish = orders.STOP if token.cancelled else orders.WAIT if token.paused else orders.GO
            if wish != wished:
                atomic.write_bytes(meeting_folder / _COMMAND, wish.encode("ascii"))
                wished = wish
            if not broken and (broken := {status for process in processes if (status := process.poll())}):
                for process in processes:  # the others would wait for it
                    process.terminate()
            try:
                line = lines.get(timeout=_SECONDS)
            except queue.Empty:
                continue
            event = None if line is None else from_line(line)
            if line is None:
                open_ends -= 1
            elif isinstance(event, Failed):
                failed = event
            elif event is not None:
                emit(event)
            elif line.strip():
                _log.info("%s", line.rstrip())
                others = [*others, line.rstrip()][-_LAST_LINES:]
        ended = {process.wait() for process in processes}
    return failed, broken or ended, others


def _environment(number: int, count: int, meeting_folder: Path) -> dict[str, str]:
    own = {
        orders.COMMANDS: str(meeting_folder / _COMMAND),
        orders.PARENT: str(os.getpid()),
        MEETING: str(meeting_folder / "meeting"),
    }
    own |= {"RANK": str(number), "LOCAL_RANK": str(number), "WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    if sys.platform == "linux":  # they speak through the loopback device alone
        own |= {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}
    return {**os.environ, **own}


@contextmanager
def _started(
    folder: RunFolder, count: int, meeting_folder: Path, lines: queue.Queue[str | None]
) -> Iterator[list[subprocess.Popen[str]]]:
    """The processes, their lines put into the queue by threads, None at the end of each; they are ended when the block
    is left."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "core.runs.rank", str(folder.path)],
            env=_environment(number, count, meeting_folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        for number in range(count)
    ]
    readers = [threading.Thread(target=_read, args=(each, lines), name="skinkd-lines") for each in processes]
    for reader in readers:
        reader.start()
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()
        for reader in readers:
            reader.join()


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            lines.put(line)
    lines.put(None)
