"""What a network says of a batch of images: logits, and the pooled features that its last layer turns into them.

timm's networks are taken in their two halves, without hooks: so the features carry gradients, are part of a compiled
or exported graph, and other threads may be in the same network meanwhile.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

LastLayer = nn.Linear | nn.Conv2d

_LAST: WeakKeyDictionary[nn.Module, LastLayer | None] = WeakKeyDictionary()
"""What was found for the networks that were looked at."""


def forward_both(model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor | None]:
    """Logits (n, classes) and pooled features (n, d) of normalised images (n, 3, S, S), from one forward pass.

    The logits are to the bit those of `model(images)`. The features are None where `feature_dim` is.
    """
    if model not in _LAST:
        _LAST[model] = _last_layer(model, images[:1])
    last = _LAST[model]
    return (model(images), None) if last is None else _halves(model, last, images)


def feature_dim(model: nn.Module, image_size: int) -> int | None:
    """How many pooled features the network's last layer turns into logits.

    None for a network that has not one last layer for all, such as distilled transformers with two heads, and for one
    that does more behind its pooled features than that layer does. That is looked at with one made-up image.
    """
    if model not in _LAST:
        like = next(model.parameters(), torch.zeros(0))
        image = torch.rand(1, 3, image_size, image_size, generator=torch.Generator().manual_seed(0))
        _LAST[model] = _last_layer(model, image.to(like.device))
    last = _LAST[model]
    return None if last is None else last.weight.shape[1]


def output_bias(model: nn.Module, image_size: int) -> nn.Parameter | None:
    """The bias that the network's last layer adds to its logits (classes,); None where it has not one last layer (see
    `feature_dim`) with a bias."""
    return None if feature_dim(model, image_size) is None else getattr(_LAST[model], "bias", None)


class WithFeatures(nn.Module):
    """A network as a module that gives both, as `forward_both` does; it shares the network's weights and modes.

    Raises ValueError for a network without a `feature_dim`.
    """

    def __init__(self, model: nn.Module, image_size: int) -> None:
        super().__init__()
        if feature_dim(model, image_size) is None:
            raise ValueError(f"{type(model).__name__} can not be halved in front of its last layer")
        self.network = model
        self._last = (_LAST[model],)  # within a tuple: it is no second module of its own

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (n, classes) and pooled features (n, d) of normalised images."""
        (last,) = self._last
        assert last is not None
        return _halves(self.network, last, images)


class PooledFeatures(nn.Module):
    """A network that gives its pooled features alone. Raises ValueError for one without a `feature_dim`."""

    def __init__(self, model: nn.Module, image_size: int) -> None:
        super().__init__()
        self.both = WithFeatures(model, image_size)

    def forward(self, images: Tensor) -> Tensor:
        """Pooled features (n, d) of normalised images."""
        features: Tensor = self.both(images)[1]
        return features


class Head(nn.Module):
    """A network's last layer, shared with it, as a network of pooled features. Raises ValueError as `WithFeatures`."""

    def __init__(self, model: nn.Module, image_size: int) -> None:
        super().__init__()
        if feature_dim(model, image_size) is None:
            raise ValueError(f"{type(model).__name__} can not be halved in front of its last layer")
        self.last = _LAST[model]
        _LAST[self] = self.last
        self.pretrained_cfg = {"classifier": "last"}

    def forward_features(self, features: Tensor) -> Tensor:
        """The features (n, d) themselves: nothing lies in front of the layer."""
        return features

    def forward_head(self, features: Tensor, pre_logits: bool = False) -> Tensor:
        """Logits (n, classes) of pooled features (n, d), or these."""
        assert self.last is not None
        return features if pre_logits else _logits(self.last, features)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (n, classes) of pooled features (n, d)."""
        return self.forward_head(features)

    def group_matcher(self, coarse: bool = False) -> dict[str, str]:
        """It is one layer, by timm's way of naming layers."""
        return {"last": "^last"}


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Eval mode inside; every layer gets its own mode back (frozen ones are in eval mode within a training model)."""
    modes = [(module, module.training) for module in model.modules()]
    if any(training for _, training in modes):
        model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _halves(model: nn.Module, last: LastLayer, images: Tensor) -> tuple[Tensor, Tensor]:
    network: Any = model
    features: Tensor = network.forward_head(network.forward_features(images), pre_logits=True)
    return _logits(last, features), features


def _logits(last: LastLayer, features: Tensor) -> Tensor:
    logits: Tensor = last(features) if isinstance(last, nn.Linear) else last(features[:, :, None, None]).flatten(1)
    return logits


def _last_layer(model: nn.Module, image: Tensor) -> LastLayer | None:
    """The one layer behind the pooled features, where the network says which it is and an image (1, 3, S, S) shows
    that nothing else lies behind them."""
    network: Any = model
    ask: Callable[[], object] | None = getattr(model, "get_classifier", None)
    last = ask() if callable(ask) else None
    head: Callable[..., object] | None = getattr(model, "forward_head", None)
    if not (isinstance(last, LastLayer) and callable(head) and hasattr(model, "forward_features")):
        return None
    if "pre_logits" not in inspect.signature(head).parameters:
        return None
    with torch.no_grad(), eval_mode(model):
        maps = network.forward_features(image)
        features = network.forward_head(maps, pre_logits=True)
        plain = features.ndim == 2 and features.shape[1] == last.weight.shape[1]
        return last if plain and torch.equal(_logits(last, features), network.forward_head(maps)) else None
