"""The data sets that were opened last, kept among the settings."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from skinkd_gui.settings.store import open_store

_KEY = "data/recent"
_MOST = 8


def recent_data() -> list[Path]:
    """Folders and tables, the last one first; also those that are not there now."""
    stored = open_store().value(_KEY)
    listed = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
    return [Path(each) for each in listed if isinstance(each, str) and each][:_MOST]


def remember_data(path: Path) -> None:
    """Put a folder or table first."""
    others = [each for each in recent_data() if each != path]
    store = open_store()
    store.setValue(_KEY, [str(each) for each in (path, *others)][:_MOST])
    store.sync()


def data_set_with(file: Path) -> tuple[Path, str] | None:
    """The data set among the recent ones that a file lies in, and the file's name there; None where it is in none."""
    for path in recent_data():
        root = path if path in file.parents else path.parent
        if root in file.parents and (root is path or path.is_file()):
            return path, file.relative_to(root).as_posix()
    return None


class RecentDataMenu(QMenu):
    """Offers the data sets that were opened last, as they are when it opens."""

    chosen = Signal(object)  # Path

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__("&Recent data sets", parent)
        self.setObjectName(name)
        self.aboutToShow.connect(self._fill)

    @Slot()
    def _fill(self) -> None:
        self.clear()
        for path in recent_data():
            action = self.addAction(str(path).replace("&", "&&"))
            action.setData(path)
            action.triggered.connect(self._choose)
        if self.isEmpty():
            self.addAction("None yet").setEnabled(False)

    @Slot()
    def _choose(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.chosen.emit(action.data())
