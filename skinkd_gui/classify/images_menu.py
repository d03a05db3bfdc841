"""What can be done with the images selected in the table: its menu, and the keys for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QTableView

from core.classes import ClassSet
from skinkd_gui.widgets.helper import Helper
from skinkd_gui.widgets.opening import open_path

_LARGE, _AGREE, _REVIEWED, _OPEN, _REMOVE = "large", "agree", "reviewed", "unreviewed", "remove"
_ACTIONS = (
    (_LARGE, "Show &large", "Return", "classifyLargeAction"),
    (_AGREE, "&Agree with the model", "A", "classifyAgreeAction"),
    (_REVIEWED, "Mark as &reviewed", "R", "classifyReviewedAction"),
    (_OPEN, "Take the review &back", "U", "classifyUnreviewedAction"),
    (_REMOVE, "Re&move from the list\tDel", "", "classifyRemoveAction"),
)


class ImagesMenu(Helper[QTableView]):
    """The table's actions. It tells what is wanted of the selected images and does nothing to them."""

    wanted = Signal(str)  # one of the words below
    overruled = Signal(object)  # LesionClass for the selected images
    LARGE, AGREE, REVIEWED, UNREVIEWED, REMOVE = _LARGE, _AGREE, _REVIEWED, _OPEN, _REMOVE

    def __init__(self, table: QTableView) -> None:
        super().__init__(table)
        self._classes: ClassSet | None = None
        self._paths: Sequence[Path] = ()
        self._actions: list[QAction] = []
        for word, text, key, name in _ACTIONS:
            action = QAction(text, table)
            action.setObjectName(name)
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setData(word)
            action.triggered.connect(self._tell)
            table.addAction(action)
            self._actions.append(action)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), table)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._actions[-1].trigger)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._open)

    def show_state(self, paths: Sequence[Path], classes: ClassSet | None) -> None:
        """Take up which images are selected, and the classes that they may be given."""
        self._paths, self._classes = paths, classes
        for action in self._actions:
            action.setEnabled(bool(paths))

    @Slot()
    def _tell(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.wanted.emit(str(action.data()))

    @Slot(QPoint)
    def _open(self, position: QPoint) -> None:
        if self._paths:
            menu = self.build()
            menu.popup(self.owner.viewport().mapToGlobal(position))

    def build(self) -> QMenu:
        """The menu for the selected images; it deletes itself when it is closed."""
        menu = QMenu(self.owner)
        menu.setObjectName("classifyImagesMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        large, agree, reviewed, unreviewed, remove = self._actions
        menu.addAction(large)
        menu.addSeparator()
        menu.addAction(agree)
        if self._classes is not None:
            own = QMenu("Your &diagnosis", menu)
            for item in self._classes.classes:
                action = own.addAction(item.name.replace("&", "&&"))
                action.setData(item)
                action.triggered.connect(self._tell_diagnosis)
            menu.addMenu(own)
        menu.addAction(reviewed)
        menu.addAction(unreviewed)
        menu.addSeparator()
        for text, name, slot in (
            ("&Copy the path", "classifyCopyPathAction", self._copy),
            ("Show the &folder", "classifyFolderAction", self._show_folder),
        ):
            action = menu.addAction(text)
            action.setObjectName(name)
            action.triggered.connect(slot)
        menu.addSeparator()
        menu.addAction(remove)
        return menu

    @Slot()
    def _tell_diagnosis(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.overruled.emit(action.data())

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(str(path) for path in self._paths))

    @Slot()
    def _show_folder(self) -> None:
        if self._paths:
            open_path(self._paths[0].parent)
