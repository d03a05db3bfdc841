"""Figures that are drawn in a thread."""

from __future__ import annotations

import threading
from pathlib import Path

from matplotlib.figure import Figure
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from core.reporting.style import FigureStyle
from skinkd_gui.widgets.theme import ThemeChoice, theme
from skinkd_gui.widgets.threaded_figure_view import ThreadedFigureView
from skinkd_gui.workers.job_slot import shut_down_jobs


class Painter:
    """A builder of figures in one colour that remembers where it was called."""

    def __init__(self, colour: str = "#ff0000") -> None:
        self.colour = colour
        self.threads: list[int] = []
        self.styles: list[FigureStyle] = []

    def __call__(self, style: FigureStyle) -> Figure:
        self.threads.append(threading.get_ident())
        self.styles.append(style)
        return Figure(dpi=100, facecolor=self.colour)


def shown(view: ThreadedFigureView) -> str:
    return QColor(view.grab().toImage().pixelColor(view.rect().center())).name()


def make(qtbot: QtBot) -> ThreadedFigureView:
    view = ThreadedFigureView("Nothing yet")
    qtbot.addWidget(view)
    view.resize(200, 100)
    view.show()
    return view


def test_it_is_drawn_in_another_thread_at_the_size_of_the_widget(qtbot: QtBot, tmp_path: Path) -> None:
    view, painter = make(qtbot), Painter()
    view.draw(painter)
    qtbot.waitUntil(lambda: view.figure is not None)
    assert threading.get_ident() not in painter.threads
    assert shown(view) == "#ff0000"
    qtbot.waitUntil(lambda: tuple(view.figure.get_size_inches() * view.figure.dpi) == (200.0, 100.0))
    view.resize(320, 160)
    qtbot.waitUntil(lambda: tuple(view.figure.get_size_inches() * view.figure.dpi) == (320.0, 160.0))
    view.copy_image()
    assert QGuiApplication.clipboard().pixmap().width() == 320
    view.save_image(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 100


def test_the_newest_figure_wins_and_none_shows_the_words(qtbot: QtBot) -> None:
    view = make(qtbot)
    colours = ["#ff0000", "#00ff00", "#0000ff"]
    painters = [Painter(colour) for colour in colours]
    for painter in painters:
        view.draw(painter)
    qtbot.waitUntil(lambda: view.figure is not None and shown(view) == "#0000ff")
    assert not painters[1].threads  # it was out of date before its turn came
    view.draw(Painter())
    view.draw(None)
    qtbot.waitUntil(lambda: not view._drawing.running)
    assert view.figure is None
    assert view.findChild(QLabel).isVisible()


def test_it_is_drawn_anew_in_other_colours(qtbot: QtBot) -> None:
    view, painter = make(qtbot), Painter()
    view.draw(painter)
    qtbot.waitUntil(lambda: view.figure is not None and not view._drawing.running)
    theme().apply(ThemeChoice.DARK, 100)
    qtbot.waitUntil(lambda: not view._drawing.running and len({style.background for style in painter.styles}) == 2)
    theme().apply(ThemeChoice.LIGHT, 100)
    qtbot.waitUntil(lambda: not view._drawing.running)


def test_after_its_end_nothing_is_drawn_any_more(qtbot: QtBot) -> None:
    view, first, second = make(qtbot), Painter(), Painter()
    begun, go_on = threading.Event(), threading.Event()

    def slow(style: FigureStyle) -> Figure:
        begun.set()
        go_on.wait(60)
        return first(style)

    view.draw(slow)
    assert begun.wait(60)
    view.draw(second)  # waits for its turn
    threading.Timer(0.05, go_on.set).start()
    assert shut_down_jobs(view)
    view.draw(second)
    view.resize(320, 160)
    theme().apply(ThemeChoice.DARK, 100)
    theme().apply(ThemeChoice.LIGHT, 100)
    qtbot.waitUntil(lambda: not view._resizing.isActive())
    assert not view._drawing.running
    assert not second.threads


def test_a_figure_that_fails_says_so(qtbot: QtBot) -> None:
    def fail(style: FigureStyle) -> Figure:
        raise SkinKDError("No figure", "There are no numbers.")

    view = make(qtbot)
    view.draw(fail)
    qtbot.waitUntil(lambda: "No figure. There are no numbers." in view.findChild(QLabel).text())
    assert view.figure is None
