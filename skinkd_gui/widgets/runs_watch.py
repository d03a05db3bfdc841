"""Notices that runs come, go or change in a folder of runs, by this program or another one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from skinkd_gui.widgets.disk_watch import DiskWatch

_MOST_FOLDERS = 64
_AGAIN_MILLISECONDS = 5000


class RunsWatch(DiskWatch):
    """Watches the folder of runs, and in it what may still become another run: those at work, and those that are just
    being copied there. While a run is at work (on a cluster, perhaps) it is looked at every few seconds."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent, always_on_return=True)
        self._again = QTimer(self, interval=_AGAIN_MILLISECONDS)
        self._again.timeout.connect(self.changed)

    def watch(
        self, root: Path, complete: Collection[Path], studies: Sequence[Path] = (), *, at_work: bool = False
    ) -> None:
        """Watch `root` and `studies` from now on; `complete` are the folders in `root` that do not change any more."""
        try:
            inside = [entry for entry in root.iterdir() if entry not in complete and entry.is_dir()]
        except OSError:
            inside = []
        newest = sorted(inside, reverse=True)[:_MOST_FOLDERS]
        self.watch_paths([root, *newest, *studies[:_MOST_FOLDERS]])
        if at_work:
            self._again.start()
        else:
            self._again.stop()

    def stop(self) -> None:
        """Look no more."""
        self._again.stop()
        super().stop()
