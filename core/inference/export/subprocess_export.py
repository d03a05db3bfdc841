"""torch's exporter in a process of its own.

It changes state that all of torch shares: a training in another thread of the window fails while it is at work
(torch 2.15: the training's optimiser and the exporter write into one `torch.fx.traceback.current_meta`), and timm's
layers take other ways. A process of its own can also be stopped at once.
"""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import SkinKDError
from core.events import CancelToken
from core.inference.child_process import end, end_with_parent, start

if TYPE_CHECKING:
    import onnx

_POLL_SECONDS = 0.1


def export_in_subprocess(model_file: Path, folder: Path, token: CancelToken, positions: int = 1) -> onnx.ModelProto:
    """The network of a model file as ONNX (see `to_onnx`), made in another process that works in `folder`.

    Raises `SkinKDError` when it can not be exported, and `Cancelled` within a moment of being asked to stop.
    """
    import onnx

    out, trouble = folder / "written.onnx", folder / "trouble.json"
    process = start(_write, str(model_file), str(out), str(trouble), positions)
    try:
        while process.is_alive():
            process.join(_POLL_SECONDS)
            token.check()
    finally:
        end(process)
    if trouble.is_file():
        raise SkinKDError(**json.loads(trouble.read_text(encoding="utf-8")))
    if process.exitcode or not out.is_file():
        raise SkinKDError(
            "The network could not be exported",
            "The program that writes it ended before it was done. The computer may have too little memory; close other "
            "programs and try again.",
            f"exit code {process.exitcode}",
        )
    return onnx.load_model(out)


def _write(model_file: str, out: str, trouble: str, positions: int) -> None:
    """What the other process does. An error becomes a file: whatever it is, the user is to read it."""
    end_with_parent()
    import onnx

    from core.inference.export.onnx_writing import to_onnx
    from core.models.files import load_model

    warnings.simplefilter("ignore")  # this process has nobody to warn
    logging.disable(logging.CRITICAL)
    try:
        onnx.save_model(to_onnx(*load_model(Path(model_file)), positions), out)
    except SkinKDError as error:
        story = {"title": error.title, "summary": error.summary, "details": error.details}
        Path(trouble).write_text(json.dumps(story), encoding="utf-8")
