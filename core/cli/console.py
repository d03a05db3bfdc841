"""Where the command line's words go: answers to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout instead of text.")]
RunsOption = Annotated[
    Path | None, typer.Option("--runs", help="Folder of the run folders (default: SKINKD_RUNS, or your data folder).")
]


def print_text(text: str) -> None:
    """Part of what the user asked for, on stdout."""
    print(text)


def print_json(document: Any) -> None:
    """The one JSON document of a command, on stdout; ASCII only, so that every terminal and pipe passes it on."""
    print(json.dumps(document, indent=2, allow_nan=False))


def say(text: str) -> None:
    """A remark on stderr."""
    print(text, file=sys.stderr, flush=True)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """A plain table with aligned columns; those named in `right` are aligned to the right."""
    cells = [list(head), *[list(row) for row in rows]]
    widths = [max(len(row[index]) for row in cells) for index in range(len(head))]
    lines = []
    for row in cells:
        parts = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for cell, width, name in zip(row, widths, head, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def percent(value: float | None) -> str:
    """A fraction for people: 0.5312 -> 53.1 %; a dash where it is undefined."""
    return "-" if value is None else f"{100 * value:.1f} %"


def many(count: int, noun: str) -> str:
    """A count with its noun: 1 image, 1,544 images."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
