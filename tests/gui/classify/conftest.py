"""A runs folder with two finished runs, and pictures to classify."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from core.models.info import ModelInfo
from core.recipe import Recipe
from core.runs.folder import create_run
from core.runs.status import RunState


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two finished runs (`Real`, and the newer `Synthetic`) and one without a model."""
    from core.models.factory import create_model
    from core.models.files import save_model

    root = tmp_path_factory.mktemp("runs")
    for second, (name, synthetic) in enumerate((("Real", False), ("Synthetic", True))):
        loaded = create_model("test_resnet", weights="none", image_size=32, seed=second)
        run = create_run(Recipe(), runs=root, name=name)
        save_model(run.model_file, loaded.model, ModelInfo("test_resnet", loaded.preprocessing, synthetic=synthetic))
        run.set_status(state=RunState.FINISHED, synthetic=synthetic, created=f"2026-01-01T00:00:0{second}+00:00")
    create_run(Recipe(), runs=root, name="Unfinished")
    return root


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Six small pictures in a folder."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    files = [folder / f"picture-{number}.png" for number in range(6)]
    for number, file in enumerate(files):
        Image.new("RGB", (60, 40), (40 * number, 90, 255 - 40 * number)).save(file)
    return files
