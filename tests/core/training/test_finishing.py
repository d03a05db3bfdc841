"""The finished network's logits, adjusted to the classes' shares of the training images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import SkinKDError
from core.training.batches import class_counts
from core.training.finishing import logit_shift, network_notes

from .feature_training import halved_model
from .small_training import small_data, small_recipe, train


def test_logits_lose_so_many_logarithms_of_the_shares() -> None:
    shift = logit_shift(small_recipe("optimisation.adjust_logits=2"), np.array([90, 10, 0]))
    assert shift is not None
    assert shift.tolist() == pytest.approx((-2 * np.log([0.9, 0.1, 0.01])).tolist())
    assert logit_shift(small_recipe(), np.array([90, 10, 0])) is None


def test_the_network_that_is_left_behind_is_the_one_that_was_validated(tmp_path: Path) -> None:
    plain = train(small_recipe("optimisation.monitor=loss"), tmp_path / "plain", model=halved_model())
    recipe = small_recipe("optimisation.adjust_logits=1", "optimisation.monitor=loss")
    adjusted = train(recipe, tmp_path / "adjusted", model=halved_model())
    assert [row.train_loss for row in adjusted.result.history] == [row.train_loss for row in plain.result.history]
    assert adjusted.result.history[-1].validation_loss != plain.result.history[-1].validation_loss
    assert adjusted.result.best_epoch == plain.result.best_epoch
    shift = logit_shift(recipe, class_counts(small_data(), recipe))
    found = adjusted.weights["fc.bias"] - plain.weights["fc.bias"]
    torch.testing.assert_close(found, torch.from_numpy(shift))
    # Done again from the checkpoint it is adjusted once, not twice.
    again = train(recipe, tmp_path / "adjusted", model=halved_model())
    assert torch.equal(again.weights["fc.bias"], adjusted.weights["fc.bias"])


def test_what_the_network_is_is_noted(tmp_path: Path) -> None:
    recipe = small_recipe("optimisation.ema=0.9", "optimisation.monitor=loss", "optimisation.adjust_logits=-1")
    history = train(recipe, tmp_path, model=halved_model()).result.history
    for averaged, said in ((True, "running average of the weights up to epoch 2"), (False, "did no better")):
        records = [replace(record, averaged=averaged) for record in history]
        average, adjusted = network_notes(recipe, records, 2)
        assert said in average
        assert "adjust_logits -1" in adjusted
        assert network_notes(small_recipe(), [replace(record, averaged=False) for record in records], 2) == ()


def test_a_network_without_a_last_bias_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="can not be adjusted"):
        train(small_recipe("optimisation.adjust_logits=1"), tmp_path)
