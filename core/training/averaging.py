"""A running average of a network's weights, which often classifies better than the weights of the last step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from core.training.checkpoint import Values


class WeightAverage:
    """The exponential moving average of a network's weights and running statistics, on their device.

    After n steps the average moves by 1 - min(decay, (1 + n) / (10 + n)) of the way to the weights, so that its start
    is forgotten soon, however near `decay` (0..1) is to 1. What is no fraction (counts) is that of the last step.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._own = dict(model.state_dict())
        self._values = {name: value.clone() for name, value in self._own.items()}
        # Chosen once: both tables keep their tensors, and a step only writes into them.
        fractions = [name for name, value in self._own.items() if value.is_floating_point()]
        self._moving = [self._values[name] for name in fractions], [self._own[name] for name in fractions]
        self._counts = sorted(self._own.keys() - set(fractions))
        self._decay, self._steps = decay, 0

    def update(self) -> None:
        """Take up the weights after a step."""
        self._steps += 1
        rest = 1 - min(self._decay, (1 + self._steps) / (10 + self._steps))
        torch._foreach_lerp_(*self._moving, rest)
        for name in self._counts:
            self._values[name].copy_(self._own[name])

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside, the network has the average in place of its weights, which it then gets back to the bit."""
        before = {name: value.clone() for name, value in self._own.items()}
        _copy(self._values, self._own)
        try:
            yield
        finally:
            _copy(before, self._own)

    def state(self) -> Values:
        """What a checkpoint keeps of it."""
        return {"values": self._values, "steps": self._steps}

    def restore(self, state: Values) -> None:
        """Go back to a state. Raises KeyError or RuntimeError when it is another network's."""
        with torch.no_grad():
            _copy({name: state["values"][name] for name in self._own}, self._values)
        self._steps = int(state["steps"])


@torch.no_grad()
def _copy(source: dict[str, Tensor], target: dict[str, Tensor]) -> None:
    for name, value in source.items():
        target[name].copy_(value)
