"""Draws the rows of the table of images: long names break, and a selected row does not tint its picture."""

from __future__ import annotations

import re

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QStyleOptionViewItem

from skinkd_gui.classify.cells import IMAGE
from skinkd_gui.results.row_delegate import RowDelegate

_JOINTS = re.compile(r"([_\-.,;()\[\]+&])")


class ImageRows(RowDelegate):
    """Cells of the table of images."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """As usual; names of files may go on in the next line after each of their parts."""
        super().initStyleOption(option, index)
        if index.column() != IMAGE:
            return
        option.text = _JOINTS.sub("\\1\u200b", option.text)
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QPixmap):
            icon = QIcon(picture)
            icon.addPixmap(picture, QIcon.Mode.Selected)
            option.icon = icon
