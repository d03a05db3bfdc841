"""Files exported once from the small run."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.inference.export.exporting import ModelExportOrder, export_model
from core.inference.export.report import ExportReport
from core.runs.folder import RunFolder
from tests.exports import quicken


@pytest.fixture(autouse=True)
def quick(quick_exports: None) -> None:
    """For these tests only."""


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
