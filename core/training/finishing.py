"""What becomes of the best epoch's weights when a training ends: they go into the network, their logits adjusted where
the recipe asks for that."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core.distillation.classification import log_frequencies
from core.errors import SkinKDError
from core.events import EpochRecord
from core.models.outputs import output_bias
from core.recipe import Recipe
from core.training.checkpoint import CheckpointFolder


def logit_shift(recipe: Recipe, class_counts: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """What the recipe adds to the finished network's logits (classes,): -tau * log of each class's share of the
    training images; None where it adds nothing.

    Source: Menon et al., Long-tail Learning via Logit Adjustment, 2021, equation 9 (with tau there).
    """
    tau = recipe.optimisation.adjust_logits
    if not tau:
        return None
    return (-tau * log_frequencies(torch.from_numpy(class_counts)).numpy()).astype(np.float32)


def network_notes(recipe: Recipe, history: Sequence[EpochRecord], best: int) -> tuple[str, ...]:
    """What a reader of the scores must know of the network that the epoch `best` (from 1) left: whether it is an
    average of weights, and whether its logits are adjusted."""
    notes = []
    if history[best - 1].averaged:
        notes.append(
            f"The model is the running average of the weights up to epoch {best}, which did better on the validation "
            "images than the weights themselves."
        )
    elif recipe.optimisation.ema:
        notes.append(
            f"The model is the weights of epoch {best}: their running average did no better on the validation images."
        )
    tau = recipe.optimisation.adjust_logits
    if tau:
        notes.append(
            "The logits are adjusted to the classes' shares of the training images (optimisation.adjust_logits "
            f"{tau:g}), and the probabilities with them."
        )
    return tuple(notes)


def check_adjustable(model: nn.Module, image_size: int, shift: NDArray[np.float32] | None) -> None:
    """Raise `SkinKDError` when a shift (classes,) is asked for and the network's logits can not be shifted."""
    if shift is not None and output_bias(model, image_size) is None:
        raise SkinKDError(
            "The logits of this network can not be adjusted",
            "optimisation.adjust_logits changes the bias of the last layer, and this network has not one last layer "
            "with a bias. Choose another network, or set optimisation.adjust_logits to 0.",
        )


def take_best(
    model: nn.Module, image_size: int, checkpoint: CheckpointFolder, best: int, shift: NDArray[np.float32] | None
) -> None:
    """Give the network the weights of the epoch `best` (from 1), and its last layer's bias the shift (classes,).

    Raises `SkinKDError` when they can not be read, or are another network's.
    """
    weights = checkpoint.load_best(best)
    with checkpoint.reporting_damage():
        model.load_state_dict(weights)
    if shift is not None:
        bias = output_bias(model, image_size)
        assert bias is not None
        with torch.no_grad():
            bias.add_(torch.from_numpy(shift).to(bias))
