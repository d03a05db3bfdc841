"""Write a report into a folder: the page, and its tables, figures and recipes as files of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from core import atomic
from core.errors import SkinKDError
from core.events import CancelToken, Phase, Progress, Report, ignore
from core.reporting.report.assembling import collect
from core.reporting.report.content import EVERYTHING, FigureBlock, Include, ReportContent
from core.reporting.report.page import report_html
from core.reporting.saving import save_figure
from core.reporting.style import FigureStyle

_Writer = Callable[[Path], None]

PAGE = "index.html"
_LIST = ".skinkd-report.json"
"""The files that a report has written into its folder, so that the next one takes away those and no others."""


def write_report(
    runs: Sequence[Path],
    out: Path,
    *,
    study: Path | None = None,
    baseline: Path | None = None,
    include: Collection[Include] = EVERYTHING,
    report: Report = ignore,
    token: CancelToken | None = None,
) -> Path:
    """Write the report on these run folders into the folder `out` and return its index.html; see `collect`.

    Beside the page stand tables/*.csv, *.tex and *.md, figures/*.png (300 dots per inch) and *.svg, and
    recipes/*.toml. `out` is made; it must be empty or hold an earlier report, which is replaced. Raises `SkinKDError`,
    or `Cancelled` (then the page is not there).
    """
    token = token or CancelToken()
    check_folder(out)
    content = collect(runs, study=study, baseline=baseline, include=include, report=report, token=token)
    return write_content(content, out, report=report, token=token)


def write_content(
    content: ReportContent, out: Path, *, report: Report = ignore, token: CancelToken | None = None
) -> Path:
    """Write what `collect` gave; as `write_report`."""
    token = token or CancelToken()
    check_folder(out)
    parts = [*_texts(content), *_drawings(content)]
    try:
        _clear(out)
        listed = json.dumps([PAGE, *(name for name, _ in parts)], indent=1)
        out.mkdir(parents=True, exist_ok=True)
        atomic.write_text(out / _LIST, listed)
        for place, (name, write) in enumerate(parts):
            token.check()
            report(Progress(Phase.REPORTING, place, len(parts)))
            (out / name).parent.mkdir(exist_ok=True)
            write(out / name)
        atomic.write_text(out / PAGE, report_html(content, for_print=False, report=report, token=token))
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


def _texts(content: ReportContent) -> Iterator[tuple[str, _Writer]]:
    """Tables and recipes as names of files and what writes them."""
    for block in content.tables():
        csv = block.table.to_csv().encode("utf-8-sig")
        yield f"tables/{block.key}.csv", partial(_write_bytes, csv)
        yield f"tables/{block.key}.tex", partial(_write_bytes, block.table.to_latex().encode("utf-8"))
        yield f"tables/{block.key}.md", partial(_write_bytes, block.table.to_markdown().encode("utf-8"))
    for listing in content.listings():
        if listing.file:
            yield f"recipes/{listing.file}", partial(_write_bytes, listing.text.encode("utf-8"))


def _drawings(content: ReportContent) -> Iterator[tuple[str, _Writer]]:
    for block in content.figures():
        for kind in ("png", "svg"):
            yield f"figures/{block.key}.{kind}", partial(_write_figure, block)


def _write_bytes(content: bytes, path: Path) -> None:
    atomic.write_bytes(path, content)


def _write_figure(block: FigureBlock, path: Path) -> None:
    save_figure(block.build(FigureStyle()), path)
