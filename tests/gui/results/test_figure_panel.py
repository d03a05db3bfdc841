"""A figure with its heading and buttons."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from skinkd_gui.results.figure_panel import FigurePanel


def test_a_long_heading_does_not_make_the_window_wider(qtbot: QtBot) -> None:
    panel = FigurePanel("Scores", "some")
    qtbot.addWidget(panel)
    panel.show()
    panel.set_heading("Scores on the validation images of a run with a rather long name and of many others beside it")
    assert panel.minimumSizeHint().width() < 500
