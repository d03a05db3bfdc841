from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.inference.export_table import Beside, write_table
from core.inference.results import Classification
from core.inference.review import Review
from core.inference.triage import MelanomaThreshold
from core.inference.trust import Assessment, Respect, Verdict
from core.models.info import ModelInfo, Preprocessing

ISIC2019 = CLASS_SETS["isic2019"]

INFO = ModelInfo(
    "test_resnet", Preprocessing(32, (0, 0, 0), (1, 1, 1)), trained_on="sample", synthetic=True, classes=ISIC2019
)
SHARES = (0.5, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05)
GOOD = Classification(Path("a.jpg"), SHARES, "MEL", classes=ISIC2019)
BAD = Classification(Path("b.jpg"), None, None, "The file is cut off before its end.", classes=ISIC2019)


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def test_csv_holds_one_row_per_image(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", [GOOD, BAD], INFO)
    good, bad = read(tmp_path / "t.csv")
    assert (good["image"], good["diagnosis"], good["diagnosis_name"]) == ("a.jpg", "MEL", "Melanoma")
    assert [float(good[code]) for code in ISIC2019.codes] == pytest.approx(SHARES)
    assert float(good["malignant_probability"]) == pytest.approx(0.65)
    assert good["error"] == ""
    assert (bad["diagnosis"], bad["probability"], bad["MEL"]) == ("", "", "")
    assert bad["error"] == BAD.error
    assert "synthetic" in good["trained_on"]


def test_json_says_the_same(tmp_path: Path) -> None:
    write_table(tmp_path / "t.JSON", [GOOD, BAD], INFO)
    document = json.loads((tmp_path / "t.JSON").read_text(encoding="utf-8"))
    assert document["images"][0]["probabilities"]["MEL"] == 0.5
    assert document["images"][0]["error"] is None
    assert document["images"][1]["diagnosis"] is None
    assert document["images"][1]["error"] == BAD.error
    assert document["model"]["synthetic"] is True
    assert document["warnings"]
    assert "Research use only" in document["notice"]


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0.jpg", "+1.jpg", "-1.jpg", "@sum.jpg", "  =1.jpg", "＝1.jpg", "|calc", "%0A=1"]
)
def test_a_spreadsheet_runs_nothing(tmp_path: Path, name: str) -> None:
    rows = [
        Classification(Path(name), SHARES, "MEL", note=name, classes=ISIC2019),
        Classification(Path("b"), None, None, f"{name} is damaged", classes=ISIC2019),
    ]
    write_table(tmp_path / "t.csv", rows, replace(INFO, architecture=name))
    good, bad = read(tmp_path / "t.csv")
    assert good["image"] == good["note"] == good["model"] == f"'{name}"
    assert bad["error"].startswith("'")


@pytest.mark.parametrize(
    "name", ["a\n=cmd().jpg", "a\r\n=cmd()", "\t=1.jpg", "a;=cmd().jpg", 'a";"=cmd().jpg', "a\u202egpj.exe"]
)
def test_a_name_stays_one_cell_however_a_spreadsheet_divides(tmp_path: Path, name: str) -> None:
    write_table(tmp_path / "t.csv", [Classification(Path(name), SHARES, "MEL", classes=ISIC2019)], INFO)
    text = (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 2
    assert "\u202e" not in text
    for divider in ",;\t":
        _, row = csv.reader(text.splitlines(), delimiter=divider)
        assert not any(cell.lstrip().startswith("=") for cell in row), divider


def test_the_verdict_stands_before_the_diagnosis(tmp_path: Path) -> None:
    trusted = Assessment(Verdict.UNCERTAIN, "Two are possible.", ("MEL", "NV"), 0.95, 3.0, 2.0)
    unknown = Assessment(Verdict.UNKNOWN, "Not known.", reason=Respect.BLUR)
    rows = [replace(GOOD, assessment=trusted, note="Only one page."), replace(GOOD, assessment=unknown), GOOD, BAD]
    write_table(tmp_path / "t.csv", rows, INFO)
    first, second, third, fourth = read(tmp_path / "t.csv")
    assert (first["verdict"], first["prediction_set"], first["level"]) == ("uncertain", "MEL NV", "0.95")
    assert float(first["novelty"]) == 1.5
    assert first["note"] == "Only one page."
    assert (second["verdict"], second["prediction_set"], second["level"]) == ("unknown", "", "")
    assert [row["reason"] for row in (first, second, third, fourth)] == ["", "blur", "", ""]
    assert {third["verdict"], fourth["verdict"], fourth["novelty"]} == {""}
    names = list(first)
    assert names.index("verdict") < names.index("diagnosis") < names.index("probability")
    write_table(tmp_path / "t.json", rows, INFO)
    images = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["images"]
    assert images[0]["prediction_set"] == ["MEL", "NV"]
    assert (images[0]["verdict"], images[0]["sentence"], images[0]["novelty"]) == (
        "uncertain",
        "Two are possible.",
        1.5,
    )
    assert (images[1]["prediction_set"], images[1]["level"]) == (None, None)
    assert images[3]["verdict"] is None
    assert list(images[0]).index("verdict") < list(images[0]).index("probability")


def test_spreadsheets_see_the_letters(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", [GOOD], INFO)
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_names_of_any_alphabet_and_none_survive(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(b"caf\xe9 \xf0.jpg"))
    write_table(tmp_path / "t.csv", [Classification(Path('læsion, "1".jpg'), SHARES, "MEL", classes=ISIC2019)], INFO)
    assert read(tmp_path / "t.csv")[0]["image"] == 'læsion, "1".jpg'
    for file in (tmp_path / "odd.csv", tmp_path / "odd.json"):
        write_table(file, [Classification(odd, SHARES, "MEL", classes=ISIC2019)], INFO)
    assert json.loads((tmp_path / "odd.json").read_text(encoding="utf-8"))["images"][0]["image"] == "caf\\xe9 \\xf0.jpg"
    assert read(tmp_path / "odd.csv")[0]["image"] == "caf\\xe9 \\xf0.jpg"


def test_a_name_in_utf_8_is_written_as_it_is_whatever_the_locale_made_of_it(tmp_path: Path) -> None:
    in_c = Path("læsion.jpg".encode().decode("ascii", "surrogateescape"))  # as Python reads it where all is ASCII
    for file in (tmp_path / "t.csv", tmp_path / "t.json"):
        write_table(file, [Classification(in_c, SHARES, "MEL", classes=ISIC2019)], INFO)
        assert "læsion.jpg" in file.read_text(encoding="utf-8")


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match=r"\.csv or \.json"):
        write_table(tmp_path / "t.xlsx", [GOOD], INFO)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(SkinKDError, match="can not be written"):
        write_table(tmp_path / "t.csv", [GOOD], INFO)
    assert [item.name for item in tmp_path.iterdir() if item.is_file()] == []


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_table(tmp_path / "new" / "t.csv", [GOOD], INFO)
    assert len(read(tmp_path / "new" / "t.csv")) == 1


def test_truths_and_a_second_model_add_columns(tmp_path: Path) -> None:
    other = Classification(Path("a.jpg"), SHARES, "NV", assessment=Assessment(Verdict.UNCERTAIN, ""), classes=ISIC2019)
    beside = Beside({Path("a.jpg"): "MEL"}, {other.path: other}, replace(INFO, architecture="=test"))
    write_table(tmp_path / "t.csv", [GOOD, BAD], INFO, beside)
    good, bad = read(tmp_path / "t.csv")
    assert (good["truth"], good["second_diagnosis"], good["second_verdict"]) == ("MEL", "NV", "uncertain")
    assert (good["agreement"], good["second_model"]) == ("disagree", "'=test")
    assert (bad["truth"], bad["second_diagnosis"], bad["agreement"]) == ("", "", "")
    write_table(tmp_path / "t.json", [GOOD, BAD], INFO, beside)
    document = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert document["images"][0]["second"]["diagnosis"] == "NV"
    assert document["images"][0]["agreement"] == "disagree"
    assert document["images"][1]["truth"] is None
    assert document["images"][1]["second"] is None
    assert document["second_model"]["architecture"] == "=test"


def test_without_them_the_table_has_no_such_columns(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", [GOOD], INFO)
    assert not {"truth", "agreement", "second_model"} & set(read(tmp_path / "t.csv")[0])


def test_reviews_and_the_flag_of_a_threshold_stand_beside_the_answers(tmp_path: Path) -> None:
    review = Review(True, "NV", "Melanocytic nevus", "=dangerous()", "2026-01-02T03:04:05+00:00")
    name = ISIC2019.name_of("NV")
    beside = Beside(reviews={GOOD.path: replace(review, name=name)}, threshold=MelanomaThreshold(0.4, 0.95))
    write_table(tmp_path / "t.csv", [GOOD, BAD], INFO, beside)
    good, bad = read(tmp_path / "t.csv")
    assert (good["flagged"], bad["flagged"], good["melanoma_threshold"]) == ("yes", "", "0.400000")
    assert (good["review"], good["reader_diagnosis"], good["reader_diagnosis_name"]) == ("overruled", "NV", name)
    assert good["reader_note"] == "'=dangerous()"
    assert good["review_time"] == "2026-01-02T03:04:05+00:00"
    assert (bad["review"], bad["reader_diagnosis"], bad["reader_note"]) == ("", "", "")
    write_table(tmp_path / "t.json", [GOOD, BAD], INFO, beside)
    document = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    first, second = document["images"]
    assert document["melanoma_threshold"] == {"value": 0.4, "sensitivity": 0.95}
    assert (first["flagged"], second["flagged"], second["review"]) == (True, None, None)
    assert first["review"]["opinion"] == "overruled"
    assert first["review"]["note"] == "=dangerous()"


def test_without_reviews_there_are_no_columns_of_reviews(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", [GOOD], INFO)
    assert not {"review", "flagged", "reader_note"} & set(read(tmp_path / "t.csv")[0])
