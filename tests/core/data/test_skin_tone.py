from __future__ import annotations

import numpy as np
import pytest

from core.data.skin_tone import TONE_BANDS, lab_of, skin_angle, tone_band, typology_angle


@pytest.mark.parametrize(
    ("colour", "lab"),
    [  # CIE L*a*b* of sRGB primaries under D65, as published by B. Lindbloom
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0.0, 0.0)),
    ],
)
def test_colours_are_those_of_the_standard(colour: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    assert lab_of(np.array([colour], float))[0] == pytest.approx(lab, abs=0.02)


def test_the_angle_is_chardons() -> None:
    assert typology_angle(70, 20) == pytest.approx(45)
    assert typology_angle(50, 15) == 0
    assert typology_angle(30, 20) == pytest.approx(-45)


@pytest.mark.parametrize(("angle", "band"), [(60, 0), (55, 1), (41.5, 1), (30, 2), (28, 3), (0, 4), (-30, 5), (-90, 5)])
def test_bands_run_from_light_to_dark(angle: float, band: int) -> None:
    assert tone_band(angle) == TONE_BANDS[band]


def test_skin_is_looked_for_at_the_edges_where_it_is_lightest() -> None:
    light, lesion = (224, 172, 140), (70, 40, 30)
    picture = np.full((100, 100, 3), light, np.uint8)
    picture[30:70, 30:70] = lesion
    picture[:, :3] = 0  # a rim
    expected = skin_angle(np.full((100, 100, 3), light, np.uint8))
    assert skin_angle(picture) == expected
    hairy = picture.copy()
    hairy[::7] = 20  # hair takes less than half of every patch
    assert skin_angle(hairy) == expected


def test_darker_skin_has_a_smaller_angle_and_a_black_picture_none() -> None:
    dark = skin_angle(np.full((64, 64, 3), (90, 60, 45), np.uint8))
    light = skin_angle(np.full((64, 64, 3), (224, 172, 140), np.uint8))
    assert dark is not None
    assert light is not None
    assert dark < light
    assert skin_angle(np.zeros((64, 64, 3), np.uint8)) is None
    assert tone_band(None) is None
