"""Figures of several runs: nothing on top of anything else, nothing lost, at any size and with long names."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from core.classes import CLASS_SETS
from core.evaluation.calibration import reliability
from core.evaluation.comparison import LabelledLogits, compare
from core.evaluation.intervals import Interval, ScoreIntervals
from core.evaluation.subgroups import Person, subgroup_scores
from core.recipe import Preset, preset
from core.reporting.comparison_figures import difference_plot, reliability_diagram, subgroup_plot
from core.reporting.curriculum_tables import curriculum_table
from core.reporting.figures import (
    BarRun,
    FigureStyle,
    confusion_grid,
    confusion_pair,
    difference_matrix,
    f1_over_alpha,
    overlaid_curves,
    per_class_bars,
)
from core.reporting.study_figures import best_runs
from core.study.definition import Study
from core.study.paper import paper_study
from core.study.results import StudyResults, StudyRow

ISIC2019 = CLASS_SETS["isic2019"]

LONG = "mobilenetv2_100 kl 0.1 curriculum, the run number {} of a long and telling series"


def logits(seed: int, quality: float, count: int = 300):
    generator = np.random.default_rng(seed)
    labels = np.random.default_rng(1).choice(8, count, p=[0.2, 0.4, 0.15, 0.05, 0.1, 0.05, 0.0, 0.05])
    values = generator.normal(size=(count, 8)).astype(np.float32)
    values[np.arange(count), labels] += quality
    return labels, values


def comparison():
    names = tuple(f"t{number}" for number in range(300))
    labels, one = logits(0, 1.0)
    _, two = logits(1, 2.0)
    none = ("",) * 300
    return compare(
        LabelledLogits(names, labels, one, none, ISIC2019),
        LabelledLogits(names, labels, two, none, ISIC2019),
        resamples=100,
    )


def people():
    labels, values = logits(0, 1.5)
    found = [
        Person(20.0 + row % 60, ("female", "male", None)[row % 3], ("anterior torso", "oral/genital", None)[row % 3])
        for row in range(len(labels))
    ]
    return subgroup_scores(labels, values.argmax(axis=1), ISIC2019, found)


def study(seeds: int = 1) -> StudyResults:
    def row(key: str, method: str, alpha: float | None, curriculum: bool, f1: float) -> StudyRow:
        points = tuple((seed, f1 + 0.01 * seed, f1) for seed in range(seeds))
        mean = sum(point[1] for point in points) / seeds if seeds else None
        folders = tuple(Path(f"{key}-{seed}") for seed in range(seeds))
        return StudyRow(key, key, method, alpha, curriculum, points, mean, None, mean, None, 0.735, 0.73, folders)

    rows = [row("teacher", "teacher", None, False, 0.78), row("plain", "none", None, False, 0.72)]
    for method in ("kl", "dist"):
        for curriculum in (False, True):
            for number, alpha in enumerate((0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.9)):
                key = f"{method}-{alpha:g}{'-cl' if curriculum else ''}"
                rows.append(row(key, method, alpha, curriculum, 0.74 - 0.01 * number))
    return StudyResults(Study("s", None, ()), tuple(rows), (), rows[1].mean_f1, rows[0].mean_f1, ())  # type: ignore[arg-type]


def test_a_random_control_is_no_curriculum_of_a_figure_or_a_pair() -> None:
    made = study()
    control = replace(next(row for row in made.rows if row.key == "kl-0.1-cl"), key="kl-0.1-random", mean_f1=0.1)
    there = {row.key for row in made.rows}
    whole = paper_study(preset(Preset.PAPER))
    kept = tuple(item for item in whole.configurations if item.key in there or item.key == control.key)
    results = replace(made, study=replace(whole, configurations=kept), rows=(*made.rows, control))
    assert control.key not in {row.key for row in results.without_controls}
    assert results.without_controls == made.rows
    points = [line.get_gid() for line in f1_over_alpha(results, FigureStyle()).axes[0].lines if line.get_gid()]
    assert "point:kl-0.1-cl:0" in points
    assert "point:kl-0.1-random:0" not in points
    assert len(curriculum_table(results).rows) == len(curriculum_table(made).rows) == 18


def intervals(half: float = 0.1) -> ScoreIntervals:
    one = Interval(0.5 - half, 0.5 + half)
    return ScoreIntervals(one, one, one, one, (one,) * 6 + (None, one), one, 100, by_group=False)


def figures(make_scores, make_history, style):
    few = make_scores((45, 128, 33, 8, 26, 2, 0, 6))
    runs = [BarRun(LONG.format(number), few, intervals()) for number in range(8)]
    runs[0] = BarRun(LONG.format(0), few, intervals(), "teacher")
    runs[1] = BarRun(LONG.format(1), few, intervals(), "baseline")
    histories = [(LONG.format(number), make_history(25, 9, distilled=number % 2 == 0)) for number in range(8)]
    labels, values = logits(0, 1.0)
    return {
        "bars": per_class_bars(runs, style),
        "pair": confusion_pair(few, make_scores(), style, True, (LONG.format(0), LONG.format(1))),
        "grid": confusion_grid([(LONG.format(number), few) for number in range(4)], style),
        "difference": difference_matrix(few, make_scores(), style, False, title=LONG.format(1)),
        **{
            what: overlaid_curves(histories, what, style)
            for what in ("loss", "distillation_loss", "accuracy", "learning_rate")
        },
        "forest": difference_plot(comparison(), style),
        "people": subgroup_plot(people(), style),
        "reliability": reliability_diagram(reliability(labels, values), reliability(labels, values, 2.0), style),
        "alpha": f1_over_alpha(study(3), style),
    }


def draw(figure: Figure, size: tuple[int, int] | None = None) -> FigureCanvasAgg:
    if size is not None:
        figure.set_size_inches(size[0] / figure.dpi, size[1] / figure.dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas


def assert_in_place(figure: Figure, name: str, width: int, height: int) -> None:
    renderer = figure.canvas.get_renderer()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = [label for label in axis.get_ticklabels() if label.get_text() and label.get_visible()]
            boxes = [box for label in labels if (box := label.get_window_extent(renderer)).width > 0]
            assert not any(one.overlaps(other) for one, other in combinations(boxes, 2)), name
        for text in (axes.xaxis.label, axes.yaxis.label, axes.title, *axes.texts):
            if text.get_text():
                box = text.get_window_extent(renderer)
                assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= -1, (name, text.get_text())
    for legend in figure.legends:
        box = legend.get_window_extent(renderer)
        assert min(box.x0, width - box.x1) >= -1, name


@pytest.mark.parametrize("size", [None, (640, 420)])
def test_nothing_overlaps_with_eight_runs_and_long_names(make_scores, make_history, size):
    for name, figure in figures(make_scores, make_history, FigureStyle(font_size=9.5)).items():
        if size is not None and name in {"grid", "people"} and size[1] < 600:
            continue  # scrolled in the window
        draw(figure, size)
        width, height = (round(inches * figure.dpi) for inches in figure.get_size_inches())
        assert_in_place(figure, name, width, height)


@pytest.mark.parametrize("size", [(300, 200), (1, 1)])
def test_a_window_made_too_small_draws_without_a_warning(make_scores, make_history, size):
    for figure in figures(make_scores, make_history, FigureStyle(dark=True, font_size=14)).values():
        draw(figure, size)


def test_numbers_stay_inside_their_cells_when_the_figure_shrinks(make_scores):
    figure = confusion_pair(
        make_scores((4522, 12875, 3323, 867, 2624, 239, 253, 628)), make_scores(), FigureStyle(), False
    )
    for size in ((1200, 500), (500, 300), (1200, 500)):
        renderer = draw(figure, size).get_renderer()
        for axes in figure.axes:
            corners = axes.transData.transform([(0, 0), (1, 1)])
            room = np.abs(corners[1] - corners[0])
            for text in axes.texts:
                box = text.get_window_extent(renderer)
                assert box.width <= room[0] + 0.5
                assert box.height <= room[1] + 0.5
    assert figure.axes[0].texts[0].get_fontsize() > 7  # and grow again with it


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_names_that_cutting_makes_alike_get_numbers(make_scores):
    names = [
        f"the beginning that all of the runs share {number} and an end that all of the runs share" for number in "ab"
    ]
    figure = per_class_bars([BarRun(name, make_scores()) for name in names], FigureStyle())
    shown = [text for text in texts(figure) if text.startswith(("1: ", "2: "))]
    assert len(shown) == 2


def test_roles_are_written_and_drawn(make_scores):
    runs = [BarRun("A", make_scores(), None, "teacher"), BarRun("B", make_scores(), None, "baseline")]
    figure = per_class_bars(runs, FigureStyle())
    assert {"A (teacher)", "B (baseline)"} <= set(texts(figure))
    bars = {bar.get_gid(): bar for bar in figure.axes[0].patches}
    assert bars["bar:MEL:0"].get_hatch()
    assert bars["bar:MEL:1"].get_linewidth() > bars["bar:MEL:0"].get_linewidth()


def test_whiskers_are_the_intervals(make_scores):
    figure = per_class_bars([BarRun("A", make_scores(), intervals(0.2))], FigureStyle())
    whiskers = [line for line in figure.axes[0].lines if line.get_xdata()[0] == line.get_xdata()[1]]
    assert len(whiskers) == 7  # one class has none
    assert {tuple(np.round(line.get_ydata(), 6)) for line in whiskers} == {(0.3, 0.7)}


def test_a_difference_is_the_other_less_the_baseline(make_scores):
    one, two = make_scores(seed=1), make_scores(seed=2)
    figure = difference_matrix(one, two, FigureStyle(), False)
    cells = [text.get_text().replace("\u2212", "-") for text in figure.axes[0].texts]
    expected = np.array(two.confusion) - np.array(one.confusion)
    assert [int(cell) for cell in cells] == expected.ravel().tolist()


def test_numbers_of_different_test_sets_are_not_subtracted(make_scores):
    figure = difference_matrix(make_scores((100, 0, *(50,) * 6)), make_scores(), FigureStyle(), False)
    shown = " ".join(texts(figure))
    assert "percentage points" in shown
    assert "different images" in shown
    assert "MEL 100/452" in shown
    assert {text.get_text() for text in figure.axes[0].texts[8:16]} == {"–"}


def test_forest_tells_noise_from_findings():
    found = comparison()
    figure = difference_plot(found, FigureStyle())
    marks = {line.get_gid(): line for line in figure.axes[0].lines if line.get_gid()}
    background = FigureStyle().background
    for item in found.differences:
        if item.difference is None:
            assert f"row:score:{item.score.replace(':', '%3A')}" not in marks
            continue
        mark = marks[f"row:score:{item.score.replace(':', '%3A')}"]
        assert mark.get_xdata()[0] == pytest.approx(item.difference * 100)
        assert (mark.get_markerfacecolor() == background) == item.within_noise
    assert "undefined" in texts(figure)


def test_runs_that_can_not_be_compared_say_why():
    labels, values = logits(0, 1.0, 5)
    one = LabelledLogits(tuple("abcde"), labels, values, ("",) * 5, ISIC2019)
    two = LabelledLogits(tuple("fghij"), labels, values, ("",) * 5, ISIC2019)
    found = compare(one, two)
    assert found.why_not in texts(difference_plot(found, FigureStyle()))


def test_curves_say_what_they_leave_out(make_history):
    runs = [("A", make_history(3, distilled=True)), ("B", make_history(3, distilled=False)), ("C", ())]
    shown = " ".join(texts(overlaid_curves(runs, "distillation_loss", FigureStyle())))
    assert "2 of 3 runs not shown: no teacher" in shown
    assert "None of these runs learns from a teacher." in texts(
        overlaid_curves(runs[1:], "distillation_loss", FigureStyle())
    )


def test_alpha_shows_every_seed_and_the_levels():
    figure = f1_over_alpha(study(3), FigureStyle())
    points = [line.get_gid() for line in figure.axes[0].lines if line.get_gid()]
    assert len(points) == len(set(points)) == 4 * 9 * 3
    assert "point:kl-0.1-cl:2" in points
    assert {"Teacher: 79.0 %", "Plain student: 73.0 %", "KL", "DIST + curriculum"} <= set(texts(figure))
    assert {"0.1", "0.3", "0.5", "0.7", "0.9"} <= set(texts(figure))


def test_a_study_without_results_says_so():
    assert "No distilled student of this study is finished yet." in texts(f1_over_alpha(study(0), FigureStyle()))


def test_the_best_of_each_method_is_chosen_by_its_mean():
    best = best_runs(study(3))
    assert [item.row.key for item in best] == ["teacher", "plain", "kl-0.02", "dist-0.02", "kl-0.02-cl", "dist-0.02-cl"]
    assert best[2].folder == Path("kl-0.02-1")  # the seed in the middle
    assert [item.role for item in best[:3]] == ["teacher", "baseline", ""]


def test_the_same_input_gives_the_same_picture(make_scores):
    def pixels() -> bytes:
        return bytes(draw(confusion_grid([("A", make_scores())] * 3, FigureStyle())).buffer_rgba())

    assert pixels() == pixels()
