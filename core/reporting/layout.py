"""The layout of figures in a window that the user may make as small as it goes."""

from __future__ import annotations

import warnings
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

_ROOMY_WIDTH = 36.0  # in units of the type size
_ROOMY_HEIGHT = 28.0


class FigureLayout(ConstrainedLayoutEngine):
    """matplotlib's constrained layout, without its warning where a small figure has no room for its labels."""

    def __init__(self, font_size: float) -> None:
        super().__init__()
        self._font_size = font_size

    def execute(self, fig: Figure) -> Any:
        """Give axes the room that labels and legends leave; where there is none, leave them as they are."""
        width, height = (float(inches) * 72 / self._font_size for inches in fig.get_size_inches())
        if width >= _ROOMY_WIDTH and height >= _ROOMY_HEIGHT:
            return super().execute(fig)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="constrained_layout not applied")
            return super().execute(fig)
