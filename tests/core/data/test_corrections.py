"""Corrections are kept apart from the data, used, taken back, and said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.classes import CLASS_SETS
from core.data.corrections import (
    Correction,
    CorrectionKind,
    corrected,
    correction,
    corrections_file,
    corrections_note,
    read_corrections,
    with_corrections,
    without_corrections,
    write_cleaned,
    write_corrections,
)
from core.data.groups import group_numbers
from core.data.tables import read_table
from core.data.types import DataSet, ImageRecord, ProblemKind
from core.errors import SkinKDError

RELABEL, EXCLUDE, GROUP, NOTE = CorrectionKind
DATA = DataSet(
    Path("data"),
    "tables",
    tuple(ImageRecord(f"{name}.jpg", None, label) for label, name in enumerate("abcd")),
    classes=CLASS_SETS["isic2019"],
)


def test_corrections_survive_their_file_and_the_data_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = corrections_file(tmp_path / "data")
    assert read_corrections(file) == ()
    made = (
        correction("sub/a é.jpg", RELABEL, "MEL", before="NV", source="20260101-run"),
        replace(correction("b.jpg", NOTE, 'two\nlines, "quoted"; =1+1'), author="Dr. Ö"),
    )
    write_corrections(file, made)
    assert read_corrections(file) == made
    assert list((tmp_path / "data").iterdir()) == []
    assert file != corrections_file(tmp_path / "other" / "data")
    assert made[0].time.endswith("+00:00")


def test_a_table_a_folder_and_the_home_folders_sign_mean_the_same_corrections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "labels.csv").touch()
    written = ("~/data", "~/data/labels.csv", tmp_path / "data" / "labels.csv")
    assert {corrections_file(Path(data)) for data in written} == {corrections_file(tmp_path / "data")}


@pytest.mark.parametrize("content", ["path,value\na,b\n", "path,kind\na,praise\n", "\xff\xfe"])
def test_a_damaged_file_is_said_and_not_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "corrections.csv").write_bytes(content.encode("latin-1"))
    with pytest.raises(SkinKDError, match="should have the columns path, kind"):
        read_corrections(tmp_path / "corrections.csv")


def test_corrections_change_what_is_read() -> None:
    made = [
        Correction("a.jpg", RELABEL, "bcc"),
        Correction("b.jpg", EXCLUDE),
        Correction("c.jpg", GROUP, "one"),
        Correction("d.jpg", GROUP, "one"),
        Correction("gone.jpg", EXCLUDE),
        Correction("d.jpg", NOTE, "blurred"),
    ]
    found = corrected(DATA, made)
    assert [(record.name, record.label) for record in found.records] == [("a.jpg", 2), ("c.jpg", 2), ("d.jpg", 3)]
    assert [record.name for record in found.left_out] == ["b.jpg"]
    first, second, third = group_numbers(found, "lesion").tolist()
    assert second == third != first
    assert [(problem.kind, problem.subject) for problem in found.problems] == [(ProblemKind.CORRECTION, "gone.jpg")]
    assert DATA.records[0].label == 0


def test_an_image_of_a_class_that_the_run_does_not_have_is_left_out() -> None:
    (problem,) = corrected(DATA, [Correction("a.jpg", RELABEL, "Psoriasis")]).problems
    assert problem.excludes
    assert problem.names == ("a.jpg",)
    assert "Psoriasis" in problem.reason


def test_the_last_correction_counts_and_can_be_taken_back() -> None:
    first = Correction("a.jpg", RELABEL, "NV", before="MEL")
    again = with_corrections([first], [Correction("a.jpg", RELABEL, "BCC", before="NV"), Correction("a.jpg", EXCLUDE)])
    assert again == (Correction("a.jpg", RELABEL, "BCC", before="MEL"), Correction("a.jpg", EXCLUDE))
    assert without_corrections(again, [again[0]]) == (again[1],)


def test_what_was_corrected_is_said() -> None:
    assert corrections_note([Correction("a.jpg", NOTE, "x")]) == ""
    note = corrections_note([Correction("a.jpg", RELABEL, "NV", source="run 1"), Correction("b.jpg", EXCLUDE)])
    assert "1 relabelled, 1 left out." in note
    assert "1 of them were found by a model's disagreement" in note


def test_the_cleaned_table_reads_as_a_data_set_of_its_own(tmp_path: Path) -> None:
    write_cleaned(tmp_path / "clean.csv", corrected(DATA, [Correction("a.jpg", RELABEL, "SCC")]))
    table = read_table(tmp_path / "clean.csv")
    assert table.columns[:2] == ("image", "label")
    assert [row[:2] for row in table.rows[:2]] == [("a.jpg", "SCC"), ("b.jpg", "NV")]
