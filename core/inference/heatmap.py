"""Where in an image a network saw evidence for a class: Grad-CAM on its last spatial maps.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization" (2017), as in
captum's LayerGradCam: the maps weighed by their mean gradients, summed, negative parts cut off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import SkinKDError
from core.inference.network import TorchNetwork

if TYPE_CHECKING:
    from torch import Tensor, nn

    from core.inference.classifier import Classifier

HEAT_MAP_MEANING = (
    "Bright areas raised the model's score for this class the most; the map is coarse. It does not show why, does not "
    "outline the lesion, and a map that looks sensible does not make the answer right."
)
"""The sentence to stand beside every heat map."""

NO_HEAT = "Nothing in this image raised the model's score for this class, so the heat map is empty."
"""What to say of a map without any heat."""

_COLOURS = (
    (0, 0, 4),
    (31, 12, 72),
    (85, 15, 109),
    (136, 34, 106),
    (186, 54, 85),
    (227, 89, 51),
    (249, 140, 10),
    (249, 201, 50),
    (252, 255, 164),
)
"""From no heat to most: luminance rises all the way, so the order survives grey printing and any colour vision."""


def heat_map(classifier: Classifier, pixels: NDArray[np.uint8], code: str) -> NDArray[np.float32]:
    """The heat of each pixel for the class `code`, float32 (S, S) in 0..1 with its peak at 1.

    `pixels` is a decoded image of the model's own size, uint8 (S, S, 3). All zeros when nothing speaks for the class.
    The network is only read: it may classify in another thread meanwhile. Raises `SkinKDError` for a network without
    spatial maps (vision transformers), one whose maps are a single point, and exported models; ValueError for pixels
    of another shape.
    """
    network = classifier.network
    if not isinstance(network, TorchNetwork):
        raise SkinKDError(
            "No heat map for exported models",
            "A heat map looks inside the network, which an exported file does not allow. Choose the run itself or its "
            "model.safetensors.",
        )
    size = classifier.info.preprocessing.image_size
    if pixels.shape != (size, size, 3):
        raise ValueError(f"pixels of shape ({size}, {size}, 3) expected, not {pixels.shape}")
    return _normalised(
        _grad_cam(network, pixels, classifier.info.classes.codes.index(code), classifier.info.architecture)
    )


def overlay(image: NDArray[np.uint8], heat: NDArray[np.float32], opacity: float) -> NDArray[np.uint8]:
    """The picture (h, w, 3) under its heat map (any size, 0..1), uint8 (h, w, 3).

    `opacity` 0..1 is that of the hottest places; cooler ones show more of the picture, those without heat all of it.
    """
    from PIL import Image

    height, width = image.shape[:2]
    fitted = Image.fromarray(np.ascontiguousarray(heat, np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    values = np.clip(np.asarray(fitted), 0.0, 1.0)
    share = (min(max(opacity, 0.0), 1.0) * values)[..., None]
    mixed = image * (1.0 - share) + heat_colours(values) * share
    result: NDArray[np.uint8] = np.rint(mixed).astype(np.uint8)
    return result


def heat_colours(heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The colours of heat values 0..1 of any shape, such as (H, W): uint8, one axis of RGB more, (H, W, 3)."""
    anchors = np.array(_COLOURS, np.float64)
    places = np.linspace(0.0, 1.0, len(anchors))
    table = np.stack([np.interp(np.linspace(0, 1, 256), places, anchors[:, band]) for band in range(3)], axis=1)
    indices = np.rint(np.clip(heat, 0.0, 1.0) * 255).astype(np.uint8)
    colours: NDArray[np.uint8] = np.rint(table).astype(np.uint8)[indices]
    return colours


def _grad_cam(network: TorchNetwork, pixels: NDArray[np.uint8], target: int, architecture: str) -> NDArray[np.float32]:
    """Grad-CAM without its negative parts, shape (S, S)."""
    import torch
    from captum.attr import LayerAttribution, LayerGradCam

    from core.models.preprocessing import normalise

    # Whatever mode the caller is in: without recording there would be no gradients.
    with torch.inference_mode(False), torch.enable_grad():
        batch = normalise(torch.from_numpy(pixels[None]).to(network.device), network.preprocessing)
        halves = _in_halves(network.module, _channels_first(network.module, batch, architecture))
        heat = LayerGradCam(halves, halves.maps).attribute(batch, target=target, relu_attributions=True)
        heat = LayerAttribution.interpolate(heat, tuple(pixels.shape[:2]), interpolate_mode="bicubic")
    values: NDArray[np.float32] = heat[0, 0].detach().float().cpu().numpy()
    return values


def _in_halves(module: nn.Module, channels_first: bool) -> Any:
    """The same network with a layer `maps` that passes on its last spatial maps, shape (n, channels, h, w).

    captum hangs its hooks on that layer, never on the network itself, so that others may use the network meanwhile.
    """
    from torch import nn

    class Halves(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.maps = nn.Identity()

        def forward(self, batch: Tensor) -> Tensor:
            features: Tensor = module.forward_features(batch)  # type: ignore[operator]
            if channels_first:
                features = self.maps(features)
            else:
                features = self.maps(features.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
            logits: Tensor = module.forward_head(features)  # type: ignore[operator]
            return logits

    return Halves()


def _channels_first(module: nn.Module, batch: Tensor, architecture: str) -> bool:
    """Whether the last maps are (n, channels, h, w) and not (n, h, w, channels). Raises `SkinKDError` without maps."""
    import torch

    with torch.no_grad():
        features = module.forward_features(batch)  # type: ignore[operator]
    shape = tuple(features.shape) if isinstance(features, torch.Tensor) else ()
    channels = module.num_features
    if len(shape) != 4 or channels not in (shape[1], shape[3]):
        raise SkinKDError(
            "No heat map for this network",
            f"{architecture} keeps no map of where in the image its evidence lies (most vision transformers do not). "
            "Networks such as EfficientNet, MobileNet, ResNet and ConvNeXt do.",
        )
    first = shape[1] == channels
    height, width = shape[2:] if first else shape[1:3]
    if height * width < 2:
        raise SkinKDError(
            "The images are too small for a heat map",
            f"At {batch.shape[-1]} x {batch.shape[-1]} pixels the last map of {architecture} is a single point. Train "
            "with larger images to see where the evidence lies.",
        )
    return first


def _normalised(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divided by the peak; without a peak, or where the network gave no numbers, zeros."""
    heat = np.where(np.isfinite(heat), np.maximum(heat, 0.0), 0.0).astype(np.float32)
    peak = float(heat.max())
    return heat / np.float32(peak) if peak > 0 else heat
