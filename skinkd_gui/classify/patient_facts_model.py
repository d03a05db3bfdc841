"""The table in which patients, lesions, dates and sites of images are typed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal, Slot

from core.errors import SkinKDError
from core.inference.patients.facts import FIELDS, NOTHING_KNOWN, PatientFacts, made_facts
from core.visible_text import visible
from skinkd_gui.classify.patients import Patients
from skinkd_gui.widgets.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex
TITLES = ("Image", "Patient", "Lesion", "Date", "Site")
_TIPS = (
    "The file's name",
    "Whose picture it is; a number is better than a name",
    "Which lesion of this patient it shows; pictures of one lesion at one date give one answer",
    "When it was taken: 2026-03-31 or 31.3.2026",
    "Where on the body",
)


def texts_of(facts: PatientFacts) -> dict[str, str]:
    """The facts as they are typed."""
    day = "" if facts.date is None else facts.date.isoformat()
    return {"patient": facts.patient, "lesion": facts.lesion, "date": day, "site": facts.site}


class PatientFactsModel(QAbstractTableModel):
    """A row for each image; what is typed goes to `Patients`, for all rows that are `chosen` with the one edited."""

    refused = Signal(object)  # SkinKDError: what was typed is no date

    def __init__(self, patients: Patients, paths: Sequence[Path], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._patients, self._paths = patients, tuple(paths)
        self.chosen: frozenset[int] = frozenset()
        patients.changed.connect(self._tell)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The images, from top to bottom."""
        return self._paths

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The number of images."""
        return 0 if parent.isValid() else len(self._paths)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """The image and its facts."""
        return 0 if parent.isValid() else len(TITLES)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell's text."""
        if not index.isValid():
            return None
        path = self._paths[index.row()]
        if index.column() == 0:
            shown = {Qt.ItemDataRole.DisplayRole: visible(path.name)}
            return {**shown, Qt.ItemDataRole.ToolTipRole: plain_tip(visible(str(path)))}.get(Qt.ItemDataRole(role))
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return texts_of(self._facts(path))[FIELDS[index.column() - 1]]
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A column's title and explanation."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(TITLES):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        return _TIPS[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """The facts can be typed."""
        usual = super().flags(index)
        return usual | Qt.ItemFlag.ItemIsEditable if index.column() else usual

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take what was typed, for all chosen rows."""
        if role != Qt.ItemDataRole.EditRole or not index.column():
            return False
        rows = self.chosen if index.row() in self.chosen else frozenset({index.row()})
        name = FIELDS[index.column() - 1]
        try:
            made = {
                self._paths[row]: made_facts({**texts_of(self._facts(self._paths[row])), name: str(value)})
                for row in sorted(rows)
            }
        except SkinKDError as error:
            self.refused.emit(error)
            return False
        if all(self._facts(path) == facts for path, facts in made.items()):
            return True
        count = "1 image" if len(made) == 1 else f"{len(made):,} images"
        self._patients.take(made, f"{name} of {count}")
        return True

    def _facts(self, path: Path) -> PatientFacts:
        return self._patients.facts.get(path, NOTHING_KNOWN)

    @Slot()
    def _tell(self) -> None:
        if self._paths:
            self.dataChanged.emit(self.index(0, 1), self.index(len(self._paths) - 1, len(TITLES) - 1))
