"""Model files of strangers: real safetensors and ONNX files with damaged bytes, headers and descriptions."""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from hypothesis import strategies as st

from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.inference.export.onnx_file import attach, metadata, read_onnx_info, read_onnx_statistics
from core.inference.export.onnx_guard import Promised, read_checked
from core.inference.export.onnx_writing import to_onnx
from core.inference.onnx_session import CPU, open_session
from core.models.calibration_statistics import CalibrationStatistics
from core.models.factory import create_model
from core.models.files import METADATA_KEY, info_to_text, load_model, load_statistics, read_model_info, save_model
from core.models.info import ModelInfo, Preprocessing
from core.training.checkpoint import CheckpointFolder
from tests.torture.fuzzing import changed, damaged, explore, shares, total, values
from tests.torture.tally import Tally

ISIC2019 = CLASS_SETS["isic2019"]

_ARCHITECTURE, _SIZE = "test_efficientnet", 32
_INFO = ModelInfo(
    _ARCHITECTURE, Preprocessing(_SIZE, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), task="student", classes=ISIC2019
)

Parts = tuple[bytes, dict[str, Any]]
"""The bytes of all weights and the header that describes them."""


def cases(count: int, seed: int) -> Tally:
    """`count` files."""
    content, (data, header) = _model_bytes(), _parts()
    raw, edited, described, onnx, checkpoint = shares(count, 5)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        return total(
            "model file or checkpoint of a stranger",
            [
                explore("bytes", damaged(content, _header_size()) | damaged(content), _opened(folder), raw, seed),
                explore(
                    "header", changed(header).map(lambda table: _packed(table, data)), _opened(folder), edited, seed
                ),
                explore("description", _described(), _opened(folder), described, seed),
                explore("ONNX", damaged(_onnx_bytes(), 4000) | damaged(_onnx_bytes()), _exported(folder), onnx, seed),
                explore("checkpoint", damaged(_checkpoint_bytes()), _resumed(folder), checkpoint, seed),
            ],
        )


def _described() -> st.SearchStrategy[bytes]:
    data, header = _parts()
    texts = changed(json.loads(info_to_text(_INFO))).map(json.dumps) | values.map(json.dumps) | st.text()
    entries = st.builds(lambda text: {**header, "__metadata__": {METADATA_KEY: text}}, texts)
    return entries.map(lambda table: _packed(table, data))


def _opened(folder: Path) -> Callable[[bytes], None]:
    file = folder / "model.safetensors"

    def look(content: bytes) -> None:
        file.write_bytes(content)
        info = read_model_info(file)
        model, again = load_model(file)
        assert again == info
        load_statistics(file)
        logits = model(torch.zeros(1, 3, info.preprocessing.image_size, info.preprocessing.image_size))
        assert logits.shape == (1, len(info.classes))
        create_model(_ARCHITECTURE, weights=str(file), image_size=_SIZE, classes=ISIC2019)

    return look


def _exported(folder: Path) -> Callable[[bytes], None]:
    file = folder / "model.onnx"

    def look(content: bytes) -> None:
        file.write_bytes(content)
        read_onnx_info(file)
        read_onnx_statistics(file)
        # What its own process does with it, without a process for each of thousands.
        info = read_onnx_info(file)
        size, classes = info.preprocessing.image_size, len(info.classes)
        checked = read_checked(file, Promised(size, classes, info.positions))
        try:
            session = open_session(checked.content, [CPU], 1)
            answer = session.run(["logits"], {"images": np.zeros((2, size, size, 3), np.uint8)})[0]
        except Exception as error:
            if type(error).__module__.startswith("onnxruntime"):  # which the process says in words
                raise SkinKDError("The model can not compute", "said by the process", str(error)) from error
            raise
        assert answer.shape == (2, classes)

    return look


def _resumed(folder: Path) -> Callable[[bytes], None]:
    def look(content: bytes) -> None:
        (folder / "state.pt").write_bytes(content)
        checkpoint = CheckpointFolder(folder)
        state = checkpoint.load()
        with checkpoint.reporting_damage():
            timm.create_model(_ARCHITECTURE, num_classes=8).load_state_dict(state["model"])

    return look


@cache
def _model_bytes() -> bytes:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.safetensors"
        save_model(file, timm.create_model(_ARCHITECTURE, num_classes=8), _INFO, _statistics())
        return file.read_bytes()


@cache
def _onnx_bytes() -> bytes:
    torch.manual_seed(0)
    model = to_onnx(timm.create_model(_ARCHITECTURE, num_classes=8).eval(), _INFO)
    attach(model, metadata(_INFO, terms="", quantisation="", statistics=_statistics()), "")
    return bytes(model.SerializeToString())


@cache
def _checkpoint_bytes() -> bytes:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        model = timm.create_model(_ARCHITECTURE, num_classes=8)
        CheckpointFolder(Path(folder)).save({"model": model.state_dict(), "epoch": 1, "history": []}, 0)
        return (Path(folder) / "state.pt").read_bytes()


def _header_size() -> int:
    return 8 + int(struct.unpack("<Q", _model_bytes()[:8])[0])


def _parts() -> Parts:
    size = _header_size()
    return _model_bytes()[size:], json.loads(_model_bytes()[8:size])


def _packed(header: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _statistics() -> CalibrationStatistics:
    generator = np.random.default_rng(0)

    def numbers(*shape: int) -> Any:
        return generator.random(shape, np.float32)

    return CalibrationStatistics(
        validation_logits=numbers(16, 8),
        validation_labels=(np.arange(16) % 8).astype(np.uint8),
        validation_scores=numbers(16),
        feature_mean=numbers(8),
        feature_directions=numbers(2, 8).astype(np.float16),
        appearance_mean=numbers(4),
        appearance_whitening=numbers(4, 4),
        appearance=numbers(10, 4).astype(np.float16),
        scales=numbers(2) + 1,
        threshold=1.0,
        measure=1,
    )
