"""Mixed images, and what is mixed along with them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.data.augmentation.mixtures import MIXTURES, Mix, mix_of_step
from core.settings import SettingsSection

NAMES = [name for name in MIXTURES if name != "none"]


def settings(name: str, **values: float) -> SettingsSection:
    return MIXTURES[name].Settings(**values)


def mix(name: str, batch: int, *, images: int = 6, size: int = 20, **values: float) -> Mix | None:
    return mix_of_step(MIXTURES[name], settings(name, **values), images, size, seed=3, epoch=2, batch=batch)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_mixes_what_it_would_have_mixed(name: str) -> None:
    found = [mix(name, batch, mixture_steps=1.0) for batch in range(50)]
    again = [mix(name, batch, mixture_steps=1.0) for batch in range(50)]
    shares = [item.share for item in found if item is not None]
    assert shares == [item.share for item in again if item is not None]
    assert len(set(shares)) > 30
    assert all(0.5 <= share <= 1 for share in shares)
    some = [mix(name, batch, mixture_steps=0.3) for batch in range(200)]
    assert 30 < sum(item is not None for item in some) < 90
    assert mix(name, 0, images=1) is None
    assert mix("none", 0) is None


@pytest.mark.parametrize("images", [2, 5, 6])
def test_every_image_is_a_partner_once_and_none_its_own(images: int) -> None:
    found = mix("mixup", 0, images=images, mixture_steps=1.0)
    assert found is not None
    assert sorted(found.partners) == list(range(images))
    assert (found.partners != np.arange(images)).all()


def test_mixup_is_the_weighted_mean() -> None:
    found = mix("mixup", 1, mixture_steps=1.0, mixture_alpha=1.0)
    assert found is not None
    images = torch.arange(6 * 20 * 20 * 3, dtype=torch.int64).remainder(251).to(torch.uint8).reshape(6, 20, 20, 3)
    values, share = images.double(), found.share
    expected = share * values + (1 - share) * torch.stack([values[row] for row in found.partners])
    assert float((found.images(images).double() - expected).abs().max()) <= 0.51
    logits = torch.randn(6, 8)
    torch.testing.assert_close(found.mixed(logits)[2], share * logits[2] + (1 - share) * logits[found.partners[2]])
    assert found.partners_of(torch.arange(6)).tolist() == found.partners.tolist()


def test_cutmix_shares_labels_by_the_pixels_that_are_left() -> None:
    for batch in range(20):
        found = mix("cutmix", batch, mixture_steps=1.0)
        assert found is not None
        images = torch.arange(6, dtype=torch.uint8)[:, None, None, None].expand(6, 20, 20, 3)
        mixed = found.images(images)
        for row, partner in enumerate(found.partners):
            own = mixed[row] == row
            assert float(own.double().mean()) == pytest.approx(found.share)
            assert bool((mixed[row][~own] == partner).all())
    large = found.images(torch.arange(6, dtype=torch.uint8)[:, None, None, None].expand(6, 80, 80, 3))
    assert float((large[0] == 0).double().mean()) == pytest.approx(found.share, abs=0.05)  # a teacher's own size
