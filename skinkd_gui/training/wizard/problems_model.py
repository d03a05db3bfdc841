"""The problems of a data set as a tree for a view: one branch per kind with its count, one leaf per problem.

Nothing is made per leaf before the view asks for it, so that 25,000 problems open at once.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from core.data.types import Problem, ProblemKind
from skinkd_gui.training.wizard.state import counted
from skinkd_gui.widgets.labels import plain_tip

Index = QModelIndex | QPersistentModelIndex
_TOP = 0  # internal id of branches; leaves carry their branch's row + 1


class ProblemsModel(QAbstractItemModel):
    """Columns: what (kind with count, or the problem's subject) and why."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._groups: list[tuple[ProblemKind, list[Problem]]] = []
        self._consequences: list[str] = []

    def show_problems(self, problems: tuple[Problem, ...]) -> None:
        """Take other problems, grouped by kind in the order of `ProblemKind`."""
        self.beginResetModel()
        groups: dict[ProblemKind, list[Problem]] = {kind: [] for kind in ProblemKind}
        for problem in problems:
            groups[problem.kind].append(problem)
        self._groups = [(kind, found) for kind, found in groups.items() if found]
        self._consequences = [_consequence(found) for _, found in self._groups]
        self.endResetModel()

    def problem(self, index: Index) -> Problem | None:
        """The problem of a leaf, None for a branch."""
        if not index.isValid() or index.internalId() == _TOP:
            return None
        return self._groups[index.internalId() - 1][1][index.row()]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  (Qt's signature)
        """Branches, or leaves of a branch."""
        if not parent.isValid():
            return len(self._groups)
        if parent.internalId() == _TOP and parent.column() == 0:
            return len(self._groups[parent.row()][1])
        return 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  (Qt's signature)
        """Always two."""
        return 2

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        """Qt's."""
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else _TOP)

    def parent(self, child: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        """Qt's."""
        if not child.isValid() or child.internalId() == _TOP:
            return QModelIndex()
        return self.createIndex(child.internalId() - 1, 0, _TOP)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts for display and tool tips."""
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        problem = self.problem(index)
        if problem is not None:
            text = problem.subject if index.column() == 0 else problem.reason
            return plain_tip(text) if role == Qt.ItemDataRole.ToolTipRole else text
        kind, found = self._groups[index.row()]
        return f"{kind.value} ({_images(found):,})" if index.column() == 0 else self._consequences[index.row()]

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The titles of the columns."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return ("What", "Why")[section]
        return None


def _images(problems: list[Problem]) -> int:
    """How many images some problems are about; one each where they do not say."""
    return max(len(problems), len({name for problem in problems for name in problem.names}))


def _consequence(problems: list[Problem]) -> str:
    if problems[0].kind is ProblemKind.NO_IMAGES:
        return "nothing can be trained"
    images = len({name for problem in problems if problem.excludes for name in problem.names})
    return f"{counted(images, 'image')} concerned" if images else "to be known, leaves no image out"
