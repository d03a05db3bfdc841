"""An older SkinKD meets what a newer one left: it refuses politely, or makes anew what can be made; nothing is lost."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from core.data.file_checks import Depth, examine_files
from core.documents import NewerVersionError
from core.events import CancelToken, Phase, ignore
from core.inference.classifier import info_of
from core.models.files import METADATA_KEY, read_model_info
from core.runs.execute import execute
from core.runs.folder import RunFolder
from core.runs.listing import list_runs

NEWER = 99


@pytest.fixture
def run(tmp_path: Path, finished_run: RunFolder) -> RunFolder:
    return RunFolder(Path(shutil.copytree(finished_run.path, tmp_path / "runs" / finished_run.path.name)))


def newer(text: str) -> str:
    """The description of a model in a later form."""
    return json.dumps(json.loads(text) | {"format": NEWER})


def json_file(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": NEWER, "new": {"thing": 1}}))


def toml_file(path: Path) -> None:
    path.write_text(re.sub(r"version = \d+", f"version = {NEWER}", path.read_text(), count=1))


@pytest.mark.parametrize(
    ("name", "change", "read"),
    [
        ("status.json", json_file, lambda run: run.status()),
        ("metrics.json", json_file, lambda run: run.metrics()),
        ("recipe.toml", toml_file, lambda run: run.recipe()),
    ],
)
def test_a_run_of_a_newer_version_is_refused_listed_and_kept(
    run: RunFolder, name: str, change: Callable[[Path], None], read: Callable[[RunFolder], object]
) -> None:
    change(run.path / name)
    before = {path: path.read_bytes() for path in sorted(run.path.rglob("*")) if path.is_file()}
    with pytest.raises(NewerVersionError, match="from a newer SkinKD"):
        read(run)
    (listed,) = list_runs(run.path.parent)
    assert listed.folder == run.path
    with pytest.raises(NewerVersionError):
        execute(run)
    assert {path: path.read_bytes() for path in before} == before


def test_a_model_file_of_a_newer_version_is_refused(run: RunFolder) -> None:
    from safetensors import safe_open
    from safetensors.numpy import save_file

    with safe_open(run.model_file, "np") as file:
        facts = dict(file.metadata()) | {METADATA_KEY: newer(file.metadata()[METADATA_KEY])}
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - a method of this file alone
    save_file(weights, run.model_file, facts)
    with pytest.raises(NewerVersionError, match="from a newer SkinKD"):
        read_model_info(run.model_file)


def test_an_exported_model_of_a_newer_version_is_refused(run: RunFolder, tmp_path: Path) -> None:
    from onnx import TensorProto, helper, save_model
    from safetensors import safe_open

    with safe_open(run.model_file, "np") as file:
        text = newer(file.metadata()[METADATA_KEY])
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    model = helper.make_model(helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [value], [result]))
    helper.set_model_props(model, {METADATA_KEY: text})
    save_model(model, tmp_path / "newer.onnx")
    with pytest.raises(NewerVersionError, match="from a newer SkinKD"):
        info_of(tmp_path / "newer.onnx")


def test_a_cache_of_a_newer_version_is_made_anew(tmp_path: Path, sample_set: Path) -> None:
    images, cache = sorted(sample_set.rglob("*.jpg"))[:3], tmp_path / "cache"
    token, phase = CancelToken(), Phase.CHECKING
    examine = partial(examine_files, images, depth=Depth.PIXELS, phase=phase, emit=ignore, token=token, cache=cache)
    seen = examine()
    (table,) = cache.glob("*.sqlite3")
    with sqlite3.connect(table) as connection:
        connection.execute("DROP TABLE verdicts")
        connection.execute("CREATE TABLE verdicts (another TEXT)")
        connection.execute(f"PRAGMA user_version = {NEWER}")
    connection.close()
    assert examine() == seen
