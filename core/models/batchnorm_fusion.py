"""A network for answering only: each batch normalisation is worked into the convolution before it.

The same numbers within rounding, in less time: on a CPU a normalisation costs nearly as much as reading the layer's
whole output once more.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

_SAME = 1e-3
"""Of the largest logit: far above float32 rounding, far below what a wrongly folded layer does."""


def fuse_batchnorm(model: nn.Module, image_size: int) -> nn.Module:
    """A copy of `model` in eval mode in which normalisations directly behind a convolution are part of it.

    Which are is found by following one made-up image through the network; the copy must answer on it as the original
    does, otherwise the original is given back. The copy can answer, not learn. The model must be on the CPU.
    """
    copied = copy.deepcopy(model).eval()
    image = torch.randn(1, 3, image_size, image_size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        pairs = _pairs(copied, image)
        expected = copied(image)
        for convolution, name in pairs:
            _fold(copied, convolution, name)
        same = torch.allclose(copied(image), expected, rtol=0.0, atol=_SAME * float(expected.abs().max()))
    return copied if same else model


def _pairs(model: nn.Module, image: Tensor) -> list[tuple[nn.Conv2d, str]]:
    """Convolutions, each with the name of the normalisation that its output goes into."""
    made: dict[int, tuple[nn.Conv2d, Tensor]] = {}
    found: list[tuple[nn.Conv2d, str]] = []
    used: list[nn.Module] = []

    def note(module: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        used.append(module)
        if isinstance(module, nn.Conv2d):
            made[id(output)] = (module, output)  # the output is kept, so that no other tensor gets its number

    def match(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def record_match(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            if id(inputs[0]) in made:
                found.append((made[id(inputs[0])][0], name))

        return record_match

    hooks = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(note))
        elif isinstance(module, nn.BatchNorm2d) and module.track_running_stats:
            hooks.append(module.register_forward_pre_hook(match(name)))
    try:
        model(image)
    finally:
        for hook in hooks:
            hook.remove()
    once = [module for module, _ in found]
    return [(module, name) for module, name in found if used.count(module) == 1 and once.count(module) == 1]


def _fold(model: nn.Module, convolution: nn.Conv2d, name: str) -> None:
    norm = model.get_submodule(name)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight, convolution.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    parent, _, own = name.rpartition(".")
    # timm's normalisations have their activation inside.
    rest = nn.Sequential(
        *(part for part in (getattr(norm, "drop", None), getattr(norm, "act", None)) if part is not None)
    )
    setattr(model.get_submodule(parent), own, rest)
