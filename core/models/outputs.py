"""What a network says of a batch of images: logits, and the pooled features that its last layer turns into them.

timm's networks are taken in their two halves, without hooks: so the features carry gradients, are part of a compiled
or exported graph, and other threads may be in the same network meanwhile.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


def forward_both(model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor | None]:
    """Logits (n, classes) and pooled features (n, d) of normalised images (n, 3, S, S), from one forward pass.

    The logits are to the bit those of `model(images)`. The features are None where `feature_dim` is.
    """
    last = _last_layer(model)
    if last is None:
        return model(images), None
    network: Any = model
    features: Tensor = network.forward_head(network.forward_features(images), pre_logits=True)
    logits: Tensor = last(features) if isinstance(last, nn.Linear) else last(features[:, :, None, None]).flatten(1)
    return logits, features


def feature_dim(model: nn.Module) -> int | None:
    """How many pooled features the network's last layer turns into logits; None for a network that has not one last
    layer for all, such as distilled transformers with two heads."""
    last = _last_layer(model)
    if last is None:
        return None
    return last.in_features if isinstance(last, nn.Linear) else last.in_channels


def _last_layer(model: nn.Module) -> nn.Linear | nn.Conv2d | None:
    """The one layer behind the pooled features, where the network can be halved in front of it."""
    ask: Callable[[], object] | None = getattr(model, "get_classifier", None)
    last = ask() if callable(ask) else None
    head = getattr(model, "forward_head", None)
    halved = (
        callable(head) and hasattr(model, "forward_features") and "pre_logits" in inspect.signature(head).parameters
    )
    return last if halved and isinstance(last, nn.Linear | nn.Conv2d) else None
