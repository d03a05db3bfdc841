from __future__ import annotations

from pathlib import Path

import pytest

from core.documents import NewerVersionError
from core.errors import SkinKDError
from core.runs.statement import (
    FILE_NAME,
    QUESTIONS,
    StudyStatement,
    groups_of,
    read_entries,
    read_statement,
    statement_text,
    write_statement,
)

TEXT = 'Histology for malignant, "follow-up" for others.\nThird line \\ with = signs'


def test_entries_survive_the_file(tmp_path: Path) -> None:
    statement = StudyStatement().with_entries({"labels": TEXT, "funding": "  None  "})
    write_statement(tmp_path, statement)
    assert read_statement(tmp_path) == statement
    assert statement.entry("funding") == "None"
    assert read_statement(tmp_path.parent) == StudyStatement()


def test_the_printed_form_holds_all_entries_and_is_read_back(tmp_path: Path) -> None:
    statement = StudyStatement({"users": "Dermatologists"})
    text = statement_text(statement)
    assert all(f"\n{question.key} = " in text and question.help in text for question in QUESTIONS)
    (tmp_path / "form.toml").write_text(text, encoding="utf-8")
    assert read_entries(tmp_path / "form.toml") == statement


def test_an_empty_text_takes_an_entry_away() -> None:
    assert StudyStatement({"users": "All"}).with_entries({"users": " "}) == StudyStatement()


def test_keys_are_unique_and_grouped() -> None:
    assert len({question.key for question in QUESTIONS}) == len(QUESTIONS)
    assert [question for group in groups_of().values() for question in group] == list(QUESTIONS)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("labels = 3", "expected a text"),
        ("lables = 'x'", "labels"),
        ("version = 1\nlabels = '", "no statement"),
        ("labels = '" + "x" * 6000 + "'", "too long|at most"),
    ],
)
def test_what_is_no_statement_is_refused(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(SkinKDError, match=told):
        read_statement(tmp_path)
    with pytest.raises(SkinKDError):
        write_statement(tmp_path, StudyStatement({"labels": "x"}))
    assert (tmp_path / FILE_NAME).read_text() == content


def test_a_newer_one_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("version = 99\n")
    with pytest.raises(NewerVersionError):
        write_statement(tmp_path, StudyStatement())
