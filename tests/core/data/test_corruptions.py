from __future__ import annotations

import numpy as np
import pytest

from core.data.corruptions import CORRUPTIONS, SEVERITIES, Corruption

TILES = np.random.default_rng(0).integers(40, 170, (32, 32, 3), np.uint8)
PICTURE = TILES.repeat(4, axis=0).repeat(4, axis=1)


@pytest.mark.parametrize("entry", CORRUPTIONS.values(), ids=lambda entry: entry.name)
def test_a_corruption_grows_with_its_severity_and_is_the_same_each_time(entry: Corruption) -> None:
    drawn = [entry.applied(PICTURE, severity, 7) for severity in SEVERITIES]
    change = [float(np.abs(each.astype(float) - PICTURE).mean()) for each in drawn]
    assert change == sorted(change)
    assert change[0] > 0
    assert change[-1] > 1.5 * change[0]
    assert all(each.shape == PICTURE.shape and each.dtype == np.uint8 for each in drawn)
    assert np.array_equal(drawn[2], entry.applied(PICTURE, 3, 7))
    assert np.array_equal(entry.applied(PICTURE, 0, 7), PICTURE)


@pytest.mark.parametrize("name", ["noise", "hair"])
def test_chance_harms_each_picture_in_its_own_way(name: str) -> None:
    assert not np.array_equal(CORRUPTIONS[name].applied(PICTURE, 3, 1), CORRUPTIONS[name].applied(PICTURE, 3, 2))


def test_too_bright_and_too_dark_go_apart() -> None:
    mean = PICTURE.mean()
    assert (
        CORRUPTIONS["bright"].applied(PICTURE, 3, 0).mean() > mean > CORRUPTIONS["dark"].applied(PICTURE, 3, 0).mean()
    )


def test_noise_has_the_deviation_that_it_names() -> None:
    grey = np.full((128, 128, 3), 128, np.uint8)
    noise = CORRUPTIONS["noise"].applied(grey, 3, 0).astype(float) - 128
    assert noise.std() == pytest.approx(0.1 * 255, rel=0.03)


def test_there_is_no_sixth_severity() -> None:
    with pytest.raises(ValueError, match="severity of 6"):
        CORRUPTIONS["blur"].applied(PICTURE, 6, 0)
