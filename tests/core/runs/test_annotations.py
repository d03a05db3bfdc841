"""Tags and notes that people give to runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.recipe import Recipe
from core.runs.annotations import Annotations, clean_tags, read_annotations, write_annotations
from core.runs.folder import create_run
from core.runs.listing import list_runs


def test_what_is_written_is_read_and_listed(tmp_path: Path) -> None:
    folder = create_run(Recipe(), runs=tmp_path).path
    assert read_annotations(folder) == Annotations()
    written = Annotations(("gut", "für das Paper"), "Zwei Zeilen\nund ein 🙂", "paper", "kl-0.1")
    write_annotations(folder, written)
    assert read_annotations(folder) == written
    assert list_runs(tmp_path)[0].annotations == written


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000, '{"tags": "a", "notes": 3}', '{"tags": [1, {}]}'])
def test_damaged_annotations_hide_no_run(tmp_path: Path, content: str) -> None:
    folder = create_run(Recipe(), runs=tmp_path).path
    (folder / "annotations.json").write_text(content)
    assert list_runs(tmp_path)[0].annotations == Annotations()


def test_what_can_be_read_of_a_damaged_file_is_kept(tmp_path: Path) -> None:
    folder = create_run(Recipe(), runs=tmp_path).path
    (folder / "annotations.json").write_text('{"tags": ["one", 2], "notes": 3, "study": "s"}')
    assert read_annotations(folder) == Annotations(("one",), "", "s")


def test_tags_are_single_words_or_phrases_each_once() -> None:
    assert clean_tags([" good ", "Good", "a,b", "", " , ", "two  words", "x" * 90]) == (
        "good",
        "a b",
        "two words",
        "x" * 40,
    )
