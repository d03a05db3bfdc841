"""What every augmentation keeps to."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.data.augmentation.augmentation import TURNS, ViewRule
from core.data.augmentation.entries import AUGMENTATIONS
from core.data.augmentation.turns import turned

IMAGES = torch.randint(0, 256, (12, 10, 10, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
ROWS = np.arange(12)


def rule(name: str) -> ViewRule:
    return ViewRule(AUGMENTATIONS[name], AUGMENTATIONS[name].Settings())


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_view_0_is_the_picture_and_the_plain_views_are_its_turns(name: str) -> None:
    found = rule(name)
    assert torch.equal(found.images(IMAGES, ROWS, np.zeros(12, np.int64)), IMAGES)
    views = ROWS % found.plain_views
    assert torch.equal(found.images(IMAGES, ROWS, views), turned(IMAGES, views))
    assert [found.scheme(view) for view in range(found.plain_views)] == ["", *[TURNS] * (found.plain_views - 1)]


@pytest.mark.parametrize(
    ("name", "stored"), [("none", (1, 1)), ("turns", (3, 8)), ("light", (3, 20)), ("strong", (11, 28))]
)
def test_how_many_views_are_stored(name: str, stored: tuple[int, int]) -> None:
    assert (rule(name).stored_views(3), rule(name).stored_views(20)) == stored


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_schemes_of_drawn_views_are_their_own(name: str) -> None:
    found = rule(name)
    if found.most is None:
        others = [rule(other).scheme(1000) for other in AUGMENTATIONS if other != name]
        assert found.scheme(1000) not in others
