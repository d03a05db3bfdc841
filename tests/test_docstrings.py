"""Docstrings in core say what a caller must know: the shapes of arrays, and which errors come."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ARRAYS = re.compile(r"\b(NDArray|ndarray|Tensor)\b")
_WORDS = (
    "batch classes columns count directions features groups images members models parts records resamples rows runs"
)
_WORDS += " size height width teachers views"
_SIZE = rf"(?:[A-Za-z]|\d+|\.\.\.|{_WORDS.replace(' ', '|')})"
SHAPE = re.compile(rf"\bshapes? (?:of|as)\b|\({_SIZE},\)|\({_SIZE}(?:, {_SIZE})+\)|\bscalar\b")
SAME_AS = re.compile(r"\b(?:As|See) `[\w.]+`")
"""The docstring of a method that does what another one promises points there."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Public:
    """A public function or method, by the place where it is defined."""

    place: str
    node: Function

    @property
    def text(self) -> str:
        """Its docstring."""
        return ast.get_docstring(self.node) or ""

    @property
    def takes_or_gives_arrays(self) -> bool:
        """Whether a parameter or what it returns is annotated as an array."""
        return any(ARRAYS.search(text) for text in self.annotations)

    @property
    def is_command(self) -> bool:
        """Whether it is one of the command line's."""
        return any(re.search(r"\btyper\b|Option\b|Argument\b", text) for text in self.annotations)

    @property
    def annotations(self) -> list[str]:
        """Of its parameters and of what it returns."""
        arguments = self.node.args
        each = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        found = [argument.annotation for argument in each] + [self.node.returns]
        return [ast.unparse(annotation) for annotation in found if annotation is not None]

    @property
    def errors(self) -> set[str]:
        """The errors that its own statements raise and do not catch, by name; "" for one made by a function."""
        caught = {
            name for node in own_nodes(self.node) if isinstance(node, ast.ExceptHandler) for name in names_in(node)
        }
        found: set[str] = set()
        for node in own_nodes(self.node):
            if isinstance(node, ast.Raise) and node.exc is not None:
                made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                name = ast.unparse(made).rpartition(".")[2]
                if name[:1].isupper():
                    found |= {name} - caught
                elif isinstance(node.exc, ast.Call):
                    found.add("")
        return found


def names_in(handler: ast.ExceptHandler) -> set[str]:
    """The names of the errors that a handler catches."""
    return {part.id for part in ast.walk(handler.type) if isinstance(part, ast.Name)} if handler.type else set()


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions and classes inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def public_functions(source: str, place: str) -> Iterator[Public]:
    """Public functions of a module, and public methods of its public classes."""

    def inside(body: list[ast.stmt], path: str) -> Iterator[Public]:
        for node in body:
            if isinstance(node, Function) and not node.name.startswith("_"):
                yield Public(f"{path}{node.name}", node)
            elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from inside(node.body, f"{path}{node.name}.")

    yield from inside(ast.parse(source).body, f"{place}: ")


def without_shapes(functions: list[Public]) -> list[str]:
    return [
        found.place
        for found in functions
        if found.takes_or_gives_arrays and not SHAPE.search(found.text) and not SAME_AS.search(found.text)
    ]


def without_errors(functions: list[Public]) -> list[str]:
    return [
        f"{found.place} raises {error or 'an error'}"
        for found in functions
        for error in sorted(found.errors)
        if not re.search(r"[Rr]aise", found.text)
        or (error and f"`{error}`" not in found.text and error not in found.text)
    ]


@pytest.fixture(scope="module")
def functions() -> list[Public]:
    """The public functions of core without the commands, whose docstrings are the help that a terminal shows."""
    return [
        found
        for file in sorted((ROOT / "core").rglob("*.py"))
        for found in public_functions(file.read_text(encoding="utf-8"), file.relative_to(ROOT).as_posix())
        if not found.is_command
    ]


def test_functions_of_arrays_give_shapes(functions: list[Public]) -> None:
    assert without_shapes(functions) == []


def test_functions_that_raise_name_their_errors(functions: list[Public]) -> None:
    assert without_errors(functions) == []


@pytest.mark.parametrize(
    ("docstring", "fault"),
    [
        ("The logits (n, classes). Raises `SkinKDError`, or ValueError.", ""),
        ("As `other.logits`. Raises `SkinKDError`, ValueError.", ""),
        ("The logits of all images. Raises `SkinKDError`, ValueError.", "shape"),
        ("The logits (n, classes). Raises `SkinKDError`.", "ValueError"),
        ("The logits (n, classes) without ValueError and SkinKDError.", "ValueError SkinKDError"),
    ],
)
def test_what_is_not_said_is_found(docstring: str, fault: str) -> None:
    source = f'''
def logits(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """{docstring}"""
    if not len(images):
        raise ValueError("none")
    try:
        raise KeyError("caught below")
    except KeyError as error:
        raise errors.SkinKDError("No logits", "") from error

def _private(images: Tensor) -> None: ...
'''
    found = list(public_functions(source, "here"))
    assert without_shapes(found) == (["here: logits"] if fault == "shape" else [])
    assert without_errors(found) == [f"here: logits raises {name}" for name in sorted(fault.split()) if name != "shape"]
