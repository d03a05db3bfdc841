from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from core.classes import CLASS_SETS
from core.data.names import matched
from core.data.splitting import make_split, read_split, write_split
from core.data.types import DataSet, ImageRecord, Part
from core.recipe.schema import DataRecipe
from core.runs.tables import Predictions


def test_names_of_older_runs_mean_the_files_below_the_root() -> None:
    own = ["train/ISIC_1.jpg", "train/ISIC_2.jpg", "test/ISIC_3_downsampled.JPG"]
    assert matched(["ISIC_1", "train/ISIC_2", "isic_3", "ISIC_9"], own) == {
        "ISIC_1": own[0],
        "train/ISIC_2": own[1],
        "isic_3": own[2],
    }


def test_a_name_that_fits_several_images_means_none() -> None:
    own = ["siteA/IMG_0.jpg", "siteB/IMG_0.jpg", "siteB/IMG_1.jpg"]
    assert matched(["IMG_0", "IMG_1"], own) == {"IMG_1": own[2]}
    assert matched(["x/IMG_1.jpg", "y/IMG_1.jpg"], own) == {}
    assert matched(["data/siteA/IMG_0.jpg"], own) == {}


def test_a_very_name_comes_before_what_it_looks_like() -> None:
    assert matched(["a.jpg", "a.png"], ["a.jpg", "a.png"]) == {"a.jpg": "a.jpg", "a.png": "a.png"}
    assert matched(["a", "a.jpg"], ["a.jpg", "b/a.jpg"]) == {"a.jpg": "a.jpg", "a": "b/a.jpg"}


def test_a_split_of_an_earlier_version_is_that_of_the_same_images(tmp_path: Path) -> None:
    names = [f"{'MEL' if number % 2 else 'NV'}/p{number}.jpg" for number in range(30)]
    records = tuple(ImageRecord(name, Path(name), number % 2) for number, name in enumerate(names))
    dataset = DataSet(tmp_path, "folders", records, classes=CLASS_SETS["isic2019"])
    split = make_split(dataset, DataRecipe())
    write_split(tmp_path / "split.csv", dataset, split)
    text = (tmp_path / "split.csv").read_text()
    (tmp_path / "split.csv").write_text(re.sub(r"(?m)^\w+/(p\d+)\.jpg", r"\1", text))
    again = read_split(tmp_path / "split.csv", dataset)
    for part in Part:
        assert np.array_equal(again.of(part), split.of(part))


def test_predictions_of_an_earlier_version_are_compared_with_those_of_now() -> None:
    logits = np.zeros((2, 8), np.float32)
    old = Predictions(("a", "x/b"), (Part.TEST,) * 2, np.zeros(2, np.int64), logits)
    assert old.named_as(["MEL/a.jpg", "x/b.png"]).names == ("MEL/a.jpg", "x/b.png")
