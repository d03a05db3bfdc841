"""The list of images and what the model says of them, for Qt's views: thousands of rows without a delay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from core.inference.results import Classification, class_name
from skinkd_gui.classify.pictures import Picture, PictureLoader
from skinkd_gui.widgets.theme import coloured_icon, colours, theme

Index = QModelIndex | QPersistentModelIndex

THUMBNAIL = QSize(56, 42)
IMAGE, DIAGNOSIS, PROBABILITY, MALIGNANT = range(4)
_TITLES = ("Image", "Diagnosis", "Probability", "Malignant")
_TIPS = (
    "The file's name",
    "The class with the highest probability",
    "The model's probability for its diagnosis",
    "Melanoma, basal cell carcinoma and squamous cell carcinoma together",
)
_MOST_THUMBNAILS = 600
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

WAITING = "Waiting"


class ImagesModel(QAbstractTableModel):
    """One row per file, each file once. Rows wait until they have a result; thumbnails are made when they are seen."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._paths: list[Path] = []
        self._rows: dict[Path, int] = {}
        self._results: dict[Path, Classification] = {}
        self._thumbnails: OrderedDict[Path, QPixmap] = OrderedDict()
        self._loader = PictureLoader(THUMBNAIL * 2, most_waiting=60, parent=self)
        self._loader.loaded.connect(self._keep_thumbnail)
        self._placeholder, self._broken = QPixmap(), QPixmap()
        theme().changed.connect(self._restyle)
        self._restyle()

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

    def set_results(self, results: Sequence[Classification]) -> None:
        """Fill in results; those of files that are no longer listed are ignored."""
        rows = []
        for result in results:
            row = self._rows.get(result.path)
            if row is not None:
                self._results[result.path] = result
                rows.append(row)
        if rows:
            self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), MALIGNANT))

    def forget_results(self) -> None:
        """Let every row wait again (another model was chosen)."""
        self._results.clear()
        if self._paths:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._paths) - 1, MALIGNANT))

    def clear(self) -> None:
        """Remove all rows."""
        self.beginResetModel()
        self._paths, self._rows, self._results = [], {}, {}
        self._loader.forget()
        self._thumbnails.clear()
        self.endResetModel()

    def shut_down(self) -> None:
        """Make no more thumbnails."""
        self._loader.shut_down()

    @property
    def waiting(self) -> list[Path]:
        """The files without a result, from top to bottom."""
        return [path for path in self._paths if path not in self._results]

    @property
    def has_results(self) -> bool:
        """Whether any row has a result."""
        return bool(self._results)

    @property
    def results(self) -> list[Classification]:
        """All results, from top to bottom."""
        return [self._results[path] for path in self._paths if path in self._results]

    def path(self, row: int) -> Path:
        """The file of a row."""
        return self._paths[row]

    def result(self, row: int) -> Classification | None:
        """The result of a row, None while it waits."""
        return self._results.get(self._paths[row])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The number of files."""
        return 0 if parent.isValid() else len(self._paths)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Image, diagnosis, probability, malignant group."""
        return 0 if parent.isValid() else len(_TITLES)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell's text, thumbnail, colour, alignment or explanation."""
        if not index.isValid():
            return None
        path, column = self._paths[index.row()], index.column()
        result = self._results.get(path)
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(path, result, column)
        if role == Qt.ItemDataRole.DecorationRole and column == IMAGE:
            return self._thumbnail(path, result)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column >= PROBABILITY else _LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(path) if column == IMAGE else _text(path, result, column)
        if role == Qt.ItemDataRole.ForegroundRole and column == DIAGNOSIS and (result is None or result.error):
            return QColor(colours().muted if result is None else colours().error)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A column's title and explanation."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(_TITLES):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section >= PROBABILITY else _LEFT
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort the rows there are; files without a value always come last. Later results do not move rows."""
        if column < 0:  # the header has no sort mark: rows stay in the order in which they came
            return
        keys = {path: self._sort_value(path, column) for path in self._paths}
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

    def _sort_value(self, path: Path, column: int) -> tuple[str | float, ...] | None:
        if column == IMAGE:
            return (path.name.casefold(), str(path))
        result = self._results.get(path)
        if result is None or result.code is None or result.probability is None or result.malignant is None:
            return None
        if column == DIAGNOSIS:
            return (class_name(result.code), result.probability)
        return (result.probability if column == PROBABILITY else result.malignant,)

    def _thumbnail(self, path: Path, result: Classification | None) -> QPixmap:
        found = self._thumbnails.get(path)
        if found is not None:
            self._thumbnails.move_to_end(path)
            return found
        if result is not None and result.error:
            return self._broken
        self._loader.request(path)
        return self._placeholder

    @Slot(object)
    def _keep_thumbnail(self, picture: Picture) -> None:
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
        self._placeholder = _icon_pixmap(coloured_icon("image", colours().disabled))
        self._broken = _icon_pixmap(coloured_icon("error", colours().error))


def percent(value: float | None) -> str:
    """A fraction as people read it; nothing where there is none. Never a plain 0 % or 100 %: models are not certain."""
    if value is None:
        return ""
    if value >= 0.9995:
        return "> 99.9 %"
    return "< 0.1 %" if value < 0.0005 else f"{100 * value:.1f} %"


def _text(path: Path, result: Classification | None, column: int) -> str:
    if column == IMAGE:
        return path.name
    if column == DIAGNOSIS:
        if result is None:
            return WAITING
        return class_name(result.code) if result.code else f"Not classified: {result.error}"
    if result is None:
        return ""
    return percent(result.probability if column == PROBABILITY else result.malignant)


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
