"""Long use of one window: hundreds of classifications, openings of every panel and short runs in one process.

Memory, threads, file handles and figures have to return to where they were after a warm-up of the same kind.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
from PySide6.QtCore import QEventLoop, QStandardPaths, QTimer
from PySide6.QtWidgets import QApplication, QPushButton, QTabWidget

from core.runs.execute import execute
from skinkd_gui.application import make_application
from skinkd_gui.main_window import MainWindow
from skinkd_gui.workers.job import running_jobs
from tests.torture.tally import Tally
from tests.torture.workshop import METHODS, Workshop

_MEGABYTE = 1 << 20
_BATCH = 20
_MOST_WARMING = 25
_GROWTH_ALLOWED = 60
"""Megabytes that a soak may end above its warm-up: allocators keep what they were given."""


@dataclass(frozen=True)
class Amounts:
    """How often each thing is done at scale 1."""

    openings: int = 200
    classifications: int = 500
    runs: int = 50


@dataclass(frozen=True)
class Footprint:
    """What a process holds: resident megabytes, threads, open files and sockets, matplotlib figures, widgets."""

    megabytes: float
    threads: int
    handles: int
    figures: int
    widgets: int


WEEK = Amounts(openings=0, classifications=10_000, runs=500)
"""A week of a busy practice, in short."""


def soak(shop: Workshop, scale: float, amounts: Amounts = Amounts()) -> list[Tally]:
    """Use one window for a long time; a line per kind of use, its repetitions lost if anything did not return."""
    os.environ["SKINKD_CACHE"] = str(shop.root / "soak-cache")
    os.environ["SKINKD_STATE"] = str(shop.root / "soak-state")
    QStandardPaths.setTestModeEnabled(True)  # not the settings of the person who tortures
    for method in METHODS:
        execute(shop.new_run(method))
    application = QApplication.instance() or make_application()
    assert isinstance(application, QApplication)
    window = MainWindow(shop.runs)
    window.resize(1280, 800)
    window.painted.connect(window.start_engine)
    window.show()
    settle()
    try:
        return [
            *(_openings(window, shop, max(2, round(amounts.openings * scale))) if amounts.openings else ()),
            _classifications(window, shop, max(2 * _BATCH, round(amounts.classifications * scale))),
            _runs(window, shop, max(2, round(amounts.runs * scale))),
        ]
    finally:
        window.close_without_asking()
        settle()


def settle(seconds: float = 0.05, limit: float = 120.0) -> None:
    """Let the window work until no job is left."""
    end = time.monotonic() + limit
    wait(seconds)
    while running_jobs() and time.monotonic() < end:
        wait(0.02)
    wait(seconds)


def wait(seconds: float) -> None:
    """Let events happen for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def _openings(window: MainWindow, shop: Workshop, count: int) -> list[Tally]:
    """Every panel of Results, opened by turns for two choices of runs, and the three tabs of the window."""
    results = window.results_tab
    window.tabs.setCurrentWidget(results)
    settle()
    folders = tuple(folder for folder in sorted(shop.runs.iterdir()) if (folder / "metrics.json").exists())
    panels = results.details
    tallies = [_repeated("tabs of the window opened", lambda turn: _open(window.tabs, turn), count)]
    window.tabs.setCurrentWidget(results)
    results.table.select(folders[:3])
    settle(0.3)
    for index in range(panels.count()):
        other = (index + 1) % panels.count()

        def open_panel(turn: int, index: int = index, other: int = other) -> None:
            panels.setCurrentIndex(other)
            panels.setCurrentIndex(index)
            settle(0.01)

        tallies.append(_repeated(f"panel {panels.tabText(index)} opened", open_panel, count))

    def choose(turn: int) -> None:
        results.table.select(folders[turn % 2 : turn % 2 + 3])
        settle(0.02)

    panels.setCurrentIndex(0)
    return [*tallies, _repeated("other runs chosen", choose, count)]


def _open(tabs: QTabWidget, turn: int) -> None:
    tabs.setCurrentIndex(turn % tabs.count())
    settle(0.01)


def _classifications(window: MainWindow, shop: Workshop, count: int) -> Tally:
    """Batches of pictures in Classify, each classified and cleared."""
    tab = window.classify_tab
    window.tabs.setCurrentWidget(tab)
    (teacher,) = [folder for folder in shop.runs.iterdir() if folder.name.endswith("-teacher")]
    tab.choose_model(teacher)
    settle()
    button = tab.findChild(QPushButton, "classifyClearButton")
    pictures = sorted(shop.data.rglob("*.jpg"))[:_BATCH]

    def classify(turn: int) -> None:
        tab.add_paths(pictures)
        settle(0.02)
        button.click()
        settle(0.01)

    found = _repeated("pictures classified", classify, max(2, count // _BATCH))
    return Tally(found.fault, found.injected * _BATCH, found.survived * _BATCH, found.lost * _BATCH)


def _runs(window: MainWindow, shop: Workshop, count: int) -> Tally:
    """Short runs through the window's own queue."""
    window.tabs.setCurrentWidget(window.train_tab)

    def run(turn: int) -> None:
        window.train_tab.resume_run(shop.new_run("plain").path)
        settle(0.05)

    return _repeated("short runs", run, count)


def _repeated(what: str, once: Callable[[int], None], count: int) -> Tally:
    """Do it a quarter as often (at most 25 times) to warm up, then `count` times; lost when something did not
    return."""
    for turn in range(min(max(2, count // 4), _MOST_WARMING)):
        once(turn)
    before = footprint()
    for turn in range(count):
        once(turn)
    after = footprint()
    grown = [
        name
        for name in ("threads", "handles", "figures", "widgets")
        if getattr(after, name) > getattr(before, name) + 2
    ]
    if after.megabytes > before.megabytes + _GROWTH_ALLOWED:
        grown.append("megabytes")
    text = f"{what}, {before.megabytes:.0f} to {after.megabytes:.0f} MB"
    if grown:
        text += f" ({', '.join(f'{name} {getattr(before, name)} to {getattr(after, name)}' for name in grown)})"
    return Tally(text, count, 0 if grown else count, count if grown else 0)


def footprint() -> Footprint:
    """What this process holds now, after the garbage is gone."""
    for _ in range(3):
        settle(0.02)
        gc.collect()
    from matplotlib.figure import Figure

    process = psutil.Process()
    widgets = QApplication.allWidgets()
    return Footprint(
        process.memory_info().rss / _MEGABYTE,
        threading.active_count(),
        process.num_fds() if hasattr(process, "num_fds") else process.num_handles(),
        sum(isinstance(item, Figure) for item in gc.get_objects()),
        len(widgets),
    )
