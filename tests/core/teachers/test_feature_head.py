"""A linear head on features finds what is linear in them, and is held back where there is little."""

from __future__ import annotations

import numpy as np

from core.teachers.feature_head import STRENGTHS, head_logits


def made(images: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, images)
    centres = 3 * np.eye(3, 12)
    return (centres[labels] + noise * generator.normal(size=(images, 12))).astype(np.float32), labels


def test_separable_classes_are_told_apart_on_images_that_it_never_saw() -> None:
    features, labels = made(120, 0.3)
    train, validation = np.arange(60), np.arange(60, 80)
    logits, strength = head_logits(features, labels, train, validation, 3)
    assert strength in STRENGTHS
    assert (logits[80:].argmax(1) == labels[80:]).all()
    again, _ = head_logits(features, labels, train, validation, 3)
    assert np.array_equal(logits, again)


def test_the_less_the_features_tell_the_more_it_is_held_back() -> None:
    everything = np.arange(100), np.arange(100, 200)
    clear, noise = made(200, 0.3), made(200, 20.0)
    assert head_logits(*clear, *everything, 3)[1] < head_logits(*noise, *everything, 3)[1]


def test_without_validation_images_and_with_images_that_it_knows_nothing_of() -> None:
    features, labels = made(60, 0.3)
    features[50:] = np.nan
    logits, _ = head_logits(features, labels, np.arange(40), np.zeros(0, np.int64), 3)
    assert np.isnan(logits[50:]).all()
    assert np.isfinite(logits[:50]).all()
