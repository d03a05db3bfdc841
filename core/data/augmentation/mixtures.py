"""Two images in one: each image of a batch mixed with another of the same batch, and their labels alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from core.registry import Registry
from core.settings import Configured, SettingsSection, setting

if TYPE_CHECKING:
    from torch import Tensor

_STREAM = 0x3117


@dataclass(frozen=True)
class Mix:
    """What is mixed in one batch: image i has the `share` of itself, 0.5 to 1, and the rest of image `partners[i]`.

    `box` are the edges (left, right, top, bottom) of the part that is the partner's, as shares of the picture's width;
    None where both lie over one another.
    """

    share: float
    partners: NDArray[np.int64]
    box: tuple[float, float, float, float] | None = None

    def images(self, images: Tensor) -> Tensor:
        """The images (n, S, S, 3), uint8, mixed; at any size S in the same way."""
        import torch

        others = self.partners_of(images)
        if self.box is None:
            mixed = images.float() * self.share + others.float() * (1 - self.share)
            return mixed.round().to(torch.uint8)
        left, right, top, bottom = _pixels(self.box, images.shape[1])
        found = images.clone()
        found[:, top:bottom, left:right] = others[:, top:bottom, left:right]
        return found

    def mixed(self, values: Tensor) -> Tensor:
        """What a teacher says of each image (n, k), mixed as the images are: an approximation of what it says of the
        mixtures."""
        return values * self.share + self.partners_of(values) * (1 - self.share)

    def partners_of(self, values: Tensor) -> Tensor:
        """The rows (n, ...) of the partners."""
        import torch

        return values.index_select(0, torch.from_numpy(self.partners).to(values.device, non_blocking=True))


class Mixture(Configured, Protocol):
    """A way of mixing the images of a batch."""

    def of(self, images: int, size: int, generator: np.random.Generator, settings: SettingsSection) -> Mix | None:
        """What becomes of a batch of so many images of `size` x `size` pixels; None: nothing."""
        ...


def mix_of_step(
    mixture: Mixture, settings: SettingsSection, images: int, size: int, *, seed: int, epoch: int, batch: int
) -> Mix | None:
    """What is mixed in a step: a pure function of its arguments, so that a resumed run mixes what it would have
    mixed. None: nothing is."""
    if images < 2:
        return None
    return mixture.of(images, size, np.random.default_rng([seed, epoch, batch, _STREAM]), settings)


class MixtureSettings(SettingsSection):
    """How much is mixed, and how often."""

    mixture_alpha: float = setting(
        0.2,
        "Mixing",
        "Both parameters of the beta distribution from which a step's shares of the two images are drawn: small ones "
        "leave most images nearly alone, 1 takes every share alike.",
        expert=True,
        gt=0,
        le=10,
    )
    mixture_steps: float = setting(
        0.5, "Steps that mix", "Share of the steps whose images are mixed.", expert=True, gt=0, le=1
    )


class CutmixSettings(MixtureSettings):
    """As the authors of CutMix chose them."""

    mixture_alpha: float = setting(
        1.0,
        "Mixing",
        "Both parameters of the beta distribution from which the size of a step's rectangle is drawn; 1 takes every "
        "size alike.",
        expert=True,
        gt=0,
        le=10,
    )


class NoMixture:
    """Every image by itself."""

    name = "none"
    title = "Not mixed"
    help = "every image by itself, as in the paper"
    source = ""
    Settings = SettingsSection

    def of(self, images: int, size: int, generator: np.random.Generator, settings: SettingsSection) -> None:
        """See `Mixture`."""


class Mixup:
    """Two images over one another."""

    name = "mixup"
    title = "Mixup"
    help = "two images of a batch over one another, with both labels; a teacher that is asked online sees the mixture"
    source = "Zhang et al., mixup: Beyond Empirical Risk Minimization, 2018, section 2"
    Settings = MixtureSettings

    def of(self, images: int, size: int, generator: np.random.Generator, settings: SettingsSection) -> Mix | None:
        """See `Mixture`."""
        share = _share(generator, settings)
        return None if share is None else Mix(share, _partners(images))


class Cutmix:
    """A rectangle of an image replaced by that of another."""

    name = "cutmix"
    title = "CutMix"
    help = "a rectangle of another image of the batch in each, with both labels by their area"
    source = "Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers, 2019, section 3"
    Settings = CutmixSettings

    def of(self, images: int, size: int, generator: np.random.Generator, settings: SettingsSection) -> Mix | None:
        """See `Mixture`; the labels' shares are those of the pixels."""
        share = _share(generator, settings)
        if share is None:
            return None
        x, y, half = *generator.random(2), (1 - share) ** 0.5 / 2
        left, right, top, bottom = (float(np.clip(edge, 0, 1)) for edge in (x - half, x + half, y - half, y + half))
        box = (left, right, top, bottom)
        first, last, above, below = _pixels(box, size)
        return Mix(1 - (last - first) * (below - above) / size**2, _partners(images), box)


def _share(generator: np.random.Generator, settings: SettingsSection) -> float | None:
    """The larger share, 0.5 to 1, or None in a step that does not mix."""
    assert isinstance(settings, MixtureSettings)
    mixes = generator.random() < settings.mixture_steps
    share = float(generator.beta(settings.mixture_alpha, settings.mixture_alpha))
    return max(share, 1 - share) if mixes else None


def _partners(images: int) -> NDArray[np.int64]:
    """Half a batch further on: neighbours in the order of a curriculum are often the same image."""
    return (np.arange(images) + images // 2) % images


def _pixels(box: tuple[float, float, float, float], size: int) -> tuple[int, int, int, int]:
    left, right, top, bottom = (round(edge * size) for edge in box)
    return left, right, top, bottom


MIXTURES: Registry[Mixture] = Registry("mixture", (NoMixture(), Mixup(), Cutmix()))
