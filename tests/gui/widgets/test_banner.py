"""A banner is as high as its text is at the width that it has."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.layouts import STRETCH, column_of


def test_a_long_text_takes_the_height_of_its_width_and_makes_no_window_higher(qtbot: QtBot) -> None:
    """A window counted the height that the text would have in the narrowest banner: three of them left the screen."""
    holder = QWidget()
    qtbot.addWidget(holder)
    banner = Banner(holder)
    column_of(banner, STRETCH, on=holder, margins=0)
    banner.show_message("A sentence of some length that goes on and on. " * 6)
    holder.resize(900, 300)
    holder.show()
    lines = banner.height() // banner.fontMetrics().lineSpacing()
    assert 2 <= lines <= 4
    assert banner.minimumSizeHint().height() <= banner.height()
    holder.resize(400, 300)
    qtbot.waitUntil(lambda: banner.height() // banner.fontMetrics().lineSpacing() > lines)
