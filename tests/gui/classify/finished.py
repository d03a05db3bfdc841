"""A finished run for tests of the details: trained for one epoch on the sample set, with all its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.recipe import Preset, preset, set_values
from core.runs.folder import RunFolder, create_run


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, sample_set: Path) -> RunFolder:
    """A teacher whose data are the sample set (160 images)."""
    from core.runs.execute import execute

    folder = tmp_path_factory.mktemp("finished")
    changes = ("task=teacher", f"data.path={sample_set}", "data.image_size=64", "teacher.architecture=test_resnet")
    recipe = set_values(
        preset(Preset.QUICK), (*changes, "teacher.weights=none", "optimisation.epochs=1", "hardware.threads=1")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(folder / "cache"))
        run = create_run(recipe, runs=folder / "runs", name="tiny")
        execute(run)
    return run
