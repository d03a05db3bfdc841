"""A teacher may be a file of what it said: read without pickle, matched by name, and refused with the reason."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.types import DataSet
from core.errors import SkinKDError
from core.teachers.given_outputs import GivenOutputs, read_given_outputs

ISIC2019 = CLASS_SETS["isic2019"]
NAMES = ("a/ISIC_1.jpg", "a/ISIC_2.jpg", "b/ISIC_3.jpg")
LOGITS = np.arange(24, dtype=np.float32).reshape(3, 8) - 7
FEATURES = np.arange(6, dtype=np.float64).reshape(3, 2)


def npz(folder: Path, **arrays: Any) -> Path:
    file = folder / "teacher.npz"
    values = {"images": np.array(NAMES), "logits": LOGITS, "classes": np.array(ISIC2019.codes), **arrays}
    np.savez_compressed(file, **{name: value for name, value in values.items() if value is not None})
    return file


def csv_file(folder: Path, text: str) -> Path:
    file = folder / "teacher.csv"
    file.write_text(text, encoding="utf-8-sig")
    return file


def test_an_npz_with_both(tmp_path: Path) -> None:
    given = read_given_outputs(npz(tmp_path, features=FEATURES))
    assert given.names == NAMES
    assert given.logits is not None
    assert np.array_equal(given.logits, LOGITS)
    assert given.features is not None
    assert given.features.dtype == np.float32
    assert np.array_equal(given.features, FEATURES)


def test_features_alone(tmp_path: Path) -> None:
    given = read_given_outputs(npz(tmp_path, features=FEATURES, logits=None, classes=None))
    assert given.logits_of(ISIC2019) is None


def test_a_table_with_columns_in_any_order(tmp_path: Path) -> None:
    codes = [code.lower() for code in reversed(ISIC2019.codes)]
    rows = [
        ["image", *codes, "feature_1", "feature_2"],
        *([name, *map(str, reversed(LOGITS[row])), "1", "2.5"] for row, name in enumerate(NAMES)),
    ]
    given = read_given_outputs(csv_file(tmp_path, "\n".join(",".join(row) for row in rows)))
    logits = given.logits_of(ISIC2019)
    assert logits is not None
    assert np.array_equal(logits, LOGITS)
    assert given.features is not None
    assert given.features.tolist() == [[1, 2.5]] * 3


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "pickle": ({"images": np.array(NAMES, object)}, "allow_pickle"),
    "no names": ({"images": None}, "no array 'images'"),
    "neither": ({"logits": None}, "neither logits nor features"),
    "too few rows": ({"logits": LOGITS[:2]}, "a row for each of its 3 images"),
    "texts": ({"features": np.array([["a"]] * 3)}, "not a table of numbers"),
    "columns": ({"classes": np.array(["MEL", "NV"])}, "8 columns of logits and names 2 classes"),
    "not finite": ({"logits": np.where(LOGITS == 3, np.nan, LOGITS)}, "of a/ISIC_2.jpg are not all finite"),
    "twice": ({"images": np.array([NAMES[0], NAMES[0], NAMES[1]])}, "twice: a/ISIC_1.jpg"),
    "probabilities": ({"logits": np.full((3, 8), 0.125)}, "before softmax"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_an_npz_is_named(name: str, tmp_path: Path) -> None:
    arrays, said = BAD[name]
    with pytest.raises(SkinKDError) as caught:
        read_given_outputs(npz(tmp_path, **arrays))
    assert said in caught.value.summary


@pytest.mark.parametrize("name", ["logits.npy", "Logits.npy", "logits"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_array_that_is_there_twice_is_refused(name: str, tmp_path: Path) -> None:
    file = npz(tmp_path)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, archive.read("logits.npy"))
    with pytest.raises(SkinKDError, match=r"two members of one name, 'logits\.npy'|an array twice"):
        read_given_outputs(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,MEL\na,1\n", "no column 'image'"),
        ("image,MEL\na,1,2\n", "line 2 has not as many cells"),
        ("image,MEL\na,much\n", "much"),
        ("image\na\n", "neither logits nor features"),
        ("", "no column 'image'"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SkinKDError) as caught:
        read_given_outputs(csv_file(tmp_path, text))
    assert said in caught.value.summary


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "teacher.npz").write_bytes(b"no zip file")
    for file in (tmp_path / "teacher.npz", tmp_path / "absent.csv"):
        with pytest.raises(SkinKDError, match="can not be used"):
            read_given_outputs(file)


def given(*names: str) -> GivenOutputs:
    return GivenOutputs("teacher.npz", names, ISIC2019.codes, LOGITS[: len(names)], None)


def test_other_classes_are_named(tmp_path: Path) -> None:
    found = GivenOutputs("teacher.npz", NAMES, ("MEL", "NV"), LOGITS[:, :2], None)
    with pytest.raises(SkinKDError, match="MEL, NV"):
        found.logits_of(ISIC2019)


def test_images_are_found_by_path_or_by_a_unique_file_name(sample_set: Path) -> None:
    dataset = read(sample_set)
    first, second = dataset.records[0].name, dataset.records[3].name
    rows = given(Path(second).stem, "unknown", first).rows_of(dataset, np.array([0, 3]))
    assert rows[[0, 3]].tolist() == [2, 0]
    assert (np.delete(rows, [0, 3]) == -1).all()


def test_missing_training_images_are_named_with_what_stands_in_their_place(sample_set: Path) -> None:
    dataset = read(sample_set)
    with pytest.raises(SkinKDError) as caught:
        given(dataset.records[0].name, "unknown").rows_of(dataset, np.array([0, 1]))
    assert dataset.records[1].name in caught.value.summary
    assert "1 of the 2 training images" in caught.value.summary
    assert "unknown" in caught.value.summary


def read(sample_set: Path) -> DataSet:
    from core.data.reading import read_dataset

    return read_dataset(sample_set, ISIC2019)
