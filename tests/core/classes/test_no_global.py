"""Nothing but a run's class set knows classes: no list of them in a module, no code of one in the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.classes import CLASS_SETS

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [file for folder in ("core", "skinkd_gui") for file in sorted((ROOT / folder).rglob("*.py"))]
GLOBALS = {"CLASS_CODES", "CLASS_NAMES"}
CODES = set(CLASS_SETS["isic2019"].codes)


def offences(source: str) -> Iterator[str]:
    """What in a module knows classes of its own accord."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.alias | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.name if isinstance(node, ast.alias) else node.attr
            if name in GLOBALS:
                yield name
        if isinstance(node, ast.Constant) and node.value in CODES:
            yield f"the code {node.value}"
    for statement in tree.body:
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        for node in _computed(value) if value is not None else ():
            fixed = (
                isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "CLASS_SETS"
            )
            if fixed or (isinstance(node, ast.Attribute) and node.attr in {"class_set", "codes"}):
                yield f"a set of classes for the whole module in line {statement.lineno}"


def _computed(value: ast.AST) -> Iterator[ast.AST]:
    """A value's parts that are computed when the module is loaded."""
    yield value
    for part in ast.iter_child_nodes(value):
        if not isinstance(part, ast.Lambda):
            yield from _computed(part)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_module_knows_classes(file: Path) -> None:
    assert list(offences(file.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "from core.data.types import CLASS_CODES",
        "import core.data.types as types\nprint(types.CLASS_CODES)",
        "def f(row):\n    return row.code == 'MEL'",
        "from core.classes import CLASS_SETS\nKNOWN = CLASS_SETS['isic2019']",
        "KNOWN: object = Recipe().class_set.codes",
    ],
)
def test_the_check_finds_what_it_is_for(source: str) -> None:
    assert list(offences(source))
