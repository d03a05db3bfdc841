"""Draws are functions of what they are for."""

from __future__ import annotations

import numpy as np

from core.data.augmentation.draws import drawn_views, even_draws


def test_drawn_views_are_even_and_a_function_of_seed_and_epoch() -> None:
    views = drawn_views(8000, seed=1, epoch=2, most=8)
    assert views.dtype == np.int64
    assert np.bincount(views, minlength=8).min() > 850
    np.testing.assert_array_equal(views, drawn_views(8000, seed=1, epoch=2, most=8))
    assert not np.array_equal(views, drawn_views(8000, seed=1, epoch=3, most=8))
    assert not np.array_equal(views, drawn_views(8000, seed=2, epoch=2, most=8))
    assert len(np.unique(drawn_views(8000, seed=1, epoch=2))) == 8000
    assert not drawn_views(50, seed=1, epoch=2, most=1).any()


def test_draws_are_even_unrelated_and_depend_on_image_view_and_seed_alone() -> None:
    indices, views = np.arange(4000), np.arange(4000) % 9
    draws = even_draws(indices, views, 3)
    assert draws.shape == (3, 4000)
    assert np.histogram(draws, bins=10, range=(0, 1))[0].min() > 1050
    assert np.abs(np.corrcoef(np.vstack([draws, draws[:, ::-1]]))[~np.eye(6, dtype=bool)]).max() < 0.06
    np.testing.assert_array_equal(even_draws(indices[7:9], views[7:9], 5)[:3], draws[:, 7:9])
    others = [even_draws(indices, views, 3, seed=1), even_draws(indices, views + 1, 3)]
    assert all((other != draws).mean() > 0.99 for other in others)
