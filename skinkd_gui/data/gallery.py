"""The gallery: thousands of pictures as cards, of which only those in sight are loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    Slot,
)
from PySide6.QtGui import QColor, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QWidget

from core.data.corrections import CorrectionKind
from core.quantities import whole_percent
from skinkd_gui.classify.picture_cards import CardLine, PictureCards, lay_out_cards
from skinkd_gui.classify.thumbnails import Thumbnails
from skinkd_gui.data.entries import PictureEntry
from skinkd_gui.widgets.labels import plain_tip
from skinkd_gui.widgets.layouts import named
from skinkd_gui.widgets.theme import colours, theme

Index = QModelIndex | QPersistentModelIndex

THUMBNAIL = QSize(144, 108)
"""The space of a card's picture."""

_GAP = 2  # pixels between cards
_MOST_THREADS = 3


class GalleryModel(QAbstractListModel):
    """One row per entry."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: Sequence[PictureEntry] = ()
        self._rows: dict[Path, int] = {}
        self.thumbnails = Thumbnails(THUMBNAIL * 2, self, threads=min(_MOST_THREADS, os.cpu_count() or 1))
        self.thumbnails.arrived.connect(self._show_thumbnail)

    def show_entries(self, entries: Sequence[PictureEntry]) -> None:
        """Show others. Where they are the same pictures in the same order, the view stays where it is."""
        same = [entry.name for entry in entries] == [entry.name for entry in self._entries]
        if same and entries:
            self._entries = entries
            self.dataChanged.emit(self.index(0), self.index(len(entries) - 1))
            return
        self.beginResetModel()
        self._entries = entries
        self._rows = {entry.path: row for row, entry in enumerate(entries) if entry.path is not None}
        self.thumbnails.forget_requests()
        self.endResetModel()

    def entry(self, row: int) -> PictureEntry:
        """The entry of a row."""
        return self._entries[row]

    def file(self, row: int) -> Path | None:
        """The picture's file, where there is one."""
        return self._entries[row].path

    def thumbnail(self, row: int) -> QPixmap | None:
        """The picture of a row; None while it is loaded."""
        file = self.file(row)
        return None if file is None else self.thumbnails.get(file)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The number of entries shown."""
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A card in words; its picture is painted by the delegate."""
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{entry.name}: {'; '.join((entry.code or 'no label', *remarks(entry)))}"
        if role == Qt.ItemDataRole.ToolTipRole:
            reasons = [problem.reason for problem in entry.problems]
            return plain_tip("\n".join((entry.name, *remarks(entry), *reasons)))
        return None

    @Slot(object)
    def _show_thumbnail(self, file: Path) -> None:
        row = self._rows.get(file)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])


class Gallery(QListView):
    """Cards of entries; several can be selected."""

    def __init__(self, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, name, accessible)
        self.entries = GalleryModel(self)
        self.setModel(self.entries)
        self._cards = _EntryCards(self.entries, self)
        self.setItemDelegate(self._cards)
        lay_out_cards(self)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        theme().changed.connect(self._fit_cards)
        self._fit_cards()

    @property
    def chosen(self) -> list[PictureEntry]:
        """The selected entries, from first to last."""
        return [self.entries.entry(row) for row in sorted(index.row() for index in self.selectedIndexes())]

    def show_entries(self, entries: Sequence[PictureEntry]) -> None:
        """Show others; what was selected stays so where it is among them, else the first one is."""
        names = {entry.name for entry in self.chosen}
        self.entries.show_entries(entries)
        if not entries or self.selectionModel().hasSelection():
            return
        rows = [row for row, entry in enumerate(entries) if entry.name in names] or [0]
        self.setCurrentIndex(self.entries.index(rows[0]))
        selection = QItemSelection()
        for row in rows:
            selection.select(self.entries.index(row), self.entries.index(row))
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(self.currentIndex())

    @property
    def card_height(self) -> int:
        """How high a card is, in pixels."""
        return self._cards.card_size(self.font()).height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the cards of a row share its width."""
        super().resizeEvent(event)
        if "_cards" in self.__dict__:  # Qt resizes a list once more when Python has taken it apart already
            self._fit_cards()

    @Slot()
    def _fit_cards(self) -> None:
        # The scroll bar has its room whether it is there or not: the width of the cards never decides on itself.
        # Qt needs a pixel more than a row of cards.
        room = self.maximumViewportSize().width() - self.verticalScrollBar().sizeHint().width() - 1
        least = self._cards.card_size(self.font())
        grid = QSize(room // max(1, room // (least.width() + _GAP)), least.height() + _GAP)
        if grid != self.gridSize():
            self._cards.width = grid.width() - _GAP
            self.setGridSize(grid)
        self.viewport().update()


class _EntryCards(PictureCards):
    def __init__(self, model: GalleryModel, parent: QListView) -> None:
        super().__init__(model, THUMBNAIL, parent)
        self._model = model
        self.width = 0

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """A card that fills its share of the row."""
        return self.card_size(option.font).expandedTo(QSize(self.width, 0))

    def line_count(self) -> int:
        return 3

    def lines(self, row: int, palette: QPalette) -> list[CardLine]:
        entry = self._model.entry(row)
        said = remarks(entry)
        doubtful = entry.problems or entry.suspicion
        colour = colours().accent if entry.marks else colours().warning if doubtful else colours().muted
        label = f"{entry.label} → {entry.code}" if entry.code != entry.label else entry.code or "No label"
        return [
            CardLine(label, palette.text().color(), bold=True),
            CardLine(said[0] if said else entry.part.word if entry.part else "", QColor(colour)),
            CardLine(entry.name.rpartition("/")[2], palette.placeholderText().color()),
        ]


def remarks(entry: PictureEntry) -> list[str]:
    """What is to be known of an entry at a glance, the weightiest first."""
    said = ["Left out by you"] if entry.excluded else []
    if entry.code != entry.label:
        said.append(f"Relabelled, was {entry.label}")
    if entry.suspicion is not None:
        said.append(f"Looks like {entry.suspicion.suggested} ({whole_percent(entry.suspicion.margin)})")
    said += list(dict.fromkeys(problem.kind.value for problem in entry.problems))
    if entry.copies >= 0:
        said.append("Has near-copies")
    said += [title for kind, title in _OTHER_MARKS.items() if kind in entry.marks]
    return said


_OTHER_MARKS = {CorrectionKind.GROUP: "Belongs together with others", CorrectionKind.NOTE: "Has a note"}
