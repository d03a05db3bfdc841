"""How every figure looks: light and dark, colours that colour-blind readers tell apart, type that stays readable.

Series colours follow Okabe and Ito, "Color Universal Design" (2008); the darker ones serve light backgrounds, the
lighter ones dark backgrounds, so that each keeps a contrast of at least 3:1. Lines differ by dash as well as by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LIGHT_SERIES = ("#0072B2", "#C65200", "#00805E", "#A8478A", "#8A6A00", "#3A6FD8", "#7A4B2A", "#555555")
_DARK_SERIES = ("#56B4E9", "#E69F00", "#2FC99A", "#E08CC0", "#F0E442", "#8FA8FF", "#D9A07A", "#BBBBBB")

DASHES: tuple[str | tuple[int, tuple[int, ...]], ...] = ("-", (0, (5, 2)), (0, (1, 1)), (0, (6, 2, 1, 2)))
"""Line styles, one per line of a figure."""

HATCHES = ("", "///", "...", "xxx")
"""Bar fills once the colours are used up."""


@dataclass(frozen=True)
class FigureStyle:
    """The look of a figure; `font_size` is in points."""

    dark: bool = False
    font_size: float = 9.0

    @property
    def background(self) -> str:
        """The colour behind everything."""
        return "#1F2124" if self.dark else "#FFFFFF"

    @property
    def text(self) -> str:
        """The colour of titles, labels and values."""
        return "#ECECEC" if self.dark else "#1B1B1B"

    @property
    def muted(self) -> str:
        """The colour of what matters less: axis lines, notes."""
        return "#A9ADB3" if self.dark else "#595F66"

    @property
    def grid(self) -> str:
        """The colour of grid lines."""
        return "#3A3E44" if self.dark else "#DDE0E4"

    @property
    def warning(self) -> str:
        """The colour of what needs a second look."""
        return "#FFB454" if self.dark else "#A34E00"

    @property
    def series(self) -> tuple[str, ...]:
        """Eight colours for lines and bars, told apart by colour-blind readers."""
        return _DARK_SERIES if self.dark else _LIGHT_SERIES

    @property
    def small(self) -> float:
        """The type size of tick labels and values, in points."""
        return self.font_size * 0.87

    def colour(self, index: int) -> str:
        """The colour of the series with this index; colours repeat after eight (see `hatch`)."""
        return self.series[index % len(self.series)]

    def hatch(self, index: int) -> str:
        """The fill that tells a repeated colour from its first use."""
        return HATCHES[(index // len(self.series)) % len(HATCHES)]


def new_figure(style: FigureStyle, width: float = 6.4, height: float = 4.0) -> Figure:
    """An empty figure of `width` x `height` inches that lays itself out; it needs no display."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    from core.reporting.layout import FigureLayout

    rcParams["text.parse_math"] = False  # a dollar in the name of a run is a dollar
    layout = FigureLayout(style.font_size)
    return Figure(figsize=(width, height), dpi=100, layout=layout, facecolor=style.background)


def dress(axes: Axes, style: FigureStyle, *, x: str = "", y: str = "", grid: str | None = None) -> None:
    """Give axes the style, their titles, and grid lines along `x`, `y` or not at all (None)."""
    axes.set_facecolor(style.background)
    axes.set_xlabel(x, color=style.text, fontsize=style.font_size)
    axes.set_ylabel(y, color=style.text, fontsize=style.font_size)
    axes.tick_params(colors=style.muted, labelcolor=style.text, labelsize=style.small)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(style.muted)
    if grid == "x":
        axes.grid(axis="x", color=style.grid, linewidth=0.8)
    elif grid == "y":
        axes.grid(axis="y", color=style.grid, linewidth=0.8)
    axes.set_axisbelow(True)


def add_title(axes: Axes, style: FigureStyle, text: str) -> None:
    """A title at the left edge, when there is one; at every size of the figure as much of it as the axes are wide."""
    if text:
        from core.reporting.layout import fit_title

        fit_title(axes, axes.set_title(text, loc="left", color=style.text, fontsize=style.font_size, fontweight="bold"))


def add_legend(
    figure: Figure, axes: Axes, style: FigureStyle, columns: int = 2, handles: Sequence[Artist] = ()
) -> None:
    """The legend of the axes (or of these labelled `handles`) above them, where it hides nothing."""
    shown = list(handles) or axes.get_legend_handles_labels()[0]
    if shown:
        figure.legend(
            handles=shown,
            loc="outside upper left",
            ncols=columns,
            fontsize=style.small,
            labelcolor=style.text,
            frameon=False,
            handlelength=2.4,
            columnspacing=1.2,
        )


def message_figure(style: FigureStyle, text: str) -> Figure:
    """A figure that only says why there is nothing to draw."""
    figure = new_figure(style)
    figure.text(0.5, 0.5, text, ha="center", va="center", color=style.muted, fontsize=style.font_size, wrap=True)
    return figure


def contrast_text(background: Sequence[float]) -> str:
    """Black or white, whichever reads better on an RGB(A) colour of 0..1; the contrast is at least 4.5:1 (WCAG 2.2)."""
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in background[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#FFFFFF"
