"""Exporting without another process, which takes ten seconds to start and to import what it needs."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from core.events import CancelToken
from core.inference.export import checking, subprocess_export
from core.inference.export.onnx_writing import to_onnx
from core.models.files import load_model

write_in_another_process = subprocess_export.export_in_subprocess  # as it is in the product


_written: dict[tuple[bytes, int], bytes] = {}


def write_once(model_file: Path, folder: Path, token: CancelToken, positions: int = 1) -> onnx.ModelProto:
    """Each network once, in this process: another takes seconds to start."""
    key = (model_file.read_bytes(), positions)
    if key not in _written:
        _written[key] = to_onnx(*load_model(model_file), positions).SerializeToString()
    return onnx.load_model_from_string(_written[key])


def quicken(patch: pytest.MonkeyPatch) -> None:
    """Export without another process and with a stopwatch that is soon happy."""
    patch.setattr(subprocess_export, "export_in_subprocess", write_once)
    patch.setattr(checking, "_SECONDS", 0.0)
