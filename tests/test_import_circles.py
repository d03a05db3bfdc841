"""No module needs itself: the imports of the product form no circle, wherever in a file they are written."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("core", "skinkd_gui", "resources", "installers")


def modules(root: Path, folders: Iterable[str]) -> dict[str, Path]:
    """Every module below these folders by its dotted name; a package is its `__init__`."""
    files = (file for folder in folders for file in (root / folder).rglob("*.py"))
    return {".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def imported(name: str, file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The known modules that a file imports: at its top, in functions, and under TYPE_CHECKING."""
    package = name if file.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        for target in targets(node, package):
            # `from a import b` takes the module a.b, or b out of a; a script finds the modules that lie beside it.
            places = [target, target.rpartition(".")[0]]
            places += [f"{package}.{place}" for place in places]
            found = next((place for place in places if place in known), name)
            if found != name:
                yield found


def targets(node: ast.AST, package: str) -> list[str]:
    """What an import statement in a module of `package` names, as absolute dotted names; [] for other nodes."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        parts = package.split(".")
        above = parts[: len(parts) - node.level + 1] if node.level else []
        return [".".join([*above, *([node.module] if node.module else []), alias.name]) for alias in node.names]
    return []


def reachable(start: str, needs: Mapping[str, set[str]]) -> set[str]:
    """What a module imports, directly or by others."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = needs[waiting.pop()] - seen
        seen |= new
        waiting.extend(new)
    return seen


def circles(root: Path, folders: Iterable[str]) -> list[list[str]]:
    """Groups of modules of which each imports, directly or by others, every other one."""
    known = modules(root, folders)
    needs = {name: set(imported(name, file, known)) for name, file in known.items()}
    reached = {name: reachable(name, needs) for name in known}
    groups = {tuple(sorted(other for other in reached[name] if name in reached[other])) for name in known}
    return [list(group) for group in sorted(groups) if group]


def test_no_import_closes_a_circle() -> None:
    assert circles(ROOT, FOLDERS) == []


@pytest.mark.parametrize(
    "back",
    [
        "from house.one import Door",
        "import house.one",
        "from house import one",
        "from .one import Door",
        "from . import one",
        "def later():\n    from house.one import Door",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.one import Door",
    ],
)
def test_every_way_of_importing_is_seen(back: str, tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "__init__.py").touch()
    (tmp_path / "house" / "one.py").write_text("from house.two import Window\nDoor = 1\n", encoding="utf-8")
    (tmp_path / "house" / "two.py").write_text("Window = 1\n", encoding="utf-8")
    assert circles(tmp_path, ["house"]) == []
    (tmp_path / "house" / "two.py").write_text(f"{back}\nWindow = 1\n", encoding="utf-8")
    assert circles(tmp_path, ["house"]) == [["house.one", "house.two"]]


def test_a_script_and_what_lies_beside_it_are_seen(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "one.py").write_text("import two\n", encoding="utf-8")
    (tmp_path / "tools" / "two.py").write_text("from one import thing\n", encoding="utf-8")
    assert circles(tmp_path, ["tools"]) == [["tools.one", "tools.two"]]


def test_a_package_and_its_parts_may_close_no_circle_either(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "__init__.py").write_text("from house.one import Door\n", encoding="utf-8")
    (tmp_path / "house" / "one.py").write_text("from house import Door\n", encoding="utf-8")
    assert circles(tmp_path, ["house"]) == [["house", "house.one"]]
