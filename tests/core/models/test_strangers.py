"""Files that would take all memory are refused by what they say of themselves, in a process with little to spare."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import timm
from torch import nn

from core.classes import CLASS_SETS
from core.models.files import save_model
from core.models.info import ModelInfo, Preprocessing
from core.recipe import Recipe, recipe_to_toml

ISIC2019 = CLASS_SETS["isic2019"]

ROOT = Path(__file__).resolve().parents[3]
INFO = ModelInfo("test_efficientnet", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), classes=ISIC2019)
GIGABYTES = 8 * 10**9
SPARE = 500_000_000
"""Bytes that the reading process may take on top of what its libraries hold."""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs limits of memory and sparse files")

READER = """
import resource, sys
from pathlib import Path
import timm, torch, onnx, onnxruntime
from core.errors import SkinKDError
from core.inference.classifier import Classifier
from core.runs.folder import RunFolder
from core.training.checkpoint import CheckpointFolder
pages = int(Path("/proc/self/statm").read_text().split()[0])
most = pages * resource.getpagesize() + int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (most, most))
for name in sys.argv[2:]:
    path = Path(name)
    run = RunFolder(path.parent)
    readers = {"state.pt": CheckpointFolder(path.parent).load, "metrics.json": run.metrics,
               "predictions.csv": run.predictions, "recipe.toml": run.recipe, "status.json": run.status}
    try:
        readers.get(path.name, lambda: Classifier.load(path, "cpu"))()
        print("opened")
    except SkinKDError as error:
        print(f"{error.title}: {error.summary}".replace("\\n", " "))
    except BaseException as error:
        print("LOST", type(error), error)
"""


class Intruder:
    """What an attacker would put into a pickle."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return exec, ("open('executed', 'w').close()",)


def header_of(content: bytes) -> tuple[dict[str, Any], int]:
    length = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + length]), 8 + length


def write(path: Path, header: dict[str, Any] | str, *data: bytes, size: int = 0) -> Path:
    """A safetensors file; `size` makes it sparse."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    with path.open("wb") as file:
        file.writelines((struct.pack("<Q", len(text)), text, *data))
        if size:
            file.truncate(size)
    return path


def sparse(path: Path, begin: bytes, size: int = GIGABYTES) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(size)
    return path


@pytest.fixture(scope="module")
def model() -> nn.Module:
    made: nn.Module = timm.create_model(INFO.architecture, num_classes=8)
    return made


def hostile(folder: Path, model: nn.Module) -> Iterator[tuple[Path, str]]:
    """Files, and what must be said of them."""
    whole = folder / "model.safetensors"
    save_model(whole, model, INFO)
    content = whole.read_bytes()
    header, begin = header_of(content)
    (folder / "pickle.safetensors").write_bytes(pickle.dumps(Intruder()))
    yield folder / "pickle.safetensors", "It is not a safetensors file"
    metadata = {**header["__metadata__"], "more": "x" * 100_000_000}
    yield write(folder / "metadata.safetensors", {**header, "__metadata__": metadata}, content[begin:]), "not a safet"
    yield write(folder / "lists.safetensors", "[" + "[]," * 1_300_000 + "[]]"), "It is not a safetensors file"
    yield write(folder / "deep.safetensors", "[" * 3_900_000), "It is not a safetensors file"
    data = content[begin:]
    name = "conv_stem.weight"
    vast = {"dtype": "F32", "shape": [GIGABYTES // 4], "data_offsets": [0, GIGABYTES]}
    yield write(folder / "vast.safetensors", {**header, name: vast}, size=GIGABYTES), f"another shape ({name})"
    places = [len(data), len(data) + GIGABYTES]
    looks = {"dtype": "F16", "shape": [GIGABYTES // 2], "data_offsets": places}
    grown = write(folder / "grown.safetensors", {**header, "skinkd.reference.looks": looks}, data)
    with grown.open("r+b") as file:
        file.truncate(grown.stat().st_size + GIGABYTES)
    yield grown, "no weights of this network are so large"
    yield sparse(folder / "graph.onnx", b"\x3a\xf0\xff\xff\xff\x07", 2**31 - 10), "Not a SkinKD model"
    yield sparse(folder / "large.onnx", b"\x3a"), "no ONNX file can be so large"
    for file, said in (
        ("metrics.json", "longer than"),
        ("status.json", "longer than"),
        ("recipe.toml", "is missing or"),
    ):
        yield sparse(folder / "run" / file, b"{"), said
    (folder / "tested").mkdir()
    (folder / "tested" / "recipe.toml").write_text(recipe_to_toml(Recipe()), encoding="utf-8")
    yield sparse(folder / "tested" / "predictions.csv", b"image"), "it has more than"
    yield sparse(folder / "run" / "state.pt", b"PK"), "is missing or damaged"


def test_files_without_measure_are_refused_with_little_memory(tmp_path: Path, model: nn.Module) -> None:
    files, said = zip(*hostile(tmp_path, model), strict=True)
    command = [sys.executable, "-c", READER, str(SPARE), *map(str, files), str(tmp_path / "model.safetensors")]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=150, cwd=tmp_path, env=surroundings
    )
    answers = ended.stdout.splitlines()
    assert len(answers) == len(files) + 1, ended.stderr
    assert [
        (file.name, answer) for file, words, answer in zip(files, said, answers, strict=False) if words not in answer
    ] == []
    assert answers[-1] == "opened"
    assert not (tmp_path / "executed").exists()
