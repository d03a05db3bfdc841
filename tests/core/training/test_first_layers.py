"""How much the layers in front of the last one learn: by layer, and the last one first."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from core.errors import Cancelled, SkinKDError
from core.models.factory import create_model
from core.models.freezing import rates_by_layer
from core.training.checkpoint import CheckpointFolder, Values
from core.training.optimisation import create_optimizer, set_learning_rate

from .small_training import ISIC2019, StopAt, assert_equal_weights, numbers, small_recipe, train


def network() -> nn.Module:
    return create_model("test_efficientnet", weights="none", image_size=32, classes=ISIC2019).model


def test_rates_fall_from_the_last_layer_to_the_first() -> None:
    model = network()
    rates = rates_by_layer(model, 0.5)
    assert set(rates) == set(model.parameters())
    named = {name: rates[value] for name, value in model.named_parameters()}
    assert named["classifier.weight"] == 1.0
    assert named["conv_stem.weight"] == min(named.values()) < 0.5
    order = [
        named[name] for name in ("conv_stem.weight", "blocks.0.0.conv.weight", "conv_head.weight", "classifier.bias")
    ]
    assert order == sorted(order)


def test_each_layer_learns_at_its_share() -> None:
    model = network()
    recipe = small_recipe("optimisation.layer_decay=0.5").optimisation
    optimizer = create_optimizer(model.parameters(), recipe, rates=rates_by_layer(model, 0.5))
    set_learning_rate(optimizer, 0.1)
    rates = {id(value): group["lr"] for group in optimizer.param_groups for value in group["params"]}
    named = {name: rates[id(value)] for name, value in model.named_parameters()}
    assert named["classifier.weight"] == 0.1
    assert named["conv_stem.weight"] == pytest.approx(0.1 * min(rates_by_layer(model, 0.5).values()))


def _halves(weights: Values) -> tuple[Values, Values]:
    head = {name: value for name, value in weights.items() if name.startswith("classifier.")}
    return head, {name: value for name, value in weights.items() if name not in head}


def test_the_head_learns_alone_in_the_first_epochs(tmp_path: Path) -> None:
    start = {name: value.clone() for name, value in network().state_dict().items()}
    first = train(small_recipe("optimisation.head_epochs=3"), tmp_path / "first", model=network())
    (head, body), (old_head, old_body) = _halves(first.weights), _halves(start)
    assert not torch.equal(head["classifier.weight"], old_head["classifier.weight"])
    assert_equal_weights(body, old_body)  # its running statistics too
    train(small_recipe("optimisation.head_epochs=1"), tmp_path / "later", model=network())
    later = CheckpointFolder(tmp_path / "later").load()["model"]
    assert not torch.equal(later["conv_stem.weight"], start["conv_stem.weight"])


@pytest.mark.parametrize("check", [3, 7, 8, 12])
def test_a_stop_changes_nothing(check: int, tmp_path: Path) -> None:
    recipe = small_recipe("optimisation.head_epochs=1", "optimisation.layer_decay=0.7", "optimisation.optimizer=adamw")
    whole = train(recipe, tmp_path / "whole", model=network())
    with pytest.raises(Cancelled):
        train(recipe, tmp_path / "parts", model=network(), token=StopAt(check))
    parts = train(recipe, tmp_path / "parts", model=network())
    assert numbers(parts.result.history) == numbers(whole.result.history)
    assert_equal_weights(parts.weights, whole.weights)


def test_a_network_without_a_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="no head to begin with"):
        train(small_recipe("optimisation.head_epochs=1"), tmp_path)
