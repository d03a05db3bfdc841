"""Figures in the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from pytestqt.qtbot import QtBot

from core.errors import SkinKDError
from core.reporting.style import FigureStyle, new_figure
from skinkd_gui.widgets.figure_view import FigureView
from skinkd_gui.widgets.theme import ThemeChoice, theme


@pytest.fixture
def view(qtbot: QtBot) -> FigureView:
    made = FigureView("Nothing yet")
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    return made


def test_a_figure_fills_the_view_and_follows_its_size(view: FigureView, qtbot: QtBot) -> None:
    view.draw(new_figure)
    qtbot.waitUntil(lambda: view.canvas.size() == view.size())
    view.resize(640, 200)
    qtbot.waitUntil(lambda: view.canvas.size() == view.size())
    figure = view.figure
    assert figure is not None
    assert figure.get_figwidth() / figure.get_figheight() == pytest.approx(640 / 200, rel=0.02)


def test_no_figure_shows_the_placeholder_again(view: FigureView) -> None:
    view.draw(new_figure)
    view.draw(None)
    assert view.canvas is None
    assert view.findChild(type(view._placeholder)).isVisible()


def test_a_drawn_figure_is_made_again_when_the_theme_changes(view: FigureView) -> None:
    styles: list[FigureStyle] = []

    def build(style: FigureStyle) -> Figure:
        styles.append(style)
        return new_figure(style)

    theme().apply(ThemeChoice.LIGHT)
    view.draw(build)
    theme().apply(ThemeChoice.DARK)
    theme().apply(ThemeChoice.LIGHT)
    assert [style.dark for style in styles] == [False, True, False]


def test_pictures_are_saved_in_the_format_of_their_ending(view: FigureView, tmp_path: Path) -> None:
    view.draw(new_figure)
    view.save_image(tmp_path / "a.png")
    view.save_image(tmp_path / "a.svg")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert "<svg" in (tmp_path / "a.svg").read_text()
    with pytest.raises(SkinKDError, match="not saved"):
        view.save_image(tmp_path / "missing" / "a.png")
