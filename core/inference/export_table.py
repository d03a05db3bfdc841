"""Classifications as a table for others: CSV or JSON, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.atomic import replacing
from core.errors import SkinKDError
from core.inference.results import RESEARCH_USE, SYNTHETIC_WARNING, Classification, class_name
from core.models.info import ModelInfo

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_table(path: Path, rows: Sequence[Classification], info: ModelInfo) -> None:
    """Write `rows` as CSV or JSON by the ending of `path`, whole or not at all. Raises `SkinKDError`."""
    check_target(path)
    writer = table_to_csv if path.suffix.lower() == ".csv" else table_to_json
    try:
        _replace(path, writer(rows, info))
    except OSError as error:
        raise SkinKDError("The table was not written", f"{path} can not be written.", str(error)) from error


def check_target(path: Path) -> None:
    """Raise `SkinKDError` when a table can not have this name."""
    if path.suffix.lower() not in {".csv", ".json"}:
        raise SkinKDError("Unknown kind of table", f"{path.name} must end in .csv or .json.")


def table_to_csv(rows: Sequence[Classification], info: ModelInfo) -> str:
    """CSV with one row per image: file, diagnosis, probabilities (fractions), reason if unread, and the model.

    Text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["image", "diagnosis", "diagnosis_name", "probability", "malignant_probability"]
    writer.writerow([*head, *info.classes, "error", "model", "trained_on"])
    model, origin = _text(info.architecture), _text(_trained_on(info))
    for row in rows:
        name = class_name(row.code) if row.code else ""
        shares = [""] * len(info.classes) if row.probabilities is None else [f"{p:.6f}" for p in row.probabilities]
        numbers = [_number(row.probability), _number(row.malignant), *shares]
        writer.writerow([_text(str(row.path)), row.code or "", name, *numbers, _text(row.error), model, origin])
    return out.getvalue()


def table_to_json(rows: Sequence[Classification], info: ModelInfo) -> str:
    """The same as a JSON document: `model`, `classes`, `images`."""
    return json.dumps(table_document(rows, info), indent=2, ensure_ascii=False) + "\n"


def table_document(rows: Sequence[Classification], info: ModelInfo) -> dict[str, Any]:
    """The JSON document as plain values."""
    return {
        "notice": RESEARCH_USE,
        "warnings": [SYNTHETIC_WARNING] if info.synthetic else [],
        "model": {
            "architecture": info.architecture,
            "task": info.task,
            "trained_on": _trained_on(info),
            "synthetic": info.synthetic,
            "temperature": info.temperature,
            "recipe_hash": info.recipe_hash,
            "skinkd_version": info.skinkd_version,
        },
        "classes": list(info.classes),
        "images": [_row(row) for row in rows],
    }


def _row(row: Classification) -> dict[str, Any]:
    shares = None if row.probabilities is None else dict(zip(row.classes, row.probabilities, strict=True))
    return {
        "image": str(row.path),
        "diagnosis": row.code,
        "diagnosis_name": class_name(row.code) if row.code else None,
        "probability": row.probability,
        "malignant_probability": row.malignant,
        "probabilities": shares,
        "error": row.error or None,
    }


def _trained_on(info: ModelInfo) -> str:
    return f"{info.trained_on} (synthetic sample set)" if info.synthetic else info.trained_on


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


def _replace(path: Path, text: str) -> None:
    """Write whole or not at all; names that are no UTF-8 are written as escapes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
