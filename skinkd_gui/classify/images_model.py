"""The list of images and what the models say of them, for Qt's views: thousands of rows without a delay."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPixmap

from core.classes import ClassSet
from core.data.types import FITTED, Part
from core.inference.results import Classification
from core.inference.review import NO_REVIEW, Review, ReviewedSoFar, reviewed_so_far
from core.inference.triage import MelanomaThreshold, is_flagged
from skinkd_gui.classify.cells import (
    COLUMNS,
    DECISION,
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
from skinkd_gui.classify.kinds import Kind, Which, kinds_of, mark_kind, review_kinds, verdict_kind
from skinkd_gui.classify.row_pictures import RowPictures
from skinkd_gui.classify.tally import Tally
from skinkd_gui.widgets.labels import plain_tip
from skinkd_gui.widgets.parts import delay
from skinkd_gui.widgets.theme import colours

Index = QModelIndex | QPersistentModelIndex

ARRIVAL = -1
"""The column to sort by for the order in which the images came."""

_MOST_SIGNALS = 20  # per chunk; beyond it one signal for all rows between is cheaper
_MOST_REMOVALS = 100  # beyond it the whole list is told to be new
_SORT_MILLISECONDS = 400
_SORTING_SHARE = 10  # sorting again and again takes no more than one part in so many of the time
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ClassifiedImagesModel(QAbstractTableModel):
    """One row per file, each file once. Rows wait until they have a result; thumbnails are made when they are seen.

    Everything that is known belongs to a file, never to a row. The rows stay in the order that was asked for: results,
    another model or a review move them, a moment later and all at once.
    """

    reviewed = Signal(object)  # set[Path] of files of which the reader has said something, or taken it back

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
        self._reviews: dict[Path, Review] = {}
        self._threshold: MelanomaThreshold | None = None
        self._arrived: dict[Path, int] = {}
        self._order = (ARRIVAL, Qt.SortOrder.AscendingOrder)
        self._sorting = delay(self, self._sort_again, _SORT_MILLISECONDS)
        self.pictures = RowPictures(self)
        self.pictures.arrived.connect(self._show_thumbnail)

    # --- what is listed ---

    def add(self, paths: Iterable[Path]) -> int:
        """Append the files that are not listed yet; returns how many."""
        new = [path for path in dict.fromkeys(paths) if path not in self._rows]
        if new:
            first = len(self._paths)
            self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
            self._paths += new
            self._rows.update((path, first + offset) for offset, path in enumerate(new))
            for path in new:
                self._arrived.setdefault(path, len(self._arrived))
            self.endInsertRows()
            self._sort_soon()
        return len(new)

    def remove(self, paths: Iterable[Path]) -> None:
        """Take files from the list, with all that is known of them; added again they come where they were."""
        gone = {path for path in paths if path in self._rows}
        ranges = _ranges(sorted(self._rows[path] for path in gone), most=len(gone))
        whole = len(ranges) > _MOST_REMOVALS
        if whole:
            self.beginResetModel()
        for top, bottom in reversed(ranges):
            if not whole:
                self.beginRemoveRows(QModelIndex(), top, bottom)
            del self._paths[top : bottom + 1]
            if not whole:
                self.endRemoveRows()
        self._rows = {path: row for row, path in enumerate(self._paths)}
        for path in gone:
            self.tally.move(self._kinds.pop(path, Kind(0)), Kind(0))
            for known in (*self._results, self._truths, self._parts, self._reviews):
                known.pop(path, None)
        self.version += bool(gone)
        if whole:
            self.endResetModel()

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

    def set_reviews(self, reviews: Mapping[Path, Review]) -> None:
        """What the reader says of some files now; an empty review takes back what was said."""
        listed = {path: review for path, review in reviews.items() if path in self._rows}
        for path, review in listed.items():
            if review:
                self._reviews[path] = review
            else:
                self._reviews.pop(path, None)
        self._changed(list(listed), scores=False)
        self.reviewed.emit(set(listed))

    def set_threshold(self, threshold: MelanomaThreshold | None) -> None:
        """Flag what reaches a threshold on the first model's melanoma probability; None flags nothing."""
        if threshold != self._threshold:
            self._threshold = threshold
            self._changed(self._paths, scores=False)

    def clear(self) -> None:
        """Remove all rows."""
        self.beginResetModel()
        self._paths, self._rows = [], {}
        for known in (*self._results, self._truths, self._parts, self._kinds, self._reviews, self._arrived):
            known.clear()
        self.tally.clear()
        self.version += 1
        self.pictures.clear()
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

    @property
    def reviews(self) -> Mapping[Path, Review]:
        """What the reader has said, of files of which something was."""
        return self._reviews

    def review(self, path: Path) -> Review:
        """What the reader says of a file."""
        return self._reviews.get(path, NO_REVIEW)

    def reviewed_so_far(self) -> ReviewedSoFar:
        """The first model against the reader."""
        known = self._results[Which.FIRST]
        return reviewed_so_far((review, known.get(path)) for path, review in self._reviews.items())

    @property
    def threshold(self) -> MelanomaThreshold | None:
        """The threshold in use."""
        return self._threshold

    def row(self, path: Path) -> int:
        """The row of a file; -1 where it is not listed."""
        return self._rows.get(path, -1)

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
        """Sort from now on by a column, or by `ARRIVAL`; files without a value always come last."""
        self._order = (column, order)
        self._sort_again()

    @property
    def sorting(self) -> bool:
        """Whether rows are about to move."""
        return self._sorting.isActive()

    def _sort_soon(self) -> None:
        if not self._sorting.isActive():
            self._sorting.start()

    @Slot()
    def _sort_again(self) -> None:
        started = time.monotonic()
        self._sorting.stop()
        paths = self._in_order()
        if paths != self._paths:
            self._move_rows(paths)
        spent = 1000 * (time.monotonic() - started)
        self._sorting.setInterval(max(_SORT_MILLISECONDS, round(_SORTING_SHARE * spent)))

    def _in_order(self) -> list[Path]:
        """The files as they are to stand; those that are equal in the order in which they came."""
        column, order = self._order
        paths = sorted(self._paths, key=self._arrived.__getitem__)
        if column == ARRIVAL:
            return paths
        keys = {path: sort_value(self._facts(path), column) for path in paths}
        valued = [path for path in paths if keys[path] is not None]
        valued.sort(key=lambda path: keys[path] or (), reverse=order is Qt.SortOrder.DescendingOrder)
        return valued + [path for path in paths if keys[path] is None]

    def _move_rows(self, paths: list[Path]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        moved = [self._paths[index.row()] for index in before]
        self._paths = paths
        self._rows = {path: row for row, path in enumerate(paths)}
        after = [self.index(self._rows[path], index.column()) for index, path in zip(before, moved, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _facts(self, path: Path) -> RowFacts:
        (first, second), (truth, name) = self._results, self.truth_of(path)
        review, part = self._reviews.get(path, NO_REVIEW), self._parts.get(path)
        return RowFacts(path, first.get(path), second.get(path), truth, part, name, review, self._threshold)

    def _changed(self, paths: Sequence[Path], *, scores: bool = True) -> None:
        """Take up what has changed of rows, and tell the views; `scores` tells whether results or labels have."""
        self.version += scores
        for path in paths:
            self._recount(path)
        for top, bottom in _ranges(sorted({self._rows[path] for path in paths})):
            self.dataChanged.emit(self.index(top, 0), self.index(bottom, COLUMNS - 1))
        self._sort_soon()

    def _recount(self, path: Path) -> None:
        facts = self._facts(path)
        now = kinds_of(facts.first, facts.second, facts.truth, trained_on=facts.part in FITTED)
        now |= review_kinds(facts.first, facts.review, is_flagged(facts.first, self._threshold))
        self.tally.move(self._kinds.get(path, Kind(0)), now)
        self._kinds[path] = now

    def _decoration(self, path: Path, column: int) -> QPixmap | QIcon | None:
        if column == IMAGE:
            broken = self._results[Which.FIRST].get(path)
            return self.pictures.broken if broken is not None and broken.error else self.pictures.thumbnail(path)
        if column not in (DECISION, VERDICT, SECOND_VERDICT):
            return None
        result = self._results[Which.SECOND if column == SECOND_VERDICT else Which.FIRST].get(path)
        if result is None:
            return None
        return self.pictures.mark(mark_kind(result) if column == DECISION else verdict_kind(result))

    @Slot(object)
    def _show_thumbnail(self, path: Path) -> None:
        row = self._rows.get(path)
        if row is not None:
            cell = self.index(row, IMAGE)
            self.dataChanged.emit(cell, cell, [Qt.ItemDataRole.DecorationRole])


def _ranges(rows: Sequence[int], most: int = _MOST_SIGNALS) -> list[tuple[int, int]]:
    """Rows in order as ranges without gaps; more than `most` ranges become one."""
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return found if len(found) <= most else [(rows[0], rows[-1])]
