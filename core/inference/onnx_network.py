"""Exported ONNX files answer through onnxruntime, behind the same interface as networks of torch.

The file may be a stranger's, so it is opened and computes in a process of its own (`core.inference.onnx_child`): that
can be ended at any moment, takes bounded memory, and ends with this program. It costs half a second at the start and a
fraction of a millisecond for a picture.
"""

from __future__ import annotations

import json
import math
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.digests import unchanged
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Notice, ignore
from core.inference.child_process import end, start
from core.inference.export.onnx_bytes import FEATURES, LOGITS, unusable
from core.inference.export.onnx_file import read_onnx_info
from core.inference.export.onnx_guard import Promised
from core.inference.onnx_child import serve
from core.inference.onnx_session import CUDA, most_memory
from core.models.info import ModelInfo

_AT_ONCE = 32
"""Images asked about at a time; for so many the work is counted (`core.inference.export.onnx_work`)."""

_PRODUCTS_AT_ONCE = 3e10
_OPENING_SECONDS = 180.0
_LEAST_SECONDS = 60.0
_SLOWEST = 5e8
"""Products a second of the slowest computer that is waited for; two cores of 2020 compute a hundred times as many."""

_GRACE_SECONDS = 600.0
"""How much later the process ends itself where nobody is left to end it."""

_POLL_SECONDS = 0.05
_MOST_FEATURES = 100_000
_MOST_TOLD = 1_000_000  # bytes


@dataclass(frozen=True)
class _Opened:
    """What the process says of the file that it opened."""

    outputs: tuple[str, ...]
    sha256: str
    work: float
    device: str


class OnnxNetwork:
    """A network in a process of its own; normalises in its graph. `device` is cpu or cuda. Several threads may ask; one
    batch is computed at a time. After it was ended (a stop, a time-out) the next question starts it anew."""

    def __init__(self, path: Path, info: ModelInfo, device: str, threads: int) -> None:
        self._path, self._info = path, info
        promised = Promised(info.preprocessing.image_size, len(info.classes), info.positions)
        self._order = {
            "path": str(path),
            "device": device,
            "threads": threads,
            "memory": most_memory(),
            "promised": asdict(promised),
        }
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._opened: _Opened | None = None

    @property
    def device(self) -> str:
        """Where it computes."""
        return self._opened.device if self._opened else "cpu"

    @property
    def sha256(self) -> str:
        """Of the file that was opened, in hex; empty before."""
        return self._opened.sha256 if self._opened else ""

    def open(self, token: CancelToken | None = None) -> None:
        """Start the process and let it check and open the file. Raises `SkinKDError` for one that SkinKD would not have
        written or that can not compute, and `Cancelled`."""
        size = self._info.preprocessing.image_size
        logits, features = self.infer(np.zeros((1, size, size, 3), np.uint8), token)
        if logits.shape != (1, len(self._info.classes)) or (features is not None and features.ndim != 2):
            raise unusable(self._path, "its answers do not have the shape that it promises.")

    def infer(
        self, images: NDArray[np.uint8], token: CancelToken | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """As `Network.infer`. Raises `SkinKDError` when the file's network can not compute, or not in time; TypeError
        for images that are not uint8."""
        if images.dtype != np.uint8:
            raise TypeError(f"expected uint8 images, got {images.dtype}")
        with _waiting_for(self._turn, token):
            child, opened = self._running(token)
            count = int(max(1, min(_AT_ONCE, _PRODUCTS_AT_ONCE // max(opened.work, 1))))
            try:
                begins = range(0, max(len(images), 1), count)
                parts = [child.ask(images[begin : begin + count], opened, token) for begin in begins]
            except BaseException:
                self._stop()
                raise
        answers = dict(zip(opened.outputs, map(np.concatenate, zip(*parts, strict=True)), strict=True))
        return answers[LOGITS], answers.get(FEATURES)

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._stop()

    def _stop(self) -> None:
        if self._child is not None:
            self._child.end()
        self._child = None

    def _running(self, token: CancelToken | None) -> tuple[_Child, _Opened]:
        if self._child is not None and self._opened is not None:
            return self._child, self._opened
        self._child = _Child(self._path.name)
        try:
            opened = self._child.open(self._order, token)
            if self._opened is not None and opened != self._opened:
                raise SkinKDError(
                    "The model file was replaced",
                    f"{self._path.name} is another one than that which was loaded. Choose the model again.",
                    str(self._path),
                )
        except BaseException:
            self._stop()
            raise
        self._opened = opened
        return self._child, opened


class _Child:
    """The process, and what is said to it and heard from it. Nothing that it says is trusted."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._connection, theirs = Pipe()
        self._process = start(serve, theirs)
        theirs.close()
        # Also when whoever asked forgets it.
        self.end = weakref.finalize(self, _end, self._process, self._connection)

    def open(self, order: dict[str, Any], token: CancelToken | None) -> _Opened:
        self._say({**order, "seconds": _OPENING_SECONDS + _GRACE_SECONDS})
        told = self._hear_json(_OPENING_SECONDS, token, "opening the file")
        try:
            outputs = tuple(told["outputs"])
            if outputs not in ((LOGITS,), (LOGITS, FEATURES)):
                raise ValueError("other outputs")
            device = "cuda" if told["provider"] == CUDA else "cpu"
            return _Opened(outputs, str(told["sha256"]), float(told["work"]), device)
        except (KeyError, TypeError, ValueError) as error:
            raise self._nonsense() from error

    def ask(
        self, images: NDArray[np.uint8], opened: _Opened, token: CancelToken | None
    ) -> tuple[NDArray[np.float32], ...]:
        """The values of all outputs, each float32 (n, any)."""
        seconds = _LEAST_SECONDS + len(images) * opened.work / _SLOWEST
        asked = {"shape": images.shape, "outputs": opened.outputs, "seconds": seconds + _GRACE_SECONDS}
        self._say(asked, np.ascontiguousarray(images).data.cast("B") if images.size else b"")
        told = self._hear_json(seconds, token, f"computing {len(images)} image{'s' * (len(images) != 1)}")
        try:
            shapes = [tuple(map(int, shape)) for shape in told["shapes"]]
            if len(shapes) != len(opened.outputs) or not all(
                len(shape) == 2 and shape[0] == len(images) and 0 <= shape[1] <= _MOST_FEATURES for shape in shapes
            ):
                raise ValueError("other shapes")
            return tuple(self._hear_values(shape) for shape in shapes)
        except (KeyError, TypeError, ValueError, OSError, EOFError) as error:
            raise self._nonsense() from error

    def _hear_values(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        content = self._connection.recv_bytes(4 * math.prod(shape))
        return np.frombuffer(content, np.float32).reshape(shape).copy()

    def _say(self, values: dict[str, Any], content: Any = None) -> None:
        try:
            self._connection.send_bytes(json.dumps(values).encode())
            if content is not None:
                self._connection.send_bytes(content)
        except OSError as error:
            raise self._ended() from error

    def _hear_json(self, seconds: float, token: CancelToken | None, doing: str) -> dict[str, Any]:
        self._wait(seconds, token, doing)
        try:
            told = json.loads(self._connection.recv_bytes(_MOST_TOLD))
        except (EOFError, OSError) as error:
            raise self._ended() from error
        except ValueError as error:
            raise self._nonsense() from error
        if not isinstance(told, dict):
            raise self._nonsense()
        if "title" in told:
            raise SkinKDError(*(str(told.get(name, "")) for name in ("title", "summary", "details")))
        return told

    def _wait(self, seconds: float, token: CancelToken | None, doing: str) -> None:
        """Until it has something to say. What the computer sleeps, or this program is stopped, is not counted."""
        waited, before = 0.0, time.monotonic()
        while not self._connection.poll(_POLL_SECONDS):
            if token is not None and token.cancelled:
                token.check()
            now = time.monotonic()
            waited, before = waited + min(now - before, 1.0), now
            if waited > seconds:
                raise SkinKDError(
                    "The model took too long",
                    f"{self._name} was ended: it was still {doing} after {seconds:,.0f} s, the most for its size. If "
                    "another program keeps the computer busy, try again; otherwise do not use this file.",
                )

    def _ended(self) -> SkinKDError:
        self._process.join(1.0)
        code = self._process.exitcode
        return SkinKDError(
            "The model can not compute",
            f"The process that computes {self._name} ended (exit code {code}). Perhaps there is too little memory: "
            "close other programs and try again. If it happens again, do not use this file.",
        )

    def _nonsense(self) -> SkinKDError:
        return SkinKDError(
            "The model can not compute",
            f"The process that computes {self._name} answered something that no network answers. Do not use this file.",
        )


def load_onnx(
    path: Path, device: str = "auto", threads: int = 0, emit: Emit = ignore, token: CancelToken | None = None
) -> tuple[OnnxNetwork, ModelInfo]:
    """The network of a file that SkinKD exported, ready, and its description.

    `device` auto, cpu or cuda: CUDA is taken where this onnxruntime has it, and said. `threads` 0: all cores. The file
    is checked as one from a stranger: see `core.inference.export.onnx_guard`. Raises `SkinKDError` and `Cancelled`.
    """
    from core.training.hardware import available_cores, cpu_name

    with unchanged(path):
        info = read_onnx_info(path)
        threads = threads or available_cores()
        network = OnnxNetwork(path.absolute(), info, device, threads)
        network.open(token)
    on = "CUDA" if network.device == "cuda" else f"{cpu_name()} ({threads} threads)"
    emit(Notice(f"Computing with onnxruntime on {on}."))
    return network, info


@contextmanager
def _waiting_for(turn: threading.Lock, token: CancelToken | None) -> Iterator[None]:
    """Hold a lock, without waiting for it when asked to stop."""
    while not turn.acquire(timeout=_POLL_SECONDS):
        if token is not None and token.cancelled:
            token.check()
    try:
        yield
    finally:
        turn.release()


def _end(process: BaseProcess, connection: Connection) -> None:
    connection.close()
    end(process)
