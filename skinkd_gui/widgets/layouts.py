"""Rows and columns of widgets, said in one piece: what stands in them, from left to right or from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLayout, QSplitter, QTableView, QVBoxLayout, QWidget

Box = TypeVar("Box", bound=QBoxLayout)
Named = TypeVar("Named", bound=QWidget)


@dataclass(frozen=True)
class Gap:
    """Empty space of so many pixels."""

    pixels: int


STRETCH = 1
"""Empty space that takes what is left; any number stands for such a space with that stretch factor."""

Item = QWidget | QLayout
Part = Item | Gap | int | tuple[Item, int] | tuple[Item, int, Qt.AlignmentFlag]
"""What can stand in a row or column: a widget or layout, where it matters with its stretch factor and alignment."""

Margins = int | tuple[int, int, int, int] | None
"""In pixels: on all sides, or left, top, right, bottom; None for the style's own."""


def row_of(*parts: Part, on: QWidget | None = None, margins: Margins = None, spacing: int | None = None) -> QHBoxLayout:
    """The parts beside each other, as the layout of the widget `on` or, without, to be put into another layout."""
    return _filled(QHBoxLayout() if on is None else QHBoxLayout(on), parts, margins, spacing)


def column_of(
    *parts: Part, on: QWidget | None = None, margins: Margins = None, spacing: int | None = None
) -> QVBoxLayout:
    """As `row_of`, below each other."""
    return _filled(QVBoxLayout() if on is None else QVBoxLayout(on), parts, margins, spacing)


def split(
    *widgets: QWidget, sizes: Sequence[int], parent: QWidget, vertical: bool = False, handle: int = 12
) -> QSplitter:
    """The widgets beside (or below) each other with borders that the user moves; `sizes` and `handle` in pixels."""
    splitter = QSplitter(
        Qt.Orientation.Vertical if vertical else Qt.Orientation.Horizontal,
        parent,
        childrenCollapsible=False,
        handleWidth=handle,
    )
    for widget in widgets:
        splitter.addWidget(widget)
    splitter.setSizes(list(sizes))
    return splitter


def as_list(table: QTableView) -> None:
    """Show a table as a list to read: no grid, no numbers of rows, nothing to edit, Tab goes on to what is next."""
    table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
    table.setAlternatingRowColors(True)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.setWordWrap(False)
    table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
    table.verticalHeader().hide()
    table.horizontalHeader().setHighlightSections(False)


def named(widget: Named, name: str, accessible: str, tip: str = "") -> Named:
    """The widget with its objectName, the name that a screen reader says and, where there is one, a tool tip."""
    widget.setObjectName(name)
    widget.setAccessibleName(accessible)
    if tip:
        widget.setToolTip(tip)
    return widget


def _filled(layout: Box, parts: tuple[Part, ...], margins: Margins, spacing: int | None) -> Box:
    if margins is not None:
        layout.setContentsMargins(*(margins if isinstance(margins, tuple) else (margins,) * 4))
    if spacing is not None:
        layout.setSpacing(spacing)
    for part in parts:
        item, *how = part if isinstance(part, tuple) else (part,)
        if isinstance(item, Gap):
            layout.addSpacing(item.pixels)
        elif isinstance(item, int):
            layout.addStretch(item)
        else:
            add: Callable[..., None] = layout.addLayout if isinstance(item, QLayout) else layout.addWidget
            add(item, *how)
    return layout
