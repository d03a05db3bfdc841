"""What was clicked in a figure."""

from __future__ import annotations

import pytest
from matplotlib.backend_bases import MouseEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from core.reporting.figures import BarRun, FigureStyle, confusion_pair, per_class_bars
from core.reporting.picking import BarPick, CellPick, PointPick, RowPick, gid_of, parse_gid, pick_at


@pytest.mark.parametrize(
    "pick",
    [CellPick("MEL", "NV", 1), BarPick("BKL", 7), RowPick("score", "f1:MEL"), RowPick("site", "a: b/c %"),
     PointPick("kl-0.1-cl", 3)],
)  # fmt: skip
def test_names_are_read_back(pick):
    assert parse_gid(gid_of(pick)) == pick


@pytest.mark.parametrize(
    "text", [None, "", "cell", "cell:MEL:NV", "cell:MEL:NV:x", "bar:MEL:-1", "other:a:b", "axes_1"]
)
def test_other_names_stand_for_nothing(text):
    assert parse_gid(text) is None


def at(figure: Figure, panel: int, x: float, y: float) -> MouseEvent:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixel = figure.axes[panel].transData.transform((x, y))
    return MouseEvent("button_press_event", canvas, *pixel)


def test_a_click_finds_the_cell_and_its_panel(make_scores):
    figure = confusion_pair(make_scores(), make_scores(seed=1), FigureStyle(), True, ("A", "B"))
    assert pick_at(figure, at(figure, 0, 1, 0)) == CellPick("MEL", "NV", 0)
    assert pick_at(figure, at(figure, 1, 7.4, 2.6)) == CellPick("AK", "SCC", 1)
    assert pick_at(figure, at(figure, 1, -1.5, 2)) is None


def test_a_click_finds_the_bar_of_its_run(make_scores):
    figure = per_class_bars([BarRun("A", make_scores()), BarRun("B", make_scores(seed=1))], FigureStyle())
    assert pick_at(figure, at(figure, 0, -0.2, 0.1)) == BarPick("MEL", 0)
    assert pick_at(figure, at(figure, 0, 7.2, 0.1)) == BarPick("SCC", 1)
    assert pick_at(figure, at(figure, 0, 0.5, 0.1)) is None
