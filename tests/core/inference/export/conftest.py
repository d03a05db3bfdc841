"""Files exported once from the small run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest

from core.events import CancelToken
from core.inference.export import apart, checking
from core.inference.export.exporting import ExportOrder, export_model
from core.inference.export.onnx_writing import to_onnx
from core.inference.export.report import ExportReport
from core.models.files import load_model
from core.runs.folder import RunFolder

write_in_another_process = apart.write_apart  # as it is in the product


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    """torch writes each network once, in this process (another takes seconds to start); the stopwatch is soon happy."""
    known: dict[bytes, bytes] = {}

    def once(model_file: Path, folder: Path, token: CancelToken) -> onnx.ModelProto:
        key = model_file.read_bytes()
        if key not in known:
            known[key] = to_onnx(*load_model(model_file)).SerializeToString()
        return onnx.load_model_from_string(known[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "write_apart", once)
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
