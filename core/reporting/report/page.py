"""A report as one HTML page: everything in it, nothing fetched, no script.

On screen, figures are SVG drawings in both schemes (the reader's system chooses) inside `data:` addresses, so that
their parts' names can not clash. For print the page keeps to the HTML that Qt's QTextDocument knows, and figures are
PNG pictures of a width that fits A4.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.events import CancelToken, Emit, Phase, Progress, ignore
from core.reporting.report.content import (
    Facts,
    FigureBlock,
    Paragraph,
    Points,
    ReportContent,
    TableBlock,
)
from core.reporting.saving import figure_bytes
from core.reporting.style import FigureStyle

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.figure import Figure

_PRINT_WIDTH = 640  # pixels of 1/96 inch: what A4 leaves between its margins
_PRINT_DOTS = 200  # per inch
_LONG_WORD = re.compile(r"[^\s\u200b]{18}(?=[^\s\u200b]{3})")
_KINDS = {Paragraph: "paragraph", Points: "points", Facts: "facts", TableBlock: "table", FigureBlock: "figure"}


@dataclass(frozen=True)
class EmbeddedFigure:
    """A drawn figure for a page: addresses that hold it, and its size there in pixels."""

    light: str
    dark: str
    width: int
    height: int


def report_html(
    content: ReportContent,
    *,
    for_print: bool,
    emit: Emit = ignore,
    token: CancelToken | None = None,
    pictures: Mapping[str, EmbeddedFigure] | None = None,
) -> str:
    """The page. Texts of users and files are escaped. `pictures` (by key) are taken where figures are drawn already.

    Raises `Cancelled` between two figures.
    """
    token = token or CancelToken()
    figures = content.figures()
    drawn = dict(pictures or {})
    for place, block in enumerate(figures):
        token.check()
        emit(Progress(Phase.REPORTING, place, len(figures)))
        if block.key not in drawn:
            drawn[block.key] = draw(block, for_print=for_print)
    template = page_environment().get_template("print.html.j2" if for_print else "page.html.j2")
    from resources.files import resource_text

    return template.render(content=content, pictures=drawn, css=resource_text("report/page.css"))


def draw(block: FigureBlock, *, for_print: bool) -> EmbeddedFigure:
    """A figure of the report as a picture inside addresses."""
    if not for_print:
        return screen_picture(block, block.build(FigureStyle()))[0]
    figure = block.build(FigureStyle())
    width, height = _pixels(figure)
    scale = min(1.0, _PRINT_WIDTH / width)
    address = _address("image/png", _png(figure, round(_PRINT_DOTS * scale)))
    return EmbeddedFigure(address, "", round(width * scale), round(height * scale))


def screen_picture(block: FigureBlock, light: Figure) -> tuple[EmbeddedFigure, bytes]:
    """The picture for the page on screen, from the figure as it is drawn on white; also its drawing as SVG."""
    width, height = _pixels(light)
    drawing, dark = figure_bytes(light, "svg"), figure_bytes(block.build(FigureStyle(dark=True)), "svg")
    addresses = [_address("image/svg+xml", content) for content in (drawing, dark)]
    return EmbeddedFigure(addresses[0], addresses[1], round(width), round(height)), drawing


def _pixels(figure: Figure) -> tuple[float, float]:
    width, height = figure.get_size_inches()
    return float(width) * 96, float(height) * 96


def _png(figure: Figure, dots: int) -> bytes:
    """A PNG of few colours, which is a third of the size: figures are flat."""
    from PIL import Image

    with Image.open(io.BytesIO(figure_bytes(figure, "png", dots))) as picture:
        small = io.BytesIO()
        picture.convert("RGB").quantize(256).save(small, format="PNG", optimize=True)
    return small.getvalue()


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def page_environment() -> Environment:
    """The templates of `resources/report`: everything that is filled in is escaped, a missing value is an error."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    from resources.files import resource_text

    environment = Environment(
        loader=FunctionLoader(lambda name: resource_text(f"report/{name}")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["kind"] = lambda block: _KINDS.get(type(block), "listing")
    return environment


def _breakable(text: str) -> str:
    """The text with places to break in words that are too long for a cell: Qt breaks at no other."""
    return _LONG_WORD.sub("\\g<0>\u200b", text)
