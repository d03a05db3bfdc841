"""The running average of the weights: what it is, when it counts, and that a stop changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from core.errors import Cancelled
from core.training.averaging import WeightAverage
from core.training.checkpoint import CheckpointFolder

from .small_training import StopAt, assert_equal_weights, numbers, small_model, small_recipe, train


def test_it_moves_as_far_as_its_age_and_decay_say() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    average = WeightAverage(model, 0.25)
    for value in (1.0, 1.0, 2.0, 4.0):
        nn.init.constant_(model.weight, value)
        average.update()
    expected = 0.0
    for value, decay in ((1.0, 2 / 11), (1.0, 3 / 12), (2.0, 0.25), (4.0, 0.25)):
        expected = decay * expected + (1 - decay) * value
    with average.applied():
        assert model.weight.item() == pytest.approx(expected)
    assert model.weight.item() == 4.0


def test_statistics_are_averaged_and_counts_are_not() -> None:
    model = nn.BatchNorm1d(2)
    average = WeightAverage(model, 0.0)
    model(torch.randn(8, 2))
    average.update()
    mean = model.running_mean.clone() if model.running_mean is not None else None
    with average.applied():
        assert model.num_batches_tracked is not None
        assert model.num_batches_tracked.item() == 1
        torch.testing.assert_close(model.running_mean, (1 - 0.0) * mean)


def test_the_better_of_both_is_what_an_epoch_is_recorded_and_saved_with(tmp_path: Path) -> None:
    recipe = small_recipe("optimisation.ema=0.9", "optimisation.monitor=loss", "optimisation.epochs=4")
    outcome = train(recipe, tmp_path / "averaged")
    plain = train(small_recipe("optimisation.monitor=loss", "optimisation.epochs=4"), tmp_path / "plain")
    records = list(zip(outcome.result.history, plain.result.history, strict=True))
    assert any(record.averaged for record, _ in records)
    for record, other in records:
        assert record.train_loss == other.train_loss  # the training itself is the same
        assert record.averaged is (record.validation_loss < other.validation_loss)
    best = outcome.result.best_epoch
    saved = CheckpointFolder(tmp_path / "averaged").load_best(best)
    assert_equal_weights(outcome.weights, saved)
    assert outcome.result.history[best - 1].validation_loss == min(record.validation_loss for record, _ in records)


@pytest.mark.parametrize("check", [3, 7, 8, 9, 10, 15])
def test_a_stop_changes_nothing(check: int, tmp_path: Path) -> None:
    """Also between the two validations of an epoch."""
    recipe = small_recipe("optimisation.ema=0.8", "optimisation.monitor=loss")
    whole = train(recipe, tmp_path / "whole")
    with pytest.raises(Cancelled):
        train(recipe, tmp_path / "parts", token=StopAt(check))
    parts = train(recipe, tmp_path / "parts", model=small_model())
    assert numbers(parts.result.history) == numbers(whole.result.history)
    assert_equal_weights(parts.weights, whole.weights)
