"""The process in which an exported network computes. The file may be a stranger's: whatever its network does, it does
here, where little can be reached, and can be ended.

It is told one file, says what is in it or why it is refused, and then answers images, one batch after another. What it
says is JSON and raw numbers; nothing of it is unpickled.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import SkinKDError
from core.inference.child_process import end_with_parent
from core.inference.export.onnx_guard import Promised, read_checked
from core.inference.onnx_session import CUDA, open_session, providers_for

_ROOM = 2**30
"""Bytes that Python and the libraries may take beside the network."""


def serve(connection: Connection) -> None:
    """What the process does until nobody asks any more."""
    end_with_parent()
    _be_silent()
    with suppress(EOFError, OSError):  # whoever asks has gone
        order = json.loads(connection.recv_bytes())
        session, told = _opened(order)
        connection.send_bytes(json.dumps(told).encode())
        while session is not None:
            asked = json.loads(connection.recv_bytes())
            images = np.frombuffer(connection.recv_bytes(), np.uint8).reshape(asked["shape"])
            _infer(connection, session, asked, images)


def _opened(order: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The session and what is told of it; None and the error where the file is refused."""
    faulthandler.dump_traceback_later(order["seconds"], exit=True, file=sys.stderr)
    path = Path(order["path"])
    try:
        providers = providers_for(order["device"])
        _bound(order["memory"], limited=CUDA not in providers)
        checked = read_checked(path, Promised(**order["promised"]))
        session = open_session(checked.content, providers, order["threads"], order["memory"])
    except SkinKDError as error:
        return None, _told(error)
    except Exception as error:  # onnxruntime raises a dozen classes of its own, which share no other base
        return None, _told(
            SkinKDError("The model file can not be used", f"{path.name}: onnxruntime can not open it.", str(error))
        )
    finally:
        faulthandler.cancel_dump_traceback_later()
    return session, {
        "outputs": checked.outputs,
        "sha256": checked.sha256,
        "work": checked.work,
        "provider": session.get_providers()[0],
    }


def _infer(connection: Connection, session: Any, asked: dict[str, Any], images: Any) -> None:
    # A thread of the C library's own ends the process where Python no longer gets a turn.
    faulthandler.dump_traceback_later(asked["seconds"], exit=True, file=sys.stderr)
    try:
        found = [
            np.ascontiguousarray(values, np.float32) for values in session.run(asked["outputs"], {"images": images})
        ]
    except Exception as error:  # see `_opened`
        wrong = SkinKDError(
            "The model can not compute", "onnxruntime could not run the exported file on an image.", str(error)
        )
        connection.send_bytes(json.dumps(_told(wrong)).encode())
        return
    finally:
        faulthandler.cancel_dump_traceback_later()
    connection.send_bytes(json.dumps({"shapes": [values.shape for values in found]}).encode())
    for values in found:
        connection.send_bytes(values.data.cast("B") if values.size else b"")


def _told(error: SkinKDError) -> dict[str, Any]:
    return {"title": error.title, "summary": error.summary, "details": error.details[:2000]}


def _be_silent() -> None:
    """What a stranger's file makes libraries say is not for the user's terminal."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    sys.stderr = sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  (as long as the process)


def _bound(memory: int, *, limited: bool) -> None:
    """Take no more memory than given, write no file, leave no image of the memory behind; be the first to go when the
    computer runs out of memory. As far as the system can: Windows and macOS know no such bounds."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    bounds = {resource.RLIMIT_CORE: 0}
    if limited:  # a GPU's driver reserves what it likes, and keeps files
        bounds |= {resource.RLIMIT_DATA: memory + _ROOM, resource.RLIMIT_FSIZE: 0}
    for kind, most in bounds.items():
        with suppress(ValueError, OSError):  # a tighter bound is there already
            resource.setrlimit(kind, (most, most))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
