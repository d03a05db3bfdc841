"""A small network that learns to tell a student's outputs from its teacher's: one hidden layer, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_STREAM = 0x0D15
"""Keeps its random numbers apart from other uses of the same seed."""

_HIDDEN, _STEPS, _RATE = 24, 60, 0.03
_MOST = 4096
"""It learns from so many images at most, drawn at random; all are then measured."""

_WIDTH = 16


def projected(features: NDArray[np.floating[Any]]) -> Array:
    """Features (n, d) on at most 16 random directions, always the same."""
    wide = np.asarray(features, np.float64)
    if wide.shape[1] <= _WIDTH:
        return wide
    directions = np.random.default_rng(_STREAM).normal(size=(wide.shape[1], _WIDTH))
    return np.asarray(wide @ directions / np.sqrt(wide.shape[1]), np.float64)


def separability(student: Array, teacher: Array, context: Array, seed: int) -> Array:
    """How surely each of the student's outputs (n, k) is known for the student's, (n,), as a logit: larger is surer.

    A network of one hidden layer learns, by logistic regression over `teacher` (n, k, theirs) and `student`, each
    beside the `context` (n, m) of its image. A pure function of its arguments.
    """
    generator = np.random.default_rng([seed, _STREAM])
    rows = np.sort(generator.permutation(len(student))[:_MOST])
    ours, theirs = np.hstack([student, context]), np.hstack([teacher, context])
    inputs = np.vstack([ours[rows], theirs[rows]])
    targets = np.repeat([1.0, 0.0], len(rows))
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    weights = _learned((inputs - mean) / spread, targets, generator)
    return _forward((ours - mean) / spread, weights)[1]


def _learned(inputs: Array, targets: Array, generator: np.random.Generator) -> list[Array]:
    """The network's weights after a fixed number of whole-batch steps of Adam."""
    width = inputs.shape[1]
    weights = [
        generator.normal(size=(width, _HIDDEN)) / np.sqrt(width),
        np.zeros(_HIDDEN),
        generator.normal(size=_HIDDEN) / np.sqrt(_HIDDEN),
        np.zeros(1),
    ]
    first, second = [np.zeros_like(value) for value in weights], [np.zeros_like(value) for value in weights]
    for step in range(1, _STEPS + 1):
        for value, gradient, mean, square in zip(
            weights, _gradients(inputs, targets, weights), first, second, strict=True
        ):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            value -= _RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weights


def _gradients(inputs: Array, targets: Array, weights: list[Array]) -> list[Array]:
    """The gradient of the mean cross entropy with respect to each of the weights."""
    hidden, logits = _forward(inputs, weights)
    pull = (1 / (1 + np.exp(-logits)) - targets) / len(targets)
    behind = np.outer(pull, weights[2]) * (1 - hidden**2)
    return [inputs.T @ behind, behind.sum(axis=0), hidden.T @ pull, pull.sum(keepdims=True)]


def _forward(inputs: Array, weights: list[Array]) -> tuple[Array, Array]:
    """The hidden layer (n, hidden) and the logits (n,)."""
    hidden = np.tanh(inputs @ weights[0] + weights[1])
    return hidden, np.asarray(hidden @ weights[2] + weights[3], np.float64)
