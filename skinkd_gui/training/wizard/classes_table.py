"""The classes to learn: code, name, group, colour, pictures; those of the user are edited in place."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QComboBox,
    QHeaderView,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from core.classes import ClassSet, LesionClass, Malignancy
from core.data.types import LabelCount
from core.documents import some
from skinkd_gui.widgets.labels import plain_tip
from skinkd_gui.widgets.layouts import as_list, named

Index = QModelIndex | QPersistentModelIndex
_LEAST_HEIGHT = 140

COLOUR, CODE, NAME, GROUP, LABELS, COUNT = range(6)
_TITLES = ("Colour", "Code", "Name", "Group", "From the labels", "Pictures")
_FIELDS = {COLOUR: "colour", CODE: "code", NAME: "name", GROUP: "group"}
_NAMED = 4


class ClassesModel(QAbstractTableModel):
    """One row per class of a set, with the labels that mean it.

    Signals: `edited(str, str, str)` with the code, the field and its new value; the set that is shown stays until it
    is shown anew.
    """

    edited = Signal(str, str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[LesionClass, ...] = ()
        self._labels: dict[str, list[LabelCount]] = {}

    def show_classes(self, classes: ClassSet, labels: tuple[LabelCount, ...]) -> None:
        """Show these classes."""
        found: dict[str, list[LabelCount]] = {}
        for item in labels:
            found.setdefault(item.code or "", []).append(item)
        if (classes.classes, found) == (self._classes, self._labels):
            return
        same = len(classes) == len(self._classes)
        if not same:
            self.beginResetModel()
        self._classes, self._labels = classes.classes, found
        if same:
            self.dataChanged.emit(self.index(0, 0), self.index(len(classes) - 1, COUNT))
        else:
            self.endResetModel()

    def code(self, row: int) -> str:
        """The code of the class in a row."""
        return self._classes[row].code

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """One per class."""
        return 0 if parent.isValid() else len(self._classes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Always six."""
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The titles of the columns."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """What stands in the recipe can be edited."""
        editable = index.column() in (CODE, NAME, GROUP)
        return super().flags(index) | (Qt.ItemFlag.ItemIsEditable if editable else Qt.ItemFlag.NoItemFlags)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, and the colour as it looks."""
        if not index.isValid():
            return None
        item, column = self._classes[index.row()], index.column()
        if role == Qt.ItemDataRole.DecorationRole and column == COLOUR:
            return QColor(item.colour)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == COUNT:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._words(item, column)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return item.colour if column == COLOUR else plain_tip(item.about)
        return None

    def _words(self, item: LesionClass, column: int) -> str:
        labels = self._labels.get(item.code, [])
        if column == COUNT:
            return f"{sum(label.count for label in labels):,}"
        if column == LABELS:
            return some([label.label for label in labels], _NAMED) if labels else "none"
        return "" if column == COLOUR else str(getattr(item, _FIELDS[column]))

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for a change."""
        if role != Qt.ItemDataRole.EditRole or value == self.data(index, role):
            return False
        self.edited.emit(self.code(index.row()), _FIELDS[index.column()], str(value))
        return True


class ClassesTable(QTableView):
    """Shows a `ClassesModel`."""

    def __init__(self, model: ClassesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "classesTable", "Classes to learn")
        self._classes = model
        self.setModel(model)
        self.setItemDelegate(_ClassesDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        as_list(self)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.SelectedClicked)
        self.setMinimumHeight(_LEAST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        rows.setDefaultSectionSize(max(30, self.fontMetrics().height() + 12))
        header.setAccessibleName("Columns of the table of classes")
        metrics = self.fontMetrics()
        header.setMinimumSectionSize(metrics.horizontalAdvance("Colour") + 14)
        for column, widest in (
            (COLOUR, "#0"),
            (CODE, "discharge_2"),
            (GROUP, "precancerous"),
            (COUNT, "Pictures"),
        ):
            header.resizeSection(column, metrics.horizontalAdvance(widest) + 40)
        for column in (NAME, LABELS):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        self.doubleClicked.connect(self._choose_colour)

    def current_code(self) -> str:
        """The code of the class of the current row; empty without one."""
        row = self.currentIndex().row()
        return self._classes.code(row) if row >= 0 else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and F2 edit the current cell."""
        current = self.currentIndex()
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2) or not current.isValid():
            super().keyPressEvent(event)
        elif self.state() is QAbstractItemView.State.EditingState:
            event.accept()  # the key that ended the editing before
        elif current.column() == COLOUR:
            self._choose_colour(current)
        elif current.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(current)

    @Slot(QModelIndex)
    def _choose_colour(self, index: QModelIndex) -> None:
        if index.column() != COLOUR:
            return
        dialog = named(
            QColorDialog(index.data(Qt.ItemDataRole.DecorationRole), self), "classColourDialog", "Colour of the class"
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setProperty("code", self._classes.code(index.row()))
        dialog.colorSelected.connect(self._on_colour)
        dialog.open()

    @Slot(QColor)
    def _on_colour(self, colour: QColor) -> None:
        dialog = self.sender()
        if isinstance(dialog, QColorDialog):
            self._classes.edited.emit(dialog.property("code"), _FIELDS[COLOUR], colour.name().upper())


class _ClassesDelegate(QStyledItemDelegate):
    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A field, or a box of groups."""
        if index.column() == GROUP:
            box = named(QComboBox(parent), "classGroupCombo", "Group")
            box.addItems([group.value for group in Malignancy])
            box.activated.connect(self._on_chosen)
            QTimer.singleShot(0, box, box.showPopup)
            return box
        return super().createEditor(parent, option, index)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """What stands there now."""
        if isinstance(editor, QComboBox):
            editor.setCurrentText(str(index.data()))
        else:
            super().setEditorData(editor, index)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """What was chosen or typed."""
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentText())
        else:
            super().setModelData(editor, model, index)

    @Slot()
    def _on_chosen(self) -> None:
        box = self.sender()
        if isinstance(box, QComboBox):
            self.commitData.emit(box)
            self.closeEditor.emit(box)
