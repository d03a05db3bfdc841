"""Which settings a new training begins with on this computer: those of the paper take weeks without a GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skinkd_gui.settings.store import open_store

if TYPE_CHECKING:
    from core.recipe import Preset

_KEY = "hardware/accelerated"


def remember_device(device: str) -> None:
    """Keep what trainings on this computer run on (`cpu`, `cuda`, `mps`): it is found seconds after the start."""
    open_store().setValue(_KEY, device != "cpu")


def suited_preset() -> Preset:
    """The paper's settings, divided by lesion, where a GPU was found at this start or an earlier one, else those for a
    CPU."""
    from core.recipe import Preset

    accelerated = str(open_store().value(_KEY, "false")).lower() == "true"
    return Preset.PAPER_LESION if accelerated else Preset.BEST_CPU
