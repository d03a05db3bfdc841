"""A figure for what changes while the user works: drawn in a thread, so that the window never waits for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from skinkd_gui.widgets.figure_view import Builder, FigureView
from skinkd_gui.widgets.parts import delay
from skinkd_gui.widgets.theme import figure_style
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle

_RESIZING_MILLISECONDS = 150
_one_at_a_time = threading.Lock()  # two that draw would take turns with the window for Python, and gain nothing


@dataclass(frozen=True)
class _Drawing:
    """A figure and its picture, with what it was drawn from."""

    builder: Builder
    figure: Figure
    image: QImage


class ThreadedFigureView(FigureView):
    """Shows pictures of its figures: nothing in them can be clicked. The newest builder wins; others may be skipped."""

    def __init__(self, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(placeholder, parent)
        self._drawing = JobSlot(self, succeeded=self._take, failed=self._fail)
        self._resizing = delay(self, self._redraw, _RESIZING_MILLISECONDS)

    def draw(self, builder: Builder | None) -> None:
        """Show what `builder` makes for the window's style, as soon as it is drawn. It is called in another thread."""
        self._builder = builder
        if builder is None:
            self._show(None)
        else:
            self._redraw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw for the new size; until then the picture is stretched."""
        super().resizeEvent(event)
        self._resizing.start()

    @Slot()
    def _redraw(self) -> None:
        builder = self._builder
        if builder is None:
            return
        style, size, ratio = figure_style(), self.size(), self.devicePixelRatioF()

        def work(emit: Emit, token: CancelToken) -> _Drawing:
            with _one_at_a_time:
                token.check()
                return _drawn(builder, style, size, ratio)

        self._drawing.start_next(work)

    @Slot(object)
    def _take(self, drawing: _Drawing) -> None:
        if self._builder is None:
            return
        if isinstance(self._canvas, _Picture):
            self._canvas.show_drawing(drawing)
            return
        self._canvas = _Picture(drawing, self)
        self._stack.addWidget(self._canvas)
        self._stack.setCurrentWidget(self._canvas)

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        self._show(None)
        self.set_placeholder(f"{error.title}. {error.summary}")

    def _draw_anew(self) -> None:
        self._redraw()


class _Picture(QWidget):
    """Stands where a canvas of matplotlib would."""

    def __init__(self, drawing: _Drawing, parent: QWidget) -> None:
        super().__init__(parent)
        self.figure, self._image = drawing.figure, drawing.image

    def show_drawing(self, drawing: _Drawing) -> None:
        """Show another one."""
        self.figure, self._image = drawing.figure, drawing.image
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, as large as the widget."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.rect(), self._image)


def _drawn(builder: Builder, style: FigureStyle, size: QSize, ratio: float) -> _Drawing:
    """The figure at `size`, in a picture with `ratio` pixels per unit of Qt. Raises what `builder` raises."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = builder(style)
    width, height = max(1, size.width()), max(1, size.height())
    figure.set_size_inches(width / figure.dpi, height / figure.dpi)
    figure.set_dpi(figure.dpi * ratio)
    canvas: Any = FigureCanvasAgg(figure)  # untyped in matplotlib
    canvas.draw()
    pixels = canvas.buffer_rgba()
    rows, columns = pixels.shape[:2]
    image = QImage(bytes(pixels), columns, rows, 4 * columns, QImage.Format.Format_RGBA8888).copy()
    return _Drawing(builder, figure, image)
