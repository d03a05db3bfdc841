from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from core.classes import CLASS_SETS
from core.data.decoding import resize_image
from core.data.reading import read_dataset
from core.data.store import open_store
from core.errors import Cancelled
from core.events import CancelSource
from core.inference.calibrating import balanced_sample, stored_appearance
from core.inference.out_of_distribution import (
    APPEARANCE_SIZE,
    MEASURE,
    MINIMUM,
    Descriptors,
    appearance_of,
    fit_statistics,
    out_of_distribution_scores,
    reason_of,
    scaled_distances,
)
from core.inference.trust import Respect
from core.models.calibration_statistics import statistics_from_arrays, statistics_to_arrays

from .no_lesions import KINDS, photographs, pictures

ISIC2019 = CLASS_SETS["isic2019"]


@pytest.fixture(scope="module")
def lesions(sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> NDArray[np.uint8]:
    """160 drawn lesions at 64 pixels."""
    store = open_store(read_dataset(sample_set, ISIC2019), 64, cache=tmp_path_factory.mktemp("cache"))
    return store.gather(np.arange(len(store)))


def features(count: int, seed: int) -> NDArray[np.float32]:
    """Features that vary in 3 of 40 directions."""
    generator = np.random.default_rng(seed)
    shown = np.random.default_rng(9).normal(0, 1, (4, 40))
    weights = np.concatenate([np.ones((count, 1)) * 4, generator.normal(0, 1, (count, 3))], axis=1)
    return (weights @ shown + generator.normal(0, 0.01, (count, 40))).astype(np.float32)


def seen(images: NDArray[np.uint8], seed: int) -> Descriptors:
    return Descriptors(features(len(images), seed), appearance_of(images))


def build(lesions: NDArray[np.uint8], validation: int = 60) -> tuple[Descriptors, Descriptors]:
    return seen(lesions[:validation], 0), seen(lesions[60:], 1)


def test_at_most_one_in_a_hundred_validation_images_is_novel(lesions: NDArray[np.uint8]) -> None:
    validation, training = build(lesions)
    statistics = fit_statistics(np.zeros((60, 8), np.float32), np.zeros(60, np.int64), validation, training)
    assert (
        out_of_distribution_scores(statistics, validation) > statistics.threshold
    ).sum() == 0  # 60 are too few for one
    np.testing.assert_allclose(
        out_of_distribution_scores(statistics, validation), statistics.validation_scores, rtol=1e-5
    )


def test_other_things_look_novel_and_turned_lesions_do_not(lesions: NDArray[np.uint8]) -> None:
    validation, training = build(lesions)
    statistics = fit_statistics(np.zeros((60, 8), np.float32), np.zeros(60, np.int64), validation, training)
    things = np.stack([resize_image(picture, 64) for _, picture in pictures(3)])
    novel = out_of_distribution_scores(statistics, seen(things, 2)) > statistics.threshold
    assert novel.mean() > 0.9
    for turned in (np.rot90(lesions, 1, (1, 2)), lesions[:, ::-1], lesions[:, :, ::-1]):
        same = seen(np.ascontiguousarray(turned), 3)
        assert (out_of_distribution_scores(statistics, same) > statistics.threshold).mean() < 0.05


def test_dark_and_blurred_lesions_and_photographs_in_the_colours_of_skin_are_told_apart(
    lesions: NDArray[np.uint8],
) -> None:
    blind = [Descriptors(None, part.appearance) for part in build(lesions)]
    statistics = fit_statistics(np.zeros((60, 8), np.float32), np.zeros(60, np.int64), *blind)

    def reasons(images: list[Image.Image] | NDArray[np.uint8]) -> list[Respect | None]:
        pixels = np.stack([np.asarray(image) for image in images])
        scaled = scaled_distances(statistics, Descriptors(None, appearance_of(pixels)))
        limit = statistics.threshold
        return [reason_of(row, MEASURE, limit) if row.max() > limit else None for row in scaled]

    fresh = lesions[:10]
    assert set(reasons((fresh * 0.12).astype(np.uint8))) == {Respect.DARKNESS}
    blurred = [Image.fromarray(image).filter(ImageFilter.GaussianBlur(6)) for image in fresh]
    assert set(reasons(blurred)) <= {Respect.BLUR, Respect.STRUCTURE, None}
    assert reasons(blurred).count(Respect.BLUR) >= 4  # some drawn lesions are hardly sharper
    toned = [Image.fromarray(resize_image(KINDS["photograph in skin tones"](rng), 64)) for rng in generators(10)]
    assert reasons(toned).count(Respect.STRUCTURE) >= 6  # calibrated on 60 drawings only


def generators(count: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(count)]


def test_statistics_of_measure_1_are_used_as_they_are(lesions: NDArray[np.uint8]) -> None:
    new = fit_statistics(np.zeros((60, 8), np.float32), np.zeros(60, np.int64), *build(lesions))
    old = replace(
        new,
        measure=1,
        appearance_mean=new.appearance_mean[:APPEARANCE_SIZE],
        appearance_whitening=new.appearance_whitening[:APPEARANCE_SIZE, :APPEARANCE_SIZE],
        appearance=new.appearance[:, :APPEARANCE_SIZE],
        scales=new.scales[:2],
    )
    again = statistics_from_arrays(statistics_to_arrays(old), 8)
    images = np.concatenate([lesions[:5], np.full((2, 64, 64, 3), 255, np.uint8)])
    scaled = scaled_distances(again, Descriptors(features(7, 3), appearance_of(images, 1)))
    both = scaled_distances(new, Descriptors(features(7, 3), appearance_of(images)))
    np.testing.assert_allclose(scaled, both[:, :2], rtol=1e-5)
    assert reason_of(scaled[-1], 1, 1.0) is Respect.APPEARANCE


def test_features_outside_those_of_training_are_novel(lesions: NDArray[np.uint8]) -> None:
    validation, training = build(lesions)
    statistics = fit_statistics(np.zeros((60, 8), np.float32), np.zeros(60, np.int64), validation, training)
    odd = features(10, 4) + np.random.default_rng(0).normal(0, 2, (10, 40)).astype(np.float32)
    novelty = out_of_distribution_scores(statistics, Descriptors(odd, appearance_of(lesions[:10])))
    assert (novelty > statistics.threshold).all()


def test_a_network_without_features_is_judged_by_looks(lesions: NDArray[np.uint8]) -> None:
    blind = [Descriptors(None, part.appearance) for part in build(lesions)]
    statistics = fit_statistics(np.zeros((60, 8), np.float32), np.zeros(60, np.int64), *blind)
    white = appearance_of(np.full((2, 64, 64, 3), 255, np.uint8))
    assert (out_of_distribution_scores(statistics, Descriptors(None, white)) > statistics.threshold).all()
    assert statistics.feature_directions.size == 0


def test_too_few_images_tell_nothing(lesions: NDArray[np.uint8]) -> None:
    validation, training = build(lesions, MINIMUM - 1)
    labels = np.zeros(MINIMUM - 1, np.int64)
    statistics = fit_statistics(np.zeros((MINIMUM - 1, 8), np.float32), labels, validation, training)
    assert math.isinf(statistics.threshold)
    nothing = Descriptors(None, appearance_of(lesions[:0]))
    empty = fit_statistics(np.zeros((0, 8), np.float32), np.zeros(0, np.int64), nothing, nothing)
    assert math.isinf(empty.threshold)
    assert len(statistics_to_arrays(empty)["looks"]) == 0


def test_the_same_images_give_the_same_reference(lesions: NDArray[np.uint8]) -> None:
    first, second = (
        statistics_to_arrays(fit_statistics(np.zeros((60, 8), np.float32), np.zeros(60, np.int64), *build(lesions)))
        for _ in range(2)
    )
    assert all(np.array_equal(value, second[name]) for name, value in first.items())


def test_images_that_are_all_alike_are_no_fault() -> None:
    plain = Descriptors(np.ones((30, 8), np.float32), appearance_of(np.full((30, 32, 32, 3), 128, np.uint8)))
    statistics = fit_statistics(np.zeros((30, 8), np.float32), np.zeros(30, np.int64), plain, plain)
    assert np.isfinite(out_of_distribution_scores(statistics, plain)).all()


def test_a_sample_is_balanced_bounded_and_only_by_its_seed() -> None:
    labels = np.array([0] * 500 + [1] * 40 + [2] * 10)
    indices = np.arange(1000, 1550)
    chosen = balanced_sample(labels, indices, 100, 3)
    counts = np.bincount(labels[chosen - 1000])
    assert counts.tolist() == [50, 40, 10]
    assert (np.diff(chosen) > 0).all()
    assert np.array_equal(chosen, balanced_sample(labels, indices, 100, 3))
    assert not np.array_equal(chosen, balanced_sample(labels, indices, 100, 4))
    assert np.array_equal(balanced_sample(labels, indices, 1000, 0), indices)


def test_every_kind_of_picture_can_be_made() -> None:
    assert photographs()
    assert {kind for kind, _ in pictures(1)} == set(KINDS)


def test_other_looks_are_another_measure() -> None:
    """Model files hold looks: with other numbers here, `MEASURE` must be another too, or every lesion is novel."""
    y, x = np.mgrid[0:96, 0:96]
    picture = np.stack([(x * 2 + y) % 256, (x * y // 16) % 256, (255 - y * 2) % 256], axis=-1).astype(np.uint8)
    known = (
        *(0.3000, 0.4056, 0.5065, 0.6033, 0.7281, -0.1863, 0.0431, 0.1412, 0.3078, 0.6490, -0.7971, -0.4814),
        *(-0.1373, 0.1216, 0.3711, -3.1455, -2.7605, -1.2401, -3.7394, -3.4187, -1.2132, -4.3299, -4.0319, -1.4804),
    )
    structure = (
        *(0.3558, 0.2647, 0.0042, 0.2490, 0.1225, 0.6741, 1.0727, 1.1146, 0.3269, -0.2629, -1.9721, -2.9076, -3.6357),
        *(-4.4643, 0.0, 0.0, -1.1595, -1.9955, -1.1249, -1.3128, 0.0601),
    )
    assert MEASURE == 2
    np.testing.assert_allclose(appearance_of(picture[None], 1)[0], known, atol=2e-3)
    np.testing.assert_allclose(appearance_of(picture[None])[0], (*known, *structure), atol=2e-3)


def test_looking_at_many_images_can_be_stopped() -> None:
    class Grey:
        def gather(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
            return np.full((len(indices), 32, 32, 3), 90, np.uint8)

    source = CancelSource()
    assert len(stored_appearance(Grey(), np.arange(3), source.token)) == 3  # type: ignore[arg-type]
    source.cancel()
    with pytest.raises(Cancelled):
        stored_appearance(Grey(), np.arange(3), source.token)  # type: ignore[arg-type]
