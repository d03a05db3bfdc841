from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from core.classes import CLASS_SETS
from core.data import reading
from core.data.finding import Folder, scan_folder
from core.data.reading import read_dataset
from core.errors import SkinKDError
from core.inference.collect import expand_paths
from core.inference.export_table import write_table
from core.inference.labelled import KnownLabels, find_labels, score_labelled
from core.inference.results import Classification
from core.models.info import ModelInfo, Preprocessing

ISIC2019 = CLASS_SETS["isic2019"]

INPUT = "ISIC_2019_Training_Input"
INFO = ModelInfo("test_resnet", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), classes=ISIC2019)


def answer(path: Path, code: str, share: float = 0.9) -> Classification:
    rest = (1 - share) / (len(ISIC2019.codes) - 1)
    return Classification(
        path, tuple(share if name == code else rest for name in ISIC2019.codes), code, classes=ISIC2019
    )


def failure(path: Path) -> Classification:
    return Classification(path, None, None, "It is damaged.", classes=ISIC2019)


def found(*paths: Path) -> KnownLabels:
    known = find_labels(paths, ISIC2019)
    assert known is not None
    return known


def truth(sample_set: Path) -> dict[Path, str]:
    records = read_dataset(sample_set, ISIC2019).records
    return {record.path: ISIC2019.codes[record.label] for record in records if record.path is not None}


def test_a_data_set_brings_its_labels(sample_set: Path) -> None:
    known = found(sample_set)
    assert {path: label.code for path, label in known.labels.items()} == truth(sample_set)
    assert 1 < len({label.group for label in known.labels.values()}) < len(known.labels)
    assert known.synthetic
    assert known.where == (sample_set,)


def test_a_folder_of_images_takes_the_tables_beside_it(sample_set: Path) -> None:
    known = found(sample_set / INPUT)
    assert {path: label.code for path, label in known.labels.items()} == truth(sample_set)
    assert known.where[0].suffix == ".csv"


def test_relative_paths_mean_the_same(sample_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sample_set.parent)
    folder = Path(sample_set.name)
    known = found(folder)
    assert all(known.of(path) is not None for path in expand_paths([folder]))


def test_folders_per_class(tmp_path: Path) -> None:
    for code in ("MEL", "NV"):
        (tmp_path / code).mkdir()
        Image.new("RGB", (40, 40)).save(tmp_path / code / "x.png")
    known = found(tmp_path)
    assert {path.parent.name: label.code for path, label in known.labels.items()} == {"MEL": "MEL", "NV": "NV"}


def test_most_folders_have_no_labels(tmp_path: Path, sample_set: Path) -> None:
    picture = tmp_path / "pictures" / "x.png"
    picture.parent.mkdir()
    Image.new("RGB", (40, 40)).save(picture)
    (tmp_path / "prices.csv").write_text("image,price\nx,3\n", encoding="utf-8")
    assert find_labels([picture.parent, picture, tmp_path / "absent"], ISIC2019) is None
    # Labels of other images beside it are none of its own.
    for table in sample_set.glob("*.csv"):
        shutil.copy(table, tmp_path)
    assert find_labels([picture.parent], ISIC2019) is None


def test_tables_that_name_none_of_the_images_do_not_make_it_walk_the_folder_above(
    tmp_path: Path, sample_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[Path] = []

    def scan(root: Path) -> Folder:
        walked.append(root)
        return scan_folder(root)

    monkeypatch.setattr(reading, "scan_folder", scan)
    picture = tmp_path / "pictures" / "x.png"
    picture.parent.mkdir()
    Image.new("RGB", (40, 40)).save(picture)
    for table in sample_set.glob("*.csv"):
        shutil.copy(table, tmp_path)
    assert find_labels([picture.parent], ISIC2019) is None
    assert walked == [picture.parent]
    # One that does is read with the folder above, however late it names one.
    rows = [*(f"y{number},NV" for number in range(5000)), "pictures/x.png,BCC"]
    (tmp_path / "z.csv").write_text("\n".join(["image,label", *rows]), encoding="utf-8")
    assert found(picture.parent).labels[picture].code == "BCC"
    assert walked[1:] == [picture.parent, tmp_path]


@pytest.mark.parametrize("share", [0.9, 1.0])
@pytest.mark.parametrize("place", [".", "pictures"])
def test_saved_answers_are_no_labels(tmp_path: Path, share: float, place: str) -> None:
    """A table that classifying saved, beside the images or among them, must not score the model with itself."""
    picture = tmp_path / "pictures" / "x.png"
    picture.parent.mkdir()
    Image.new("RGB", (40, 40)).save(picture)
    write_table(tmp_path / place / "answers.csv", [answer(picture, "NV", share)], INFO)
    assert find_labels([picture.parent], ISIC2019) is None
    with pytest.raises(SkinKDError):
        read_dataset(picture.parent, ISIC2019)


def test_scores_of_known_answers(sample_set: Path) -> None:
    known = found(sample_set)
    codes = truth(sample_set)
    files = list(codes)
    rows = [answer(path, codes[path]) for path in files[:100]]
    rows += [answer(path, "MEL" if codes[path] != "MEL" else "NV") for path in files[100:120]]
    rows += [failure(path) for path in files[120:123]]
    rows += [answer(sample_set / "elsewhere.jpg", "NV"), failure(sample_set / "broken.jpg"), rows[0]]
    result = score_labelled(known, rows, resamples=100)
    assert (result.scored, result.not_classified, result.without_label) == (120, 3, 1)
    assert result.detailed is not None
    assert result.detailed.scores.accuracy == pytest.approx(100 / 120)
    assert sum(item.support for item in result.detailed.per_class) == 120
    assert result.intervals is not None
    assert result.intervals.accuracy is not None
    assert result.intervals.accuracy.low < 100 / 120 < result.intervals.accuracy.high
    assert result.intervals.by_group
    assert result.synthetic


def test_certain_answers_are_scored_too(sample_set: Path) -> None:
    known = found(sample_set)
    rows = [answer(path, code, 1.0) for path, code in truth(sample_set).items()]
    result = score_labelled(known, rows, resamples=10)
    assert result.detailed is not None
    assert result.detailed.scores.weighted_f1 == 1.0


def test_nothing_to_score_is_undefined(sample_set: Path) -> None:
    known = found(sample_set)
    result = score_labelled(known, [failure(next(iter(known.labels))), answer(sample_set / "other.jpg", "NV")])
    assert (result.detailed, result.intervals) == (None, None)
    assert (result.scored, result.not_classified, result.without_label) == (0, 1, 1)


def test_an_image_with_two_labels_has_none(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Image.new("RGB", (40, 40)).save(tmp_path / f"{name}.png")
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("image,label\na,BCC\nb,NV\n", encoding="utf-8")
    second.write_text("image,label\na,MEL\nb,NV\n", encoding="utf-8")
    assert len(found(first).labels) == 2
    assert {path.name: label.code for path, label in found(first, second).labels.items()} == {"b.png": "NV"}
