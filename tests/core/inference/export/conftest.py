"""Files exported once from the small run."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from core.events import CancelToken
from core.inference.export import checking, subprocess_export
from core.inference.export.exporting import ModelExportOrder, export_model
from core.inference.export.onnx_writing import to_onnx
from core.inference.export.report import ExportReport
from core.models.files import load_model
from core.runs.folder import RunFolder

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


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """For these tests only, and undone together with what they patch themselves."""
    quicken(monkeypatch)


@pytest.fixture(scope="session")
def exported(finished_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """The run as plain ONNX."""
    with pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        folder = tmp_path_factory.mktemp("exported")
        patch.setenv("SKINKD_CACHE", str(folder / "cache"))
        return export_model(ModelExportOrder(finished_run.path, folder / "plain" / "model.onnx"))


@pytest.fixture(scope="session")
def exported_int8(finished_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """The run with 8 bits, whatever it loses."""
    with pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        folder = tmp_path_factory.mktemp("exported8")
        patch.setenv("SKINKD_CACHE", str(folder / "cache"))
        return export_model(ModelExportOrder(finished_run.path, folder / "int8.onnx", "int8", tolerance=1.0))


@pytest.fixture
def file(exported: ExportReport) -> Path:
    """The plain file."""
    assert exported.file is not None
    return exported.file
