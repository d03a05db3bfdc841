"""The test part stays untouched while the recipe withholds it, and is used once, when that is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from core.cli.main import run as command_line
from core.data.types import Part
from core.errors import SkinKDError
from core.events import Event, Phase, Progress
from core.models.calibration_statistics import statistics_to_arrays
from core.models.files import load_statistics, read_weights
from core.recipe import Recipe, set_values
from core.runs.assess import assess_run, score_test_part
from core.runs.evidence import load_evidence
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.listing import summarise


def recipe(data: Path, *changes: str) -> Recipe:
    settings = ["task=teacher", f"data.path={data}", "data.image_size=32", "teacher.architecture=test_resnet"]
    settings += ["teacher.weights=none", "optimisation.epochs=1", "data.split=[0.5, 0.3, 0.2]"]
    return set_values(Recipe(), [*settings, "hardware.device=cpu", "hardware.threads=1", *changes])


@pytest.fixture(scope="module")
def pair(sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, RunFolder, tuple[Event, ...]]:
    """The same training with its test part scored and withheld, and what the second told (read them only)."""
    root = tmp_path_factory.mktemp("withheld")
    told: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        scored = create_run(recipe(sample_set), runs=root / "runs", name="scored")
        execute(scored)
        withheld = create_run(recipe(sample_set, "data.test=withheld"), runs=root / "runs", name="withheld")
        execute(withheld, told.append)
    return scored, withheld, tuple(told)


def copied(run: RunFolder, tmp_path: Path) -> RunFolder:
    shutil.copytree(run.path, tmp_path / run.path.name)
    return RunFolder(tmp_path / run.path.name)


def test_no_model_sees_a_withheld_test_part(pair: tuple[RunFolder, RunFolder, tuple[Event, ...]]) -> None:
    scored, withheld, told = pair
    assert withheld.split_file.read_bytes() == scored.split_file.read_bytes()
    tested = {row.image for row in withheld.split_rows if row.part is Part.TEST}
    predictions = withheld.predictions()
    assert tested
    assert Part.TEST not in predictions.parts
    assert not tested & set(predictions.names)
    metrics = withheld.metrics()
    assert metrics is not None
    assert metrics["test"] is None
    assert metrics["calibration"]["part"] == "calibration"
    assert withheld.scores() is None
    assert withheld.scores("validation") == scored.scores("validation")
    assert not any(isinstance(event, Progress) and event.phase is Phase.TESTING for event in told)
    assert any("withheld" in note for note in withheld.notes())
    assert (scored.path / "skin_tone.csv").is_file()
    assert not (withheld.path / "skin_tone.csv").exists()
    ours, theirs = (b"".join(file.read_bytes() for file in run.path.glob("events.*")) for run in (withheld, scored))
    assert b"final/test_" in theirs
    assert b"final/validation_" in ours
    assert b"final/test_" not in ours


def test_a_finished_run_that_withholds_is_whole(
    pair: tuple[RunFolder, RunFolder, tuple[Event, ...]], tmp_path: Path
) -> None:
    run = copied(pair[1], tmp_path)
    before = run.predictions_file.read_bytes()
    assert execute(run).scores is None
    assert run.predictions_file.read_bytes() == before
    assess_run(run, device="cpu")
    assert run.metrics() is not None
    assert run.scores() is None


def test_what_would_use_the_test_part_says_that_it_is_withheld(
    pair: tuple[RunFolder, RunFolder, tuple[Event, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SkinKDError, match="withholds its test images"):
        load_evidence(pair[1].path)
    assert command_line(["evaluate", str(pair[1].path), "--device", "cpu"]) == 1
    assert "--part test" in capsys.readouterr().err
    assert command_line(["evaluate", str(pair[1].path), "--part", "validation", "--device", "cpu"]) == 0
    assert pair[1].withholds_test


def test_asked_for_it_is_scored_as_a_run_that_was_tested_at_once(
    pair: tuple[RunFolder, RunFolder, tuple[Event, ...]], tmp_path: Path
) -> None:
    scored, run = pair[0], copied(pair[1], tmp_path)
    before = load_statistics(run.model_file)
    assert before is not None
    assert before.tested_labels is not None
    assert len(before.tested_labels) == 0
    assert score_test_part(run, device="cpu") == scored.scores()
    assert not run.withholds_test
    _same_model(run, scored)
    ours, theirs = run.predictions(), scored.predictions()
    assert (ours.names, ours.parts) == (theirs.names, theirs.parts)
    assert np.array_equal(ours.logits, theirs.logits)
    mine, other = run.metrics(), scored.metrics()
    assert mine is not None
    assert other is not None
    tested_at = mine.pop("tested_at")
    assert tested_at > run.status().created
    mine["data"].pop("corrections_sha256")
    other["data"].pop("corrections_sha256")
    # Products of arrays that lie otherwise in memory round otherwise.
    thresholds = [metrics["calibration"].pop("novelty_threshold") for metrics in (mine, other)]
    assert thresholds[0] == pytest.approx(thresholds[1], rel=1e-6)
    assert mine == other
    assert (run.path / "skin_tone.csv").read_bytes() == (scored.path / "skin_tone.csv").read_bytes()
    assert execute(run).scores == scored.scores()
    assert score_test_part(run, device="cpu") == scored.scores()
    again = run.metrics()
    assert again is not None
    assert again["tested_at"] == tested_at
    assert summarise(run).scores is not None


def _same_model(run: RunFolder, other: RunFolder) -> None:
    """The same weights, and the same test lesions for its decisions, which is all that a later test adds."""
    ours, theirs = read_weights(run.model_file), read_weights(other.model_file)
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
    mine, its = load_statistics(run.model_file), load_statistics(other.model_file)
    assert mine is not None
    assert its is not None
    for name, value in statistics_to_arrays(its).items():
        np.testing.assert_array_equal(statistics_to_arrays(mine)[name], value)
    assert len(statistics_to_arrays(mine)["tested_labels"])


def test_the_command_line_tests_a_run_of_its_own(
    pair: tuple[RunFolder, RunFolder, tuple[Event, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(pair[1], tmp_path)
    assert command_line(["evaluate", str(run.path), "--part", "test", "--device", "cpu"]) == 0
    assert "Weighted F1" in capsys.readouterr().out
    assert run.scores() == pair[0].scores()
