from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.checking import check_images
from core.data.choices import Choices
from core.data.reading import read_dataset
from core.data.splitting import make_split, read_split, write_split
from core.data.types import DataSet, Problem, ProblemKind
from core.errors import SkinKDError
from core.recipe.schema import DataRecipe

from .conftest import MakeImage

ISIC2019 = CLASS_SETS["isic2019"]

_HEADER = "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK"


def _one_hot(name: str, *codes: str) -> str:
    columns = (*ISIC2019.codes, "UNK")
    return ",".join([name, *("1.0" if code in codes else "0.0" for code in columns)])


def _kinds(dataset: DataSet) -> dict[ProblemKind, list[str]]:
    found: dict[ProblemKind, list[str]] = {}
    for problem in dataset.problems:
        found.setdefault(problem.kind, []).append(problem.subject)
    return found


def _write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def isic(tmp_path: Path, make_image: MakeImage) -> Path:
    """Three images below the folder, with tables whose names say nothing."""
    root = tmp_path / "isic"
    for number in range(3):
        make_image(root / "a" / "b" / f"ISIC_000000{number}.jpg", seed=number)
    _write(
        root / "t1.csv", _HEADER, *(_one_hot(f"ISIC_000000{n}", code) for n, code in enumerate(("MEL", "NV", "SCC")))
    )
    _write(root / "t2.csv", "image,age_approx,anatom_site_general,lesion_id,sex", "ISIC_0000001,55,head/neck,L7,male")
    return root


def test_isic2019_is_found_by_its_columns(isic: Path) -> None:
    dataset = read_dataset(isic, ISIC2019)
    assert dataset.layout == "tables"
    assert [record.name for record in dataset.records] == [f"a/b/ISIC_000000{number}.jpg" for number in range(3)]
    assert [ISIC2019.codes[record.label] for record in dataset.records] == ["MEL", "NV", "SCC"]
    assert [record.path for record in dataset.records] == [isic / record.name for record in dataset.records]
    middle = dataset.records[1]
    assert (middle.lesion, middle.age, middle.sex, middle.site) == ("L7", 55.0, "male", "head/neck")
    assert dataset.problems == ()
    assert not dataset.synthetic
    assert dataset.terms == ""  # nothing says them


def test_isic2019_rows_without_one_clear_label(isic: Path, make_image: MakeImage) -> None:
    lines = [
        _one_hot("ISIC_0000000", "MEL"),
        _one_hot("ISIC_0000001", "UNK"),
        _one_hot("ISIC_0000002", "BKL", "SCC"),
        _one_hot("ISIC_0000003"),
        _one_hot("ISIC_0000004", "NV").replace("0.0", "what", 1),
        _one_hot("ISIC_0000005", "NV", "UNK"),
    ]
    _write(isic / "t1.csv", _HEADER, *lines)
    for number in range(3, 6):
        make_image(isic / f"ISIC_000000{number}.jpg", seed=number)
    dataset = read_dataset(isic, ISIC2019)
    assert [record.name for record in dataset.records] == ["a/b/ISIC_0000000.jpg"]
    assert _kinds(dataset) == {
        ProblemKind.UNKNOWN_LABEL: ["UNK"],
        ProblemKind.TWO_LABELS: ["a/b/ISIC_0000002.jpg", "ISIC_0000005.jpg"],
        ProblemKind.NO_LABEL: ["ISIC_0000003.jpg", "ISIC_0000004.jpg"],
    }
    assert "BKL and SCC" in dataset.problems[0].reason
    assert dataset.label_counts[1].says_none


@pytest.mark.parametrize(("row", "file"), [("ISIC_1_downsampled", "ISIC_1"), ("ISIC_1", "ISIC_1_downsampled")])
def test_downsampled_names_match_either_way(tmp_path: Path, make_image: MakeImage, row: str, file: str) -> None:
    make_image(tmp_path / "set" / f"{file}.jpg")
    _write(tmp_path / "set" / "truth.csv", _HEADER, _one_hot(row, "NV"))
    _write(tmp_path / "set" / "meta.csv", "image,lesion_id", "ISIC_1,L1")
    (record,) = read_dataset(tmp_path / "set", ISIC2019).records
    assert (record.name, record.lesion) == (f"{file}.jpg", "L1")


def test_exact_names_win_over_downsampled_ones(tmp_path: Path, make_image: MakeImage) -> None:
    for name in ("ISIC_1", "ISIC_1_downsampled"):
        make_image(tmp_path / f"{name}.jpg", seed=len(name))
    _write(tmp_path / "truth.csv", _HEADER, _one_hot("ISIC_1_downsampled", "NV"), _one_hot("ISIC_1", "MEL"))
    found = {record.name: ISIC2019.codes[record.label] for record in read_dataset(tmp_path, ISIC2019).records}
    assert found == {"ISIC_1_downsampled.jpg": "NV", "ISIC_1.jpg": "MEL"}


def test_rows_and_images_without_one_another(isic: Path, make_image: MakeImage) -> None:
    make_image(isic / "a" / "extra.jpg", seed=9)
    (isic / "a" / "b" / "ISIC_0000002.jpg").unlink()
    dataset = read_dataset(isic, ISIC2019)
    assert _kinds(dataset) == {ProblemKind.MISSING_IMAGE: ["ISIC_0000002"], ProblemKind.MISSING_ROW: ["a/extra.jpg"]}
    missing, extra = dataset.problems
    assert (missing.excludes, missing.names) == (True, ("ISIC_0000002",))
    assert not extra.excludes
    assert dataset.records[2].path is None


def test_rows_twice(isic: Path) -> None:
    rows = [("ISIC_0000000", "MEL"), ("ISIC_0000000", "MEL"), ("ISIC_0000001", "NV"), ("ISIC_0000001", "BCC")]
    _write(isic / "t1.csv", _HEADER, *(_one_hot(*row) for row in rows))
    dataset = read_dataset(isic, ISIC2019)
    assert [record.name for record in dataset.records] == ["a/b/ISIC_0000000.jpg"]
    kinds = _kinds(dataset)
    assert kinds[ProblemKind.DUPLICATE_ROW] == ["a/b/ISIC_0000000.jpg"]
    assert kinds[ProblemKind.TWO_LABELS] == ["a/b/ISIC_0000001.jpg"]


def test_tables_without_images_are_one_problem(isic: Path) -> None:
    for path in (isic / "a" / "b").iterdir():
        path.unlink()
    (problem,) = read_dataset(isic, ISIC2019).problems
    assert problem.kind is ProblemKind.NO_IMAGES
    assert "3 images" in problem.reason


def test_images_of_other_names_are_one_problem(isic: Path) -> None:
    for path in sorted((isic / "a" / "b").iterdir()):
        path.rename(path.with_name(f"my-{path.name}"))
    (problem,) = read_dataset(isic, ISIC2019).problems
    assert problem.kind is ProblemKind.NO_IMAGES
    assert "ISIC_0000000" in problem.reason
    assert "my-ISIC_0000000.jpg" in problem.reason


def test_predictions_are_not_taken_for_ground_truth(isic: Path) -> None:
    logits = ",".join(["ISIC_0000000", "2.5", "-1.2", *["0.1"] * 7])
    _write(isic / "a_predictions.csv", _HEADER, logits)
    assert [record.label for record in read_dataset(isic, ISIC2019).records] == [0, 1, 7]


def test_tables_above_win_over_copies_below(isic: Path) -> None:
    _write(isic / "old" / "truth.csv", _HEADER, _one_hot("ISIC_0000000", "DF"))
    assert read_dataset(isic, ISIC2019).counts["DF"] == 0


def test_seven_class_one_hot_of_isic_2018(tmp_path: Path, make_image: MakeImage) -> None:
    make_image(tmp_path / "ISIC_1.jpg")
    _write(tmp_path / "truth.csv", "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC", "ISIC_1,0,0,0,1,0,0,0")
    assert read_dataset(tmp_path, ISIC2019).counts["AK"] == 1


def test_ham10000(tmp_path: Path, make_image: MakeImage) -> None:
    codes = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
    lines = [f"HAM_{n},ISIC_{n},{code},histo,{n}5.0,female,back" for n, code in enumerate(codes)]
    _write(tmp_path / "HAM10000_metadata.csv", "lesion_id,image_id,dx,dx_type,age,sex,localization", *lines)
    for number in range(len(codes)):
        make_image(tmp_path / f"HAM10000_images_part_{number % 2 + 1}" / f"ISIC_{number}.jpg", seed=number)
    dataset = read_dataset(tmp_path, ISIC2019)
    assert dataset.layout == "tables"
    assert [ISIC2019.codes[record.label] for record in dataset.records] == [
        "AK",
        "BCC",
        "BKL",
        "DF",
        "MEL",
        "NV",
        "VASC",
    ]
    record = dataset.records[3]
    assert (record.lesion, record.age, record.sex, record.site) == ("HAM_3", 35.0, "female", "back")
    assert dataset.problems == ()


def test_folders(tmp_path: Path, make_image: MakeImage) -> None:
    places = ("mel/1.jpg", "Melanocytic nevus/1.JPG", "akiec/deep/er/2.png", "mystery/3.jpg", "4.jpg")
    for number, place in enumerate(places):
        make_image(tmp_path / "data" / place, seed=number)
    dataset = read_dataset(tmp_path / "data", ISIC2019)
    assert dataset.layout == "folders"
    assert {record.name: ISIC2019.codes[record.label] for record in dataset.records} == {
        "mel/1.jpg": "MEL",
        "Melanocytic nevus/1.JPG": "NV",
        "akiec/deep/er/2.png": "AK",
    }
    assert _kinds(dataset) == {ProblemKind.NO_LABEL: ["4.jpg"], ProblemKind.UNKNOWN_LABEL: ["mystery"]}


def test_the_chosen_folder_itself_gives_no_label(tmp_path: Path, make_image: MakeImage) -> None:
    make_image(tmp_path / "melanoma" / "x.jpg")
    with pytest.raises(SkinKDError, match="No labelled images found"):
        read_dataset(tmp_path / "melanoma", ISIC2019)


def test_csv_with_every_way_of_naming_an_image(tmp_path: Path, make_image: MakeImage) -> None:
    for number, place in enumerate(("p.jpg", "sub/q.jpg", "sub/r.png", "sub/s.v2.jpg", "x/t.jpg", "y/t.jpg")):
        make_image(tmp_path / place, seed=number)
    lines = [
        "p;Melanoma;L1;60;F;back",
        "sub/q.jpg;nv;;;;",
        "sub\\r;BCC;;;;",
        "s.v2;scc;;;;",
        "x/t.jpg;df;;;;",
        "y/t;df;;;;",
    ]
    path = tmp_path / "labels.csv"
    path.write_bytes(("\ufeffImage;Label;Lesion_ID;Age;Sex;Site\r\n" + "\r\n".join(lines)).encode())
    dataset = read_dataset(tmp_path, ISIC2019)
    assert dataset.layout == "tables"
    assert [record.name for record in dataset.records] == [
        *("p.jpg", "sub/q.jpg", "sub/r.png", "sub/s.v2.jpg", "x/t.jpg", "y/t.jpg")
    ]
    first = dataset.records[0]
    assert (first.lesion, first.age, first.sex, first.site) == ("L1", 60.0, "female", "back")
    assert dataset.problems == ()
    assert read_dataset(path, ISIC2019).records == dataset.records


def test_csv_labels_that_can_not_be_used(tmp_path: Path, make_image: MakeImage) -> None:
    for number, name in enumerate("abcd"):
        make_image(tmp_path / f"{name}.jpg", seed=number)
    _write(tmp_path / "labels.csv", "image,label", "a,NV", "b,wart", "c,", "d,NV/MEL")
    dataset = read_dataset(tmp_path, ISIC2019)
    assert _kinds(dataset) == {
        ProblemKind.UNKNOWN_LABEL: ["wart"],
        ProblemKind.NO_LABEL: ["c.jpg"],
        ProblemKind.TWO_LABELS: ["d.jpg"],
    }
    assert dataset.unknown_labels == (("wart", 1), ("NV/MEL", 1))


def test_one_name_for_two_files_is_named_and_none_is_taken(tmp_path: Path, make_image: MakeImage) -> None:
    make_image(tmp_path / "x" / "t.jpg", seed=1)
    make_image(tmp_path / "y" / "t.jpg", seed=2)
    _write(tmp_path / "labels.csv", "image,label", "t,NV")
    dataset = read_dataset(tmp_path, ISIC2019)
    assert dataset.records == ()
    (problem,) = dataset.problems
    assert problem.kind is ProblemKind.AMBIGUOUS
    assert "x/t.jpg, y/t.jpg" in problem.reason
    _write(tmp_path / "labels.csv", "image,label", "x/t,NV", "y/t,MEL")
    assert read_dataset(tmp_path, ISIC2019).counts["MEL"] == 1


@pytest.mark.parametrize("other", ["É.jpg", "E\u0301.JPG", "é.jpg ", "e\u0301.jpg."])
@pytest.mark.parametrize("by_table", [False, True])
def test_two_files_that_are_one_elsewhere_are_named_and_none_is_taken(
    tmp_path: Path, make_image: MakeImage, other: str, by_table: bool
) -> None:
    for folder in ("MEL", "NV"):
        make_image(tmp_path / folder / "a.jpg", seed=1)
    make_image(tmp_path / "NV" / "é.jpg", seed=2)
    if (tmp_path / "NV" / other).exists():
        pytest.skip("this disk takes both names for one")
    shutil.copy(make_image(tmp_path / "c.jpg", seed=3), tmp_path / "NV" / other)
    (tmp_path / "c.jpg").unlink()
    if by_table:
        _write(
            tmp_path / "labels.csv", "image,label", "MEL/a.jpg,MEL", "NV/a.jpg,NV", "NV/é.jpg,NV", f'"NV/{other}",MEL'
        )
    dataset = read_dataset(tmp_path, ISIC2019)
    assert [record.name for record in dataset.records] == ["MEL/a.jpg", "NV/a.jpg"]
    said = [problem for problem in dataset.problems if problem.kind is ProblemKind.AMBIGUOUS]
    assert said
    assert all("NV/é.jpg" in problem.reason and f"NV/{other}" in problem.reason for problem in said)


def test_auto_prefers_tables_and_a_wish_is_followed(tmp_path: Path, make_image: MakeImage) -> None:
    make_image(tmp_path / "MEL" / "a.jpg")
    _write(tmp_path / "labels.csv", "image,label", "a,NV")
    assert read_dataset(tmp_path, ISIC2019).counts["NV"] == 1
    assert read_dataset(tmp_path, ISIC2019, Choices("folders")).counts["MEL"] == 1


def test_hidden_files_are_not_images(isic: Path) -> None:
    (isic / "._ISIC_0000009.jpg").write_bytes(b"resource fork")
    (isic / ".thumbs").mkdir()
    (isic / ".thumbs" / "ISIC_0000000.jpg").write_bytes(b"thumb")
    assert read_dataset(isic, ISIC2019).problems == ()


def test_links_in_a_circle_end(isic: Path) -> None:
    (isic / "again").symlink_to(isic, target_is_directory=True)
    assert len(read_dataset(isic, ISIC2019).records) == 3


def test_what_does_not_fit_says_what_was_looked_for(tmp_path: Path, make_image: MakeImage) -> None:
    make_image(tmp_path / "pictures" / "a.jpg")
    _write(tmp_path / "notes.csv", "who,what")
    with pytest.raises(SkinKDError) as caught:
        read_dataset(tmp_path, ISIC2019)
    assert "1 images and 1 tables" in caught.value.summary
    for word in ("ISIC 2019", "image_id and dx", "image and label", "notes.csv: who, what"):
        assert word in caught.value.details
    with pytest.raises(SkinKDError, match="does not exist"):
        read_dataset(tmp_path / "nowhere", ISIC2019)
    with pytest.raises(SkinKDError, match="did you mean tables"):
        read_dataset(tmp_path, ISIC2019, Choices("table"))


def test_a_named_file_is_read_or_refused_never_replaced(tmp_path: Path, make_image: MakeImage) -> None:
    make_image(tmp_path / "MEL" / "a.jpg")
    make_image(tmp_path / "NV" / "b.jpg")
    _write(tmp_path / "notes.csv", "who,what")
    with pytest.raises(SkinKDError, match="has no columns that name images"):
        read_dataset(tmp_path / "notes.csv", ISIC2019)  # the folders beside it are another data set
    with pytest.raises(SkinKDError, match="is an image"):
        read_dataset(tmp_path / "MEL" / "a.jpg", ISIC2019)
    assert len(read_dataset(tmp_path, ISIC2019).records) == 2


def test_the_folder_above_is_suggested(isic: Path) -> None:
    with pytest.raises(SkinKDError, match="The folder above"):
        read_dataset(isic / "a", ISIC2019)


def test_the_sample_set_is_marked_synthetic(sample_set: Path) -> None:
    dataset = read_dataset(sample_set, ISIC2019)
    assert dataset.synthetic
    assert dataset.problems == ()
    assert "not of people" in dataset.terms
    assert read_dataset(sample_set / "ISIC_2019_Training_GroundTruth.csv", ISIC2019).synthetic


def test_the_full_challenge_tables(shared: Path) -> None:
    dataset = read_dataset(shared / "data" / "isic2019-tables", ISIC2019)
    assert dataset.counts == {
        "MEL": 4522,
        "NV": 12875,
        "BCC": 3323,
        "AK": 867,
        "BKL": 2624,
        "DF": 239,
        "VASC": 253,
        "SCC": 628,
    }
    (problem,) = dataset.problems
    assert isinstance(problem, Problem)
    assert problem.kind is ProblemKind.NO_IMAGES
    assert sum(record.lesion is not None for record in dataset.records) == 25331 - 2084


def test_real_images(shared: Path) -> None:
    dataset = read_dataset(shared / "data" / "isic2019-mini", ISIC2019)
    assert len(dataset.records) == 1544
    assert dataset.problems == ()
    assert all(record.path is not None for record in dataset.records)


def test_what_several_tables_know_of_an_image_comes_together(tmp_path: Path, make_image: MakeImage) -> None:
    for number in range(3):
        make_image(tmp_path / "images" / f"q{number}.png", seed=number)
    _write(tmp_path / "labels.csv", "image,label", *(f"images/q{n}.png,MEL" for n in range(3)))
    _write(tmp_path / "a_ages.csv", "image,age", "q0,50", "q1,0", "q2,70")
    _write(tmp_path / "b_lesions.csv", "image,lesion_id,age", "q0,L1,51", "q1,L1,51", "q2,L2,51")
    dataset = read_dataset(tmp_path, ISIC2019)
    assert [record.lesion for record in dataset.records] == ["L1", "L1", "L2"]
    assert [record.age for record in dataset.records] == [50, 0, 70]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are not bytes here")
def test_file_names_that_are_no_text_can_be_checked_and_written(tmp_path: Path, make_image: MakeImage) -> None:
    for number, code in enumerate(("MEL", "NV", "BCC", "DF")):
        file = make_image(tmp_path / "set" / code / f"x{number}.png", seed=number)
        file.rename(os.fsdecode(os.fsencode(file.parent) + b"/n\xe4vus %d.png" % number))
    dataset = check_images(read_dataset(tmp_path / "set", ISIC2019))
    assert dataset.records[0].name == "BCC/n\\xe4vus 2.png"
    assert dataset.problems == ()
    split = make_split(dataset, DataRecipe())
    write_split(tmp_path / "split.csv", dataset, split)
    assert np.array_equal(read_split(tmp_path / "split.csv", dataset).train, split.train)
