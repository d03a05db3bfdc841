"""Calibration at the end of a run, and of runs that were made without."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.types import Part
from core.errors import Cancelled, SkinKDError
from core.evaluation.calibration import fit_temperature, reliability
from core.evaluation.promises import promise_note
from core.events import CancelSource, Event, Phase, Progress
from core.inference.trust import Verdict
from core.models.calibration_statistics import statistics_to_arrays
from core.models.files import load_model, load_statistics, read_model_info, save_model
from core.recipe import Recipe, set_values
from core.runs.assess import assess_run
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run

ISIC2019 = CLASS_SETS["isic2019"]


def small(data: Path, *changes: str) -> Recipe:
    settings = ["task=teacher", f"data.path={data}", "data.image_size=32", "teacher.architecture=test_resnet"]
    settings += ["teacher.weights=none", "optimisation.epochs=1", "optimisation.learning_rate=0.003"]
    return set_values(Recipe(), [*settings, "hardware.device=cpu", "hardware.threads=1", *changes])


@pytest.fixture(scope="module", params=[0.5, 0.0])
def run(request: pytest.FixtureRequest, sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run (read it only): with images of its own to calibrate on, and without."""
    root = tmp_path_factory.mktemp("assess")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        parts = ("data.split=[0.5, 0.4, 0.1]", f"data.calibration={request.param}")
        folder = create_run(small(sample_set, *parts), runs=root / "runs")
        execute(folder)
    return folder


def copied(run: RunFolder, tmp_path: Path) -> RunFolder:
    shutil.copytree(run.path, tmp_path / "copy")
    return RunFolder(tmp_path / "copy")


def strip(folder: RunFolder) -> None:
    """Make it a run of before there was calibration."""
    model, info = load_model(folder.model_file)
    save_model(folder.model_file, model, replace(info, temperature=1.0))
    metrics = json.loads(folder.metrics_file.read_text())
    del metrics["calibration"]
    folder.metrics_file.write_text(json.dumps(metrics))


def test_a_run_ends_with_temperature_and_reference(run: RunFolder) -> None:
    calibration = json.loads(run.metrics_file.read_text())["calibration"]
    predictions = run.predictions()
    calibrating, test = predictions.calibrating, predictions.of(Part.TEST)
    apart = run.recipe().data.calibration > 0
    assert set(calibrating.parts) == {Part.CALIBRATION if apart else Part.VALIDATION}
    assert bool(predictions.of(Part.CALIBRATION).names) is apart
    assert predictions.of(Part.VALIDATION).names
    assert calibration["temperature"] == fit_temperature(calibrating.labels, calibrating.logits)
    assert calibration["fitted_part"] == calibrating.parts[0].value == read_model_info(run.model_file).calibrated_on
    assert (promise_note(Part.VALIDATION) in calibration["notes"]) is not apart
    assert read_model_info(run.model_file).temperature == calibration["temperature"]
    assert calibration["ece_before"] == reliability(test.labels, test.logits).expected_error
    assert (calibration["part"], calibration["images"]) == ("test", len(test.labels))
    assert sum(row["images"] for row in calibration["prediction_sets"]["per_class"].values()) == len(test.labels)
    statistics = load_statistics(run.model_file)
    assert statistics is not None
    np.testing.assert_array_equal(statistics.validation_logits, calibrating.logits)
    np.testing.assert_array_equal(statistics.validation_labels, calibrating.labels)
    assert statistics.size_in_bytes == calibration["reference_bytes"]
    assert len(statistics.appearance) == len([row for row in run.split_rows if row.part is Part.TRAIN])


def test_rare_classes_are_told(run: RunFolder) -> None:
    calibration = json.loads(run.metrics_file.read_text())["calibration"]
    counts = np.bincount(run.predictions().calibrating.labels, minlength=8)
    rare = [code for code, count in zip(ISIC2019.codes, counts, strict=True) if count < 9]
    assert rare  # the sample set has few of some
    assert calibration["prediction_sets"]["never_excluded"] == []  # they go with their group
    assert any(f"{rare[0]} (" in note and "with their group alone" in note for note in calibration["notes"])


def test_an_older_run_gets_the_same(run: RunFolder, tmp_path: Path) -> None:
    folder = copied(run, tmp_path)
    strip(folder)
    assert load_statistics(folder.model_file) is None
    events: list[Event] = []
    result = assess_run(folder, events.append, device="cpu")
    before, after = (json.loads(item.metrics_file.read_text()) for item in (run, folder))
    assert result.calibration == after["calibration"]
    first, second = before.pop("calibration"), after.pop("calibration")
    assert after == before
    assert second["prediction_sets"] == first["prediction_sets"]
    for name in ("temperature", "ece_before", "ece_after", "novelty_threshold", "unlike"):
        assert second[name] == pytest.approx(first[name], abs=1e-4)
    ours, theirs = (load_statistics(item.model_file) for item in (folder, run))
    assert ours is not None
    assert theirs is not None
    for name, value in statistics_to_arrays(ours).items():
        np.testing.assert_allclose(value, statistics_to_arrays(theirs)[name], atol=1e-3)
    phases = {event.phase for event in events if isinstance(event, Progress)}
    assert {Phase.TESTING, Phase.CALIBRATING} <= phases


def test_what_changed_since_is_refused_and_nothing_is_written(run: RunFolder, tmp_path: Path) -> None:
    folder = copied(run, tmp_path)
    model, info = load_model(folder.model_file)
    for parameter in model.get_classifier().parameters():  # type: ignore[operator, union-attr]
        parameter.data *= -3
    save_model(folder.model_file, model, info)
    before = folder.model_file.read_bytes(), folder.metrics_file.read_bytes()
    with pytest.raises(SkinKDError, match=r"answers otherwise on .* than predictions\.csv"):
        assess_run(folder, device="cpu")
    assert (folder.model_file.read_bytes(), folder.metrics_file.read_bytes()) == before


def test_unfinished_runs_and_cancelled_work(run: RunFolder, sample_set: Path, tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="queued"):
        assess_run(create_run(small(sample_set), runs=tmp_path / "runs"))
    folder = copied(run, tmp_path)
    source = CancelSource()

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is Phase.CALIBRATING:
            source.cancel()

    before = folder.model_file.read_bytes()
    with pytest.raises(Cancelled):
        assess_run(folder, stop, source.token, device="cpu")
    assert folder.model_file.read_bytes() == before


def test_a_run_with_hardly_any_validation_images_gives_no_verdicts(sample_set: Path, tmp_path: Path) -> None:
    from core.inference.classifier import Classifier

    folder = create_run(small(sample_set, "data.split=[100, 24, 12]"), runs=tmp_path / "runs")
    execute(folder)
    calibration = json.loads(folder.metrics_file.read_text())["calibration"]
    assert calibration["temperature"] == 1.0
    assert calibration["novelty_threshold"] is None
    assert any("not calibrated" in note and "data.calibration" in note for note in calibration["notes"])
    image = next((sample_set / "ISIC_2019_Training_Input").iterdir())
    (answer,) = Classifier.load(folder.path, "cpu").classify([image])
    assert answer.assessment is not None
    assert answer.assessment.verdict is Verdict.UNKNOWN
    assert "12 images only" in answer.assessment.sentence
