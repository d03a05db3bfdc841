"""Which networks there are (timm's), and how large they are. Imports timm only when asked."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from core.errors import SkinKDError
from core.models.rates import OWN_RATES, Rates

if TYPE_CHECKING:
    from torch import nn

SUGGESTED_TEACHERS = (
    ("tf_efficientnet_b7.aa_in1k", "The paper's teacher: EfficientNet-B7, pretrained on ImageNet alone. Needs a GPU."),
    ("tf_efficientnet_b7", "The same, pretrained with further images."),
    ("resnetv2_50", "ResNet50V2, a candidate of the paper: less than half the size."),
    ("resnetv2_101", "ResNet101V2, a candidate of the paper."),
    ("tf_efficientnet_b3", "A smaller EfficientNet for GPUs with little memory."),
    ("convnextv2_tiny", "A modern network of middle size."),
    ("tf_efficientnet_b0", "For small machines: an evening on a CPU."),
    ("mobilenetv2_100", "For small machines: a teacher within minutes, to try the method."),
    ("vit_small_patch14_dinov2", "DINOv2, learned without labels: probe it within minutes."),
    ("vit_base_patch16_dinov3", "DINOv3, its successor; larger."),
    ("vit_base_patch16_clip_224", "CLIP's image tower, learned from captions of the web."),
    ("beitv2_base_patch16_224", "BEiT v2, learned by filling in pictures."),
)
"""(architecture, why), the paper's first."""

SUGGESTED_STUDENTS = (
    ("mobilenetv2_100", "The paper's student: MobileNetV2."),
    ("mobilenetv2_050", "MobileNetV2 at half width: a third of the size."),
    ("mobilenetv3_small_100", "MobileNetV3 small: very fast on telephones."),
    ("mobilenetv3_large_100", "MobileNetV3 large: often better at the same speed."),
    ("mobilenetv4_conv_small", "MobileNetV4: built for telephones of today."),
    ("tf_efficientnet_lite0", "EfficientNet-Lite: survives 8-bit weights well."),
    ("mobilenetv2_035", "The smallest MobileNetV2, to try things out."),
)
"""(architecture, why), the paper's first."""


@dataclass(frozen=True)
class ModelFacts:
    """The size of a network with its new head. `megabytes` are 10^6 bytes at 32 bits, as saved.

    `multiply_adds` counts one image through all convolutions and matrix products; None where it can not be counted.
    `has_pretrained` tells whether weights `hub` exist for it, and `licence` under which one, as timm names it ("" where
    it does not).
    """

    architecture: str
    parameters: int
    megabytes: float
    multiply_adds: int | None
    has_pretrained: bool
    licence: str = ""


def search_models(text: str) -> tuple[str, ...]:
    """Names of timm's networks that contain every word of `text`, closest first; all of them for an empty text.

    With a dot in the text, names with their pretrained tag (`resnet50.a1_in1k`) are searched instead.
    """
    import timm

    words = text.lower().split()
    names: list[str] = timm.list_models(pretrained="." in text)
    found = [name for name in names if all(word in name.lower() for word in words)]
    if not words:
        return tuple(found)
    return tuple(sorted(found, key=lambda name: (not name.lower().startswith(words[0]), len(name), name)))


def check_architecture(architecture: str) -> None:
    """Raise `SkinKDError` with the nearest names unless timm itself knows the name. Never looks at paths or the hub."""
    import timm

    if re.fullmatch(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?", architecture):
        base, dot, _ = architecture.partition(".")
        if not dot and base in _names(pretrained=False):
            return
        if dot and architecture in _names(pretrained=True):
            return
    shown = architecture if len(architecture) <= 80 else architecture[:80] + "..."
    renamed = _renamed()
    if architecture in renamed:
        raise SkinKDError("Unknown network", f"timm has renamed {shown}: it is {renamed[architecture]} now.")
    # Python's matcher is slow on long strings, and a long string is near to no name.
    names = [*timm.list_models(), *renamed]
    near = difflib.get_close_matches(architecture[:80], names, n=3, cutoff=0.5)
    near = list(dict.fromkeys(renamed.get(name, name) for name in near))
    hint = f" Did you mean {', '.join(near)}?" if near else " Search the list of models for one."
    raise SkinKDError("Unknown network", f"timm has no network named {shown!r}.{hint}")


def _renamed() -> dict[str, str]:
    """timm's own table of old names, with those of today; what timm dropped without another is not in it."""
    from timm.models import get_deprecated_models

    found: dict[str, str | None] = get_deprecated_models()
    tagged = _names(pretrained=True)
    return {old: new if new in tagged else new.partition(".")[0] for old, new in found.items() if new}


@lru_cache(maxsize=256)
def describe_model(architecture: str, image_size: int, num_classes: int, rates: Rates = OWN_RATES) -> ModelFacts:
    """The facts of a network at this image size, without allocating its weights: about 0.3 s for EfficientNet-B7.

    Raises `SkinKDError` for unknown names, for networks that can not take images of this size or do not have these
    rates, and for those that do not end in one row of logits per image.
    """
    import torch

    from core.models.counting import MultiplyAdds

    with torch.device("meta"):
        model = build(architecture, image_size, num_classes, rates).eval().requires_grad_(False)
        parameters = sum(parameter.numel() for parameter in model.parameters())
        numbers = parameters + sum(buffer.numel() for buffer in model.buffers())
        counter = MultiplyAdds()
        try:
            with counter:
                logits = model(torch.empty(1, 3, image_size, image_size))
        except (RuntimeError, ValueError, AssertionError, TypeError, NotImplementedError) as error:
            raise _unsuitable(architecture, image_size, error) from error
    if not isinstance(logits, torch.Tensor) or tuple(logits.shape) != (1, num_classes):
        raise _unsuitable(architecture, image_size, "it does not end in one row of logits per image")
    return ModelFacts(
        architecture=architecture,
        parameters=parameters,
        megabytes=numbers * 4 / 1e6,
        multiply_adds=counter.total or None,
        has_pretrained=has_pretrained(architecture),
        licence=_licence(architecture),
    )


def has_pretrained(architecture: str) -> bool:
    """Whether timm offers pretrained weights for this name."""
    base, dot, _ = architecture.partition(".")
    names = _names(pretrained=True)
    return architecture in names if dot else any(name.startswith(base + ".") for name in names)


def build(architecture: str, image_size: int, num_classes: int, rates: Rates = OWN_RATES) -> nn.Module:
    """timm's network with a new head and random weights, on torch's default device. Never touches the network.

    Raises `SkinKDError` for unknown names, for image sizes that the network can not be built for, and for rates that
    have no effect on it.
    """
    import timm

    check_architecture(architecture)
    options = model_arguments(architecture, image_size) | rates.chosen
    try:
        model: nn.Module = timm.create_model(architecture, pretrained=False, num_classes=num_classes, **options)
    except (RuntimeError, ValueError, AssertionError, TypeError, KeyError) as error:
        raise rates.refused(architecture, error) or _unsuitable(architecture, image_size, error) from error
    rates.check(architecture, model)
    return model


def model_arguments(architecture: str, image_size: int) -> dict[str, Any]:
    """What `timm.create_model` must be told, beside the number of classes, to build a known network for this size."""
    import timm

    config = timm.get_pretrained_cfg(architecture)
    # Transformers are built for one size and only they know the argument; convolutions take any.
    return {"img_size": image_size} if config is not None and config.fixed_input_size else {}


def _licence(architecture: str) -> str:
    import timm

    return str(getattr(timm.get_pretrained_cfg(architecture), "license", None) or "")


@lru_cache(maxsize=2)
def _names(*, pretrained: bool) -> frozenset[str]:
    import timm

    return frozenset(timm.list_models(pretrained=pretrained))


def _unsuitable(architecture: str, image_size: int, why: object) -> SkinKDError:
    return SkinKDError(
        "This network can not be used here",
        f"{architecture} can not classify images of {image_size} x {image_size} pixels. "
        "Choose another network or another image size (224 suits most).",
        str(why),
    )
