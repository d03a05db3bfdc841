"""The table of labels: pictures are painted, and what a label becomes is chosen in place, also for many at once."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHeaderView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from skinkd_gui.training.wizard.labels import Outcome
from skinkd_gui.training.wizard.labels_model import (
    BECOMES,
    COUNT,
    HOW,
    LABEL,
    PICTURES,
    SORT_ROLE,
    THUMBNAIL,
    LabelsModel,
)
from skinkd_gui.widgets.layouts import as_list, named

Index = QModelIndex | QPersistentModelIndex
_LEAST_HEIGHT = 140
_GAP = 4
_EXAMPLES = 3
_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_F2)


class LabelsTable(QTableView):
    """Shows a `LabelsModel`, what is not understood first.

    Signals: `chosen(object, object)` with the labels (a tuple) and the `Outcome` that the user chose for them: for the
    selected ones when it was chosen on one of them.
    """

    chosen = Signal(object, object)

    def __init__(self, model: LabelsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "labelsTable", "Labels found in the data")
        self._labels = model
        self.outcomes: tuple[Outcome, ...] = ()
        """What can be chosen."""
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSortRole(SORT_ROLE)
        self._proxy.setDynamicSortFilter(False)  # a row stays where it is when it is decided
        self._proxy.setSourceModel(model)
        self.setModel(self._proxy)
        self._delegate = _LabelsDelegate(self, model)
        self.setItemDelegate(self._delegate)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        as_list(self)
        self.setWordWrap(True)  # its rows are as high as their pictures
        self.setMinimumHeight(_LEAST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(THUMBNAIL + 2 * _GAP)
        header.setAccessibleName("Columns of the table of labels")
        for column in (LABEL, HOW):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        metrics = self.fontMetrics()
        header.setMinimumSectionSize(metrics.horizontalAdvance("not understood") + 8)
        header.resizeSection(COUNT, metrics.horizontalAdvance("Pictures") + 34)
        header.resizeSection(PICTURES, _EXAMPLES * (THUMBNAIL + _GAP) + _GAP)
        header.resizeSection(BECOMES, metrics.horizontalAdvance("Basal cell carcinoma (BCC)") + 44)
        self.setSortingEnabled(True)
        self.sort_again()
        model.modelReset.connect(self.sort_again)
        self.clicked.connect(self._on_clicked)

    @Slot()
    def sort_again(self) -> None:
        """What is not understood first, then guesses."""
        self.sortByColumn(BECOMES, Qt.SortOrder.AscendingOrder)

    def selected_labels(self) -> tuple[str, ...]:
        """The selected labels from top to bottom."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self._label(row) for row in rows)

    def choose(self, index: Index, outcome: Outcome) -> None:
        """Tell that an outcome was chosen on a row."""
        label, selected = self._label(index.row()), self.selected_labels()
        self.chosen.emit(selected if label in selected else (label,), outcome)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter, Space and F2 open the choice of the current row, which counts for all selected ones."""
        current = self.currentIndex()
        if event.key() in _KEYS and not event.modifiers() and current.isValid():
            self.edit(current.siblingAtColumn(BECOMES))
            return
        super().keyPressEvent(event)

    def _label(self, row: int) -> str:
        return self._labels.label(self._proxy.mapToSource(self._proxy.index(row, 0)).row()).label

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        plain = not QApplication.keyboardModifiers()
        if index.column() == BECOMES and plain:
            self.edit(index)


class _LabelsDelegate(QStyledItemDelegate):
    def __init__(self, table: LabelsTable, model: LabelsModel) -> None:
        super().__init__(table)
        self._model = model
        self._pattern = QComboBox(table)  # never shown: how boxes look here
        self._pattern.hide()

    @property
    def _table(self) -> LabelsTable:
        return cast(LabelsTable, self.parent())  # held by itself, the two were a cycle

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """As usual, but no cell has the focus: rows are chosen as a whole."""
        super().initStyleOption(option, index)
        if index.row() != self._table.currentIndex().row() or index.column() != BECOMES:
            option.state &= ~QStyle.StateFlag.State_HasFocus

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """The same for all rows."""
        return QSize(super().sizeHint(option, index).width(), THUMBNAIL + 2 * _GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Pictures beside each other, and the choice as the box that it becomes when it is opened."""
        if index.column() == PICTURES:
            super().paint(painter, option, index)
            self._paint_pictures(painter, option.rect, index)
        elif index.column() == BECOMES:
            blank = QStyleOptionViewItem(option)
            super().initStyleOption(blank, index)
            text, blank.text = blank.text, ""
            style = self._table.style()
            style.drawControl(QStyle.ControlElement.CE_ItemViewItem, blank, painter, self._table)
            self._paint_box(painter, option, text, blank.palette)
        else:
            super().paint(painter, option, index)

    def _paint_pictures(self, painter: QPainter, area: QRect, index: Index) -> None:
        row = self._table._proxy.mapToSource(self._table._proxy.index(index.row(), 0)).row()
        for place, picture in enumerate(self._model.thumbnails(row)):
            box = QRect(area.left() + _GAP + place * (THUMBNAIL + _GAP), area.top() + _GAP, THUMBNAIL, THUMBNAIL)
            if picture is not None and not picture.isNull():
                size = picture.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
                target = QRect(box.topLeft(), size)
                target.moveCenter(box.center())
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawPixmap(target, picture)

    def _paint_box(self, painter: QPainter, option: QStyleOptionViewItem, text: str, palette: QPalette) -> None:
        box = QStyleOptionComboBox()
        box.initFrom(self._pattern)
        box.rect = self._box(option.rect)
        box.currentText = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.rect.width() - 34)
        box.state = QStyle.StateFlag.State_Enabled
        colour = palette.color(QPalette.ColorRole.Text)
        for role in (QPalette.ColorRole.ButtonText, QPalette.ColorRole.Text):
            box.palette.setColor(role, colour)
        style = self._table.style()
        style.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, box, painter, self._table)
        style.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, box, painter, self._table)

    def _box(self, cell: QRect) -> QRect:
        height = max(26, self._table.fontMetrics().height() + 10)
        return QRect(cell.left() + 2, cell.center().y() - height // 2, cell.width() - 4, height)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A box of all outcomes, open at once."""
        box = named(
            QComboBox(parent), "labelOutcomeCombo", f"What becomes of {index.sibling(index.row(), LABEL).data()}"
        )
        box.setMaxVisibleItems(16)
        for outcome in self._table.outcomes:
            box.addItem(outcome.title, outcome)
        box.setCurrentIndex(box.findText(str(index.data())))
        box.activated.connect(self._on_activated)
        QTimer.singleShot(0, box, box.showPopup)
        return box

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """Where the box is painted."""
        editor.setGeometry(self._box(option.rect))

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """It has them from the beginning; a picture that comes meanwhile changes nothing."""

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Tell the table."""
        if isinstance(editor, QComboBox) and editor.property("chosen"):
            self._table.choose(index, editor.currentData())

    @Slot()
    def _on_activated(self) -> None:
        box = self.sender()
        if isinstance(box, QComboBox):
            box.setProperty("chosen", True)
            self.commitData.emit(box)
            self.closeEditor.emit(box)
