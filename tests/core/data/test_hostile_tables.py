"""Tables as people, programs and enemies save them: read right, or refused with file, place and what to do."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.classes import CLASS_SETS
from core.data.reading import read_dataset
from core.data.tables import read_table
from core.data.types import DataSet, ProblemKind
from core.errors import SkinKDError
from core.inference.labelled import find_labels
from tests.torture import fuzz_tables

ISIC2019 = CLASS_SETS["isic2019"]

CSV = "image,label,lesion_id\nimg0,MEL,L0\nimg1,NV,L1\nimg2,BCC,L2\nimg3,nv,L3\n"
HAM = "lesion_id,image_id,dx\nL0,img0,mel\nL1,img1,nv\nL2,img2,bcc\nL3,img3,nv\n"
ISIC = f"image,{','.join(ISIC2019.codes)},UNK,lesion_id\n" + "".join(
    f"img{row},{','.join('1.0' if column == label else '0.0' for column in range(9))},L{row}\n"
    for row, label in enumerate((0, 1, 2, 1))
)
LAYOUTS = {"csv": CSV, "ham10000": HAM, "isic2019": ISIC}
EXPECTED = [(0, "L0"), (1, "L1"), (2, "L2"), (1, "L3")]
WRITINGS = {
    "bom": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16 without a mark": lambda text: text.encode("utf-16-le"),
    "utf-16 of the other order": lambda text: text.encode("utf-16-be"),
    "utf-32": lambda text: text.encode("utf-32"),
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "decimal commas": lambda text: text.replace(",", ";").replace(".0", ",0").encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
    "blanks": lambda text: text.replace(",", " , ").replace("\n", "  \n\n").encode(),
    "upper case": lambda text: text.upper().encode(),
    "endings": lambda text: text.replace("img1", "img1.JPG").replace("img2", "IMG2.jpeg").encode(),
    "quotes": lambda text: '"'.join(("", *text.replace("\n", '"\n"').replace(",", '","').split('"')))[:-1].encode(),
    "a doubled row": lambda text: (text + text.splitlines()[2] + "\n").encode(),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(4):
        (tmp_path / f"img{number}.jpg").write_bytes(b"not looked at")
    return tmp_path


def _read(folder: Path, content: bytes | str) -> DataSet:
    table = folder / "labels.csv"
    table.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_dataset(table, ISIC2019)


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_way_of_saving_reads_the_same(folder: Path, layout: str, writing: str) -> None:
    dataset = _read(folder, WRITINGS[writing](LAYOUTS[layout]))
    assert dataset.layout == "tables"
    assert [(record.label, record.lesion) for record in dataset.records] == EXPECTED
    assert [record.path.name for record in dataset.records if record.path] == [f"img{n}.jpg" for n in range(4)]
    kinds = [problem.kind for problem in dataset.problems]
    assert kinds == ([ProblemKind.DUPLICATE_ROW] if writing == "a doubled row" else [])
    known = find_labels([folder], ISIC2019)
    assert known is not None
    assert [known.labels[folder / f"img{n}.jpg"].code for n in range(4)] == ["MEL", "NV", "BCC", "NV"]


@pytest.mark.parametrize("name", ["IMG0", "./img0", "img0.jpg", "IMG0.JPG"])
def test_two_labels_for_one_file_under_two_names_are_seen(folder: Path, name: str) -> None:
    dataset = _read(folder, CSV + f"{name},NV,L9\n")
    assert [record.name for record in dataset.records] == ["img1.jpg", "img2.jpg", "img3.jpg"]
    assert [(p.kind, p.names) for p in dataset.problems] == [(ProblemKind.TWO_LABELS, ("img0.jpg",))]
    again = _read(folder, CSV + f"{name},MEL,L9\n")
    assert [record.name for record in again.records] == ["img0.jpg", "img1.jpg", "img2.jpg", "img3.jpg"]
    assert [p.kind for p in again.problems] == [ProblemKind.DUPLICATE_ROW]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (CSV.replace("img1", "im\0g1"), ("line 3", "UTF-8")),
        (CSV.replace("img1", '"img1'), ("line 3", "quotation mark")),
        (CSV.replace("NV", '"NV"x'), ("line 3", "quotation mark")),
        (CSV + "a" * 1_000_000, ("line 6",)),
        ("image,label" + "," * 20_000 + "\n", ("20,002 cells",)),
        ("image,label,label\nimg0,MEL,MEL\nimg1,NV,MEL\n", ("two columns 'label'", "'NV'", "'MEL'")),
        (CSV.replace("lesion_id", "image"), ("two columns 'image'",)),
        ("image,foo\nimg0,1\n", ("labels.csv", "no columns")),
        (b"PK\3\4" + bytes(range(256)) * 9, ("labels.csv", "text")),
    ],
)
def test_what_can_not_be_read_right_says_where(folder: Path, content: str | bytes, words: tuple[str, ...]) -> None:
    with pytest.raises(SkinKDError) as caught:
        _read(folder, content)
    assert "labels.csv" in caught.value.summary
    assert [word for word in words if word not in caught.value.summary] == []
    with pytest.raises(SkinKDError) as caught:
        read_dataset(folder, ISIC2019)
    assert "labels.csv" in caught.value.summary + caught.value.details
    assert find_labels([folder], ISIC2019) is None


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_row_with_too_many_cells_gives_no_label(folder: Path, layout: str) -> None:
    dataset = _read(folder, LAYOUTS[layout].replace("img1", "img1,0.0", 1))
    assert [record.name for record in dataset.records] == ["img0.jpg", "img2.jpg", "img3.jpg"]
    (problem,) = dataset.problems
    assert (problem.kind, problem.names) == (ProblemKind.NO_LABEL, ("img1.jpg",))
    assert "more cells" in problem.reason


@pytest.mark.parametrize("cell", ["NaN", "inf", "1e999", "MEL"])
def test_cells_that_are_no_flag_give_no_label(folder: Path, cell: str) -> None:
    dataset = _read(folder, ISIC.replace("img1,0.0", f"img1,{cell}"))
    assert [record.name for record in dataset.records] == ["img0.jpg", "img2.jpg", "img3.jpg"]
    assert [p.names for p in dataset.problems] == [("img1.jpg",)]


@pytest.mark.parametrize("cell", ["-1", "2", "0.25"])
def test_numbers_that_are_no_flag_are_taken_for_predictions(folder: Path, cell: str) -> None:
    with pytest.raises(SkinKDError, match=f"one holds {cell}.*predictions"):
        _read(folder, ISIC.replace("img1,0.0", f"img1,{cell}"))


def test_pipes_and_floods_named_csv_are_refused(folder: Path) -> None:
    os.mkfifo(folder / "labels.csv")
    with pytest.raises(SkinKDError, match="pipe"):
        read_dataset(folder / "labels.csv", ISIC2019)
    (folder / "labels.csv").unlink()
    with (folder / "labels.csv").open("wb") as file:
        file.write(CSV.encode())
        file.truncate(3 << 30)
    with pytest.raises(SkinKDError, match="3,221 MB"):
        read_table(folder / "labels.csv")


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=9).filter(
    lambda name: name.strip() == name and "." not in name
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    rows=st.lists(
        st.tuples(NAMES, st.sampled_from(ISIC2019.codes)), min_size=1, max_size=6, unique_by=lambda row: row[0]
    ),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_table_that_a_program_writes_reads_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    delimiter: str,
    end: str,
    encoding: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / "labels.csv"
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows([("image", "label"), *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    table = read_table(path)
    assert table.columns == ("image", "label")
    assert table.rows == tuple(rows)


def test_damaged_tables_are_read_consistently_or_refused() -> None:
    tally = fuzz_tables.cases(150, 7)
    assert (tally.survived, tally.lost) == (150, 0)
