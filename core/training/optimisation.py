"""The optimizer and the learning rate of each step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from core.errors import SkinKDError
from core.recipe.learning import OptimisationRecipe
from core.training.plan import EpochPlan

_MOMENTUM = 0.9
_SHARE = "rate_share"
"""A parameter group's learning rate as a share of the recipe's: a key of its own among torch's."""
_SETTINGS = {"betas", "eps", "amsgrad", "momentum", "dampening", "nesterov", "weight_decay"}
"""What makes an optimizer another one, under torch's names."""


def create_optimizer(
    parameters: Iterable[nn.Parameter],
    recipe: OptimisationRecipe,
    device: str = "cpu",
    rates: Mapping[nn.Parameter, float] | None = None,
) -> Optimizer:
    """The recipe's optimizer over the parameters that are not frozen. `rates` are learning rates as shares of the
    recipe's, for parameters that have another one.

    `adam` adds weight_decay * w to the gradient, as PyTorch's Adam does (the paper's); `adamw` decays the weights
    apart from the gradient; `sgd` has Nesterov momentum 0.9. On `device` its arithmetic is one fused operation where
    that is faster: on NVIDIA GPUs (there it also leaves the check of fp16 gradients on the GPU), and on the CPU for
    Adam and AdamW.
    """
    trainable = _groups([parameter for parameter in parameters if parameter.requires_grad], rates or {})
    rate, decay = recipe.learning_rate, recipe.weight_decay
    on_cuda = device.startswith("cuda")
    if recipe.optimizer == "sgd":
        return SGD(trainable, lr=rate, weight_decay=decay, momentum=_MOMENTUM, nesterov=True, fused=on_cuda or None)
    kind = Adam if recipe.optimizer == "adam" else AdamW
    return kind(trainable, lr=rate, weight_decay=decay, fused=on_cuda or device == "cpu" or None)


def _groups(parameters: list[nn.Parameter], rates: Mapping[nn.Parameter, float]) -> list[dict[str, Any]]:
    """The parameters as groups with one learning rate each, in the order in which the rates appear."""
    groups: dict[float, list[nn.Parameter]] = {}
    for parameter in parameters:
        groups.setdefault(rates.get(parameter, 1.0), []).append(parameter)
    return [{"params": own, _SHARE: share} for share, own in groups.items()]


def load_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Give an optimizer a kept state. Whether it computes fused follows from the device here, not from where the state
    was made. Raises ValueError when it belongs to other parameters, `SkinKDError` when it is another optimizer's, or
    was made with other settings: torch would go on with those instead of the recipe's, or break."""
    own = optimizer.param_groups
    for kept, group in zip(state["param_groups"], own, strict=True):
        _check_settings(kept, group)
    groups = [
        {**kept, "fused": group["fused"], _SHARE: group[_SHARE]}
        for kept, group in zip(state["param_groups"], own, strict=True)
    ]
    optimizer.load_state_dict({**state, "param_groups": groups})


def _check_settings(settings: dict[str, Any], own: dict[str, Any]) -> None:
    lacking = own.keys() & _SETTINGS - settings.keys()
    both = own.keys() & settings.keys() & {*_SETTINGS, "decoupled_weight_decay"}  # which older versions of torch lack
    other = [name for name in sorted(both) if settings[name] != own[name]]
    if lacking or other:
        found = "; ".join(f"{name} is {own[name]} and was {settings[name]}" for name in other)
        raise SkinKDError(
            "The checkpoint belongs to another optimizer",
            "It was written by another optimizer than that of the recipe (optimisation.optimizer), or with other "
            "settings of it. Put the old values back in recipe.toml, or start a new run with this recipe.",
            found or f"the checkpoint lacks {', '.join(sorted(lacking))}",
        )


def learning_rate(recipe: OptimisationRecipe, plan: EpochPlan, epoch: int, batch: int) -> float:
    """The learning rate of a step; a pure function of its position, so that a resumed run goes on exactly.

    `epoch` counts from 1, `batch` from 0. During `warmup` epochs it rises in a straight line, its last step at the
    full rate; afterwards it is constant, or falls along half a cosine that would reach zero one step after the last.
    Steps count, not epochs: short epochs move it less.
    """
    step = plan.before(epoch) + batch
    warm = plan.before(min(recipe.warmup, plan.epochs) + 1)
    if step < warm:
        return recipe.learning_rate * (step + 1) / warm
    if recipe.schedule == "constant":
        return recipe.learning_rate
    done = (step - warm) / (plan.total - warm)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Use this learning rate from the next step on, each group its share of it."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group[_SHARE]


def step_seed(seed: int, epoch: int, batch: int) -> int:
    """A seed that depends on nothing but the recipe's seed and the position (any counts from 0), below 2**63.

    SplitMix64's mixing, so that neighbouring positions draw unrelated numbers.
    """
    mask = (1 << 64) - 1
    value = (seed * 0x9E3779B97F4A7C15 + epoch * 0xBF58476D1CE4E5B9 + batch * 0x94D049BB133111EB) & mask
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
    return (value ^ (value >> 31)) >> 1


def trainable_count(module: nn.Module) -> int:
    """How many weights training changes."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def all_finite(values: Iterable[torch.Tensor]) -> bool:
    """Whether every value, scalar or not, is a finite number; waits for the device once."""
    found = [torch.isfinite(value).all() for value in values]
    return not found or bool(torch.stack(found).all())
