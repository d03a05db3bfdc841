"""A picture that can be looked at closely: zoom, pan, and a heat map laid over it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from skinkd_gui.widgets.theme import colours

MOST = 16.0
"""Screen pixels per picture pixel at the strongest zoom."""

_STEP = 1.25
_PAN = 0.15  # of the view, per key
_SHARP = 3.0  # from this zoom on single pixels are shown as squares


class PictureView(QWidget):
    """A picture as large as the space allows, or zoomed; or a text in its place.

    Wheel and the keys + and - zoom, 0 fits, 1 shows every pixel; arrow keys and the mouse move a zoomed picture.
    """

    zoomed = Signal()  # another zoom, or another picture

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyPicture")
        self.setAccessibleName("The selected image")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._layers: tuple[QImage, ...] = ()
        self._text = ""
        self._zoom: float | None = None  # None: as large as the space allows
        self._centre = QPointF(0.5, 0.5)  # of the view, as a share of the picture
        self._grabbed: QPointF | None = None
        self._heat: QImage | None = None
        self._opacity = 0.6

    # --- what is shown ---

    @property
    def has_picture(self) -> bool:
        """Whether a picture is shown."""
        return bool(self._layers)

    def show_picture(self, pixmap: QPixmap, text: str = "") -> None:
        """Show a small picture, or a text when the pixmap is null."""
        self.show_layers(() if pixmap.isNull() else (pixmap.toImage(),), text)

    def show_layers(self, layers: Sequence[QImage], text: str = "") -> None:
        """Show a picture from its layers (whole, a half, a quarter, ...), or a text when there are none."""
        self._layers, self._text, self._heat = tuple(layers), text, None
        self.fit()

    @property
    def heat(self) -> QImage | None:
        """The heat map over the picture."""
        return self._heat

    def show_heat(self, heat: QImage | None) -> None:
        """Lay a heat map of any size, with its strength as alpha, over the whole picture; None takes it away."""
        self._heat = heat
        self.update()

    def set_opacity(self, opacity: float) -> None:
        """How strong the hottest places cover the picture, 0..1."""
        self._opacity = opacity
        self.update()

    # --- zoom ---

    @property
    def fitted(self) -> bool:
        """Whether the picture is as large as the space allows, whatever that becomes."""
        return self._zoom is None

    @property
    def zoom(self) -> float:
        """Screen pixels per pixel of the picture; 1 shows it pixel by pixel."""
        return self._fit_zoom() if self._zoom is None else self._zoom

    @Slot()
    def fit(self) -> None:
        """Show all of it, as large as the space allows."""
        self._zoom, self._centre = None, QPointF(0.5, 0.5)
        self._changed()

    @Slot()
    def show_pixels(self) -> None:
        """One pixel of the picture per pixel of the screen."""
        self._zoom_to(1.0, QRectF(self.rect()).center())

    @Slot()
    def zoom_in(self) -> None:
        """A step closer."""
        self._zoom_to(self.zoom * _STEP, QRectF(self.rect()).center())

    @Slot()
    def zoom_out(self) -> None:
        """A step back, at most until all of it is seen."""
        self._zoom_to(self.zoom / _STEP, QRectF(self.rect()).center())

    @property
    def image_rect(self) -> QRectF:
        """Where in the widget the whole picture lies; mostly outside of it when zoomed."""
        size = QSizeF(self._size()) * self._scale()
        middle = QRectF(self.rect()).center()
        corner = middle - QPointF(self._centre.x() * size.width(), self._centre.y() * size.height())
        return QRectF(corner, size)

    def _size(self) -> QSize:
        return self._layers[0].size() if self._layers else QSize(1, 1)

    def _scale(self) -> float:
        """Units of this widget per pixel of the picture."""
        return self.zoom / self.devicePixelRatioF()

    def _fit_zoom(self) -> float:
        size = self._size()
        return min(self.width() / size.width(), self.height() / size.height()) * self.devicePixelRatioF()

    def _zoom_to(self, zoom: float, fixed: QPointF) -> None:
        """Zoom such that the place of the picture under `fixed` stays where it is."""
        if not self.has_picture:
            return
        before = self.image_rect
        share = QPointF((fixed.x() - before.x()) / before.width(), (fixed.y() - before.y()) / before.height())
        fit = self._fit_zoom()
        if zoom <= min(fit, 1.0) and fit <= 1.0:
            self.fit()
            return
        self._zoom = min(max(zoom, min(fit, 1.0)), MOST)
        size = QSizeF(self._size()) * self._scale()
        away = fixed - QRectF(self.rect()).center()
        self._centre = share - QPointF(away.x() / size.width(), away.y() / size.height())
        self._changed()

    def _move_by(self, x: float, y: float) -> None:
        image_rect = self.image_rect
        self._centre += QPointF(x / image_rect.width(), y / image_rect.height())
        self._changed()

    def _movable(self) -> bool:
        image_rect = self.image_rect
        return self.has_picture and (image_rect.width() > self.width() + 1 or image_rect.height() > self.height() + 1)

    def _changed(self) -> None:
        """Keep the picture in the view: no empty space beside it that could show more of it."""
        size = QSizeF(self._size()) * self._scale()
        half_x, half_y = (min(0.5, 0.5 * a / b) for a, b in ((self.width(), size.width()),
                                                           (self.height(), size.height())))  # fmt: skip
        x = min(max(self._centre.x(), half_x), 1 - half_x)
        y = min(max(self._centre.y(), half_y), 1 - half_y)
        self._centre = QPointF(x, y)
        if self._grabbed is None:
            shape = Qt.CursorShape.OpenHandCursor if self._movable() else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)
        self.update()
        self.zoomed.emit()

    # --- mouse and keys ---

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the mouse; where there is no picture, let what is around scroll."""
        if not self.has_picture or not event.angleDelta().y():
            event.ignore()
            return
        self._zoom_to(self.zoom * 1.0016 ** event.angleDelta().y(), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a zoomed picture."""
        if event.button() == Qt.MouseButton.LeftButton and self._movable():
            self._grabbed = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move it with the mouse."""
        if self._grabbed is None:
            super().mouseMoveEvent(event)
            return
        moved = self._grabbed - event.position()
        self._grabbed = event.position()
        self._move_by(moved.x(), moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let it go."""
        self._grabbed = None
        self._changed()
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Between all of it and every pixel."""
        if self.fitted:
            self._zoom_to(max(1.0, 2 * self.zoom), event.position())
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with + - 0 1, move with the arrow keys; what does nothing here goes on to what is around."""
        width, height = _PAN * self.width(), _PAN * self.height()
        moves = {Qt.Key.Key_Left: (-width, 0.0), Qt.Key.Key_Right: (width, 0.0), Qt.Key.Key_Up: (0.0, -height),
                 Qt.Key.Key_Down: (0.0, height)}  # fmt: skip
        zooms = {Qt.Key.Key_Plus: self.zoom_in, Qt.Key.Key_Equal: self.zoom_in, Qt.Key.Key_Minus: self.zoom_out,
                 Qt.Key.Key_0: self.fit, Qt.Key.Key_1: self.show_pixels}  # fmt: skip
        key = Qt.Key(event.key())
        if self.has_picture and key in zooms:
            zooms[key]()
        elif key in moves and self._movable():
            self._move_by(*moves[key])
        else:
            super().keyPressEvent(event)

    # --- drawing ---

    def sizeHint(self) -> QSize:
        """Small: it grows into whatever the texts and bars leave."""
        return QSize(320, 240)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep to the picture."""
        super().resizeEvent(event)
        self._changed()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is seen of it."""
        painter = QPainter(self)
        if self.has_picture:
            self._paint_picture(painter)
        else:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.setPen(self.palette().placeholderText().color())
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), flags, self._text)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours().accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_picture(self, painter: QPainter) -> None:
        image_rect = self.image_rect
        seen = image_rect.intersected(QRectF(self.rect()))
        if seen.isEmpty():
            return
        number = min(max(0, math.floor(-math.log2(self.zoom))) if self.zoom < 1 else 0, len(self._layers) - 1)
        layer = self._layers[number]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.zoom < _SHARP)
        painter.drawImage(seen, layer, _part(image_rect, seen, layer.size()))
        if self._heat is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
            painter.setOpacity(self._opacity)
            painter.drawImage(seen, self._heat, _part(image_rect, seen, self._heat.size()))
            painter.setOpacity(1.0)


def _part(image_rect: QRectF, visible: QRectF, size: QSize) -> QRectF:
    """The part of an image of this size, laid out over `target`, that lies under `visible`."""
    across, down = size.width() / image_rect.width(), size.height() / image_rect.height()
    return QRectF(
        (visible.x() - image_rect.x()) * across,
        (visible.y() - image_rect.y()) * down,
        visible.width() * across,
        visible.height() * down,
    )
