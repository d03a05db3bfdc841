"""What decisions and diagnoses cost, as pictures: malignant lesions called benign, and errors against answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.class_groups import MALIGNANT, group_of_classes
from core.evaluation.decisions import Decision
from core.evaluation.exact_bounds import upper_bound
from core.evaluation.selective import MOST_WRONG
from core.inference.from_statistics import CertifiedDecisions
from core.reporting.style import FigureStyle, add_legend, dress, message_figure, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHARES = ([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])


def risk_coverage_figure(tested: CertifiedDecisions, style: FigureStyle) -> Figure:
    """The share of wrong diagnoses among those given against the share of test lesions that get one, from the surest
    on; the dotted line is what is promised of those given, the point where the thresholds stand."""
    curve = tested.diagnoses.curve
    if not len(curve.coverage):
        return message_figure(style, "There are no test lesions to draw the curve of.")
    figure = new_figure(style, 4.8, 3.6)
    axes = figure.add_subplot()
    axes.axhline(MOST_WRONG, color=style.muted, linewidth=1.2, linestyle=":", label="Promised at most")
    axes.plot(curve.coverage, curve.risk, color=style.colour(0), linewidth=1.8, label="Surest lesions first")
    tallies = tested.diagnoses.tallies.values()
    given = sum(item.given for item in tallies)
    if given:
        wrong = 1 - sum(item.right for item in tallies) / given
        axes.plot(
            [given / len(tested.decisions.tested)], [wrong], color=style.colour(1), marker="o", markersize=8,
            linestyle="", label="Diagnoses given",
        )  # fmt: skip
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, max(0.25, float(curve.risk.max()) * 1.08))
    axes.set_xticks(*_SHARES)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    dress(axes, style, x="Test lesions with a diagnosis", y="Wrong among them", grid="y")
    add_legend(figure, axes, style, columns=3)
    return figure


def called_benign_figure(tested: CertifiedDecisions, style: FigureStyle) -> Figure:
    """The share of test lesions of each malignant class that are called benign, and of all of them; whiskers reach to
    the exact upper 95 % bound, the dotted line is the promise for all."""
    groups, labels = group_of_classes(tested.classes), tested.decisions.labels
    benign = np.array([made is Decision.BENIGN for made in tested.decisions.tested], np.bool_)
    rows = [
        (tested.classes.codes[code], benign[labels == code])
        for code in np.flatnonzero(groups == MALIGNANT)
        if (labels == code).any()
    ]
    if not rows:
        return message_figure(style, "There are no malignant test lesions.")
    rows.append(("All malignant", benign[groups[labels] == MALIGNANT]))
    figure = new_figure(style, 4.8, 1.6 + 0.35 * len(rows))
    axes = figure.add_subplot()
    names = [f"{name} ({len(own):,})" for name, own in rows]
    shares = [float(own.mean()) for _, own in rows]
    bounds = [upper_bound(int(own.sum()), len(own)) for _, own in rows]
    colours = [style.colour(0)] * (len(rows) - 1) + [style.colour(1)]
    axes.barh(names, shares, color=colours, height=0.6)
    axes.hlines(range(len(rows)), shares, bounds, color=style.text, linewidth=1.4, label="Upper 95 % bound")
    promised = 1 - tested.decisions.benign_level
    axes.axvline(promised, color=style.muted, linewidth=1.2, linestyle=":", label="Promised at most, of all")
    axes.invert_yaxis()
    axes.set_xlim(0, min(1.0, max(0.2, *bounds) * 1.05))
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    dress(axes, style, x="Test lesions called benign", y="", grid="x")
    add_legend(figure, axes, style, columns=2)
    return figure
