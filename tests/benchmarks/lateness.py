"""A timer in the GUI thread while a run trains on all cores, in a process of its own: how late does it fire?

`python tests/benchmarks/lateness.py window|empty FOLDER SECONDS`. `window`: SkinKD's own window with the live view,
its charts and a user who goes through the tabs. `empty`: a bare window beside a thread that multiplies matrices; what
the machine does to any program. Prints one line of JSON: milliseconds, from after the first training step.
"""

from __future__ import annotations

import core  # noqa: F401  (before numpy and torch: it says how their threads wait)

# isort: split
import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QApplication, QMainWindow

TICK_MILLISECONDS = 5
_TABS_MILLISECONDS = 700


class Lateness(QObject):
    """Takes the time by which each tick of a precise timer is late, wall and of this thread's own computing."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[float] = []
        self.own: list[float] = []
        self.counting = False
        self._last = (time.perf_counter(), time.thread_time())
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MILLISECONDS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    @Slot()
    def _tick(self) -> None:
        now, own = time.perf_counter(), time.thread_time()
        if self.counting:
            self.late.append(max(0.0, (now - self._last[0]) * 1000 - TICK_MILLISECONDS))
            self.own.append((own - self._last[1]) * 1000)
        self._last = (now, own)

    def told(self) -> dict[str, float]:
        """The figures; late and own computing in milliseconds."""
        late, own = np.array(self.late), np.array(self.own)
        return {
            "ticks": len(late),
            "p50": float(np.percentile(late, 50)),
            "p99": float(np.percentile(late, 99)),
            "max": float(late.max()),
            "over_100": int((late > 100).sum()),
            "own_p99": float(np.percentile(own, 99)),
            "own_max": float(own.max()),
        }


class User(QObject):
    """Goes through the tabs of a window, and starts counting when the run has made its first step
    and everything is loaded."""

    def __init__(self, window: QMainWindow, lateness: Lateness, seconds: float) -> None:
        super().__init__()
        self._window, self._lateness, self._seconds = window, lateness, seconds
        self._timer = QTimer(self)
        self._timer.setInterval(_TABS_MILLISECONDS)
        self._timer.timeout.connect(self._act)
        self._timer.start()

    @Slot()
    def _act(self) -> None:
        tabs, progress = self._window.tabs, self._window.train_tab.live.progress  # type: ignore[attr-defined]
        loaded = "not known" not in self._window.status.device.text()  # type: ignore[attr-defined]
        if not self._lateness.counting and progress.batch is not None and loaded:
            self._lateness.counting = True
            QTimer.singleShot(round(self._seconds * 1000), lambda: QApplication.exit(0))  # a busy window would not quit
        if self._lateness.counting:
            tabs.setCurrentIndex((tabs.currentIndex() + 1) % tabs.count())


def beside_the_window(folder: Path, seconds: float) -> dict[str, float]:
    """A run of SkinKD's own, in SkinKD's own window."""
    from core.demo.sample_set import write_sample_set
    from core.recipe import Recipe, set_values
    from skinkd_gui.app import SWITCH_SECONDS
    from skinkd_gui.application import make_application
    from skinkd_gui.main_window import MainWindow
    from skinkd_gui.workers.job import shut_down_all

    data = write_sample_set(folder / "data", images=200, seed=0)
    recipe = set_values(
        Recipe(),
        [
            f"data.path='{data}'",
            "data.image_size=96",
            "student.architecture=mobilenetv3_small_050",
            "student.weights=none",
            "distillation.method=none",
            "optimisation.epochs=999",
            "optimisation.patience=0",
        ],
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    application = make_application()
    window = MainWindow(folder / "runs", opens_at_once=True)
    window.painted.connect(window.start_engine)
    window.show()
    lateness = Lateness()
    user = User(window, lateness, seconds)
    window.queue.failed.connect(lambda failure: sys.exit(failure.error.summary))
    window.queue.add(recipe, "bench")
    application.exec()
    lateness.counting = False
    window.queue.stop_current()
    found = {**lateness.told(), "epochs": len(window.train_tab.live.progress.history)}
    user.deleteLater()
    shut_down_all()
    return found


def beside_an_empty_window(seconds: float) -> dict[str, float]:
    """A bare window, and a thread that keeps torch's threads at work."""
    import torch

    def spin() -> None:
        matrix = torch.rand(512, 512)
        while not over.is_set():
            torch.mm(matrix, matrix)

    over = threading.Event()
    application = QApplication([])
    window = QMainWindow()
    window.resize(1280, 800)
    window.show()
    lateness = Lateness()
    lateness.counting = True
    thread = threading.Thread(target=spin)
    thread.start()
    QTimer.singleShot(round(seconds * 1000), application.quit)
    application.exec()
    over.set()
    thread.join()
    return lateness.told()


def main() -> None:
    """One measurement."""
    kind, folder, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    found = beside_the_window(folder, seconds) if kind == "window" else beside_an_empty_window(seconds)
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)  # what is measured is measured


if __name__ == "__main__":
    main()
