from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.operating_point import operating_point
from core.reporting.operating_figures import operating_figure
from core.reporting.style import FigureStyle

LABELS = np.array([0, 0, 0, 0, 1, 2, 3, 4, 5, 6])
SHARES = np.array([0.9, 0.8, 0.4, 0.2, 0.7, 0.3, 0.25, 0.1, 0.05, 0.01])


@pytest.mark.parametrize("dark", [False, True])
def test_the_point_lies_on_the_curve(dark: bool) -> None:
    point = operating_point(LABELS, SHARES, 0.75)
    figure = operating_figure(LABELS, SHARES, point, FigureStyle(dark=dark))
    (axes,) = figure.axes
    curve = next(line for line in axes.lines if line.get_label() == "Every threshold")
    mark = next(line for line in axes.lines if line.get_label() == "This threshold")
    x, y = (float(np.asarray(values)[0]) for values in mark.get_data())
    assert (x, y) == (1 - point.specificity, point.sensitivity)
    corners = {(float(a), float(b)) for a, b in zip(*curve.get_data(), strict=True)}
    assert any(abs(a - x) + abs(b - y) < 1e-9 for a, b in corners)
    assert {(0.0, 0.0), (1.0, 1.0)} <= corners


def test_without_melanomas_it_says_so() -> None:
    figure = operating_figure(np.ones(5, np.int64), np.linspace(0, 1, 5), None, FigureStyle())
    assert not figure.axes
    assert "melanomas" in figure.texts[0].get_text()
