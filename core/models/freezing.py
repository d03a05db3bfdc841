"""Keeping the first layers of a network as they are."""

from __future__ import annotations

from typing import Any

from torch import nn


def freeze(model: nn.Module, share: float, head: frozenset[str]) -> str:
    """Freeze the first `share` (0..1) of the network's layers; says what was frozen, "" when nothing was.

    Layers are timm's own groups from the input to the output. The parameters named in `head` always learn.
    """
    groups = [[name for name in group if name not in head] for group in _groups(model)]
    groups = [group for group in groups if group]
    count = round(share * len(groups))
    parameters = dict(model.named_parameters())
    frozen = 0
    for name in (name for group in groups[:count] for name in group):
        parameters[name].requires_grad_(False)
        frozen += parameters[name].numel()
    if not count:
        return ""
    total = sum(parameter.numel() for parameter in parameters.values())
    return f"{count} of {len(groups)} layers are frozen ({frozen:,} of {total:,} parameters); the rest is trained."


def rates_by_layer(model: nn.Module, decay: float) -> dict[nn.Parameter, float]:
    """The learning rate of each parameter as a share of the last layer's: `decay` (0..1) to the power of the number of
    timm's groups of layers behind its own. Source: Clark et al., ELECTRA, 2020, appendix A."""
    groups = _groups(model)
    parameters = dict(model.named_parameters())
    return {
        parameters[name]: decay ** (len(groups) - 1 - depth) for depth, group in enumerate(groups) for name in group
    }


def body_parameters(model: nn.Module, head: frozenset[str]) -> list[nn.Parameter]:
    """What learns in front of the last layer, whose parameters are named in `head`."""
    return [value for name, value in model.named_parameters() if value.requires_grad and name not in head]


def train_mode(model: nn.Module) -> nn.Module:
    """`model.train()`, but batch normalisation in the frozen part keeps its statistics. Use it instead of train()."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            own = list(module.parameters(recurse=False))
            if own and not any(parameter.requires_grad for parameter in own):
                module.eval()
    return model


def _groups(model: nn.Module) -> list[list[str]]:
    """Parameter names by depth; networks that do not know their groups are taken parameter by parameter."""
    from timm.models import group_parameters

    matcher: Any = getattr(model, "group_matcher", None)
    if matcher is None:
        return [[name] for name, _ in model.named_parameters()]
    groups: dict[int, list[str]] = group_parameters(model, matcher(coarse=False))
    return [groups[depth] for depth in sorted(groups)]
