"""Files exported once from the small run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest

from core.inference.export import checking, onnx_writing
from core.inference.export.exporting import ExportOrder, export_model
from core.inference.export.report import ExportReport
from core.runs.folder import RunFolder


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    """torch writes each network once (seconds), and the stopwatch is satisfied soon."""
    write, known = onnx_writing.to_onnx, {}

    def once(model: Any, info: Any) -> onnx.ModelProto:
        key = (info, sum(float(value.sum()) for value in model.state_dict().values()))
        if key not in known:
            known[key] = write(model, info).SerializeToString()
        return onnx.load_model_from_string(known[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_writing, "to_onnx", once)
        patch.setattr(checking, "_SECONDS", 0.0)
        yield


@pytest.fixture(scope="session")
def exported(quick: None, finished_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """The run as plain ONNX."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("exported")
        patch.setenv("SKINKD_CACHE", str(folder / "cache"))
        return export_model(ExportOrder(finished_run.path, folder / "plain" / "model.onnx"))


@pytest.fixture(scope="session")
def exported_int8(quick: None, finished_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """The run with 8 bits, whatever it loses."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("exported8")
        patch.setenv("SKINKD_CACHE", str(folder / "cache"))
        return export_model(ExportOrder(finished_run.path, folder / "int8.onnx", "int8", tolerance=1.0))


@pytest.fixture
def file(exported: ExportReport) -> Path:
    """The plain file."""
    assert exported.file is not None
    return exported.file
