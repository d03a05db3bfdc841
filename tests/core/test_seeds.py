"""What a seed draws stays what it was: a run of an earlier version that goes on draws what it would have drawn.

The numbers are on record, as the versions before drew them.
"""

from __future__ import annotations

import numpy as np

from core.data.augmentation.draws import drawn_views, even_draws
from core.data.sampling import epoch_order
from core.distillation.curricula.difficulties import random_ranks
from core.training.optimisation import step_seed


def test_the_seed_of_a_step() -> None:
    found = [step_seed(0, 1, 0), step_seed(7, 3, 5), step_seed(2**31, 25, 4095)]
    assert found == [8754807190040728371, 3260153416486595379, 6275649841722590604]


def test_the_images_of_an_epoch() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    assert epoch_order(labels, sampler="weighted", seed=3, epoch=2).tolist() == [4, 3, 6, 1, 5, 6, 6]
    assert epoch_order(labels, sampler="shuffle", seed=3, epoch=2).tolist() == [3, 2, 4, 1, 0, 5, 6]


def test_the_random_ranks_of_images() -> None:
    assert random_ranks(6, 0).tolist() == [0, 2, 4, 3, 5, 1]
    assert random_ranks(5, 7).tolist() == [1, 0, 3, 2, 4]


def test_the_views_of_an_epoch() -> None:
    assert drawn_views(8, seed=3, epoch=2, most=3).tolist() == [0, 0, 0, 1, 1, 2, 0, 0]
    assert drawn_views(2, seed=3, epoch=2).tolist() == [613585868741162509, 1628760216291689050]


def test_what_a_view_is_drawn_from() -> None:
    images, views = np.array([0, 1, 1]), np.array([0, 0, 5])
    assert even_draws(images, views, 2).tolist() == [
        [0.33805245419550545, 0.4327449275927212, 0.3490480406264971],
        [0.2691302712263999, 0.4256321780286294, 0.720863849982092],
    ]
    assert even_draws(images, views, 1, seed=7).tolist() == [
        [0.290237733348918, 0.599905459572177, 0.13538358628113134]
    ]
