"""Light and dark: contrast, the switch, and what hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QCheckBox
from pytestqt.qtbot import QtBot

from skinkd_gui.widgets.theme import DARK, LIGHT, Colours, ThemeChoice, figure_style, icon, is_dark, theme


@pytest.fixture(autouse=True)
def _restore(qapp: QApplication) -> Iterator[None]:
    font = qapp.font()
    yield
    theme().apply(ThemeChoice.LIGHT)
    qapp.setStyleSheet("")
    qapp.setFont(font)


def _luminance(colour: str) -> float:
    parts = [value / 255 for value in QColor(colour).getRgb()[:3]]  # type: ignore[index, operator]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_readable_on_every_background(scheme: Colours) -> None:
    pairs = [
        (front, back)
        for front in (scheme.text, scheme.muted, scheme.link, scheme.warning, scheme.error, scheme.success)
        for back in (scheme.window, scheme.base)
    ]
    pairs += [
        (scheme.accenttext, scheme.accent),
        (scheme.accenttext, scheme.accenthover),
        (scheme.highlighttext, scheme.highlight),
        (scheme.text, scheme.button),
        (scheme.text, scheme.chunk),
        (scheme.text, scheme.track),
        (scheme.tiptext, scheme.tip),
    ]
    for front, back in pairs:
        low, high = sorted((_luminance(front), _luminance(back)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"{front} on {back}"


def test_choosing_dark_and_light_changes_window_and_figures(qapp: QApplication, qtbot: QtBot) -> None:
    with qtbot.waitSignal(theme().changed):
        theme().apply(ThemeChoice.DARK)
    assert is_dark()
    assert figure_style().dark
    with qtbot.waitSignal(theme().changed):
        theme().apply(ThemeChoice.LIGHT)
    assert not is_dark()
    assert not figure_style().dark


def test_style_sheet_has_no_word_left_open(qapp: QApplication) -> None:
    theme().apply(ThemeChoice.DARK)
    assert "@" not in qapp.styleSheet()
    assert DARK.accent in qapp.styleSheet()


def test_text_size_grows_widgets_and_figures_and_does_not_add_up(qapp: QApplication) -> None:
    theme().apply(ThemeChoice.LIGHT, 100)
    points, figure_points = qapp.font().pointSizeF(), figure_style().font_size
    theme().apply(ThemeChoice.LIGHT, 150)
    theme().apply(ThemeChoice.LIGHT, 150)
    assert qapp.font().pointSizeF() == pytest.approx(points * 1.5, abs=0.6)
    assert figure_style().font_size > figure_points * 1.3


def test_icons_take_the_colour_of_text(qapp: QApplication) -> None:
    theme().apply(ThemeChoice.DARK)
    image = icon("stop").pixmap(QSize(64, 64)).toImage()
    seen = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert DARK.text.lower() in seen
    assert len(asdict(DARK)) == len(asdict(LIGHT))


def test_unticked_boxes_keep_an_edge_on_a_dark_ground(qapp: QApplication) -> None:
    theme().apply(ThemeChoice.DARK)
    box, ground = QCheckBox(), QColor(DARK.base)
    box.resize(60, 24)
    picture = box.grab().toImage()
    lights = [picture.pixelColor(x, y).lightness() for x in range(16) for y in range(24)]
    assert max(lights) - ground.lightness() > 40
