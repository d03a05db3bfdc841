"""Where a module's source can be changed a little, and how: every mutant of a file, each one small change of its text.

Texts, annotations, decorators and what is there for type checkers alone stay as they are; so do paths and joined texts,
whose change could only raise. The changes are those of mutation testing (DeMillo, Lipton, Sayward, 1978; Offutt's
operators), and dropped calls, keywords and statements, by which a promise of order or of the disk is lost.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
_PAIRS = (
    ("min", "max"),
    ("any", "all"),
    ("minimum", "maximum"),
    ("floor", "ceil"),
    ("argmin", "argmax"),
    ("log", "exp"),
)
_CALLED = {name: other for pair in _PAIRS for name, other in (pair, pair[::-1])}
_LEFT_AWAY = {"sorted", "abs", "sort", "copy", "clone", "detach", "absolute", "reversed"}
"""Calls that are replaced by what they are called with or on."""
_SIDES = {"left": "right", "right": "left"}
_SKIPPED_CALLS = ("_log.", "logging.", "warnings.", "cast", "TypeVar", "NewType")
_SKIPPED_KEYWORDS = {"encoding", "exc_info", "strict", "name", "dtype"}
"""Without them a program does the same on this machine, or shows at once what is missing."""


@dataclass(frozen=True)
class Mutant:
    """One change in one module: the bytes `start` .. `end` of its source become `text`.

    `name` stays the same when other lines of the file change: module, function, the change, and its number among equal
    ones in the function.
    """

    name: str
    module: str
    line: int
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """The changed source."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants_of(module: str, source: bytes) -> list[Mutant]:
    """Every mutant of a module's source that is another program, in the order of its lines."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: list[Mutant] = []
    numbers: Counter[str] = Counter()
    for function, node, text in _changes(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        before, after = " ".join(ast.unparse(node).split()), " ".join(text.split())
        if after in (before, f"({before})"):
            continue
        name = f"{module}:{function or '(module)'}: {_short(before)} -> {_short(after)}"
        numbers[name] += 1
        found.append(Mutant(f"{name} #{numbers[name]}", module, node.lineno, start, end, text))
    return found


def _short(text: str) -> str:
    """A text of at most 70 characters; of a longer one its beginning and a digest, so that names stay apart."""
    return text if len(text) <= 70 else f"{text[:60]}...{hashlib.sha256(text.encode()).hexdigest()[:6]}"


Change = tuple[str, "ast.expr | ast.stmt", str]


def _changes(tree: ast.Module) -> Iterator[Change]:
    """(function, node, text that takes its place) for every change."""
    yield from _below(tree, "")


def _below(node: ast.AST, function: str) -> Iterator[Change]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}" if function else node.name
    if isinstance(node, ast.expr) and not _is_typing(node):
        yield from ((function, node, f"({ast.unparse(new)})") for new in _expressions(node))
    if isinstance(node, ast.stmt):
        yield from ((function, node, text) for text in _statements(node))
    yield from ((function, test, f"({ast.unparse(new)})") for test, new in _conditions(node))
    for child in _looked_at(node):
        yield from _below(child, function)


def _looked_at(node: ast.AST) -> Iterator[ast.AST]:
    """The children in which something may be changed."""
    left_out: list[ast.AST] = list(getattr(node, "decorator_list", []))
    left_out += [part for name in ("annotation", "returns") if (part := getattr(node, name, None)) is not None]
    if isinstance(node, ast.JoinedStr | ast.Assert) or _is_typing(node):
        return
    yield from (child for child in ast.iter_child_nodes(node) if child not in left_out)


def _is_typing(node: ast.AST) -> bool:
    """What is there for type checkers or for a log alone."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(_SKIPPED_CALLS):
        return True
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript | ast.BinOp) and _is_type(node.value)


def _is_type(node: ast.expr) -> bool:
    text = ast.unparse(node)
    return text.startswith(("Callable[", "tuple[", "dict[", "list[", "NDArray[", "Literal[")) or text.endswith("| None")


def _conditions(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.If | ast.IfExp | ast.While) and not _is_typing(node):
        negated = isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not)
        simple = isinstance(node.test, ast.Compare) and type(node.test.ops[0]) in (ast.Eq, ast.NotEq, ast.In, ast.Is)
        if not negated and not simple:
            yield node.test, ast.UnaryOp(ast.Not(), node.test)
    if isinstance(node, ast.comprehension):
        yield from ((test, ast.Constant(True)) for test in node.ifs)


def _expressions(node: ast.expr) -> Iterator[ast.expr]:
    """What may stand in an expression's place."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for kind in _COMPARED.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [kind()], node.comparators)
    elif isinstance(node, ast.BinOp) and type(node.op) in _COMPUTED and not _joins(node):
        yield ast.BinOp(node.left, _COMPUTED[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        yield from _slices(node, node.slice)


def _slices(node: ast.Subscript, part: ast.Slice) -> Iterator[ast.expr]:
    if part.lower is not None:
        yield ast.Subscript(node.value, ast.Slice(None, part.upper, part.step), node.ctx)
    if part.upper is not None:
        yield ast.Subscript(node.value, ast.Slice(part.lower, None, part.step), node.ctx)


def _joins(node: ast.BinOp) -> bool:
    """A path or a text that is put together."""
    texts = ast.JoinedStr | ast.Constant
    return any(
        isinstance(side, texts) and not isinstance(getattr(side, "value", ""), int | float)
        for side in (node.left, node.right)
    )


def _constants(node: ast.Constant) -> Iterator[ast.expr]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 2 if value else 1.0)
    elif isinstance(value, str) and value in _SIDES:
        yield ast.Constant(_SIDES[value])


def _calls(node: ast.Call) -> Iterator[ast.expr]:
    called = node.func
    name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    if name in _CALLED:
        other = _CALLED[name]
        changed: ast.expr = (
            ast.Attribute(called.value, other, ast.Load())
            if isinstance(called, ast.Attribute)
            else ast.Name(other, ast.Load())
        )
        yield ast.Call(changed, node.args, node.keywords)
    if name in _LEFT_AWAY:
        if node.args:
            yield node.args[0]
        elif isinstance(called, ast.Attribute):
            yield called.value
    raised = name.endswith("Error") or name[:1].isupper()
    for keyword in [] if raised else [item for item in node.keywords if item.arg not in _SKIPPED_KEYWORDS]:
        yield ast.Call(called, node.args, [other for other in node.keywords if other is not keyword])


def _statements(node: ast.stmt) -> Iterator[str]:
    """What may stand in a statement's place."""
    dropped = (
        isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break | ast.Delete)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.YieldFrom))
        or (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Subscript))
    )
    if dropped and not ast.unparse(node).startswith(_SKIPPED_CALLS):
        yield "pass"
