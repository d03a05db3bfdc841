"""How much of the training images is shown by draws of the sampler."""

from __future__ import annotations

import numpy as np
import pytest

from core.data.sampling import epoch_order
from core.recipe import Recipe, set_values
from core.training.draw_coverage import draw_coverage, never_shown

# Training images by class of ISIC 2019 divided 70:20:10, in the order of its classes: MEL NV BCC AK BKL DF VASC SCC.
COUNTS = (3165, 9011, 2326, 607, 1836, 167, 177, 439)
CODES = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")
LABELS = np.repeat(np.arange(8), COUNTS)


def test_one_draw_of_the_weighted_sampler_leaves_most_images_out() -> None:
    found = draw_coverage(LABELS, CODES, sampler="weighted", seed=3, draws=25)
    # Each of n draws takes an image of a class with m images with probability 1 / (8 m).
    n = len(LABELS)
    expected = [1 - (1 - 1 / (8 * count)) ** n for count in COUNTS]
    assert dict(found.by_class) == pytest.approx(dict(zip(CODES, expected, strict=True)), abs=0.03)
    assert found.first == pytest.approx(np.dot(expected, COUNTS) / n, abs=0.01)
    assert round(found.first, 2) == 0.43
    assert round(dict(found.by_class)["NV"], 2) == 0.22
    assert round(found.all, 3) == 0.999
    assert found.sentence == (
        "One draw shows 43 % of the 17,728 training images and 22 % of NV; drawn once, the others are never seen. "
        "25 draws, one for each epoch, show 99.9 %."
    )


def test_it_counts_the_draws_of_the_training_itself() -> None:
    labels = np.array([0, 0, 0, 0, 1])
    found = draw_coverage(labels, ("A", "B", "C"), sampler="weighted", seed=3, draws=2)
    first, second = (set(epoch_order(labels, sampler="weighted", seed=3, epoch=epoch).tolist()) for epoch in (1, 2))
    assert found.first == len(first) / 5
    assert found.all == len(first | second) / 5
    assert [code for code, _ in found.by_class] == ["A", "B"]


def test_shuffling_shows_all() -> None:
    found = draw_coverage(LABELS, CODES, sampler="shuffle", seed=0, draws=1)
    assert (found.first, found.all, found.sentence) == (1, 1, "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["curriculum.redraw=once"], "One draw shows 43 %"),
        (["curriculum.redraw=once", "optimisation.sampler=shuffle"], ""),
        (["curriculum.redraw=each_epoch"], ""),
        (["curriculum.redraw=once", "optimisation.epochs=1"], ""),
        (["curriculum.redraw=once", "task=teacher"], ""),  # a teacher has no curriculum
    ],
)
def test_what_a_single_draw_left_out_is_noted_with_the_run(changes: list[str], said: str) -> None:
    found = never_shown(LABELS, CODES, set_values(Recipe(), changes))
    assert found.startswith(said) if said else found == ""
