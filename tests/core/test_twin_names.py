from __future__ import annotations

import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.twin_names import TwinNamesError, one_name, refuse_twins, twins

ALIKE = [
    ("a.jpg", "A.JPG"),
    ("é.jpg", unicodedata.normalize("NFD", "é.jpg")),
    ("É.jpg", unicodedata.normalize("NFD", "é.jpg")),
    ("straße.jpg", "STRASSE.jpg"),
    ("ſ.jpg", "S.jpg"),
    ("Å.jpg", "\N{ANGSTROM SIGN}.jpg"),
    ("a.jpg", "a.jpg."),
    ("a.jpg", "a.jpg "),
    ("a.jpg", "a.jpg. ."),
    ("a.jpg", "a\u200b.jpg"),
    ("heart\u2665.jpg", "heart\u2665\ufe0f.jpg"),
    ("ᾳ\u0345.jpg", "ΑΙΙ.jpg"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_some_disk_takes_for_one_is_one(one: str, other: str) -> None:
    assert one_name(one) == one_name(other)
    assert twins(["x", one, "y", other]) == (one, other)
    assert twins([f"{one}/1", f"{other}/2"]) == (one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("a.jpg", "b.jpg"), ("a.jpg", "a.png"), ("e.jpg", "é.jpg"), ("a b", "ab"), ("a/b", "a/c")]
)
def test_what_every_disk_tells_apart_is_two(one: str, other: str) -> None:
    assert twins([one, other]) is None


def test_folders_and_files_of_one_name_are_twins_too() -> None:
    assert twins(["a", "a"]) == ("a", "a")
    assert twins(["run/a", "run/a/b"]) == ("run/a", "run/a")
    assert twins(["run/A/b", "run/a"]) == ("run/A", "run/a")
    assert twins(["run/Checkpoint/a", "run/checkpoint/b"]) == ("run/Checkpoint", "run/checkpoint")
    assert twins(["run/a/b", "run/a/c", "run/d"]) is None


@given(st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1))
def test_names_have_one_form(name: str) -> None:
    for other in (
        name.upper(),
        name.casefold(),
        unicodedata.normalize("NFD", name),
        unicodedata.normalize("NFC", name),
    ):
        assert one_name(one_name(other)) == one_name(other)
    assert one_name(unicodedata.normalize("NFD", name)) == one_name(unicodedata.normalize("NFC", name))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_refused_with_both(tmp_path: Path) -> None:
    for one, other in (("a", "a"), ("a", "A"), ("a/b", "a")):
        with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
            archive.writestr(one, "1")
            archive.writestr(other, "2")
        with zipfile.ZipFile(tmp_path / "odd.zip") as archive, pytest.raises(TwinNamesError, match="'a'"):
            refuse_twins(archive)
