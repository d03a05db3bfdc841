from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from core.errors import SkinKDError
from core.inference.patients.facts import (
    NOTHING_KNOWN,
    PatientFacts,
    folder_facts,
    made_facts,
    merged,
    parsed_date,
    table_facts,
)


@pytest.mark.parametrize("text", ["2026-03-31", "20260331", "31.3.2026", " 31.03.2026 ", "2026-03-31T10:11:12"])
def test_clear_dates_are_read(text: str) -> None:
    assert parsed_date(text) == date(2026, 3, 31)


@pytest.mark.parametrize("text", ["3/4/2026", "2026-02-30", "31.3.26", "yesterday", "2026"])
def test_what_is_no_clear_date_is_refused(text: str) -> None:
    with pytest.raises(SkinKDError, match="none that is clear"):
        parsed_date(text)


def test_folders_say_whose_pictures_they_hold() -> None:
    paths = [Path("/data/P1/back/2026-01-05/a.png"), Path("/data/P2/arm/2026-02-06/a.png")]
    found = folder_facts(paths, {"patient": 3, "lesion": 2, "date": 1})
    assert found[paths[0]] == PatientFacts("P1", "back", date(2026, 1, 5))
    assert found[paths[1]] == PatientFacts("P2", "arm", date(2026, 2, 6))
    assert folder_facts(paths, {"patient": 30})[paths[0]] == NOTHING_KNOWN


def test_lesions_of_several_folders_are_not_taken_for_one_without_a_patient() -> None:
    paths = [Path("/data/P1/1/a.png"), Path("/data/P2/1/a.png")]
    with pytest.raises(SkinKDError, match="several folders \\(P1, P2\\)"):
        folder_facts(paths, {"lesion": 1})
    assert {facts.patient for facts in folder_facts(paths, {"lesion": 1, "patient": 2}).values()} == {"P1", "P2"}


def images(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return [folder / name for name in names]


def test_a_table_says_whose_pictures_they_are(tmp_path: Path) -> None:
    paths = images(tmp_path, "a.png", "b.png", "c.png")
    table = tmp_path / "whose.csv"
    table.write_text("Image;Patient ID;Lesion;Datum;Site\na.png;7;x;1.2.2026;back\nb;8;x;;\nother.png;9;;;\n")
    found = table_facts(paths, table)
    assert found == {paths[0]: PatientFacts("7", "x", date(2026, 2, 1), "back"), paths[1]: PatientFacts("8", "x")}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image,lesion\na,1\na,2\n", "different things of a.png"),
        ("image,lesion\nz,1\n", "none of the 3 images"),
        ("image,diagnosis\na,NV\n", "no column"),
        ("image,date\na,3/4/2026\n", "none that is clear"),
        ("image,lesion\nb,1\n", "several images: b.png, b.png"),
    ],
)
def test_a_table_that_is_not_clear_is_refused(tmp_path: Path, text: str, words: str) -> None:
    paths = images(tmp_path, "a.png", "one/b.png", "two/b.png")
    (tmp_path / "whose.csv").write_text(text)
    with pytest.raises(SkinKDError, match=words):
        table_facts(paths, tmp_path / "whose.csv")


def test_what_was_typed_stays_and_texts_are_names() -> None:
    typed = made_facts({"patient": " P\n1 ", "site": "x" * 200})
    assert (typed.patient, len(typed.site)) == ("P 1", 80)
    assert merged(typed, PatientFacts("P2", "3")) == PatientFacts("P 1", "3", None, typed.site)
    assert not NOTHING_KNOWN
    assert typed.words[0] == ("Patient", "P 1")
