"""A package is a room: its docstring says what it is for, and names the modules that other rooms may use."""

from __future__ import annotations

import ast
import re

import pytest

from tests.test_import_circles import FOLDERS, ROOT, imported, modules

KNOWN = modules(ROOT, FOLDERS)
ROOMS = {name: file for name, file in KNOWN.items() if file.name == "__init__.py"}


def room_of(module: str) -> str:
    return module if module in ROOMS else module.rpartition(".")[0]


def named(room: str) -> set[str]:
    """The names in backticks in a room's docstring."""
    text = ast.get_docstring(ast.parse(ROOMS[room].read_text(encoding="utf-8"))) or ""
    return set(re.findall(r"`([a-z]\w*)`", text))


@pytest.fixture(scope="module")
def used() -> dict[str, set[str]]:
    """By room, its modules that files of other rooms import."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for name, file in KNOWN.items():
        for target in imported(name, file, KNOWN):
            if room_of(target) not in (target, room_of(name)) and room_of(target) in ROOMS:
                found[room_of(target)].add(target.rpartition(".")[2])
    return found


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_names_what_others_use(room: str, used: dict[str, set[str]]) -> None:
    assert used[room] - named(room) == set()


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_what_a_room_names_is_there(room: str) -> None:
    offered = re.findall(r'^    "(\w+)",$', ROOMS[room].read_text(encoding="utf-8"), re.MULTILINE)  # of `__all__`
    assert {name for name in named(room) if f"{room}.{name}" not in KNOWN and name not in offered} == set()
