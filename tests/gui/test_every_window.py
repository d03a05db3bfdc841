"""Every dialog and the main window fit small screens and large text, nothing in them is cut, and keyboard and screen
reader reach all of it. Each is made once, and looked at in each size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect, QSize
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QStackedWidget, QTabWidget, QToolButton, QWidget

from skinkd_gui.main_window import MainWindow
from skinkd_gui.widgets import fitting
from skinkd_gui.widgets.theme import ThemeChoice, theme
from skinkd_gui.workers.job import running_jobs
from tests.gui.every_kind import KINDS, Place, make
from tests.gui.window_checks import cut_texts, doubled_letters, jumping_tab, too_large, without_name

SCREENS = ((1024, 640), (1280, 720))
"""Width and height in logical pixels. Twice the usual text is for the larger one."""
TEXT_PERCENTS = (100, 200)
FRAME = QSize(8, 40)
"""What a system draws around a window."""
_PATIENCE = 3  # seconds for what a window reads
WINDOWS = [name for name, kind in KINDS.items() if issubclass(kind, QDialog | QMainWindow)]


@pytest.mark.parametrize("percent", TEXT_PERCENTS)
@pytest.mark.parametrize("name", WINDOWS)
def test_every_window(
    name: str, percent: int, used_before: Path, sample_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaints: dict[str, None] = {}
    theme().apply(ThemeChoice.LIGHT, percent)
    place = Place(QMainWindow(), used_before, sample_set)
    _show_screen(SCREENS[percent // 200], monkeypatch)
    window = make(KINDS[name], place)
    try:
        for width, height in SCREENS[percent // 200 :]:
            screen = _show_screen((width, height), monkeypatch)
            _fill_screen(window, screen - FRAME)
            for page in _pages(window):
                found = [*too_large(window, screen - FRAME), *cut_texts(window)]
                found += [*doubled_letters(window), *without_name(window), *jumping_tab(window)]
                complaints |= dict.fromkeys(f"{width}x{height}, {page}: {each}" for each in found)
    finally:
        theme().apply(ThemeChoice.LIGHT, 100)
        _close(window, place)
    assert not complaints, "\n".join(complaints)


def _show_screen(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> QSize:
    screen = QSize(*size)
    monkeypatch.setattr(fitting, "free_screen", lambda widget: QRect(QPoint(), screen))
    return screen


def _fill_screen(window: QWidget, free: QSize) -> None:
    """A dialog has the size that it wants, as far as there is space; the main window has all of it."""
    window.show()
    _settle()
    window.resize(free if isinstance(window, MainWindow) else window.size().boundedTo(free))
    _settle()


def _settle() -> None:
    """Layouts ask for others, which ask again; and what is read within a moment is read."""
    begin = time.monotonic()
    QApplication.processEvents()
    while running_jobs() and time.monotonic() - begin < _PATIENCE:
        QApplication.processEvents()
        time.sleep(0.002)
    for _ in range(5):
        QApplication.processEvents()


def _pages(window: QWidget) -> Iterator[str]:
    """Bring each page forward that tabs and stacks have, with its folds open."""
    for fold in window.findChildren(QToolButton):
        if fold.isCheckable() and fold.objectName().endswith(("Settings", "Fold")):
            fold.setChecked(True)
    stacks = [each for each in window.findChildren(QStackedWidget) if not isinstance(each.parentWidget(), QTabWidget)]
    tabs = window.findChildren(QTabWidget)
    _settle()
    yield "as it opens"
    for holder in (*tabs, *stacks):
        if not holder.isVisibleTo(window):
            continue
        before = holder.currentIndex()
        for number in range(holder.count()):
            if number != before:
                holder.setCurrentIndex(number)
                _settle()
                yield f"{holder.objectName() or type(holder).__name__} {number}"
        holder.setCurrentIndex(before)


def _close(window: QWidget, place: Place) -> None:
    leave = window.reject if isinstance(window, QDialog) else window.close
    getattr(window, "close_without_asking", leave)()
    for widget in (window, place.window):
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
