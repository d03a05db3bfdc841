"""The labels of the data as rows: label, number of pictures, three of them, what it becomes, and how that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QColor, QPixmap

from core.classes import GUESSES, ClassSet, How
from core.data.types import LabelCount
from skinkd_gui.classify.thumbnails import Thumbnails
from skinkd_gui.widgets.labels import plain_tip
from skinkd_gui.widgets.theme import colours

Index = QModelIndex | QPersistentModelIndex

LABEL, COUNT, PICTURES, BECOMES, HOW = range(5)
_TITLES = ("Label", "Pictures", "Such as", "Becomes", "How it is known")

THUMBNAIL = 44
"""Edge of a picture in a row, in device-independent pixels."""

SORT_ROLE = Qt.ItemDataRole.UserRole
OPEN = "Please choose"
"""What a label becomes of which nobody said what it means."""


class LabelsModel(QAbstractTableModel):
    """One row per label. Pictures are loaded when they are painted."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._labels: tuple[LabelCount, ...] = ()
        self._classes: ClassSet | None = None
        self._rows: dict[Path, int] = {}
        self._thumbnails = Thumbnails(QSize(THUMBNAIL, THUMBNAIL) * 2, self)
        self._thumbnails.arrived.connect(self._show_thumbnail)

    def show_labels(self, labels: tuple[LabelCount, ...], classes: ClassSet) -> None:
        """Show labels with what they mean by these classes; the same labels keep their rows."""
        same = [item.label for item in labels] == [item.label for item in self._labels]
        if same and (labels, classes) == (self._labels, self._classes):
            return
        if not same:
            self.beginResetModel()
        self._labels, self._classes = labels, classes
        if same:
            self.dataChanged.emit(self.index(0, 0), self.index(len(labels) - 1, HOW))
            return
        self._rows = {path: row for row, item in enumerate(labels) for path in item.examples}
        self._thumbnails.forget_requests()
        self.endResetModel()

    def label(self, row: int) -> LabelCount:
        """The label of a row."""
        return self._labels[row]

    def becomes(self, row: int) -> str:
        """What the label of a row becomes, in words."""
        item = self._labels[row]
        if item.code and self._classes is not None:
            return self._classes.title_of(item.code)
        return OPEN if item.code is None and not item.says_none else "Left out"

    def thumbnails(self, row: int) -> list[QPixmap | None]:
        """The pictures of a row; None for one that is being loaded, a null pixmap for one that can not be shown."""
        return [self._thumbnails.get(path) for path in self._labels[row].examples]

    @Slot(object)
    def _show_thumbnail(self, path: Path) -> None:
        row = self._rows.get(path)
        if row is not None:
            place = self.index(row, PICTURES)
            self.dataChanged.emit(place, place, [Qt.ItemDataRole.DecorationRole])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """One per label."""
        return 0 if parent.isValid() else len(self._labels)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Always five."""
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The titles of the columns."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """What a label becomes can be chosen."""
        return super().flags(index) | (
            Qt.ItemFlag.ItemIsEditable if index.column() == BECOMES else Qt.ItemFlag.NoItemFlags
        )

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, their colour and the keys to sort by."""
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        item = self._labels[row]
        if role == SORT_ROLE:
            return self._key(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == COUNT:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and column in (BECOMES, HOW) and _rank(item) < _KNOWN:
            return QColor(colours().warning if _rank(item) == 0 else colours().link)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            text = self._words(row, column)
            return plain_tip(text) if role == Qt.ItemDataRole.ToolTipRole else text
        return None

    def _words(self, row: int, column: int) -> str:
        item = self._labels[row]
        if column == PICTURES:
            return "" if item.examples else "No file found"
        return (item.label, f"{item.count:,}", "", self.becomes(row), how_text(item))[column]

    def _key(self, row: int, column: int) -> Any:
        item = self._labels[row]
        if column in (COUNT, PICTURES):
            return item.count
        if column == LABEL:
            return item.label.casefold()
        return f"{_rank(item)} {self.becomes(row) if column == BECOMES else how_text(item)} {10**9 - item.count:09}"


_KNOWN = 2


def _rank(item: LabelCount) -> int:
    """What needs a look comes first: 0 is not understood, 1 a guess."""
    if item.code is None:
        return _KNOWN if item.says_none else 0
    return 1 if item.how in GUESSES else _KNOWN


def how_text(item: LabelCount) -> str:
    """How it is known what a label means, for people."""
    if item.code is None:
        return "it says none of these" if item.says_none else "not understood"
    return _HOW[How(item.how)]


_HOW = {
    How.MAPPED: "chosen",
    How.CODE: "the code of this class",
    How.NAME: "the name of this class",
    How.ALIAS: "another name; please check",
    How.PART: "a part of it; please check",
}
