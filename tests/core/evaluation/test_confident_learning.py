"""Labels that were swapped on purpose come first."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.confident_learning import suspected_labels


def test_swapped_labels_are_suspected_first() -> None:
    generator = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 60)
    logits = generator.normal(size=(180, 3)) + 6 * np.eye(3)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    swapped = generator.choice(180, 9, replace=False)
    labels = truth.copy()
    labels[swapped] = (truth[swapped] + 1) % 3
    found = suspected_labels(labels, probabilities)
    assert len(set(found.indices.tolist()) & set(swapped.tolist())) >= 6
    assert len(found.indices) <= 14
    assert (np.diff(found.margins) <= 0).all()
    right = np.isin(found.indices, swapped)
    assert np.array_equal(found.classes[right], truth[found.indices[right]])


def test_thresholds_are_the_classes_mean_confidence() -> None:
    """Northcutt et al.: a class that is never sure of itself is reached with less; one without images never."""
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1, 0.0], [0.35, 0.45, 0.2], [0.45, 0.5, 0.05], [0.1, 0.3, 0.6]])
    found = suspected_labels(labels, probabilities)
    assert found.indices.tolist() == [1]
    assert found.classes.tolist() == [1]
    assert found.margins == pytest.approx([0.1])
    assert suspected_labels(np.zeros(0, np.int64), np.zeros((0, 3))).indices.size == 0
