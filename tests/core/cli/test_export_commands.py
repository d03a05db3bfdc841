from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import run
from core.inference.export.exporting import ModelExportOrder
from core.inference.export.report import ExportReport, ExportRow
from core.reporting.model_card import exported

Call = Callable[..., tuple[int, Any]]


@pytest.mark.usefixtures("quick_exports")
def test_an_exported_file_is_checked_scored_and_classifies(
    trained: Path, sample_set: Path, tmp_path: Path, as_json: Call
) -> None:
    out = tmp_path / "new" / "m.onnx"
    code, document = as_json("export", trained.name, "--runs", str(trained.parent), "--out", str(out))
    assert code == 0
    assert document["file"] == str(out)
    assert document["rows"][1]["agreement"] == 1.0
    saved = (tmp_path / "new" / "m.check.json").read_text(encoding="utf-8")
    assert document.pop("card") == str(tmp_path / "new" / "README.md")
    assert json.loads(saved) == {**document, "file": "m.onnx"}
    assert str(tmp_path) not in saved + (tmp_path / "new" / "README.md").read_text(encoding="utf-8")

    code, scores = as_json("evaluate", str(out), "--data", str(sample_set))
    assert code == 0
    code, expected = as_json("evaluate", str(trained / "model.safetensors"), "--data", str(sample_set))
    assert scores["confusion"] == expected["confusion"]

    image = str(sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[0])
    code, taken = as_json("classify", str(out), image)
    assert code == 0
    code, original = as_json("classify", str(trained), image)
    assert taken["images"][0]["probabilities"] == pytest.approx(original["images"][0]["probabilities"], abs=1e-4)


def test_a_refusal_shows_its_figures_and_fails(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = (ExportRow("Original", None, None, 0.6, 900, 2.0, 1.0), ExportRow("ONNX", 0.5, 0.9, 0.3, 300, 1.0, 0.5))
    orders: list[ModelExportOrder] = []

    def refuse(order: ModelExportOrder, *_: Any) -> ExportReport:
        orders.append(order)
        return ExportReport(
            None, order.source, "n", order.quantise, "test", 16, 0.05, 0.3, rows, "Refused: too much", (), 9, "cpu", 16
        )

    monkeypatch.setattr(exported, "export_model", refuse)
    options = ("--quantize", "INT8", "--tolerance", "0.05", "--out", str(tmp_path / "m.onnx"))
    assert run(["export", str(trained), *options]) == 1
    said = capsys.readouterr()
    assert "30.00 %" in said.out
    assert "50.00 %" in said.out
    assert "Refused: too much" in said.err
    assert (orders[0].quantise, orders[0].tolerance, orders[0].source) == ("int8", 0.05, trained)


def test_wrong_wishes_are_said(trained: Path, tmp_path: Path, as_json: Call) -> None:
    out = str(tmp_path / "m.onnx")
    code, document = as_json("export", str(trained), "--out", out, "--format", "tflite")
    assert (code, document["error"]["title"]) == (1, "Unknown format")
    code, document = as_json("export", str(trained), "--out", out, "--quantize", "int8", "--without-test")
    assert (code, document["error"]["title"]) == (1, "8 bits need images")
    code, document = as_json("export", str(trained), "--out", out, "--data", str(tmp_path / "gone"))
    assert (code, document["error"]["title"]) == (1, "The export can not be checked")
    assert list(tmp_path.glob("*.onnx*")) == []
