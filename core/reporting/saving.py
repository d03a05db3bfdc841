"""Write figures and tables for papers and slides."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from core.atomic import replacing
from core.errors import SkinKDError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.table import ResultsTable

FIGURE_KINDS = ("png", "svg", "pdf")
"""The endings that `save_figure` writes."""


def save_figure(figure: Figure, path: Path, *, dots_per_inch: int = 300) -> None:
    """Write a figure as PNG (with `dots_per_inch`), SVG or PDF, as the ending of `path` says.

    The same figure gives the same bytes. The file is complete or absent. Raises `SkinKDError` for another ending and
    when the place can not be written.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in FIGURE_KINDS:
        known = ", ".join(f".{item}" for item in FIGURE_KINDS)
        raise SkinKDError("Unknown kind of picture", f"{path.name} must end in one of {known}.")
    _write(path, figure_bytes(figure, kind, dots_per_inch))


def figure_bytes(figure: Figure, kind: str, dots_per_inch: int = 300) -> bytes:
    """A figure as a file of one of `FIGURE_KINDS`; the same figure gives the same bytes."""
    from matplotlib import rc_context

    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "skinkd", "svg.fonttype": "path", "pdf.fonttype": 42}):
        figure.savefig(buffer, format=kind, dpi=dots_per_inch, facecolor=figure.get_facecolor(), metadata=undated)
    return buffer.getvalue()


def save_table(table: ResultsTable, path: Path) -> None:
    """Write a table as its ending says: CSV (UTF-8 with a mark that spreadsheets look for), Markdown or LaTeX.

    Raises `SkinKDError` when the place can not be written.
    """
    kinds = {".md": table.to_markdown, ".tex": table.to_latex}
    view = kinds.get(path.suffix.lower())
    _write(path, table.to_csv().encode("utf-8-sig") if view is None else view().encode("utf-8"))


def _write(path: Path, content: bytes) -> None:
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise SkinKDError("The file can not be written", f"{path} could not be written.", str(error)) from error
