"""Light: view v of image i is a turn of it with slightly other colours, none for view 0."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from core.data.augmentation.augmentation import ViewRule
from core.data.augmentation.entries import AUGMENTATIONS
from core.settings import SettingsSection

viewed = ViewRule(AUGMENTATIONS["light"], SettingsSection()).images


def pictures(count: int = 16, side: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(60, 190, (count, side, side, 3), dtype=torch.uint8, generator=generator)


def test_view_0_is_the_picture_to_the_last_bit() -> None:
    """All grey values stand in it, also those that a rounding on the way would move."""
    images = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1).repeat(3, 1, 1, 3)
    images[1:] = torch.randint(0, 256, (2, 16, 16, 3), dtype=torch.uint8)
    assert torch.equal(viewed(images, np.arange(3), np.zeros(3, np.int64)), images)


def test_a_picture_is_the_same_in_any_company_and_leaves_its_source_alone() -> None:
    images, indices, views = pictures(), np.arange(100, 116), np.arange(16) % 11
    copy = images.clone()
    together = viewed(images, indices, views)
    torch.manual_seed(7)
    for row in (0, 3, 15):
        alone = viewed(images[row : row + 1], indices[row : row + 1], views[row : row + 1])
        assert torch.equal(alone[0], together[row])
    assert torch.equal(images, copy)
    assert together.dtype == torch.uint8
    assert together.shape == images.shape


def test_the_first_eight_views_are_the_eight_positions_with_slight_colour() -> None:
    images = pictures(40)
    views = np.repeat(np.arange(8), 5)
    changed = viewed(images, np.arange(40), views).float()
    found = []
    for before, after in zip(images.float(), changed, strict=True):
        positions = [turned if not flip else turned.flip(0) for flip in (0, 1) for turned in quarter_turns(before)]
        errors = [float((position - after).abs().mean()) for position in positions]
        best = min(range(8), key=errors.__getitem__)
        found.append(best)
        assert errors[best] < 25
        assert sorted(errors)[1] > errors[best] + 5
    assert len(set(found)) == 8
    assert all(len(set(found[view * 5 : view * 5 + 5])) == 1 for view in range(8))  # the same turn for all images


def quarter_turns(image: torch.Tensor) -> list[torch.Tensor]:
    return [torch.rot90(image, turn, (0, 1)) for turn in range(4)]


def test_colours_differ_by_image_and_by_view_and_stay_near() -> None:
    grey = torch.full((1000, 2, 2, 3), 128, dtype=torch.uint8)
    means = viewed(grey, np.arange(1000), np.full(1000, 8)).float().mean(dim=(1, 2))
    assert float((means - 128).abs().max()) <= 12 * 1.04 + 128 * 0.04 + 1
    assert float(means.mean()) == pytest.approx(128, abs=1)
    assert float(means.std()) > 5
    assert abs(float(np.corrcoef(means[:-1, 0], means[1:, 0])[0, 1])) < 0.1  # neighbours are unrelated
    others = viewed(grey[:1].expand(50, -1, -1, -1), np.full(50, 3), np.arange(8, 58)).float().mean(dim=(1, 2))
    assert len(others.unique(dim=0)) > 40


def test_images_that_are_not_square_are_refused() -> None:
    with pytest.raises(ValueError, match="12 x 7"):
        viewed(pictures()[:, :, :7], np.arange(16), np.zeros(16, np.int64))


def test_what_earlier_versions_stored_stays_true() -> None:
    """Teachers' outputs are stored for these very pictures."""
    images = (torch.arange(3 * 8 * 8 * 3) * 37 % 256).to(torch.uint8).reshape(3, 8, 8, 3)
    found = viewed(images, np.array([5, 0, 70000]), np.array([1, 6, 2**61]))
    digest = "8cc4c5f8ab0162b852973dec35bcbb03875c711f14d1e6baf4fc88ce8f67dbd4"
    assert hashlib.sha256(found.numpy().tobytes()).hexdigest() == digest
