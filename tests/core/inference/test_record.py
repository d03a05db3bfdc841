from __future__ import annotations

import csv
import hashlib
import json
import multiprocessing
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.inference.record import RecordBook, RecordEntry, entries_for, record_file
from core.inference.results import Classification
from core.inference.trust import Assessment, Verdict
from core.models.info import ModelInfo, Preprocessing
from tests.core.power_cuts import Disk, disk, needs_proc  # noqa: F401

ISIC2019 = CLASS_SETS["isic2019"]

ENTRY = RecordEntry("2026-01-02T03:04:05.678+00:00", "ab" * 32, "cd" * 32, "net", "1.0", 1.5)
SHARES = (0.5, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05)
INFO = ModelInfo("test_resnet", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), temperature=1.5, classes=ISIC2019)


def test_an_entry_says_what_was_found_and_not_where(tmp_path: Path) -> None:
    image = tmp_path / "SECRET^PATIENT.jpg"
    image.write_bytes(b"picture")
    assessment = Assessment(Verdict.UNCERTAIN, "See Mr SECRET.", ("MEL", "NV"), 0.9, 1.0, 2.0)
    rows = [
        Classification(image, SHARES, "MEL", assessment=assessment, classes=ISIC2019),
        Classification(tmp_path / "broken.jpg", None, None, "SECRET is damaged", classes=ISIC2019),
        Classification(tmp_path / "gone.jpg", SHARES, "MEL", classes=ISIC2019),
    ]
    (entry,) = entries_for(rows, INFO, "cd" * 32)
    assert entry.image == hashlib.sha256(b"picture").hexdigest()
    assert entry.model == "cd" * 32
    assert entry.time.endswith("+00:00")
    assert (entry.verdict, entry.level, entry.code, entry.temperature) == ("uncertain", 0.9, "MEL", 1.5)
    assert entry.probabilities == dict(zip(ISIC2019.codes, SHARES, strict=True))
    book = RecordBook(tmp_path / "state" / "record.jsonl")
    book.append([entry])
    content = book.path.read_text(encoding="utf-8")
    assert "SECRET" not in content
    assert str(tmp_path) not in content
    assert tuple(book.entries()) == (entry,)


def test_entries_are_added_in_order_and_never_lost(tmp_path: Path) -> None:
    book = RecordBook(tmp_path / "r.jsonl")
    assert list(book.entries()) == []
    book.append([ENTRY, replace(ENTRY, code="NV")])
    book.append([])
    RecordBook(book.path).append([replace(ENTRY, code="BCC")])
    assert [entry.code for entry in book.entries()] == ["", "NV", "BCC"]


@needs_proc
def test_what_was_added_outlasts_a_power_cut(tmp_path: Path, disk: Disk) -> None:  # noqa: F811
    book = RecordBook(tmp_path / "state" / "r.jsonl")
    book.append([ENTRY])
    assert disk.knows(book.path)
    for code in ("NV", "BCC"):
        book.append([replace(ENTRY, code=code)])
        assert disk.kept(book.path) == book.path.read_bytes()
        assert code.encode() in book.path.read_bytes()


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    book = RecordBook(tmp_path / "r.jsonl")
    book.append([ENTRY, replace(ENTRY, code="NV")])
    content = book.path.read_bytes()
    book.path.write_bytes(content[:-20])
    assert [entry.code for entry in book.entries()] == [""]
    book.append([replace(ENTRY, code="BCC")])
    assert [entry.code for entry in book.entries()] == ["", "BCC"]


@pytest.mark.parametrize("line", ["{}", "[]", "7", '{"time": 1}', "\x00\xff", json.dumps({"other": 1}), "[" * 5000])
def test_lines_that_are_no_entry_are_passed_over(tmp_path: Path, line: str) -> None:
    book = RecordBook(tmp_path / "r.jsonl")
    book.append([ENTRY])
    with book.path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    book.append([ENTRY])
    assert list(book.entries()) == [ENTRY, ENTRY]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the user's folders closed by other means")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        book = RecordBook(tmp_path / "r.jsonl")
        book.append([ENTRY])
    finally:
        os.umask(before)
    assert stat.S_IMODE(book.path.stat().st_mode) == 0o600


def _append_many(path: Path, code: str) -> None:
    for _ in range(50):
        RecordBook(path).append([replace(ENTRY, code=code)] * 3)


def test_several_programs_may_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    spawn = multiprocessing.get_context("spawn")
    programs = [spawn.Process(target=_append_many, args=(path, code)) for code in ("NV", "MEL")]
    for program in programs:
        program.start()
    for program in programs:
        program.join(60)
    codes = [entry.code for entry in RecordBook(path).entries()]
    assert codes.count("NV") == codes.count("MEL") == 150
    assert len(path.read_text(encoding="utf-8").splitlines()) == 300


def test_export_and_clear(tmp_path: Path) -> None:
    book = RecordBook(tmp_path / "r.jsonl")
    book.append(
        [
            replace(ENTRY, architecture="=cmd()", probabilities={"NV": 0.25}),
            replace(ENTRY, probabilities={"ACNE": 0.75}),
        ]
    )
    assert book.export(tmp_path / "out" / "record.csv") == 2
    with (tmp_path / "out" / "record.csv").open(encoding="utf-8", newline="") as lines:
        first, second = csv.DictReader(lines)
    assert (first["architecture"], first["NV"], first["ACNE"], first["level"]) == ("'=cmd()", "0.25", "", "")
    assert (second["image"], second["NV"], second["ACNE"]) == (ENTRY.image, "", "0.75")
    book.export(tmp_path / "record.json")
    assert json.loads((tmp_path / "record.json").read_text(encoding="utf-8"))[1]["temperature"] == 1.5
    with pytest.raises(SkinKDError, match=r"\.csv or \.json"):
        book.export(tmp_path / "record.xlsx")
    book.clear()
    book.clear()
    assert list(book.entries()) == []
    book.append([ENTRY])
    assert list(book.entries()) == [ENTRY]


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    book = RecordBook(tmp_path / "state" / "r.jsonl")
    assert book.enabled
    book.append([ENTRY])
    book.switch(False)
    assert not RecordBook(book.path).enabled
    book.append([ENTRY])
    assert len(list(book.entries())) == 1
    book.clear()
    assert not book.enabled
    book.switch(True)
    book.switch(True)
    book.append([ENTRY])
    assert len(list(book.entries())) == 1


def test_a_place_that_can_not_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    book = RecordBook(tmp_path / "file" / "r.jsonl")
    with pytest.raises(SkinKDError, match="not written"):
        book.append([ENTRY])


def test_it_lies_in_the_state_folder(tmp_path: Path) -> None:
    assert record_file() == tmp_path / "skinkd-state" / "record.jsonl"
