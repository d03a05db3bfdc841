"""A folder like the training pictures shows no drift; a darker, blurred one is told by what differs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from core.data.drift import drift, unusualness
from core.data.near_copies import sketch
from core.errors import Cancelled
from core.events import CancelSource


def pictures(first: int, count: int, *, shade: float = 1.0, blur: float = 0.0) -> list[bytes]:
    found = []
    for seed in range(first, first + count):
        generator = np.random.default_rng(seed)
        detail = gaussian_filter(generator.normal(size=(96, 96)), 2) * 300
        if blur:
            detail = gaussian_filter(detail, blur)
        skin = np.array([210, 160, 140]) + generator.normal(0, 12, 3)
        pixels = np.clip((skin + detail[..., None]) * shade, 0, 255)
        found.append(sketch(pixels.astype(np.uint8)))
    return found


def test_a_folder_of_the_same_kind_is_usual() -> None:
    found = drift(pictures(0, 80), pictures(100, 60), {"MEL": 40, "NV": 40}, {"NV": 60})
    assert found.out_of_distribution < 0.2
    assert found.classes == (("MEL", 0.5, 0.0), ("NV", 0.5, 1.0))
    assert max(feature.distance for feature in found.features) < 0.35


def test_darker_and_blurred_pictures_are_told_by_name() -> None:
    found = drift(pictures(0, 80), pictures(100, 40, shade=0.6, blur=4))
    assert found.out_of_distribution > 0.9
    features = {feature.title: feature for feature in found.features}
    assert features["Brightness"].distance == pytest.approx(1.0, abs=0.1)
    assert features["Brightness"].folder < features["Brightness"].training
    assert features["Sharpness"].distance > 0.9
    assert "brightness" in found.sentence
    assert "sharpness" in found.sentence


def test_the_odd_picture_is_the_most_unusual() -> None:
    odd = pictures(500, 1, shade=0.3)
    assert int(unusualness([*pictures(0, 30), *odd]).argmax()) == 30
    assert np.isinf(unusualness(odd)).all()
    assert unusualness([]).size == 0
    with pytest.raises(ValueError, match="both sides"):
        drift([], odd)


def test_comparing_can_be_stopped() -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        unusualness(pictures(0, 10), token=source.token)
