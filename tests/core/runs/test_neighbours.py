from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.classes import CLASS_SETS
from core.data.decoding import decode_image
from core.data.reading import read_dataset
from core.data.splitting import make_split, write_split
from core.data.types import Part
from core.errors import SkinKDError
from core.events import Event, Phase, Progress
from core.inference.classifier import Classifier
from core.inference.similar import similar_cases
from core.models.factory import create_model
from core.models.files import save_model
from core.models.info import ModelInfo
from core.recipe import Recipe, set_values
from core.runs.folder import RunFolder, create_run
from core.runs.neighbours import open_neighbours

ISIC2019 = CLASS_SETS["isic2019"]


@pytest.fixture
def run(sample_set: Path, tmp_path: Path) -> RunFolder:
    """What a finished run leaves: recipe, split and model (an untrained one); its data may be moved."""
    data = shutil.copytree(sample_set, tmp_path / "data")
    recipe = set_values(Recipe(), ["task=teacher", f"data.path={data}", "data.image_size=32"])
    folder = create_run(recipe, runs=tmp_path / "runs", name="untrained")
    dataset = read_dataset(data, ISIC2019)
    write_split(folder.split_file, dataset, make_split(dataset, recipe.data))
    loaded = create_model("test_resnet", weights="none", image_size=32, classes=ISIC2019)
    save_model(folder.model_file, loaded.model, ModelInfo("test_resnet", loaded.preprocessing, classes=ISIC2019))
    return folder


def names_of(run: RunFolder, part: Part) -> set[str]:
    return {row.image for row in run.split_rows if row.part is part}


def test_training_images_and_only_they_are_compared_with(run: RunFolder) -> None:
    events: list[Event] = []
    index = open_neighbours(run.path, emit=events.append)
    assert {case.name for case in index.cases} == names_of(run, Part.TRAIN)
    assert any(isinstance(event, Progress) and event.phase is Phase.COMPARING for event in events)
    labels = {row.image: (row.label, row.lesion) for row in run.split_rows}
    assert all((case.code, case.lesion) == labels[case.name] for case in index.cases)
    assert all(case.path is not None and case.path.is_file() for case in index.cases)
    assert len(set(np.asarray(index.features).tobytes())) > 1
    events.clear()
    open_neighbours(run.path, emit=events.append)
    assert not any(isinstance(event, Progress) and event.phase is Phase.COMPARING for event in events)


def test_a_training_image_finds_itself(run: RunFolder) -> None:
    classifier = Classifier.load(run.path, device="cpu")
    index = open_neighbours(run.path, classifier)
    case = index.cases[7]
    first = similar_cases(index, classifier, decode_image(case.path or Path(), 32))[0]
    assert (first.name, first.same_picture) == (case.name, True)
    assert first.similarity == pytest.approx(1.0, abs=1e-3)


def _noise(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 40, 3), np.uint8))


def test_data_that_moved_can_be_named(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "data").rename(tmp_path / "moved")
    with pytest.raises(SkinKDError, match="not at hand"):
        open_neighbours(run.path)
    index = open_neighbours(run.path, data=tmp_path / "moved")
    assert (index.cases[0].path or Path()).is_relative_to(tmp_path / "moved")


def test_other_images_are_not_taken_for_them(run: RunFolder, tmp_path: Path) -> None:
    known = next(row for row in run.split_rows if row.part is Part.TRAIN and row.label != "DF")
    name_of_the_runs = Path(known.image).stem  # but with another diagnosis
    for name, seed in (("other", 50), (name_of_the_runs, 90)):
        (tmp_path / "other" / "DF").mkdir(parents=True, exist_ok=True)
        _noise(seed).save(tmp_path / "other" / "DF" / f"{name}.png")
    (tmp_path / "other" / "NV").mkdir()
    _noise(200).save(tmp_path / "other" / "NV" / "third.png")
    with pytest.raises(SkinKDError, match="none of the"):
        open_neighbours(run.path, data=tmp_path / "other")


def test_a_run_without_a_split_says_so(run: RunFolder) -> None:
    run.split_file.unlink()
    with pytest.raises(SkinKDError, match=r"split\.csv"):
        open_neighbours(run.path)


def test_another_model_has_features_of_its_own(run: RunFolder) -> None:
    first = np.array(open_neighbours(run.path).features)
    loaded = create_model("test_resnet", weights="none", image_size=32, seed=1, classes=ISIC2019)
    info = replace(ModelInfo("test_resnet", loaded.preprocessing, classes=ISIC2019), task="teacher")
    save_model(run.model_file, loaded.model, info)
    assert not np.array_equal(first, open_neighbours(run.path).features)
