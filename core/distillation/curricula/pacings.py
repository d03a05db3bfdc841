"""How many of the drawn images an epoch shows."""

from __future__ import annotations

from typing import Protocol

from core.registry import Registry
from core.settings import Configured, SettingsSection, setting


class Pacing(Configured, Protocol):
    """A share of the drawn images for each epoch; the first ones in the curriculum's order are shown."""

    def share(self, epoch: int, settings: SettingsSection) -> float:
        """The share that an epoch (from 1) shows, above 0; 1 and more are all of them. A pure function."""
        ...


class WholeEpoch:
    """Every epoch shows all that was drawn."""

    name = "all"
    title = "All images from the start"
    help = "every epoch shows all images that were drawn"
    source = "Davidi and Park, section 4.3"
    Settings = SettingsSection

    def share(self, epoch: int, settings: SettingsSection) -> float:
        """See `Pacing`."""
        return 1.0


class LinearSettings(SettingsSection):
    """A straight line from a share to all."""

    pacing_start: float = setting(
        0.2, "Share at the start", "Share of the drawn images that the first epoch shows.", gt=0, le=1
    )
    pacing_epochs: int = setting(
        10,
        "Epochs until all",
        "After this many epochs all images are shown; a run that ends earlier never shows the last ones.",
        unit="epochs",
        ge=1,
        le=10000,
    )


class LinearPacing:
    """start + (1 - start) * (epoch - 1) / epochs, until that is 1: the share grows by the same step with each epoch."""

    name = "linear"
    title = "A growing share"
    help = "the first epochs show only the first images in the order; their share grows in a straight line"
    source = "Wu, Dyer and Neyshabur, When Do Curricula Work?, 2021, table 1 (linear)"
    Settings = LinearSettings

    def share(self, epoch: int, settings: SettingsSection) -> float:
        """See `Pacing`."""
        assert isinstance(settings, LinearSettings)
        start = settings.pacing_start
        return start + (1 - start) * min(1.0, (epoch - 1) / settings.pacing_epochs)


PACINGS: Registry[Pacing] = Registry("pacing", (WholeEpoch(), LinearPacing()))
