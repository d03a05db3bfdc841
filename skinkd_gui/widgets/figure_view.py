"""A matplotlib Figure in the window: drawn when idle, laid out anew on resize, restyled with the theme."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QShowEvent
from PySide6.QtWidgets import QMenu, QStackedLayout, QWidget

from core.errors import SkinKDError
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.saving import FIGURE_FILTERS, save_as
from skinkd_gui.widgets.theme import figure_style, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.picking import Pick
    from core.reporting.style import FigureStyle

Builder = Callable[["FigureStyle"], "Figure"]


class FigureView(QWidget):
    """Shows one figure, or a text while there is none. matplotlib is loaded with the first figure.

    Parts of the figure that carry a name (see core/reporting/picking.py) can be clicked once `set_clickable` said what
    that does.
    """

    picked = Signal(object)  # core.reporting.picking.Pick
    _pressed = Signal(object)

    def __init__(self, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas: Any = None
        self._builder: Builder | None = None
        self._clickable = ""
        self._outdated = False  # the style changed while nobody looked
        # Not within the canvas's own event: whoever listens may replace the figure.
        self._pressed.connect(self.picked, Qt.ConnectionType.QueuedConnection)
        self._placeholder = make_label(placeholder, "muted", self, wrap=True)
        self._placeholder.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._placeholder)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        theme().changed.connect(self._restyle)

    @property
    def canvas(self) -> Any:
        """The matplotlib canvas of the figure (for its mouse events), None while there is none."""
        return self._canvas

    @property
    def figure(self) -> Figure | None:
        """The figure shown."""
        return None if self._canvas is None else self._canvas.figure

    def set_placeholder(self, text: str) -> None:
        """The text shown while there is no figure."""
        self._placeholder.setText(text)

    def set_clickable(self, tip: str) -> None:
        """Say what a click on a part of the figure does, or with an empty text that it does nothing."""
        self._clickable = tip

    def draw(self, builder: Builder | None) -> None:
        """Show what `builder` makes for the window's style, and again whenever the style changes."""
        self._builder = builder
        self._show(None if builder is None else builder(figure_style()))

    def save_image(self, path: Path) -> None:
        """Write the figure as PNG, SVG or PDF, by the ending of `path`. Raises SkinKDError when that fails."""
        if self._canvas is None:
            raise SkinKDError("Nothing to save", "There is no figure yet.")
        try:
            self._canvas.figure.savefig(path, dpi=200)
        except (OSError, ValueError) as error:
            raise SkinKDError("The picture was not saved", f"{path} could not be written.", str(error)) from error

    def _show(self, figure: Figure | None) -> None:
        old, self._canvas = self._canvas, None
        if figure is not None:
            from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg

            make_canvas: Any = FigureCanvasQTAgg  # untyped in matplotlib
            self._canvas = make_canvas(figure)
            self._canvas.destroyed.connect(partial(_release, figure))
            self._canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
            self._canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._stack.addWidget(self._canvas)
            self._stack.setCurrentWidget(self._canvas)
            self._canvas.mpl_connect("button_press_event", self._press)
            self._canvas.mpl_connect("motion_notify_event", self._hover)
            self._canvas.draw_idle()
        else:
            self._stack.setCurrentWidget(self._placeholder)
        if old is not None:
            self._stack.removeWidget(old)
            old.hide()
            old.deleteLater()

    def _press(self, event: Any) -> None:
        found = self._pick(event) if event.button == 1 else None
        if found is not None:
            self._pressed.emit(found)

    def _hover(self, event: Any) -> None:
        over = self._pick(event) is not None
        shape = Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor
        if self._canvas.cursor().shape() is not shape:
            self._canvas.setCursor(shape)
            self._canvas.setToolTip(self._clickable if over else "")

    def _pick(self, event: Any) -> Pick | None:
        from core.reporting.picking import pick_at

        return pick_at(self._canvas.figure, event) if self._clickable and self._canvas is not None else None

    @Slot()
    def _restyle(self) -> None:
        self._outdated = not self.isVisible()
        if not self._outdated:
            self._draw_anew()

    def _draw_anew(self) -> None:
        """Draw the same in the present style."""
        if self._builder is not None:
            self._show(self._builder(figure_style()))

    def showEvent(self, event: QShowEvent) -> None:
        """A style that changed meanwhile is seen now."""
        super().showEvent(event)
        if self._outdated:
            self._outdated = False
            self._draw_anew()

    @Slot(QPoint)
    def _open_menu(self, position: QPoint) -> None:
        if self._canvas is None:
            return
        menu = QMenu(self)
        for text, slot in (("Copy the picture", self.copy_image), ("Save the picture...", self._ask_and_save)):
            action = QAction(text, menu)
            action.triggered.connect(slot)
            menu.addAction(action)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(position))

    @Slot()
    def copy_image(self) -> None:
        """Put the figure on the clipboard as a picture."""
        if self._canvas is not None:
            QGuiApplication.clipboard().setPixmap(self._canvas.grab())

    @Slot()
    def _ask_and_save(self) -> None:
        save_as(self, "Save the picture", "figure", FIGURE_FILTERS, self.save_image)


def _release(figure: Figure) -> None:
    """Let a figure whose canvas Qt has destroyed not hold it: the two would be left to Python's collector."""
    from matplotlib.backend_bases import FigureCanvasBase

    FigureCanvasBase(figure)
