"""The optimizer is what the recipe says, and the learning rate depends on the position alone."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import nn

from core.recipe.learning import OptimisationRecipe
from core.training.optimisation import create_optimizer, learning_rate, step_seed
from core.training.plan import EpochPlan


def test_paper_optimizer_is_adam_with_decay_in_the_gradient() -> None:
    weights = nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = create_optimizer([weights], OptimisationRecipe())
    assert type(optimizer) is torch.optim.Adam
    weights.grad = torch.tensor([0.3, 0.0])
    optimizer.step()
    # The first step of Adam is lr * g / |g|, with g = gradient + weight_decay * weight: it moves the second weight too.
    expected = torch.tensor([1.0, -2.0]) - 1e-5 * torch.tensor([1.0, -1.0])
    assert torch.allclose(weights.detach(), expected, atol=1e-9)


def test_frozen_weights_are_not_in_the_optimizer() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    groups = create_optimizer(model.parameters(), OptimisationRecipe(optimizer="adamw")).param_groups
    assert [parameter for group in groups for parameter in group["params"]] == list(model[1].parameters())


def test_constant_rate_is_exactly_the_recipes() -> None:
    plan = EpochPlan((7 * 32,) * 25, 32)
    assert {learning_rate(OptimisationRecipe(), plan, epoch, batch) for epoch in (1, 25) for batch in (0, 6)} == {1e-5}


def test_warm_up_then_cosine() -> None:
    recipe = OptimisationRecipe(learning_rate=1.0, epochs=4, warmup=1, schedule="cosine")
    plan = EpochPlan((10,) * 4, 2)
    rates = [learning_rate(recipe, plan, epoch, batch) for epoch in range(1, 5) for batch in range(5)]
    assert rates[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert all(later < earlier for earlier, later in itertools.pairwise(rates[5:]))
    assert 0 < rates[-1] < 0.02


def test_warm_up_longer_than_the_run() -> None:
    recipe = OptimisationRecipe(learning_rate=1.0, epochs=2, warmup=9, schedule="cosine")
    assert learning_rate(recipe, EpochPlan((10, 10), 2), 2, 4) == 1.0


def test_short_epochs_move_the_rate_by_their_steps() -> None:
    """Epochs of 1, 2 and 5 steps: warm-up ends with the first two, the cosine runs over the last five."""
    recipe = OptimisationRecipe(learning_rate=1.0, epochs=3, warmup=2, schedule="cosine")
    plan = EpochPlan((2, 4, 10), 2)
    rates = [learning_rate(recipe, plan, epoch, batch) for epoch in (1, 2, 3) for batch in range(plan.batches(epoch))]
    cosine = [0.5 * (1 + math.cos(math.pi * step / 5)) for step in range(5)]
    assert rates == pytest.approx([1 / 3, 2 / 3, 1.0, *cosine])


def test_step_seeds_differ_and_fit_torch() -> None:
    seeds = {step_seed(seed, epoch, batch) for seed in range(4) for epoch in range(1, 9) for batch in range(40)}
    assert len(seeds) == 4 * 8 * 40
    assert all(0 <= seed < 2**63 for seed in seeds)
    torch.manual_seed(step_seed(2**31 - 1, 10_000, 100_000))
