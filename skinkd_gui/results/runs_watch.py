"""Notices that a folder of runs changes on the disk, by this program or another one, without looking all the time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication

from core.runs.status import RunState, RunSummary
from skinkd_gui.widgets.parts import delay

_DELAY_MILLISECONDS = 1500  # a run at work writes several files at once
_MOST_FOLDERS = 64
_AT_WORK = (RunState.RUNNING, RunState.PAUSED)
_MOVING = (RunState.QUEUED, *_AT_WORK)
_AGAIN_MILLISECONDS = 5000


class RunsWatch(QObject):
    """Watches the folder of runs, those of runs that may be at work, and those of studies.

    Network drives report nothing, so coming back to the program counts as a change as well, and while a run is at work
    (on a cluster, perhaps) it is looked at every few seconds.
    """

    changed = Signal()  # at most about every one and a half seconds

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._notice)
        self._delay = delay(self, self.changed, _DELAY_MILLISECONDS)
        self._again = QTimer(self, interval=_AGAIN_MILLISECONDS)
        self._again.timeout.connect(self.changed)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self._activated)

    def watch(self, root: Path, runs: Sequence[RunSummary], studies: Sequence[Path] = ()) -> None:
        """Look at these from now on."""
        moving = [run.folder for run in runs if run.status.state in _MOVING][:_MOST_FOLDERS]
        wanted = {str(folder) for folder in (root, *moving, *studies[:_MOST_FOLDERS]) if folder.is_dir()}
        there = set(self._watcher.directories())
        if there - wanted:
            self._watcher.removePaths(sorted(there - wanted))
        if wanted - there:
            self._watcher.addPaths(sorted(wanted - there))
        if any(run.status.state in _AT_WORK for run in runs):
            self._again.start()
        else:
            self._again.stop()

    def stop(self) -> None:
        """Look no more."""
        self._delay.stop()
        self._again.stop()
        if self._watcher.directories():
            self._watcher.removePaths(self._watcher.directories())

    @Slot(str)
    def _notice(self, _folder: str) -> None:
        if not self._delay.isActive():
            self._delay.start()

    @Slot(Qt.ApplicationState)
    def _activated(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive and self._watcher.directories():
            self._notice("")
