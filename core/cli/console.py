"""Where the command line's words go: answers to stdout, everything else to stderr.

Texts of several lines are lists of lines: a line end inside of one came from outside, and is shown as an escape.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import SkinKDError
from core.visible_text import visible, writable_values

if TYPE_CHECKING:
    from core.reporting.table import ResultsTable

_WIDEST = 40  # characters of a cell

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout instead of text.")]
RunsOption = Annotated[
    Path | None, typer.Option("--runs", help="Folder of the run folders (default: SKINKD_RUNS, or your data folder).")
]


def print_text(*lines: str) -> None:
    """Part of what the user asked for, on stdout, each text a line."""
    for text in lines:
        print(visible(text))


def print_json(document: Any) -> None:
    """The one JSON document of a command, on stdout; ASCII only, so that every terminal and pipe passes it on."""
    text = json.dumps(writable_values(document), indent=2, allow_nan=False)
    print(text.replace("\x7f", "\\u007f"))  # the one control character that json leaves as it is


def say(*lines: str) -> None:
    """A remark on stderr, each text a line."""
    for text in lines:
        print(visible(text), file=sys.stderr, flush=True)


def agreed(question: str) -> bool:
    """Ask on stderr whether to do something; only a yes is one."""
    return typer.confirm(visible(question), err=True)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> list[str]:
    """A plain table with aligned columns; those named in `right` are aligned to the right."""
    return _aligned(head, rows, [place for place, name in enumerate(head) if name in right])


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int]) -> list[str]:
    seen = [[visible(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*seen, strict=True)]
    lines = []
    for row in seen:
        pairs = enumerate(zip(row, widths, strict=True))
        parts = [cell.rjust(width) if place in right else cell.ljust(width) for place, (cell, width) in pairs]
        lines.append("  ".join(parts).rstrip())
    return lines


def table_lines(table: ResultsTable) -> list[str]:
    """A table of results for a terminal: title, aligned columns, notes; of a long text both ends are shown, by which
    titles and paths are told apart."""
    heads = [column.heading for column in table.columns]
    rows = [[_shortened(cell) for cell in row] for row in table.texts]
    numbers = [place for place, column in enumerate(table.columns) if not column.words]
    return [table.title, "", *_aligned(heads, rows, numbers), *([""] if table.notes else []), *table.notes]


def _shortened(cell: str) -> str:
    cell = visible(cell)
    begin = (_WIDEST - 3) // 2
    return cell if len(cell) <= _WIDEST else f"{cell[:begin]}...{cell[begin + 3 - _WIDEST :]}"


def write_new(path: Path, text: str, *, force: bool) -> None:
    """Write a text file and its folders. Raises `SkinKDError` where there is one that it may not replace."""
    from core.atomic import write_text

    if path.exists() and not force:
        raise SkinKDError("The file exists", f"{path} is kept as it is. Choose another name, or add --force.")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)


def many(count: int, noun: str) -> str:
    """A count with its noun: 1 image, 1,544 images."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
