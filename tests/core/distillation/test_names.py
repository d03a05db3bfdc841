"""Nothing but the paper's own definition, and what version 1 of the recipes knew, calls a method by its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.distillation.methods import METHODS

ROOT = Path(__file__).resolve().parents[3]

_OWN = {
    "core/distillation/methods",  # the methods themselves
    "core/recipe/presets.py",  # the paper's recipe, and those that start from it
    "core/recipe/migrations.py",  # what version 1 knew
    "core/study/migrations.py",
    "core/study/paper.py",  # the paper's 22 runs, and what it found
}

_NAMES = {name for name, method in METHODS.items() if method.needs}
_COMMON = {"temperature", "direction", "beta"}  # words of the field or of everyday
_SETTINGS = {key for method in METHODS.values() for key in method.Settings.model_fields} - _COMMON


def _files() -> Iterator[Path]:
    for room in ("core", "skinkd_gui"):
        for file in (ROOT / room).rglob("*.py"):
            place = file.relative_to(ROOT).as_posix()
            if not any(place == own or place.startswith(f"{own}/") for own in _OWN):
                yield file


def _said(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts and attributes of a module that are a method's or one of its settings' name, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.replace("=", ".").split(".")
            if len(node.value) < 60 and (_NAMES & set(words) or _SETTINGS & set(words)):
                yield node.lineno, node.value
        elif isinstance(node, ast.Attribute) and node.attr in _SETTINGS:
            yield node.lineno, node.attr


@pytest.mark.parametrize("room", ["core", "skinkd_gui"])
def test_no_other_file_names_a_method_or_its_settings(room: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text!r}"
        for file in _files()
        if file.relative_to(ROOT).parts[0] == room
        for line, text in _said(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert not found, "ask METHODS (core/distillation/methods) instead:\n" + "\n".join(found)


def test_the_search_finds_what_it_looks_for() -> None:
    text = (
        'if recipe.method == "kl": pass\nset_values(recipe, ["distillation.method=dist"])\nrecipe.distillation.gamma\n'
    )
    assert {line for line, _ in _said(ast.parse(text))} == {1, 2, 3}
