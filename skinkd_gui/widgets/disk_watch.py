"""Notices that folders and files change on the disk, by this program or another one, without looking all the time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication

from skinkd_gui.widgets.parts import delay

_DELAY_MILLISECONDS = 1500  # whoever changes files changes several at once


class DiskWatch(QObject):
    """Network drives report nothing, so coming back to the program is a reason to compare times of change, or with
    `always_on_return` to tell of one in any case."""

    changed = Signal()  # at most about every one and a half seconds

    def __init__(self, parent: QObject | None = None, *, always_on_return: bool = False) -> None:
        super().__init__(parent)
        self._always = always_on_return
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._notice)
        self._watcher.fileChanged.connect(self._notice)
        self._delay = delay(self, self._tell, _DELAY_MILLISECONDS)
        self._times: dict[str, int] = {}
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self._activated)

    def watch_paths(self, paths: Iterable[Path]) -> None:
        """Watch these folders and files from now on, as far as they are there, as they are now."""
        wanted = {str(path) for path in paths if path.exists()}
        there = {*self._watcher.directories(), *self._watcher.files()}
        if there - wanted:
            self._watcher.removePaths(sorted(there - wanted))
        if wanted - there:
            self._watcher.addPaths(sorted(wanted - there))
        self._times = {path: _time_of(path) for path in wanted}

    def stop(self) -> None:
        """Look no more."""
        self._delay.stop()
        self.watch_paths(())

    @Slot(str)
    def _notice(self, _path: str) -> None:
        if not self._delay.isActive():
            self._delay.start()

    @Slot(Qt.ApplicationState)
    def _activated(self, state: Qt.ApplicationState) -> None:
        back = state is Qt.ApplicationState.ApplicationActive and bool(self._times)
        if back and (self._always or self.differs()):
            self._notice("")

    @Slot()
    def _tell(self) -> None:
        for path in self._times:  # a file that was replaced is another one
            if path not in self._watcher.files() and Path(path).is_file():
                self._watcher.addPath(path)
        self.changed.emit()

    def differs(self) -> bool:
        """Whether something was changed since `watch_paths`."""
        return any(_time_of(path) != time for path, time in self._times.items())


def _time_of(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return -1
