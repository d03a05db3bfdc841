"""The checks of a run's exports, kept in its folder: exports/<name>.json, the latest of each name of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.documents import read_json, write_json
from core.errors import SkinKDError
from core.inference.export.report import ExportReport, ExportRow, report_to_json

FOLDER = "exports"
_MOST = 50


def record_export(run: Path, report: ExportReport) -> None:
    """Keep the check of a file that was exported from a run. Raises OSError."""
    assert report.file is not None
    (run / FOLDER).mkdir(exist_ok=True)
    write_json(run / FOLDER / f"{report.file.stem}.json", {**report_to_json(report), "file": report.file.name})


def recorded_exports(run: Path) -> tuple[ExportReport, ...]:
    """The checks, by the names of the files. Raises `SkinKDError` when one can not be read."""
    folder = run / FOLDER
    files = sorted(folder.glob("*.json"))[:_MOST] if folder.is_dir() else []
    return tuple(_read(path) for path in files)


def _read(path: Path) -> ExportReport:
    try:
        values: dict[str, Any] = read_json(path)
        rows = tuple(ExportRow(**row) for row in values["rows"])
        known = {name: values[name] for name in _FACTS}
        return ExportReport(
            file=Path(str(values["file"])), source=Path(str(values["source"])), rows=rows, notes=(), **known
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SkinKDError(
            "The check of an export can not be read",
            f"{path} is damaged. Delete it, or export again.",
            f"{type(error).__name__}: {error}",
        ) from error


_FACTS = (
    *("architecture", "quantisation", "part", "images", "tolerance", "f1_loss", "refused"),
    *("calibration_images", "machine", "batch"),
)
"""The fields that are read as they stand."""
