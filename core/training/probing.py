"""A probe: a network that stays as it is, and its last layer, which learns from features that are computed once.

The layer is trained by the same loop as any network, with stored features (n, d) in place of images: schedule, sampler,
early stopping and resume are those of every training. In one go with the network, frozen, it would see the same
features, computed anew in every epoch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import nn

from core.data.store import ImageStore
from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.models.info import Preprocessing
from core.models.outputs import Head, feature_dim
from core.recipe import Recipe
from core.teachers.stored_features import stored_features
from core.training.batches import FitData
from core.training.hardware import Hardware


@dataclass(frozen=True)
class Probe:
    """What `fit` trains for a probe: the network's last layer, shared with it, and features in place of images."""

    head: nn.Module
    data: FitData


def prepare_probe(
    model: nn.Module,
    preprocessing: Preprocessing,
    data: FitData,
    hardware: Hardware,
    recipe: Recipe,
    emit: Emit,
    token: CancelToken,
) -> Probe:
    """The probe of a network on the images of a training. Raises `SkinKDError` for a network without features, and as
    `stored_features`."""
    size = preprocessing.image_size
    if feature_dim(model, size) is None:
        raise SkinKDError(
            "The network can not be probed",
            f"A {recipe.trained.architecture} has no single layer behind its pooled features, which alone could learn. "
            "Choose another network, or set teacher.probe to false (teacher.freeze keeps most of it as it is).",
        )
    features = stored_features(
        model,
        preprocessing,
        data.store,
        np.concatenate([data.train, data.validation]),
        device=hardware.device,
        precision=hardware.inference_precision,
        emit=emit,
        token=token,
    )
    kept = data.store
    store = ImageStore(features, kept.labels, {}, kept.key, size, earlier_keys=kept.earlier_keys)  # type: ignore[arg-type]
    return Probe(Head(model, size), FitData(store, data.train, data.validation))
