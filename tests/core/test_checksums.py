"""One changed byte anywhere in a file that SkinKD wrote is an error in words when it is read, never another answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.numpy import save

from core import checksums
from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.inference import similar
from core.inference.export.onnx_bytes import check_checksum, write_onnx
from core.inference.export.onnx_file import attach, metadata, read_onnx_info
from core.models.files import METADATA_KEY, info_to_text, read_model_info, read_weights, with_checksum
from core.models.info import ModelInfo, Preprocessing
from core.training.checkpoint import CheckpointFolder

INFO = ModelInfo(
    "test_efficientnet", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), classes=CLASS_SETS["isic2019"]
)
WEIGHTS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3)}


def weights_file(path: Path) -> Callable[[], object]:
    path.write_bytes(with_checksum(save(WEIGHTS, {"source": "elsewhere", "licence": "CC0"})))
    return lambda: read_weights(path)


def model_file(path: Path) -> Callable[[], object]:
    path.write_bytes(with_checksum(save(WEIGHTS, {METADATA_KEY: info_to_text(INFO)})))

    def read() -> None:
        read_model_info(path)
        read_weights(path)

    return read


def exported_file(path: Path) -> Callable[[], object]:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["images"], ["logits"])],
        "g",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 32, 32, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 8])],
        [onnx.numpy_helper.from_array(WEIGHTS["w"], "w")],
    )
    model = helper.make_model(graph)
    attach(model, metadata(INFO, terms="", quantisation="", statistics=None), "")
    write_onnx(model, path)

    def read() -> None:
        read_onnx_info(path)
        check_checksum(path)

    return read


def checkpoint(path: Path) -> Callable[[], object]:
    folder = CheckpointFolder(path.parent)
    folder.save({"w": torch.ones(3), "epoch": 2}, 0)
    (path.parent / "state.pt").rename(path)

    def read() -> None:
        path.replace(path.parent / "state.pt")
        folder.load()

    return read


def best_weights(path: Path) -> Callable[[], object]:
    folder = CheckpointFolder(path.parent)
    folder.save_best({"w": torch.ones(3)}, 7)
    (path.parent / "best-0007.pt").rename(path)

    def read() -> None:
        path.replace(path.parent / "best-0007.pt")
        folder.load_best(7)

    return read


def index(path: Path) -> Callable[[], object]:
    np.save(path.with_suffix(".npy"), np.eye(4, dtype=np.float16))
    path.with_suffix(".npy").rename(path)
    checksums.append_checksum(path)

    def read() -> None:
        said: list[object] = []
        if similar._open(path, 4, said.append) is None:
            assert "checksum does not fit" in str(said)
            raise SkinKDError("", "said")

    return read


@pytest.mark.parametrize("make", [weights_file, model_file, exported_file, checkpoint, best_weights, index])
def test_any_changed_byte_is_said(make: Callable[[Path], Callable[[], object]], tmp_path: Path) -> None:
    """The bytes at both ends of a small file and some between, each changed by a bit or by all."""
    file = tmp_path / "file"
    read = make(file)
    content = file.read_bytes()
    read()
    passed = []
    between = np.random.default_rng(0).integers(len(content), size=150).tolist()
    for place in sorted({*range(100), *range(len(content) - 120, len(content)), *between}):
        changed = bytearray(content)
        changed[place] ^= (1 << place % 8) if place % 3 else 0xFF
        file.write_bytes(changed)
        try:
            read()
            passed.append(place)
        except SkinKDError as error:
            assert error.summary  # noqa: PT017
    assert passed == []


@pytest.mark.parametrize("make", [weights_file, model_file, exported_file, checkpoint, best_weights])
def test_what_is_cut_off_or_added_is_said(make: Callable[[Path], Callable[[], object]], tmp_path: Path) -> None:
    file = tmp_path / "file"
    read = make(file)
    content = file.read_bytes()
    for changed in (content[:-1], content[: -checksums.LENGTH], content + b"\0", content + content[-100:], content * 2):
        file.write_bytes(changed)
        with pytest.raises(SkinKDError):
            read()


def test_files_of_before_open_without_a_checksum(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(save(WEIGHTS, {METADATA_KEY: info_to_text(INFO)}))
    assert not checksums.is_checked(file, 0, expected=False)
    with pytest.raises(checksums.ChecksumError):
        checksums.is_checked(file, 0, expected=True)
    assert set(read_weights(file)) == {"w"}
    torch.save({"version": 2, "epoch": 3}, tmp_path / "state.pt")
    assert CheckpointFolder(tmp_path).load()["epoch"] == 3


def test_the_checksum_is_the_first_of_the_metadata_and_stands_alone(tmp_path: Path) -> None:
    content = with_checksum(save(WEIGHTS, {"a": "b"}))
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert list(header) == ["__metadata__", "w"]
    assert list(header["__metadata__"]) == [checksums.KEY, "a"]
    with pytest.raises(ValueError, match="not once"):
        checksums.filled(b"nothing")
    with pytest.raises(ValueError, match="not once"):
        with_checksum(save(WEIGHTS, {"a": checksums.BLANK}))
