"""Files of a run's images: found in the data set that the recipe names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource
from core.recipe import Recipe, set_values
from core.runs.folder import create_run
from core.runs.pictures import locate_images


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for code, name in (("MEL", "one"), ("NV", "two")):
        (tmp_path / "data" / code).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "data" / code / f"{name}.png")
    return tmp_path / "data"


@pytest.fixture
def run(tmp_path: Path, data: Path) -> Path:
    recipe = set_values(Recipe(), [f"data.path={data}", "task=teacher"])
    return create_run(recipe, runs=tmp_path / "runs", name="run").path


def locate(run: Path, *names: str) -> dict[str, Path]:
    return locate_images(run, names, CancelSource().token)


def test_only_the_named_ones_that_are_there(run: Path, data: Path) -> None:
    assert locate(run, "one", "gone") == {"one": data / "MEL" / "one.png"}
    assert locate(run) == {}


def test_a_picture_that_goes_is_no_longer_found_though_the_set_was_read(run: Path, data: Path) -> None:
    assert set(locate(run, "one", "two")) == {"one", "two"}
    (data / "NV" / "two.png").unlink()
    assert set(locate(run, "one", "two")) == {"one"}


def test_a_set_that_is_gone_or_another_says_so(run: Path, data: Path) -> None:
    with pytest.raises(SkinKDError, match="none of these 1 images"):
        locate(run, "elsewhere")
    shutil.rmtree(data)
    with pytest.raises(SkinKDError, match="does not exist now"):
        locate(run, "one")


def test_it_can_be_cancelled(run: Path) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        locate_images(run, ["one"], source.token)
