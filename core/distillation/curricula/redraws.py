"""When the images of an epoch are drawn anew."""

from __future__ import annotations

from typing import Protocol

from core.registry import Registry
from core.settings import Configured, SettingsSection


class Redraw(Configured, Protocol):
    """Which draw of the sampler an epoch shows."""

    def draw(self, epoch: int, settings: SettingsSection) -> int:
        """The number of the draw (from 1) that an epoch (from 1) shows. A pure function."""
        ...


class EachEpoch:
    """Every epoch draws for itself."""

    name = "each_epoch"
    title = "Anew for each epoch"
    help = "every epoch shows images that were drawn for it"
    source = ""
    Settings = SettingsSection

    def draw(self, epoch: int, settings: SettingsSection) -> int:
        """See `Redraw`."""
        return epoch


class Once:
    """One draw for all epochs: with repeats drawn by class, images that it left out are never seen."""

    name = "once"
    title = "Once for all epochs"
    help = "all epochs show the images that were drawn for the first, in one order; those not drawn are never seen"
    source = "Davidi and Park, section 4.3, read to the letter: unloaded, sorted and reloaded"
    Settings = SettingsSection

    def draw(self, epoch: int, settings: SettingsSection) -> int:
        """See `Redraw`."""
        return 1


REDRAWS: Registry[Redraw] = Registry("redraw", (EachEpoch(), Once()))
