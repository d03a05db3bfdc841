"""How long a person waits for the window and for what is in it: each measurement in a process of its own.

`python tests/benchmarks/opening.py WHAT PATH`. Prints the seconds; imports that the program has done by then, and the
start of Python, do not count for `table` and `wizard`.

empty    from the first line of the program to the first paint of a bare window
window   the same for SkinKD's window
ready    from the first line to the model in the file PATH loaded and warmed, in SkinKD's window
alone    the same without a window: the libraries, the model, one forward pass
table    from the click on Results to the filled table of the runs in the folder PATH
wizard   from naming the data set PATH to the filled table of how its images are divided
"""

from __future__ import annotations

import time

_BEGIN = time.perf_counter()

import os  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

from PySide6.QtCore import QEventLoop, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication, QMainWindow  # noqa: E402

LONGEST_SECONDS = 120


def until(done: Callable[[], bool]) -> None:
    """Let the window work until something is so."""
    loop, timer = QEventLoop(), QTimer()
    timer.setInterval(2)
    timer.timeout.connect(lambda: loop.quit() if done() else None)
    timer.start()
    QTimer.singleShot(LONGEST_SECONDS * 1000, lambda: sys.exit("it takes too long"))
    loop.exec()


def empty(path: Path) -> float:
    """A bare window."""
    painted: list[float] = []

    class Window(QMainWindow):
        def paintEvent(self, event: object) -> None:
            painted.append(time.perf_counter())

    application = QApplication([])
    window = Window()
    window.resize(1280, 800)
    window.show()
    while not painted:
        application.processEvents()
    return painted[0] - _BEGIN


def window(path: Path) -> float:
    """SkinKD's window, as the program makes it."""
    from skinkd_gui.application import make_application

    application = make_application()
    from skinkd_gui.crash_reporter import CrashReporter
    from skinkd_gui.main_window import MainWindow

    CrashReporter(application).install()
    made = MainWindow(opens_at_once=True)
    made.show()
    while not made._was_painted:
        application.processEvents()
    return time.perf_counter() - _BEGIN


def ready(path: Path) -> float:
    """SkinKD's window with a model."""
    from skinkd_gui.app import SWITCH_SECONDS
    from skinkd_gui.application import make_application

    sys.setswitchinterval(SWITCH_SECONDS)
    make_application()
    from skinkd_gui.main_window import MainWindow

    made = MainWindow(opens_at_once=True)
    made.painted.connect(made.start_engine)
    made.show()
    until(lambda: made._classify.made is not None)
    made.classify_tab.choose_model(path)
    until(lambda: made.classify_tab._session.classifier() is not None)
    return time.perf_counter() - _BEGIN


def alone(path: Path) -> float:
    """No window."""
    import numpy as np

    from core.inference.classifier import Classifier

    classifier = Classifier.load(path)
    size = classifier.info.preprocessing.image_size
    classifier.network.infer(np.zeros((1, size, size, 3), dtype=np.uint8))
    return time.perf_counter() - _BEGIN


def table(path: Path) -> float:
    """The table of runs, none of which was read before."""
    from skinkd_gui.application import make_application

    make_application()
    import core.runs.listing
    import core.study.folder  # noqa: F401
    from skinkd_gui.main_window import MainWindow

    made = MainWindow(path)
    made.show()
    until(lambda: made._was_painted)
    results = made.results_tab
    begin = time.perf_counter()
    made.tabs.setCurrentWidget(results)
    until(lambda: results.listed and results.table.model().rowCount() > 0)
    results.table.viewport().repaint()
    return time.perf_counter() - begin


def wizard(path: Path) -> float:
    """The first page of the assistant."""
    from skinkd_gui.application import make_application

    make_application()
    import core.data.checking
    import core.data.reading
    import core.data.splitting  # noqa: F401
    from skinkd_gui.training.wizard.dialog import TrainingWizard
    from skinkd_gui.training.wizard.state import WizardStep

    assistant = TrainingWizard(None, path.parent / "runs")
    assistant.show()
    page = assistant.pages[WizardStep.DATA]
    begin = time.perf_counter()
    page.set_path(str(path))  # type: ignore[attr-defined]
    until(lambda: _divided(page))
    return time.perf_counter() - begin


def _divided(page: object) -> bool:
    cell = page._table.item(8, 0)  # type: ignore[attr-defined]
    return cell is not None and cell.text().replace(",", "").isdigit()


if __name__ == "__main__":
    sys.stdout.write(f"{globals()[sys.argv[1]](Path(sys.argv[2]))}\n")
    sys.stdout.flush()
    os._exit(0)  # what is measured is measured
