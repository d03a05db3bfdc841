from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.demo.sample_set import write_sample_set
from core.errors import SkinKDError
from core.events import CancelToken, ignore
from core.runs.evaluating import evaluate_on
from core.runs.external import FOLDER, external_tests, is_external, keep_external
from core.runs.folder import RunFolder


@pytest.fixture(scope="module")
def tested(finished_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run that was tested on another sample set."""
    root = tmp_path_factory.mktemp("external")
    shutil.copytree(finished_run.path, root / "run")
    other = write_sample_set(root / "PH2 like", images=40, seed=5, size=64)
    run = RunFolder(root / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        result = evaluate_on(run.path, other, part="", device="cpu", emit=ignore, token=CancelToken())
    assert is_external(run, other)
    assert keep_external(run, result) == run.path / FOLDER / "ph2-like"
    assert keep_external(run, result).is_dir()  # once more takes its place
    return run


def test_the_kept_test_gives_the_same_scores(tested: RunFolder) -> None:
    (test,) = external_tests(tested)
    assert test.name == "PH2 like"
    assert test.images == 40
    assert test.synthetic
    assert test.detailed.scores.accuracy == np.mean(test.predictions.logits.argmax(axis=1) == test.predictions.labels)


def test_a_runs_own_images_are_not_external(finished_run: RunFolder, sample_set: Path) -> None:
    assert not is_external(finished_run, sample_set)
    assert not is_external(finished_run, sample_set / "images")
    assert external_tests(finished_run) == ()


def test_a_damaged_test_is_named(tested: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(tested.path, tmp_path / "run")
    (tmp_path / "run" / FOLDER / "ph2-like" / "facts.json").write_text('{"name": "x"}')
    with pytest.raises(SkinKDError, match="evaluate RUN"):
        external_tests(RunFolder(tmp_path / "run"))
