"""Strong views: torchvision's formulas with parameters for each image, the same picture in any batch and size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as v2

from core.data.augmentation import strong
from core.data.augmentation.artefacts import CUTOUT, HAIR, VIGNETTE, cut_out, haired, vignetted
from core.data.augmentation.entries import AUGMENTATIONS
from core.data.augmentation.strong_settings import StrongSettings
from core.data.augmentation.turns import turned

STRONG = AUGMENTATIONS["strong"]
ALL = StrongSettings(blur=1, cutout=1, hair=1, vignette=1)
NOTHING = StrongSettings(smallest_crop=1, colour=0, blur=0, cutout=0, hair=0, vignette=0)


def smooth(count: int = 24, side: int = 48) -> torch.Tensor:
    """Pictures that are much the same at any size, uint8 (n, S, S, 3)."""
    generator = torch.Generator().manual_seed(0)
    small = torch.rand(count, 3, 4, 4, generator=generator) * 255
    large = torch.nn.functional.interpolate(small, size=(side, side), mode="bilinear", align_corners=False)
    return large.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def noise(count: int = 24, side: int = 33) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator)


def views_of(images: torch.Tensor, first: int = 8, settings: StrongSettings = ALL) -> torch.Tensor:
    rows = np.arange(len(images))
    return STRONG.images(images, rows, rows + first, settings)


def test_a_picture_is_the_same_in_any_company_and_leaves_its_source_alone() -> None:
    images, rows = noise(), np.arange(24)
    copy = images.clone()
    together = views_of(images)
    for row in (0, 5, 23):
        alone = STRONG.images(images[row : row + 1], rows[row : row + 1], rows[row : row + 1] + 8, ALL)
        assert torch.equal(alone[0], together[row])
    backwards = STRONG.images(images.flip(0), rows[::-1], rows[::-1] + 8, ALL)
    assert torch.equal(backwards.flip(0), together)
    assert torch.equal(images, copy)
    assert (together.dtype, together.shape) == (images.dtype, images.shape)


@pytest.mark.parametrize("side", [32, 33, 224])
def test_the_first_eight_views_are_flips_and_turns_beside_any_others(side: int) -> None:
    """To the last bit: what a teacher said of them serves every augmentation."""
    images, rows = noise(16, side), np.arange(16)
    views = np.where(rows % 2, rows % 8, rows + 1000)
    found = STRONG.images(images, rows, views, ALL)
    assert torch.equal(found[1::2], turned(images, views)[1::2])
    assert not torch.equal(found[::2], turned(images, views)[::2])
    assert torch.equal(STRONG.images(images, rows, rows % 8, ALL), turned(images, rows))


def test_with_everything_off_views_are_flips_and_turns() -> None:
    images = noise(16)
    assert torch.equal(views_of(images, 8, NOTHING), turned(images, np.arange(16)))


def test_the_eight_positions_are_all_there_are() -> None:
    picture = noise(1)[0]
    positions = {turned(picture[None], np.array([view]))[0].numpy().tobytes() for view in range(16)}
    expected = {
        torch.rot90(side, turn, (0, 1)).contiguous().numpy().tobytes()
        for side in (picture, picture.flip(0))
        for turn in range(4)
    }
    assert positions == expected


def test_a_crop_is_torchvisions_resized_crop() -> None:
    """Of whole pixels, which torchvision's crops consist of."""
    images = noise(2, 40)
    top, left, height, width = 4, 10, 20, 30
    matrices = np.zeros((2, 2, 3), np.float32)
    matrices[:, 0] = [width / 40, 0, (2 * left + width) / 40 - 1]
    matrices[:, 1] = [0, height / 40, (2 * top + height) / 40 - 1]
    found = strong._cropped(images, matrices)
    pictures = images.permute(0, 3, 1, 2).float()
    inside = v2.resize(pictures, [40, 40], antialias=False)  # nothing changes at its own size
    torch.testing.assert_close(inside, pictures)
    expected = v2.resized_crop(pictures, top, left, height, width, [40, 40], antialias=False)
    # At the border torchvision repeats the crop's edge, where the picture goes on.
    torch.testing.assert_close(found[:, :, 2:-2, 2:-2], expected[:, :, 2:-2, 2:-2], atol=2e-3, rtol=0)


def test_crops_keep_to_their_bounds() -> None:
    rng = np.random.default_rng(0)
    matrices = strong._matrices(rng.random((4, 2000)), np.zeros(2000, np.int64), np.ones(2000, bool), 0.3)
    width, height = np.abs(matrices[:, 0, 0]), np.abs(matrices[:, 1, 1])
    assert 0.2999 < (width * height).min() < 0.35
    assert (width * height).max() > 0.95
    assert max((width / height).max(), (height / width).max()) <= 4 / 3 + 1e-5
    assert (np.abs(matrices[:, :, 2]) + np.stack([width, height], 1)).max() <= 1 + 1e-6  # never beyond the picture


@pytest.mark.parametrize("row", range(3))
def test_colours_are_torchvisions(row: int) -> None:
    values = smooth(3).permute(0, 3, 1, 2).float() * 0.5 + 60
    draws = np.random.default_rng(row).random((6, 3))
    draws[3:] = 0.5  # no tint, of which torchvision knows nothing
    found = strong._recoloured(values, draws, np.ones(3, bool), 0.2)
    brightness, contrast, saturation = 1 + 0.2 * (2 * draws[:3, row] - 1)
    expected = v2.adjust_brightness(values[row] / 255, brightness)
    expected = v2.adjust_contrast(expected, contrast)
    expected = v2.adjust_saturation(expected, saturation) * 255
    torch.testing.assert_close(found[row], expected, atol=0.3, rtol=0)


def test_every_part_is_there_as_often_as_it_is_asked_for() -> None:
    images = noise(400, 64)
    plain = views_of(images, 8, NOTHING)
    for part in ("blur", "cutout", "hair", "vignette"):
        some = NOTHING.model_copy(update={part: 0.3})
        changed = (views_of(images, 8, some) != plain).flatten(1).any(dim=1)
        assert 0.2 < float(changed.float().mean()) < 0.4


def test_cutouts_are_of_their_size_and_anywhere() -> None:
    values = torch.zeros(500, 3, 64, 64)
    covered = (cut_out(values, np.random.default_rng(0).random((CUTOUT, 500))) > 0).all(dim=1)
    areas = covered.float().mean(dim=(1, 2))
    assert 0.01 < float(areas.min()) < 0.04
    assert 0.17 < float(areas.max()) < 0.22
    assert bool(covered[:, 8:-8, 8:-8].any(dim=0).all())


def test_vignettes_darken_corners_more_than_the_middle() -> None:
    values = torch.full((50, 3, 32, 32), 200.0)
    found = vignetted(values, np.random.default_rng(0).random((VIGNETTE, 50)))
    assert float(found[:, :, 14:18, 14:18].min()) == 200
    assert float(found[:, :, 0, 0].mean()) < 150
    assert float(found.min()) >= 0


def test_hairs_are_thin_and_dark() -> None:
    values = torch.full((60, 3, 96, 96), 200.0)
    found = haired(values, np.random.default_rng(0).random((HAIR, 60)))
    hair = (found != 200).any(dim=1)
    share = hair.float().mean(dim=(1, 2))
    assert bool((share > 0).all())
    assert float(share.max()) < 0.12
    assert float(found.max()) <= 200
    assert float(found.permute(0, 2, 3, 1)[hair].mean()) < 120


def test_a_view_is_the_same_at_any_size() -> None:
    """A teacher with larger pictures sees the same crop, colours, hair, vignette and cutout."""
    settings = StrongSettings(blur=1, cutout=1, hair=0, vignette=1)
    large, small = views_of(smooth(24, 96), 8, settings), views_of(smooth(24, 48), 8, settings)
    halved = torch.nn.functional.avg_pool2d(large.permute(0, 3, 1, 2).float(), 2).permute(0, 2, 3, 1)
    assert float((halved - small.float()).abs().mean()) < 3
    others = views_of(smooth(24, 48), 9, settings).float()
    assert float((halved - others).abs().mean()) > 10


def test_numbers_of_views_and_settings_decide_what_is_seen() -> None:
    images = smooth()
    first = views_of(images)
    assert torch.equal(first, views_of(images))
    assert not torch.equal(first, views_of(images, 16))
    assert not torch.equal(first, views_of(images, 8, ALL.model_copy(update={"view_seed": 1})))
    assert STRONG.scheme(ALL) != STRONG.scheme(ALL.model_copy(update={"view_seed": 1}))
