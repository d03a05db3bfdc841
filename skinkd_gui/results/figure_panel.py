"""A figure with a row of buttons above it, drawn only when it is looked at."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from skinkd_gui.results.exporting import save_figure_as
from skinkd_gui.widgets.figure_view import Builder, FigureView
from skinkd_gui.widgets.flow_layout import FlowLayout, flow_of
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, row_of
from skinkd_gui.widgets.parts import make_button


class FigurePanel(QWidget):
    """Heading, buttons and figure. `add_control` puts more into the row above the figure."""

    picked = Signal(object)  # core.reporting.picking.Pick: a part that can be clicked (see `set_clickable`)

    def __init__(self, heading: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._builder: Builder | None = None
        self._stem = ""
        self._stale = False
        self.view = FigureView("", self)
        self.view.setAccessibleName(heading)
        self.view.setMinimumSize(260, 150)
        self.view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.view.picked.connect(self.picked)
        self._save = make_button(
            "Save figure...", f"{name}SaveFigure", self, tip="Save as PNG, SVG or PDF; Ctrl+C copies the picture"
        )
        copy = QShortcut(QKeySequence.StandardKey.Copy, self, self.view.copy_image)
        copy.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._save.clicked.connect(self._save_figure)
        # Names of runs come into the heading: it breaks into lines instead of making the window wider.
        self._heading = make_label(heading, "heading", self, wrap=True)
        self._controls = flow_of(self._save, parent=self)
        column_of(row_of((self._heading, 1), self._controls), (self.view, 1), on=self, margins=0)
        self.set_figure(None, "", "")

    def set_heading(self, text: str) -> None:
        """Say what the figure shows."""
        self._heading.setText(text)
        self.view.setAccessibleName(text)

    def add_control(self, widget: QWidget) -> None:
        """Put a widget in front of the save button."""
        layout = self._controls.layout()
        if isinstance(layout, FlowLayout):
            layout.insert_before_last(widget)

    def set_clickable(self, tip: str) -> None:
        """Say what a click on a bar or cell does."""
        self.view.set_clickable(tip)

    def set_figure(self, builder: Builder | None, stem: str, placeholder: str) -> None:
        """Draw what `builder` makes as soon as the panel is visible, or say why there is nothing."""
        self._builder, self._stem, self._stale = builder, stem, True
        self.view.set_placeholder(placeholder)
        self._save.setEnabled(builder is not None)
        if self.isVisible():
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what has changed while nobody looked."""
        super().showEvent(event)
        self._draw()

    def _draw(self) -> None:
        if self._stale:
            self._stale = False
            self.view.draw(self._builder)

    @Slot()
    def _save_figure(self) -> None:
        if self._builder is not None:
            save_figure_as(self, self._builder, self._stem)
