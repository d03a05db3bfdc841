"""Names are the field's words: CONTRIBUTING.md lists those that no name may hold, and each public class has its own."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ROW = re.compile(r"^\| ([a-z, ]+) \|", re.MULTILINE)


def avoided(text: str) -> set[str]:
    """The words in the first column of the glossary's table of words that names avoid."""
    table = text.partition("**Words that names avoid**")[2].partition("\n\n**")[0]
    rows = [row for row in _ROW.findall(table) if row != "word"]
    return {word for row in rows for word in row.split(", ")}


def names(path: Path) -> Iterator[str]:
    """Of a module: its own, and those of its classes, functions, methods, parameters and fields."""
    yield path.parent.name if path.stem == "__init__" else path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (ast.unparse(item.target) for item in node.body if isinstance(item, ast.AnnAssign))
            yield from (ast.unparse(item.targets[0]) for item in node.body if isinstance(item, ast.Assign))
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def words(name: str) -> set[str]:
    """The words that a name is made of, in lower case."""
    return {word.lower() for word in _WORD.findall(name)}


def sources() -> list[Path]:
    """All modules of the program."""
    return [path for part in ("core", "skinkd_gui") for path in sorted((ROOT / part).rglob("*.py"))]


def public_classes(path: Path) -> list[str]:
    """The classes of a module that others may use."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return [node.name for node in body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


AVOIDED = avoided((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_names_are_the_fields_words(path: Path) -> None:
    assert not {name for name in names(path) if words(name) & AVOIDED}


def test_every_public_class_has_a_name_of_its_own() -> None:
    counts = Counter(name for path in sources() for name in public_classes(path))
    assert not [name for name, count in counts.items() if count > 1]


@pytest.mark.parametrize(
    ("name", "found"),
    [("TeacherAnswers", True), ("_answers_of", True), ("answersheet", False), ("ONNXNovelty", True), ("logits", False)],
)
def test_a_word_is_seen_inside_a_name(name: str, found: bool) -> None:
    assert bool(words(name) & AVOIDED) is found


def test_the_list_is_read() -> None:
    assert len(AVOIDED) > 20
