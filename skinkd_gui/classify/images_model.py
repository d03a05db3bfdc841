"""The list of images and what the models say of them, for Qt's views: thousands of rows without a delay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from core.classes import ClassSet
from core.data.types import FITTED, Part
from core.inference.results import Classification
from skinkd_gui.classify.cells import (
    COLUMNS,
    IMAGE,
    RIGHT_ALIGNED,
    SECOND_VERDICT,
    TIPS,
    TITLES,
    VERDICT,
    RowFacts,
    cell_colour,
    cell_text,
    cell_tip,
    sort_value,
)
from skinkd_gui.classify.kinds import Kind, Which, kinds_of, verdict_kind
from skinkd_gui.classify.pictures import DecodedPicture, PictureLoader
from skinkd_gui.classify.tally import Tally
from skinkd_gui.widgets.labels import plain_tip
from skinkd_gui.widgets.theme import coloured_icon, colours, theme

Index = QModelIndex | QPersistentModelIndex

THUMBNAIL = QSize(56, 42)
_MOST_THUMBNAILS = 600
_MOST_SIGNALS = 20  # per chunk; beyond it one signal for all rows between is cheaper
_MARK = 16  # pixels of a verdict's mark
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ClassifiedImagesModel(QAbstractTableModel):
    """One row per file, each file once. Rows wait until they have a result; thumbnails are made when they are seen."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tally = Tally()
        self.version = 0  # grows whenever an answer or a label changes
        self._paths: list[Path] = []
        self._rows: dict[Path, int] = {}
        self._results: tuple[dict[Path, Classification], dict[Path, Classification]] = ({}, {})
        self._truths: dict[Path, str] = {}
        self._classes: ClassSet | None = None  # of the truths
        self._parts: dict[Path, Part] = {}
        self._kinds: dict[Path, Kind] = {}
        self._thumbnails: OrderedDict[Path, QPixmap] = OrderedDict()
        self._loader = PictureLoader(THUMBNAIL * 2, most_waiting=60, parent=self)
        self._loader.loaded.connect(self._keep_thumbnail)
        self._placeholder, self._broken = QPixmap(), QPixmap()
        self._marks: dict[Kind, QIcon] = {}
        theme().changed.connect(self._restyle)
        self._restyle()

    # --- what is listed ---

    def add(self, paths: Iterable[Path]) -> int:
        """Append the files that are not listed yet; returns how many."""
        new = [path for path in dict.fromkeys(paths) if path not in self._rows]
        if new:
            first = len(self._paths)
            self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
            self._paths += new
            self._rows.update((path, first + offset) for offset, path in enumerate(new))
            self.endInsertRows()
        return len(new)

    def set_results(self, results: Sequence[Classification], which: Which = Which.FIRST) -> None:
        """Fill in results of a model; those of files that are no longer listed are ignored."""
        listed = [result for result in results if result.path in self._rows]
        self._results[which].update((result.path, result) for result in listed)
        self._changed([result.path for result in listed])

    def forget_results(self, which: Which = Which.FIRST) -> None:
        """Let every row wait again for a model (another one was chosen)."""
        had = list(self._results[which])
        self._results[which].clear()
        if which is Which.FIRST:
            self._parts.clear()
            had = list(self._paths)
        self._changed(had)

    def set_truths(self, truths: Mapping[Path, str], classes: ClassSet) -> None:
        """Codes of `classes` that the folders of images give them; replaces what was known."""
        before = list(self._truths)
        self._truths = {path: code for path, code in truths.items() if path in self._rows}
        self._classes = classes
        self._changed(list(dict.fromkeys((*before, *self._truths))))

    def set_parts(self, parts: Mapping[Path, Part]) -> None:
        """In which part of the first model's data set images of these names were; replaces what was known."""
        before = list(self._parts)
        self._parts = {path: part for path, part in parts.items() if path in self._rows}
        self._changed([*before, *self._parts])

    def clear(self) -> None:
        """Remove all rows."""
        self.beginResetModel()
        self._paths, self._rows = [], {}
        for known in (*self._results, self._truths, self._parts, self._kinds):
            known.clear()
        self.tally.clear()
        self.version += 1
        self._loader.forget()
        self._thumbnails.clear()
        self.endResetModel()

    # --- what is known ---

    @property
    def paths(self) -> list[Path]:
        """The files, from top to bottom."""
        return list(self._paths)

    @property
    def waiting(self) -> list[Path]:
        """The files without a result of the first model, from top to bottom."""
        return self.waiting_for(Which.FIRST)

    def waiting_for(self, which: Which) -> list[Path]:
        """The files without a result of a model, from top to bottom."""
        known = self._results[which]
        return [path for path in self._paths if path not in known]

    def count_waiting(self, which: Which) -> int:
        """How many files have no result of a model."""
        return len(self._paths) - len(self._results[which])

    @property
    def has_results(self) -> bool:
        """Whether any row has a result."""
        return bool(self._results[Which.FIRST])

    @property
    def results(self) -> list[Classification]:
        """All results of the first model, from top to bottom."""
        return self.results_of(Which.FIRST)

    def results_of(self, which: Which) -> list[Classification]:
        """All results of a model, from top to bottom."""
        known = self._results[which]
        return [known[path] for path in self._paths if path in known]

    @property
    def truths(self) -> Mapping[Path, str]:
        """The class codes that are known."""
        return self._truths

    def truth_of(self, path: Path) -> tuple[str, str]:
        """The code that is known of a file and its plain name, both "" where none is."""
        code = self._truths.get(path, "")
        return code, code if self._classes is None else self._classes.name_of(code)

    @property
    def parts(self) -> Mapping[Path, Part]:
        """The parts that are known."""
        return self._parts

    def path(self, row: int) -> Path:
        """The file of a row."""
        return self._paths[row]

    def result(self, row: int, which: Which = Which.FIRST) -> Classification | None:
        """A model's result of a row, None while it waits."""
        return self._results[which].get(self._paths[row])

    def result_of(self, path: Path, which: Which = Which.FIRST) -> Classification | None:
        """A model's result of a file, None while it waits or is not listed."""
        return self._results[which].get(path)

    def kinds(self, row: int) -> Kind:
        """The kinds that the image of a row belongs to."""
        return self._kinds.get(self._paths[row], Kind(0))

    # --- Qt's side ---

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The number of files."""
        return 0 if parent.isValid() else len(self._paths)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """All columns of cells.py, whether they are shown or not."""
        return 0 if parent.isValid() else COLUMNS

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell's text, thumbnail, mark, colour, alignment or explanation."""
        if not index.isValid():
            return None
        path, column = self._paths[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(self._facts(path), column)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._decoration(path, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column in RIGHT_ALIGNED else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(cell_tip(self._facts(path), column))
        if role == Qt.ItemDataRole.ForegroundRole:
            name = cell_colour(self._facts(path), column)
            return QColor(getattr(colours(), name)) if name else None
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A column's title and explanation."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < COLUMNS:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section in RIGHT_ALIGNED else _LEFT
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort the rows there are; files without a value always come last. Later results do not move rows."""
        if column < 0:  # the header has no sort mark: rows stay in the order in which they came
            return
        keys = {path: sort_value(self._facts(path), column) for path in self._paths}
        valued = [path for path in self._paths if keys[path] is not None]
        rest = [path for path in self._paths if keys[path] is None]
        valued.sort(key=lambda path: keys[path] or (), reverse=order is Qt.SortOrder.DescendingOrder)
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        moved = [self._paths[index.row()] for index in before]
        self._paths = valued + rest
        self._rows = {path: row for row, path in enumerate(self._paths)}
        after = [self.index(self._rows[path], index.column()) for index, path in zip(before, moved, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _facts(self, path: Path) -> RowFacts:
        (first, second), (truth, name) = self._results, self.truth_of(path)
        return RowFacts(path, first.get(path), second.get(path), truth, self._parts.get(path), name)

    def _changed(self, paths: Sequence[Path]) -> None:
        """Take up what has changed of rows, and tell the views."""
        self.version += 1
        for path in paths:
            self._recount(path)
        for top, bottom in _ranges(sorted({self._rows[path] for path in paths})):
            self.dataChanged.emit(self.index(top, 0), self.index(bottom, COLUMNS - 1))

    def _recount(self, path: Path) -> None:
        facts = self._facts(path)
        trained_on = facts.part in FITTED
        now = kinds_of(facts.first, facts.second, facts.truth, trained_on=trained_on)
        self.tally.move(self._kinds.get(path, Kind(0)), now)
        self._kinds[path] = now

    def _decoration(self, path: Path, column: int) -> QPixmap | QIcon | None:
        if column == IMAGE:
            return self._thumbnail(path)
        if column not in (VERDICT, SECOND_VERDICT):
            return None
        result = self._results[Which.FIRST if column == VERDICT else Which.SECOND].get(path)
        return None if result is None else self._marks[verdict_kind(result)]

    def _thumbnail(self, path: Path) -> QPixmap:
        found = self._thumbnails.get(path)
        if found is not None:
            self._thumbnails.move_to_end(path)
            return found
        result = self._results[Which.FIRST].get(path)
        if result is not None and result.error:
            return self._broken
        self._loader.request(path)
        return self._placeholder

    @Slot(object)
    def _keep_thumbnail(self, picture: DecodedPicture) -> None:
        row = self._rows.get(picture.path)
        if row is None:
            return
        self._thumbnails[picture.path] = (
            self._broken if picture.image is None else _framed(QPixmap.fromImage(picture.image))
        )
        while len(self._thumbnails) > _MOST_THUMBNAILS:
            self._thumbnails.popitem(last=False)
        cell = self.index(row, IMAGE)
        self.dataChanged.emit(cell, cell, [Qt.ItemDataRole.DecorationRole])

    @Slot()
    def _restyle(self) -> None:
        palette = colours()
        self._placeholder = _icon_pixmap(coloured_icon("image", palette.disabled))
        self._broken = _icon_pixmap(coloured_icon("error", palette.error))
        marks = {
            Kind.CONFIDENT: ("done", palette.success),
            Kind.REFER: ("warning", palette.warning),
            Kind.OUT_OF_DISTRIBUTION: ("help", palette.error),
            Kind.UNKNOWN: ("info", palette.muted),
            Kind.NOT_CLASSIFIED: ("error", palette.error),
        }
        self._marks = {kind: _mark(name, colour, palette.highlighttext) for kind, (name, colour) in marks.items()}


def _ranges(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Rows in order as ranges without gaps; too many ranges become one."""
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return found if len(found) <= _MOST_SIGNALS else [(rows[0], rows[-1])]


def _mark(name: str, colour: str, selected: str) -> QIcon:
    """A verdict's mark, which stays visible on a selected row."""
    found, size = QIcon(), QSize(_MARK, _MARK)
    for mode, shade in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Selected, selected)):
        found.addPixmap(coloured_icon(name, shade).pixmap(size), mode)
    return found


def _framed(picture: QPixmap) -> QPixmap:
    """A picture in the middle of a thumbnail's space, at twice the size: sharp on screens with small pixels."""
    canvas = QPixmap(THUMBNAIL * 2)
    canvas.fill(Qt.GlobalColor.transparent)
    painter = QPainter(canvas)
    painter.drawPixmap((canvas.width() - picture.width()) // 2, (canvas.height() - picture.height()) // 2, picture)
    painter.end()
    canvas.setDevicePixelRatio(2)
    return canvas


def _icon_pixmap(icon: QIcon) -> QPixmap:
    pixmap = icon.pixmap(QSize(48, 48))
    pixmap.setDevicePixelRatio(1)
    return _framed(pixmap)
