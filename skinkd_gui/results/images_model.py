"""Cases for a list view: thousands of cards, whose pictures are loaded when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Slot
from PySide6.QtGui import QPixmap

from core.quantities import probability
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable
from skinkd_gui.classify.thumbnails import Thumbnails
from skinkd_gui.results.cases import Case, CaseList
from skinkd_gui.widgets.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex

THUMBNAIL = QSize(168, 126)
"""The space of a card's picture."""


class CaseOrder(Enum):
    """How cards are sorted; the value is shown."""

    SUREST = "Surest first"
    LEAST_SURE = "Least sure first"
    TRUTH_UNLIKELIEST = "Truth least likely first"
    NAME = "By name"


class CaseFilter(Enum):
    """Which cards are shown; the value is shown."""

    ALL = "All"
    WRONG = "Wrong ones"
    RIGHT = "Right ones"


_KEYS: dict[CaseOrder, Callable[[Case], tuple[float, str]]] = {
    CaseOrder.SUREST: lambda case: (-case.predictions[0].probability, case.name),
    CaseOrder.LEAST_SURE: lambda case: (case.predictions[0].probability, case.name),
    CaseOrder.TRUTH_UNLIKELIEST: lambda case: (case.predictions[0].of_truth, case.name),
    CaseOrder.NAME: lambda case: (0.0, case.name),
}


class CaseImagesModel(QAbstractListModel):
    """One row per case. Pictures come with `set_files`; until then, and for those without a file, there are none."""

    def __init__(self, cases: CaseList, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.list = cases
        self._order, self._filter = CaseOrder.SUREST, CaseFilter.ALL
        self._cases: list[Case] = []
        self._rows: dict[Path, int] = {}
        self._files: Mapping[str, Path] = {}
        self._thumbnails = Thumbnails(THUMBNAIL * 2, self)
        self._thumbnails.arrived.connect(self._show_thumbnail)
        self._arrange()

    def set_files(self, files: Mapping[str, Path]) -> None:
        """The pictures' files, by image name."""
        self._files = files
        self._arrange()

    def arrange(self, order: CaseOrder, shown: CaseFilter) -> None:
        """Show some of the cases in an order."""
        self._order, self._filter = order, shown
        self._arrange()

    def case(self, row: int) -> Case:
        """The case of a row."""
        return self._cases[row]

    def file(self, row: int) -> Path | None:
        """The picture's file, where it is known."""
        return self._files.get(self._cases[row].name)

    def thumbnail(self, row: int) -> QPixmap | None:
        """The picture of a row; None while it is loaded. A null pixmap stands for one that can not be shown."""
        file = self.file(row)
        return None if file is None else self._thumbnails.get(file)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The number of cases shown."""
        return 0 if parent.isValid() else len(self._cases)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A card in words; its picture is painted by the delegate."""
        if not index.isValid():
            return None
        case = self._cases[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return describe(case, self.list)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"{case.name}\n{describe(case, self.list)}")
        return None

    def table(self) -> ResultsTable:
        """The cases shown, as a table."""
        runs = self.list.runs
        columns = [Column("Image", words=True), Column("Truth", words=True)]
        for run in runs:
            of = f" ({run})" if len(runs) > 1 else ""
            columns += [Column(f"Prediction{of}", words=True), Column(f"Probability{of}"),
                        Column(f"Probability of the truth{of}")]  # fmt: skip
        rows: list[tuple[Cell, ...]] = []
        for case in self._cases:
            row = [cells.words(case.name), cells.words(case.truth)]
            for prediction in case.predictions:
                row += [
                    cells.words(prediction.code),
                    cells.share(prediction.probability),
                    cells.share(prediction.of_truth),
                ]
            rows.append(tuple(row))
        return ResultsTable(self.list.title, tuple(columns), tuple(rows))

    def _arrange(self) -> None:
        self.beginResetModel()
        kept = [case for case in self.list.cases if _passes(case, self._filter)]
        self._cases = sorted(kept, key=_KEYS[self._order])
        self._rows = {file: row for row, case in enumerate(self._cases) if (file := self._files.get(case.name))}
        self._thumbnails.forget_requests()
        self.endResetModel()

    @Slot(object)
    def _show_thumbnail(self, file: Path) -> None:
        row = self._rows.get(file)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])


def describe(case: Case, shown: CaseList) -> str:
    """A case of a list in a sentence."""
    name_of = shown.classes.name_of
    said = [
        f"{run} says {name_of(prediction.code)} ({probability(prediction.probability)})"
        for run, prediction in zip(shown.runs, case.predictions, strict=True)
    ]
    return f"Truly {name_of(case.truth)}; {'; '.join(said)}."


def _passes(case: Case, shown: CaseFilter) -> bool:
    return shown is CaseFilter.ALL or case.right is (shown is CaseFilter.RIGHT)
