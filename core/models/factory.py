"""Making a teacher or student: timm's network with a head for our classes, and the weights it starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import timm
import torch
from torch import nn

from core.classes import ClassSet
from core.digests import file_digest
from core.models.catalog import build, check_architecture, describe_model
from core.models.files import METADATA_KEY, read_metadata, read_model_info, read_weights
from core.models.freezing import freeze as freeze_layers
from core.models.freezing import train_mode
from core.models.hub import fetch_weights
from core.models.info import Preprocessing
from core.models.provenance import Provenance, of_file, of_hub
from core.models.rates import OWN_RATES, Rates
from core.models.weights import Origin, fit_weights, head_names
from core.user_paths import expanded

__all__ = ["LoadedModel", "create_model", "train_mode"]


@dataclass(frozen=True)
class LoadedModel:
    """A network on the CPU, the input it expects, what the user must know of how it came about, and where its starting
    weights are from (None: it has none)."""

    model: nn.Module
    preprocessing: Preprocessing
    notes: tuple[str, ...]
    provenance: Provenance | None = None


def create_model(
    architecture: str,
    *,
    weights: str,
    image_size: int,
    classes: ClassSet,
    freeze: float = 0.0,
    rates: Rates = OWN_RATES,
    seed: int = 0,
) -> LoadedModel:
    """timm's `architecture` for `image_size` x `image_size` pixels with an output for each of `classes`.

    `weights`: `hub` (timm's pretrained ones), `none` (random), or the path of a safetensors file: timm's, or a SkinKD
    model. New weights depend on `seed` alone; the global random state stays as it was. `freeze`: share of the depth,
    from the input, that does not learn (0..1); use `train_mode(model)` in place of `model.train()`. `rates`: what a
    step of training leaves out at random; without effect in eval mode, and in no file.

    Raises `SkinKDError` (unknown network, unsuitable file, rates that it does not have) or
    `WeightsUnavailableError` (hub).
    """
    check_architecture(architecture)
    describe_model(architecture, image_size, len(classes))  # refuses what can not classify such images
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(architecture, image_size, len(classes), rates)
    preprocessing = _preprocessing(model, image_size)
    notes: list[str] = []
    provenance: Provenance | None = None
    if weights == "hub":
        config = timm.get_pretrained_cfg(architecture)
        path, provenance = fetch_weights(architecture, config), of_hub(config)
        origin = Origin(f"timm's pretrained weights of {architecture}", architecture)
        notes.append(fit_weights(model, read_weights(path, _most_bytes(model)), architecture, origin))
    elif weights == "none":
        notes.append(f"{architecture} starts from random weights (seed {seed}).")
    else:
        path = expanded(weights)
        origin, preprocessing, provenance = _origin(path, architecture, preprocessing, classes)
        notes.append(fit_weights(model, read_weights(path, _most_bytes(model)), architecture, origin))
    if provenance is not None:
        notes.append(f"The starting weights are from {provenance.text}.")
    frozen = freeze_layers(model, freeze, head_names(model)) if freeze > 0 else ""
    return LoadedModel(model, preprocessing, (*notes, frozen) if frozen else tuple(notes), provenance)


def _most_bytes(model: nn.Module) -> int:
    """More than a file of this network's weights can have, whatever its head."""
    own: int = sum(value.numel() * value.element_size() for value in model.state_dict().values())
    return 4 * own + 1_000_000_000


def _preprocessing(model: nn.Module, image_size: int) -> Preprocessing:
    """The normalisation that timm's weights of this network were trained with."""
    config: Any = model.pretrained_cfg
    red, green, blue = (float(value) for value in config["mean"])
    mean = (red, green, blue)
    red, green, blue = (float(value) for value in config["std"])
    return Preprocessing(image_size, mean, (red, green, blue))


def _origin(
    path: Path, architecture: str, preprocessing: Preprocessing, classes: ClassSet
) -> tuple[Origin, Preprocessing, Provenance]:
    """What the file says of itself, the normalisation that its weights want, and where they are from."""
    metadata = read_metadata(path)
    if METADATA_KEY in metadata:
        info = read_model_info(path)
        origin = Origin(path.name, info.architecture, same_classes=info.classes.same_classes(classes))
        known = Provenance(f"{path.name} ({info.origin})" if info.origin else path.name, file_digest(path))
        return origin, replace(info.preprocessing, image_size=preprocessing.image_size), known
    named = metadata.get("architecture")
    origin = Origin(path.name, named[:100] if isinstance(named, str) else architecture)
    return origin, preprocessing, of_file(path, metadata)
