"""What a step of training leaves out at random: pooled features before the last layer, and residual blocks.

Both act on a network in training mode alone and hold no weights: a model file is the same with and without them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from core.errors import SkinKDError

if TYPE_CHECKING:
    from torch import nn

_NOWHERE = {
    "drop_rate": "has no dropout before its last layer",
    "drop_path_rate": "has no residual blocks that a step could skip",
}


@dataclass(frozen=True)
class Rates:
    """Probabilities of 0 to below 1 by timm's names for them; None: as timm builds the network.

    `drop_rate`: dropout (Srivastava et al., 2014) of the pooled features. `drop_path_rate`: stochastic depth (Huang et
    al., 2016; "drop-connect" in the EfficientNet paper's code) of the last residual block, falling to 0 at the first.
    """

    drop_rate: float | None = None
    drop_path_rate: float | None = None

    @classmethod
    def of(cls, drop_rate: float | str, drop_path_rate: float | str) -> Rates:
        """The rates that a recipe names; a word stands for the network's own."""
        given = (None if isinstance(rate, str) else rate for rate in (drop_rate, drop_path_rate))
        return cls(*given)

    @property
    def chosen(self) -> dict[str, float]:
        """Arguments for `timm.create_model`: those that are not the network's own."""
        found = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: rate for name, rate in found.items() if rate is not None}

    def refused(self, architecture: str, error: Exception) -> SkinKDError | None:
        """The error for a network that could not be built because it does not know a rate; None for another reason."""
        name = next((name for name in self.chosen if f"argument '{name}'" in str(error)), None)
        return None if name is None else _no_such_rate(architecture, name)

    def check(self, architecture: str, model: nn.Module) -> None:
        """Raise `SkinKDError` when a rate above 0 was taken and changes nothing in the network that was built."""
        for name, rate in self.chosen.items():
            if rate > 0 and not _acts(name, rate, model):
                raise _no_such_rate(architecture, name)


OWN_RATES = Rates()
"""As timm builds the network."""


def _acts(name: str, rate: float, model: nn.Module) -> bool:
    from torch.nn.modules.dropout import _DropoutNd

    if name == "drop_path_rate":
        return any((getattr(module, "drop_prob", 0.0) or 0.0) > 0 for module in model.modules())
    layers = [module.p for module in model.modules() if isinstance(module, _DropoutNd)]
    return rate in [getattr(model, "drop_rate", None), *layers]


def _no_such_rate(architecture: str, name: str) -> SkinKDError:
    return SkinKDError(
        "This network does not have such a rate",
        f"A {architecture} {_NOWHERE[name]}: {name} can not be set for it. Give {name} the value own, or choose "
        "another network.",
    )
