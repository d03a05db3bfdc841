"""A linear head on pooled features that are given or stored: multinomial logistic regression, the usual probe."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
"""Of the penalty on the squared weights of standardised features, beside the mean cross entropy."""

_USUAL = 1e-2
_ROUNDS = 200


def head_logits(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    train: NDArray[np.int64],
    validation: NDArray[np.int64],
    classes: int,
) -> tuple[NDArray[np.float32], float]:
    """Logits (images, classes) of a head that is fitted to the images `train` (n,), and how strongly it was held back.

    `features` (images, d), `labels` (images,). The penalty is the one of `STRENGTHS` whose head has the least cross
    entropy on the images `validation` (m,); the usual one without such images. It is the same at every call. Rows of
    features that are NaN get NaN.
    """
    known, truth = torch.from_numpy(features), torch.from_numpy(labels)
    mean, spread = known[train].mean(0), known[train].std(0).clamp_min(1e-6)
    inputs = (known - mean) / spread
    if not len(validation):
        return _logits(inputs, _fitted(inputs[train], truth[train], classes, _USUAL)), _USUAL
    heads = {strength: _fitted(inputs[train], truth[train], classes, strength) for strength in STRENGTHS}
    losses = {
        strength: float(cross_entropy(torch.from_numpy(_logits(inputs[validation], head)), truth[validation]))
        for strength, head in heads.items()
    }
    best = min(losses, key=losses.__getitem__)
    return _logits(inputs, heads[best]), best


def _fitted(inputs: Tensor, labels: Tensor, classes: int, strength: float) -> tuple[Tensor, Tensor]:
    """Weights (classes, d) and biases (classes,) with the least penalised cross entropy: a convex problem."""
    weight = torch.zeros(classes, inputs.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=_ROUNDS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        found = cross_entropy(inputs @ weight.T + bias, labels) + strength * weight.square().sum()
        found.backward()  # type: ignore[no-untyped-call]
        return found

    solver.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()


def _logits(inputs: Tensor, head: tuple[Tensor, Tensor]) -> NDArray[np.float32]:
    weight, bias = head
    logits: NDArray[np.float32] = (inputs @ weight.T + bias).numpy()
    return logits
