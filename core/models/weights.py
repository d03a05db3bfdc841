"""Putting weights from a file into a network whose head may differ."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from core.errors import SkinKDError
from core.visible_text import visible_lines


@dataclass(frozen=True)
class Origin:
    """Where weights come from, in words, and the architecture that they say they are for. Without `same_classes`, the
    outputs of their head stand for something else."""

    name: str
    architecture: str
    same_classes: bool = True


def fit_weights(model: nn.Module, weights: dict[str, Tensor], architecture: str, origin: Origin) -> str:
    """Copy `weights`, by name and each in the shape of the model's own, into the model, all but a head of another size
    or for other classes; says what happened, for the user.

    Half precision is converted. Raises `SkinKDError`, with the number of tensors that do not match, when anything
    but the head is missing, unknown or of another shape, or when the weights are another architecture's.
    """
    own, head = model.state_dict(), head_names(model)
    given = translated(model, weights)
    outputs = max((given[name].shape[0] for name in head if name in given and given[name].dim()), default=0)
    keep_head = origin.same_classes and all(_fits(name, given, own) for name in head)
    if not keep_head:
        given = {name: value for name, value in given.items() if name not in head}
    wanted = [name for name in own if keep_head or name not in head]
    # Older files lack the counter of batch normalisation, which only matters without momentum.
    wanted = [name for name in wanted if name in given or not name.endswith("num_batches_tracked")]
    wrong = [name for name in {**dict.fromkeys(wanted), **given} if not _fits(name, given, own)]
    if wrong or _base(origin.architecture) != _base(architecture):
        raise _misfit(architecture, origin, wrong, len(wanted))
    model.load_state_dict(given, strict=False)
    if keep_head:
        return f"Weights from {origin.name}, with their head for {outputs} classes."
    was = f"their head for {outputs} classes was dropped" if outputs else "they hold no head"
    new = max(own[name].shape[0] for name in head)
    return f"Weights from {origin.name}; {was} and a new one for {new} classes starts from random weights."


def head_names(model: nn.Module) -> frozenset[str]:
    """The names of the last layer's parameters, whose shape depends on the number of classes."""
    config: Any = getattr(model, "pretrained_cfg", None) or {}  # which networks that are not timm's lack
    classifier = config.get("classifier") or ()
    layers = (classifier,) if isinstance(classifier, str) else tuple(classifier)
    names = {name for name, _ in model.named_parameters()}
    return frozenset(f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")) & names


def _base(architecture: str) -> str:
    """The name without its pretrained tag."""
    return architecture.partition(".")[0]


def _fits(name: str, given: dict[str, Tensor], own: dict[str, Tensor]) -> bool:
    return name in given and name in own and given[name].shape == own[name].shape


def translated(model: nn.Module, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights, of any shapes (...,), under this network's names and in its shapes, where timm can convert them
    (position embeddings of another image size, older names, open_clip's)."""
    own, head = model.state_dict(), head_names(model)
    if all(_fits(name, weights, own) or name in head for name in weights):
        return dict(weights)
    convert = getattr(sys.modules[type(model).__module__], "checkpoint_filter_fn", None)
    if convert is None:
        return dict(weights)
    try:
        converted: dict[str, Tensor] = convert(dict(weights), model)
    except (KeyError, IndexError, RuntimeError, ValueError, TypeError, AttributeError, AssertionError):
        return dict(weights)  # not a file of this family; the comparison that follows says so
    return converted


def _misfit(architecture: str, origin: Origin, wrong: list[str], wanted: int) -> SkinKDError:
    says = ""
    if _base(origin.architecture) != _base(architecture):
        says = f" They say that they are for a {origin.architecture}."
    return SkinKDError(
        "The weights do not fit the network",
        f"{origin.name} does not hold the weights of a {architecture}: {len(wrong)} tensors do not match, where the "
        f"network has {wanted}.{says} Choose this network's file, or the file's architecture.",
        visible_lines(name[:80] for name in wrong[:50]),
    )
