"""Write a report into a folder: the page, and its tables, figures and recipes as files of their own."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from core import atomic
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase, Progress, ignore
from core.reporting.report.assembling import collect
from core.reporting.report.content import STANDARD, FigureBlock, Include, ReportContent
from core.reporting.report.page import EmbeddedFigure, report_html, screen_picture
from core.reporting.saving import save_figure
from core.reporting.style import FigureStyle

PAGE = "index.html"
_LIST = ".skinkd-report.json"
"""The files that a report has written into its folder, so that the next one takes away those and no others."""


def write_report(
    runs: Sequence[Path],
    out: Path,
    *,
    study: Path | None = None,
    baseline: Path | None = None,
    include: Collection[Include] = STANDARD,
    emit: Emit = ignore,
    token: CancelToken | None = None,
) -> Path:
    """Write the report on these run folders into the folder `out` and return its index.html; see `collect`.

    Beside the page stand tables/*.csv, *.tex and *.md, figures/*.png (300 dots per inch) and *.svg, and
    recipes/*.toml. `out` is made; it must be empty or hold an earlier report, which is replaced. Raises `SkinKDError`,
    or `Cancelled` (then the page is not there).
    """
    token = token or CancelToken()
    check_folder(out)
    content = collect(runs, study=study, baseline=baseline, include=include, emit=emit, token=token)
    return write_content(content, out, emit=emit, token=token)


def write_content(content: ReportContent, out: Path, *, emit: Emit = ignore, token: CancelToken | None = None) -> Path:
    """Write what `collect` gave, as `write_report` does. Raises `SkinKDError` where it can not, `Cancelled`."""
    token = token or CancelToken()
    check_folder(out)
    texts, figures = list(_texts(content)), content.figures()
    drawings = [f"figures/{block.key}.{kind}" for block in figures for kind in ("png", "svg")]
    try:
        _clear(out)
        out.mkdir(parents=True, exist_ok=True)
        # The list first, the page last: what is killed in between is no report, and the next one takes its place.
        atomic.write_text(out / _LIST, json.dumps([PAGE, *(name for name, _ in texts), *drawings], indent=1))
        for name in ("tables", "figures", "recipes"):
            (out / name).mkdir(exist_ok=True)
        for name, text in texts:
            atomic.write_bytes(out / name, text)
        pictures = {}
        for place, block in enumerate(figures):
            token.check()
            emit(Progress(Phase.REPORTING, place, len(figures)))
            pictures[block.key] = _write_figure(block, out / "figures")
        atomic.write_text(out / PAGE, report_html(content, for_print=False, token=token, pictures=pictures))
    except OSError as error:
        raise SkinKDError("The report can not be written", f"{out} could not be written.", str(error)) from error
    return out / PAGE


def check_folder(out: Path) -> None:
    """Raise `SkinKDError` unless a report can be written into `out` without touching anything else."""
    if out.exists() and not out.is_dir():
        raise SkinKDError("The report needs a folder", f"{out} is a file. Choose a folder for the report.")
    if out.is_dir() and any(out.iterdir()) and not (out / _LIST).is_file():
        raise SkinKDError(
            "The folder is not empty",
            f"{out} holds other things. Choose an empty or new folder for the report, or that of an earlier report.",
        )


def _clear(out: Path) -> None:
    """Take away what an earlier report has written here, so that no old table stays beside the new page."""
    for name in _earlier_files(out):
        (out / name).unlink(missing_ok=True)


def _earlier_files(out: Path) -> list[str]:
    """The listed files, without any name that leads out of the folder; none where the list is missing or damaged."""
    try:
        names = json.loads((out / _LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return [name for name in texts if (out / name).resolve().is_relative_to(out.resolve())]


def _texts(content: ReportContent) -> Iterator[tuple[str, bytes]]:
    """Tables and recipes as names of files and what is in them."""
    for block in content.tables():
        yield f"tables/{block.key}.csv", block.table.to_csv().encode("utf-8-sig")
        yield f"tables/{block.key}.tex", block.table.to_latex().encode("utf-8")
        yield f"tables/{block.key}.md", block.table.to_markdown().encode("utf-8")
    for listing in content.listings():
        if listing.file:
            yield f"recipes/{listing.file}", listing.text.encode("utf-8")


def _write_figure(block: FigureBlock, folder: Path) -> EmbeddedFigure:
    """Write a figure's files; returns it for the page, so that it is drawn once."""
    figure = block.build(FigureStyle())
    save_figure(figure, folder / f"{block.key}.png")
    picture, drawing = screen_picture(block, figure)
    atomic.write_bytes(folder / f"{block.key}.svg", drawing)
    return picture
