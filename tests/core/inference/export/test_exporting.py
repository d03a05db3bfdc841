from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from core.classes import CLASS_SETS
from core.data.decoding import decode_image
from core.data.reading import read_dataset
from core.data.splitting import read_split
from core.errors import Cancelled, SkinKDError
from core.evaluation.decisions import Withheld
from core.events import CancelSource, CancelToken, Emit, Event, Phase, Progress
from core.inference.classifier import Classifier, info_of
from core.inference.export import quantising, subprocess_export
from core.inference.export.exporting import ModelExportOrder, check_files, export_model
from core.inference.export.quantising import Quantised, ScaleImages
from core.inference.export.report import ExportReport, table_rows, verdict
from core.inference.trust import Verdict
from core.models.files import load_model, save_model
from core.models.info import ModelInfo
from core.runs.folder import RunFolder

ISIC2019 = CLASS_SETS["isic2019"]

ROOT = Path(__file__).resolve().parents[4]


def test_training_the_run_and_its_export_give_the_same_logits(
    file: Path, finished_run: RunFolder, sample_set: Path
) -> None:
    files = {record.name: record.path for record in read_dataset(sample_set, ISIC2019).records}
    predictions = finished_run.predictions()  # by the forward pass of the training, from its store of images
    saved, exported = Classifier.load(finished_run.path, "cpu"), Classifier.load(file, "cpu")
    size = saved.info.preprocessing.image_size
    pixels = np.stack([decode_image(files[name] or Path(), size) for name in predictions.names])
    np.testing.assert_allclose(saved.logits(pixels), predictions.logits, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(exported.logits(pixels), predictions.logits, rtol=1e-4, atol=1e-4)
    for ours, theirs in zip(exported.features(pixels), saved.features(pixels), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
    assert np.ptp(predictions.logits) > 0.01  # not all the same, or the lines above say little


@pytest.mark.parametrize("count", [1, 3, 17])
def test_any_number_of_images_fits(file: Path, count: int) -> None:
    classifier = Classifier.load(file, "cpu")
    size = classifier.info.preprocessing.image_size
    images = np.random.default_rng(0).integers(0, 256, (17, size, size, 3), np.uint8)
    alone = np.concatenate([classifier.logits(image[None]) for image in images[:count]])
    together = classifier.logits(images[:count])
    assert together.shape == (count, 8)
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["exported", "exported_int8"])
def test_exported_files_give_verdicts(
    kind: str, finished_run: RunFolder, sample_set: Path, request: pytest.FixtureRequest
) -> None:
    found: ExportReport = request.getfixturevalue(kind)
    assert found.file is not None
    images = sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[:40]
    original = [row.assessment for row in Classifier.load(finished_run.path, "cpu").classify(images)]
    taken = [row.assessment for row in Classifier.load(found.file, "cpu").classify(images)]
    verdicts = [item.verdict for item in taken if item]
    assert len(verdicts) == 40
    assert Verdict.UNKNOWN not in verdicts
    made = [item.decision for item in taken if item]
    assert all(item is not None and item.withheld is not Withheld.NOT_CALIBRATED for item in made)
    if kind == "exported":
        asked = [item.decision for item in original if item]
        assert [item.decision for item in made if item] == [item.decision for item in asked if item]
        assert verdicts == [item.verdict for item in original if item]
        assert [item.prediction_set for item in taken if item] == [item.prediction_set for item in original if item]


def test_the_check_stands_beside_the_file(exported: ExportReport, finished_run: RunFolder) -> None:
    assert exported.file is not None
    as_json, as_text = check_files(exported.file)
    document = json.loads(as_json.read_text(encoding="utf-8"))
    before, after = document["rows"]
    scores = finished_run.scores("test")
    assert scores is not None
    assert before["weighted_f1"] == pytest.approx(scores.weighted_f1)
    assert (after["agreement"], document["part"]) == (1.0, "test")
    assert 0 <= after["largest_difference"] < 1e-4
    assert after["size_bytes"] == exported.file.stat().st_size
    assert min(before["milliseconds"], after["milliseconds"], after["batch_milliseconds"]) > 0
    assert "| ONNX | 100.00 % |" in as_text.read_text(encoding="utf-8")
    assert {item.name for item in exported.file.parent.iterdir()} == {exported.file.name, as_json.name, as_text.name}


def test_8_bits_are_there_and_smaller(exported: ExportReport, exported_int8: ExportReport) -> None:
    assert exported_int8.file is not None
    model = onnx.load_model(exported_int8.file)
    kinds = [node.op_type for node in model.graph.node]
    assert "QuantizeLinear" in kinds
    assert {node.domain for node in model.graph.node} == {""}
    stored = {item.data_type for item in model.graph.initializer if len(item.dims) == 4}
    assert onnx.TensorProto.INT8 in stored
    per_channel = [item for item in model.graph.initializer if "scale" in item.name and len(item.dims) == 1]
    assert any(item.dims[0] > 1 for item in per_channel)
    assert exported_int8.rows[1].size_bytes < exported.rows[1].size_bytes
    assert exported_int8.calibration_images > 0


def test_16_bits_halve_the_file_keep_the_answers_and_have_verdicts_of_their_own(
    finished_run: RunFolder, exported: ExportReport, sample_set: Path, tmp_path: Path
) -> None:
    found = export_model(ModelExportOrder(finished_run.path, tmp_path / "m.onnx", "fp16"))
    assert found.file is not None
    model = onnx.load_model(found.file)
    weights = {item.data_type for item in model.graph.initializer if item.name.endswith("weight")}
    assert weights == {onnx.TensorProto.FLOAT16}
    kinds = {item.name: item.type.tensor_type.elem_type for item in (*model.graph.input, *model.graph.output)}
    assert kinds["images"] == onnx.TensorProto.UINT8
    assert kinds["logits"] == onnx.TensorProto.FLOAT
    assert exported.file is not None
    whole = onnx.load_model(exported.file)
    assert model.graph.ByteSize() < 0.6 * whole.graph.ByteSize()
    row = found.rows[1]
    assert row.agreement is not None
    assert row.agreement >= 0.95
    assert 0 < (row.largest_difference or 0) < 0.05
    images = sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[:8]
    taken = [item.assessment for item in Classifier.load(found.file, "cpu").classify(images)]
    assert all(item is not None and item.verdict is not Verdict.UNKNOWN for item in taken)


def test_nothing_of_this_computer_goes_along(file: Path) -> None:
    content = file.read_bytes()
    for word in (str(ROOT), "site-packages", "torch/nn", str(file.parent)):
        assert word.encode() not in content


def test_scales_come_from_training_images_alone(
    finished_run: RunFolder, sample_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[ScaleImages] = []

    def spy(model: Any, calibration: ScaleImages, folder: Path, emit: Emit, token: CancelToken) -> Quantised:
        given.append(calibration)
        raise Cancelled

    monkeypatch.setattr(quantising, "quantise", spy)
    with pytest.raises(Cancelled):
        export_model(ModelExportOrder(finished_run.path, tmp_path / "m.onnx", "int8"))
    dataset = read_dataset(sample_set, ISIC2019)
    split = read_split(finished_run.split_file, dataset)
    chosen = given[0].indices
    assert set(chosen.tolist()) <= set(split.train.tolist())
    assert len(set(chosen.tolist())) == len(chosen) > 50
    assert given[0].gather(chosen[:2]).shape == (2, 64, 64, 3)


def test_a_file_that_computes_something_else_is_refused(
    finished_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = subprocess_export.export_in_subprocess

    def wrong(*arguments: Any) -> onnx.ModelProto:
        model = right(*arguments)
        bias = next(item for item in model.graph.initializer if item.dims == [8])
        bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.eye(8, dtype=np.float32)[3], bias.name))
        return model

    monkeypatch.setattr(subprocess_export, "export_in_subprocess", wrong)
    out = tmp_path / "folder" / "m.onnx"
    out.parent.mkdir()
    out.write_bytes(b"what was there before")
    found = export_model(ModelExportOrder(finished_run.path, out, tolerance=1.0))
    assert found.file is None
    assert "Refused: a probability differs" in found.refused
    assert verdict(found) == found.refused
    assert len(table_rows(found)) == 2
    assert [item.name for item in out.parent.iterdir()] == ["m.onnx"]
    assert out.read_bytes() == b"what was there before"


def test_a_loss_beyond_the_tolerance_is_refused_with_the_figures(
    finished_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_run.path, run)
    save_model(run / "model.safetensors", *always(load_model(finished_run.model_file), "NV"))

    def collapse(model: onnx.ModelProto, *rest: Any) -> Quantised:
        bias = next(item for item in model.graph.initializer if item.dims == [8])
        bias.CopyFrom(numpy_helper.from_array(9 * np.eye(8, dtype=np.float32)[ISIC2019.codes.index("DF")], bias.name))
        return Quantised(model, 1, 0)

    monkeypatch.setattr(quantising, "quantise", collapse)
    out = tmp_path / "out" / "m.onnx"
    found = export_model(ModelExportOrder(run, out, "int8", tolerance=0.1))
    assert found.file is None
    assert found.f1_loss is not None
    assert found.f1_loss > 0.1
    assert f"loses {100 * found.f1_loss:.2f} points" in found.refused
    assert any("another diagnosis" in note for note in found.notes)
    assert list(out.parent.iterdir()) == []
    assert export_model(ModelExportOrder(run, out, "int8", tolerance=found.f1_loss)).file == out


def always(loaded: tuple[Any, ModelInfo], code: str) -> tuple[Any, ModelInfo]:
    """The network, made to give one diagnosis to everything."""
    model, info = loaded
    last = model.get_classifier()
    last.weight.data.zero_()
    last.bias.data.zero_()[ISIC2019.codes.index(code)] = 1
    return model, info


def test_a_lone_file_needs_data_or_a_word(finished_run: RunFolder, sample_set: Path, tmp_path: Path) -> None:
    lone = tmp_path / "sent.safetensors"
    lone.write_bytes(finished_run.model_file.read_bytes())
    out = tmp_path / "m.onnx"
    with pytest.raises(SkinKDError, match="--without-test"):
        export_model(ModelExportOrder(lone, out))
    with pytest.raises(SkinKDError, match=r"not at .* any more"):
        export_model(ModelExportOrder(lone, out, data=tmp_path / "gone"))
    with pytest.raises(SkinKDError, match="training images"):
        export_model(ModelExportOrder(lone, out, "int8", data=sample_set))
    assert not out.exists()
    found = export_model(ModelExportOrder(lone, out, without_test=True))
    assert (found.file, found.part, found.f1_loss) == (out, "", None)
    assert found.rows[0].weighted_f1 is None
    assert "not checked" in verdict(found)
    assert any("not checked" in note for note in found.notes)


def test_orders_that_can_not_be_carried_out(finished_run: RunFolder, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.onnx"
    for order, words in (
        (ModelExportOrder(finished_run.path, tmp_path / "m.pt"), r"ends in \.onnx"),
        (ModelExportOrder(finished_run.path, out, "int4"), "int8"),
        (ModelExportOrder(finished_run.path, out, tolerance=2.0), "from 0 to 1"),
        (ModelExportOrder(finished_run.path, out, "int8", without_test=True), "images"),
        (ModelExportOrder(file, out), "exported before"),
        (ModelExportOrder(tmp_path, out), "no model"),
    ):
        with pytest.raises(SkinKDError, match=words):
            export_model(order)
    assert not out.exists()


def test_it_can_be_cancelled_and_leaves_nothing(finished_run: RunFolder, tmp_path: Path) -> None:
    source = CancelSource()

    def emit(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is Phase.EXPORTING and event.done:
            source.cancel()

    with pytest.raises(Cancelled):
        export_model(ModelExportOrder(finished_run.path, tmp_path / "out" / "m.onnx"), emit, source.token)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_description_is_the_models(file: Path, finished_run: RunFolder) -> None:
    assert info_of(file) == info_of(finished_run.model_file)
    model = onnx.load_model(file)
    plain = {item.key: json.loads(item.value) for item in model.metadata_props if not item.key.startswith("skinkd.")}
    assert plain["classes"] == ["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"]
    assert plain["preprocessing"]["image_size"] == 64
    assert "squashed" in plain["preprocessing"]["resize"]
    assert "Generated pictures" in plain["data_terms"]
    assert "not a medical device" in plain["notice"].lower()
    assert plain["temperature"] == info_of(file).temperature


def test_a_file_with_test_time_augmentation_holds_it_with_verdicts_of_its_own(
    finished_run: RunFolder, tmp_path: Path
) -> None:
    """In the graph: the file gives the mean to whoever runs it, and is calibrated for it."""
    out = tmp_path / "mean.onnx"
    report = export_model(ModelExportOrder(finished_run.path, out, averaged=True))
    assert report.refused == ""
    assert [row.name for row in report.rows] == ["Original", "ONNX", "Original, one view"]
    assert report.rows[1].agreement == 1.0
    assert any("eight times the time" in note for note in report.notes)
    assert info_of(out).positions == 8
    exported, original = Classifier.load(out, "cpu"), Classifier.load(finished_run.path, "cpu", averaged=True)
    assert exported.averaged
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
    np.testing.assert_allclose(exported.logits(images), original.logits(images), rtol=1e-3, atol=1e-4)
    plain = Classifier.load(finished_run.path, "cpu").logits(images)
    assert np.abs(exported.logits(images) - plain).max() > 1e-3
    (found,) = exported.decision_rule.assess(exported.logits(images[:1]), exported.features(images[:1])[1], images[:1])
    assert found.verdict is not Verdict.UNKNOWN
    assert json.loads(check_files(out)[0].read_text(encoding="utf-8"))["rows"][2]["name"] == "Original, one view"


def test_without_images_a_file_with_test_time_augmentation_has_no_verdicts(
    finished_run: RunFolder, tmp_path: Path
) -> None:
    out = tmp_path / "mean.onnx"
    report = export_model(ModelExportOrder(finished_run.path, out, without_test=True, averaged=True))
    assert any("come without a verdict" in note for note in report.notes)
    assert Classifier.load(out, "cpu").decision_rule.statistics is None
