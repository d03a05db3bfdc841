from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import SkinKDError
from core.events import CancelToken, ignore
from core.recipe import Recipe, set_values
from core.runs.folder import create_run
from core.runs.preparing import prepare_data


def _recipe(root: Path, *folders: str, changes: tuple[str, ...] = ()) -> Recipe:
    for number in range(21):
        folder = root / "images" / folders[number % len(folders)]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"x{number}.png")
    given = [f"data.path={root / 'images'}", "data.image_size=32", "data.skip_problems=true", *changes]
    return set_values(Recipe(), given)


def test_nothing_is_trained_before_every_label_is_understood_or_left_out(tmp_path: Path) -> None:
    recipe = _recipe(tmp_path, "MEL", "NV", "banana")
    with pytest.raises(SkinKDError, match=r"7 images have labels .*banana \(7\)"):
        prepare_data(create_run(recipe, runs=tmp_path / "runs"), recipe, ignore, CancelToken())
    recipe = set_values(recipe, ['classes.mapping={banana = ""}'])
    data = prepare_data(create_run(recipe, runs=tmp_path / "runs"), recipe, ignore, CancelToken())
    assert len(data.dataset.records) == 14
    assert data.left_out == {}


def test_images_that_say_none_of_these_count_as_left_out(tmp_path: Path) -> None:
    recipe = _recipe(tmp_path, "MEL", "NV", "UNK")
    (tmp_path / "images" / "MEL" / "x0.png").write_bytes(b"no picture")
    data = prepare_data(create_run(recipe, runs=tmp_path / "runs"), recipe, ignore, CancelToken())
    assert len(data.dataset.records) == 13
    assert data.left_out == {"Unknown label": 7, "Unreadable image": 1}
    assert data.notes[0] == "8 of 21 images were left out: Unknown label (7), Unreadable image (1)."


def test_one_class_is_nothing_to_learn(tmp_path: Path) -> None:
    recipe = _recipe(tmp_path, "MEL", "Melanom")
    with pytest.raises(SkinKDError, match="at least two classes"):
        prepare_data(create_run(recipe, runs=tmp_path / "runs"), recipe, ignore, CancelToken())


def test_tables_without_any_image_are_one_clear_problem(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("image,label\n" + "".join(f"x{n},MEL\n" for n in range(30)))
    recipe = set_values(Recipe(), [f"data.path={tmp_path}", "data.skip_problems=true"])
    with pytest.raises(SkinKDError, match="name 30 images, but there is no image file in or below") as caught:
        prepare_data(create_run(recipe, runs=tmp_path / "runs"), recipe, ignore, CancelToken())
    assert caught.value.title == "No images found"
