"""How many of the drawn images an epoch shows."""

from __future__ import annotations

import math
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


class GrowingSettings(SettingsSection):
    """From a share to all."""

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


class _Growing:
    """start + (1 - start) * shape((epoch - 1) / epochs) until all are shown, with a shape from 0 to 1."""

    source = "Wu, Dyer and Neyshabur, When Do Curricula Work?, 2021, table 1"
    Settings: type[SettingsSection] = GrowingSettings

    def share(self, epoch: int, settings: SettingsSection) -> float:
        """See `Pacing`."""
        assert isinstance(settings, GrowingSettings)
        start = settings.pacing_start
        return start + (1 - start) * self.shape(min(1.0, (epoch - 1) / settings.pacing_epochs))

    def shape(self, done: float) -> float:
        """How much of the way is done, 0..1, when `done` (0..1) of the epochs are."""
        raise NotImplementedError


class Linear(_Growing):
    """The share grows by the same step with each epoch."""

    name = "linear"
    title = "A growing share"
    help = "the first epochs show only the first images in the order; their share grows in a straight line"

    def shape(self, done: float) -> float:
        """See `_Growing`."""
        return done


class Quadratic(_Growing):
    """The square."""

    name = "quadratic"
    title = "Growing late (quadratic)"
    help = "a share that grows slowly at first: the first images in the order are shown longer"

    def shape(self, done: float) -> float:
        """See `_Growing`."""
        return done**2


class Exponential(_Growing):
    """(e^(10 x) - 1) / (e^10 - 1)."""

    name = "exponential"
    title = "Growing at the end (exponential)"
    help = "the first images in the order alone for most of the epochs, then quickly all"

    def shape(self, done: float) -> float:
        """See `_Growing`."""
        return math.expm1(10 * done) / math.expm1(10)


class Root(_Growing):
    """The square root."""

    name = "root"
    title = "Growing early (root)"
    help = "a share that grows quickly at first: few epochs show the first images in the order alone"

    def shape(self, done: float) -> float:
        """See `_Growing`."""
        return math.sqrt(done)


class Logarithmic(_Growing):
    """1 + log(x + e^-10) / 10."""

    name = "logarithmic"
    title = "Growing at once (logarithmic)"
    help = "nearly all images after the first epochs"

    def shape(self, done: float) -> float:
        """See `_Growing`."""
        return min(1.0, 1 + math.log(done + math.exp(-10)) / 10)


class Step(_Growing):
    """The share at the start until its epochs are over, then all."""

    name = "step"
    title = "All at one step"
    help = "the first images in the order alone, and from one epoch on all of them"

    def shape(self, done: float) -> float:
        """See `_Growing`."""
        return float(done >= 1)


class FactorSettings(SettingsSection):
    """From a share to all, times a factor again and again."""

    pacing_start: float = setting(
        0.2, "Share at the start", "Share of the drawn images that the first epoch shows.", gt=0, le=1
    )
    pacing_factor: float = setting(1.9, "Factor", "What the share is multiplied by at each step.", gt=1, le=100)
    pacing_interval: int = setting(
        1, "Epochs of a step", "How many epochs show the same share.", unit="epochs", ge=1, le=10000
    )


class FixedExponential:
    """start * factor^floor((epoch - 1) / interval), until that is 1."""

    name = "fixed_exponential"
    title = "Times a factor"
    help = "the share is multiplied by a factor every few epochs"
    source = "Hacohen and Weinshall, On the Power of Curriculum Learning, 2019, equation 3"
    Settings = FactorSettings

    def share(self, epoch: int, settings: SettingsSection) -> float:
        """See `Pacing`."""
        assert isinstance(settings, FactorSettings)
        steps = (epoch - 1) // settings.pacing_interval
        enough = -math.log(settings.pacing_start) / math.log(settings.pacing_factor)
        return 1.0 if steps >= enough else settings.pacing_start * settings.pacing_factor**steps


PACINGS: Registry[Pacing] = Registry(
    "pacing",
    (WholeEpoch(), Linear(), Quadratic(), Exponential(), Root(), Logarithmic(), Step(), FixedExponential()),
)
