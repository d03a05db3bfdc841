"""What a reader must be able to read off the figures, at the smallest size that the window gives them."""

from __future__ import annotations

import io
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from core.classes import CLASS_SETS
from core.reporting.figures import (
    FigureStyle,
    class_distribution,
    class_examples,
    confusion_matrix,
    loss_curves,
    per_class_f1,
    probabilities,
    score_curves,
)
from core.reporting.style import contrast_text

ISIC2019 = CLASS_SETS["isic2019"]

ISIC_COUNTS = dict(zip(ISIC2019.codes, (4522, 12875, 3323, 867, 2624, 239, 253, 628), strict=True))
STYLES = [FigureStyle(dark=False), FigureStyle(dark=True)]


def draw(figure: Figure, width: int = 400, height: int = 300) -> FigureCanvasAgg:
    figure.set_size_inches(width / figure.dpi, height / figure.dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def assert_readable(figure: Figure) -> None:
    """No tick labels on top of each other, and no text outside the figure."""
    canvas = draw(figure)
    renderer = canvas.get_renderer()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            boxes = [
                label.get_window_extent(renderer)
                for label in axis.get_ticklabels()
                if label.get_text() and label.get_visible()
            ]
            inside = [box for box in boxes if box.width > 0]
            assert not any(one.overlaps(other) for one, other in combinations(inside, 2))
        for text in [axes.xaxis.label, axes.yaxis.label, axes.title]:
            if text.get_text():
                box = text.get_window_extent(renderer)
                assert box.x0 >= -1
                assert box.x1 <= 401
                assert box.y0 >= -1
                assert box.y1 <= 301


def test_nothing_overlaps_at_the_smallest_size(make_scores, make_history):
    big = make_scores((4522, 12875, 3323, 867, 2624, 239, 253, 628))
    few = make_scores((45, 128, 33, 8, 26, 2, 0, 6))
    style = FigureStyle()
    for figure in (
        class_distribution(ISIC_COUNTS, ISIC2019, style),
        class_distribution(ISIC_COUNTS, ISIC2019, style, names=False),
        loss_curves(make_history(25, 16), style),
        loss_curves(make_history(300, 200), style),
        score_curves(make_history(25, 16), style),
        per_class_f1([("Teacher", big)], style),
        per_class_f1([(f"Student {index} of a long and telling name", few) for index in range(5)], style),
        confusion_matrix(big, style, normalise=False),
        confusion_matrix(few, style, normalise=True, title="Teacher"),
        probabilities([0.7, 0.1, 0.05, 0.05, 0.04, 0.03, 0.02, 0.01], ISIC2019, style),
    ):
        assert_readable(figure)


@pytest.mark.parametrize("size", [(300, 200), (200, 120), (60, 40), (1, 1)])
@pytest.mark.parametrize("points", [8.9, 17.8])
def test_a_window_made_too_small_draws_without_a_warning(make_scores, make_history, size, points):
    style = FigureStyle(font_size=points)
    for figure in (
        class_distribution(ISIC_COUNTS, ISIC2019, style),
        loss_curves(make_history(9), style),
        per_class_f1([(f"a long name of run {index}", make_scores()) for index in range(8)], style),
        confusion_matrix(make_scores(), style, normalise=True),
    ):
        draw(figure, *size)


def test_distribution_shows_every_count_with_its_share():
    figure = class_distribution({**ISIC_COUNTS, "DF": 0}, ISIC2019, FigureStyle())
    draw(figure)
    shown = texts(figure)
    assert "Melanocytic nevus (NV)" in shown
    assert "12,875 (51.3 %)" in shown
    assert "0 (0.0 %)" in shown


def test_an_empty_distribution_draws():
    draw(class_distribution({}, ISIC2019, FigureStyle()))
    draw(class_distribution(dict.fromkeys(ISIC2019.codes, 0), ISIC2019, FigureStyle()))


def test_undefined_f1_is_a_word_and_not_a_bar(make_scores):
    scores = make_scores((45, 128, 33, 8, 26, 12, 0, 16))
    figure = per_class_f1([("Student", scores)], FigureStyle())
    draw(figure)
    shown = texts(figure)
    assert shown.count("undefined") == 1
    bars = [bar for bar in figure.axes[0].patches if bar.get_width() < 0.79]
    assert len(bars) == 7
    assert "VASC\n0*" in shown
    assert "AK\n8*" in shown
    assert "DF\n12" in shown


def test_f1_bars_have_the_right_heights_and_colours_per_run(make_scores):
    runs = [("Teacher", make_scores(seed=1)), ("Student", make_scores(seed=2))]
    figure = per_class_f1(runs, FigureStyle())
    heights = {round(bar.get_height(), 9) for bar in figure.axes[0].patches}
    for _, scores in runs:
        assert {round(score.f1, 9) for score in scores.per_class} <= heights
    assert {"Teacher", "Student"} <= set(texts(figure))


def test_supports_of_different_sets_are_shown_as_a_range(make_scores):
    figure = per_class_f1([("A", make_scores()), ("B", make_scores((400, *(20,) * 7)))], FigureStyle())
    draw(figure)
    assert "MEL\n400–452" in texts(figure)


def cell_texts(figure: Figure) -> np.ndarray:
    cells = [text for text in figure.axes[0].texts if text.get_text()]
    return np.array([text.get_text() for text in cells]).reshape(8, 8)


def test_confusion_rows_are_the_truth(make_scores):
    scores = make_scores()
    figure = confusion_matrix(scores, FigureStyle(), normalise=False)
    assert np.array_equal(cell_texts(figure).astype(int), np.array(scores.confusion))
    axes = figure.axes[0]
    assert axes.get_ylabel().startswith("Truth")
    assert axes.get_xlabel().startswith("Prediction")
    assert [label.get_text() for label in axes.get_yticklabels()][1] == "NV 1,287"


def test_shares_are_of_the_row_and_undefined_without_images(make_scores):
    scores = make_scores((100, 128, 33, 8, 26, 12, 0, 16))
    cells = cell_texts(confusion_matrix(scores, FigureStyle(), normalise=True))
    assert [int(cell) for cell in cells[0]] == list(scores.confusion[0])
    assert set(cells[6]) == {"–"}


@pytest.mark.parametrize("style", STYLES)
def test_every_cell_is_readable_on_its_background(style, make_scores):
    figure = confusion_matrix(make_scores(), style, normalise=True)
    axes = figure.axes[0]
    image = axes.images[0]
    colours = image.cmap(image.norm(image.get_array()))
    for text, background in zip(axes.texts, colours.reshape(-1, 4), strict=True):
        assert contrast(to_rgb(text.get_color()), background[:3]) >= 4.5


@pytest.mark.parametrize("style", STYLES)
def test_series_and_text_stand_out_from_the_background(style):
    background = to_rgb(style.background)
    assert contrast(to_rgb(style.text), background) >= 7
    assert contrast(to_rgb(style.muted), background) >= 4.5
    assert contrast(to_rgb(style.warning), background) >= 4.5
    for colour in style.series:
        assert contrast(to_rgb(colour), background) >= 3


def luminance(colour) -> float:
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one, other) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_text_on_every_grey():
    for value in np.linspace(0, 1, 101):
        assert contrast(to_rgb(contrast_text((value,) * 3)), (value,) * 3) >= 4.5


@pytest.mark.parametrize("epochs", [0, 1, 3, 300])
@pytest.mark.parametrize("distilled", [True, False])
def test_curves_with_any_number_of_epochs(make_history, epochs, distilled):
    for curves in (loss_curves, score_curves):
        figure = curves(make_history(epochs, best=2, distilled=distilled), FigureStyle())
        draw(figure)
        if epochs == 0:
            assert "No epoch is finished yet." in texts(figure)


def test_the_last_new_best_epoch_is_marked(make_history):
    for curves in (loss_curves, score_curves):
        assert "Best epoch: 7" in texts(curves(make_history(12, best=7), FigureStyle()))


def test_a_plain_run_has_no_teacher_line(make_history):
    plain = texts(loss_curves(make_history(3, distilled=False), FigureStyle()))
    assert not any("teacher" in text for text in plain)
    assert "Training, from teacher" in texts(loss_curves(make_history(3), FigureStyle()))


def test_epochs_are_whole_numbers(make_history):
    figure = loss_curves(make_history(2), FigureStyle())
    draw(figure)
    low, high = figure.axes[0].get_xlim()
    assert [value for value in figure.axes[0].get_xticks() if low <= value <= high] == [1, 2]


def test_curves_survive_losses_that_are_not_finite(make_history):
    history = [*make_history(2)]
    broken = type(history[0])(**{**vars(history[0]), "validation_loss": float("nan"), "epoch": 3})
    draw(loss_curves([*history, broken], FigureStyle()))
    draw(score_curves([type(broken)(**{**vars(broken), "validation_accuracy": float("nan")})], FigureStyle()))


def test_examples_show_each_image_with_its_label():
    image = np.zeros((8, 8, 3), np.uint8)
    figure = class_examples([(code, image) for code in ISIC2019.codes], FigureStyle())
    draw(figure)
    assert [axes.get_xlabel() for axes in figure.axes] == list(ISIC2019.codes)
    draw(class_examples([], FigureStyle()))


def test_probabilities_are_sorted_falling():
    figure = probabilities([0.1, 0.05, 0.6, 0.05, 0.05, 0.05, 0.05, 0.05], ISIC2019, FigureStyle())
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[:2] == ["Basal cell carcinoma (BCC)", "Melanoma (MEL)"]


def test_the_same_input_gives_the_same_picture(make_scores):
    def pixels() -> bytes:
        buffer = io.BytesIO()
        per_class_f1([("Teacher", make_scores())], FigureStyle()).savefig(buffer, format="png")
        return buffer.getvalue()

    assert pixels() == pixels()


def test_pyplot_and_torch_are_never_imported():
    code = (
        "import sys, core.reporting.figures; "
        "sys.exit(any(name in sys.modules for name in ('matplotlib.pyplot', 'torch', 'sklearn', 'PySide6')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
