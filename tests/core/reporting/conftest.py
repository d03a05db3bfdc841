"""Finished results, made by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.evaluation.scores import ClassScore, Scores
from core.events import EpochRecord, LossParts

ISIC2019 = CLASS_SETS["isic2019"]

ISIC_TEST = (452, 1287, 332, 86, 262, 24, 25, 63)


@pytest.fixture
def make_scores() -> Callable[..., Scores]:
    def make(support: tuple[int, ...] = ISIC_TEST, seed: int = 0) -> Scores:
        generator = np.random.default_rng(seed)
        count = len(support)
        confusion = np.zeros((count, count), int)
        for truth, number in enumerate(support):
            shares = np.full(count, 0.3 / count)
            shares[truth] += 0.7
            confusion[truth] = generator.multinomial(number, shares)
        per_class = []
        for index, code in enumerate(ISIC2019.codes):
            right, number, given = confusion[index, index], confusion[index].sum(), confusion[:, index].sum()
            per_class.append(
                ClassScore(
                    code,
                    float(right / given) if given else None,
                    float(right / number) if number else None,
                    float(2 * right / (number + given)) if number else None,
                    int(number),
                )
            )
        accuracy = float(np.trace(confusion) / confusion.sum())
        rows = tuple(tuple(int(value) for value in row) for row in confusion)
        return Scores(ISIC2019.codes, accuracy, 0.7, 0.6, 0.65, tuple(per_class), rows)

    return make


@pytest.fixture
def make_history() -> Callable[..., tuple[EpochRecord, ...]]:
    def make(epochs: int, best: int = 1, distilled: bool = True) -> tuple[EpochRecord, ...]:
        return tuple(
            EpochRecord(
                epoch=epoch,
                train_loss=LossParts(2 / epoch, 2.2 / epoch, 0.5 / epoch if distilled else None),
                train_accuracy=0.5,
                validation_loss=2.1 / epoch,
                validation_accuracy=0.8 - 0.3 / epoch,
                validation_weighted_f1=0.78 - 0.3 / epoch,
                validation_balanced_accuracy=0.7 - 0.3 / epoch,
                learning_rate=1e-5,
                seconds=30.0,
                images_per_second=100.0,
                best=epoch <= best,
            )
            for epoch in range(1, epochs + 1)
        )

    return make
