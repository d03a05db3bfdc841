"""The augmentations that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.data.augmentation.augmentation import POSITIONS, TURNS, Augmentation
from core.data.augmentation.strong_settings import StrongSettings
from core.registry import Registry
from core.settings import SettingsSection

if TYPE_CHECKING:
    from torch import Tensor


class Unchanged:
    """Every image as it is."""

    name = "none"
    title = "As they are"
    help = "every image is shown as it is, as in the paper"
    source = ""
    Settings = SettingsSection
    plain_views = 1
    most: int | None = 1

    def stored_views(self, views: int) -> int:
        """See `Augmentation`; the upright one."""
        return 1

    def scheme(self, settings: SettingsSection) -> str:
        """See `Augmentation`."""
        return TURNS

    def images(
        self, images: Tensor, indices: NDArray[np.int64], views: NDArray[np.int64], settings: SettingsSection
    ) -> Tensor:
        """See `Augmentation`."""
        return images


class Turns:
    """The eight positions of a square and nothing else."""

    name = "turns"
    title = "Flips and turns"
    help = "the eight flips and quarter turns; a teacher's outputs are stored for all of them"
    source = "Beyer et al., Knowledge distillation: A good teacher is patient and consistent, 2022, section 3"
    Settings = SettingsSection
    plain_views = POSITIONS
    most: int | None = POSITIONS

    def stored_views(self, views: int) -> int:
        """See `Augmentation`; there are eight."""
        return min(views, POSITIONS)

    def scheme(self, settings: SettingsSection) -> str:
        """See `Augmentation`."""
        return TURNS

    def images(
        self, images: Tensor, indices: NDArray[np.int64], views: NDArray[np.int64], settings: SettingsSection
    ) -> Tensor:
        """See `Augmentation`."""
        from core.data.augmentation.turns import turned

        return turned(images, views)


class Light:
    """Flips, turns and slight changes of colour; only view 0 keeps its colours."""

    name = "light"
    title = "Light"
    help = "flips, quarter turns and slight changes of colour"
    source = "Beyer et al., Knowledge distillation: A good teacher is patient and consistent, 2022, section 3"
    Settings = SettingsSection
    plain_views = 1
    most: int | None = None

    def stored_views(self, views: int) -> int:
        """See `Augmentation`."""
        return views

    def scheme(self, settings: SettingsSection) -> str:
        """See `Augmentation`."""
        return "light1"

    def images(
        self, images: Tensor, indices: NDArray[np.int64], views: NDArray[np.int64], settings: SettingsSection
    ) -> Tensor:
        """See `Augmentation`."""
        from core.data.augmentation.light import recoloured
        from core.data.augmentation.turns import turned

        return recoloured(turned(images, views), indices, views)


class Strong:
    """The flips and turns, and beyond them views with crops, colours, blur, cutouts, hair and vignettes."""

    name = "strong"
    title = "Strong"
    help = (
        "random crops, flips, turns, colours, blur, cutouts, hair and vignettes; of a teacher the eight flips and "
        "turns and further drawn views are stored"
    )
    source = (
        "Davidi and Park, outlook (random crops); Faghri et al., Reinforce Data, Multiply Impact, 2023, section 3 "
        "(stored views)"
    )
    Settings = StrongSettings
    plain_views = POSITIONS
    most: int | None = None

    def stored_views(self, views: int) -> int:
        """See `Augmentation`; the flips and turns, and `views` drawn ones."""
        return POSITIONS + views

    def scheme(self, settings: SettingsSection) -> str:
        """See `Augmentation`."""
        assert isinstance(settings, StrongSettings)
        return f"strong1-{settings.digest}"

    def images(
        self, images: Tensor, indices: NDArray[np.int64], views: NDArray[np.int64], settings: SettingsSection
    ) -> Tensor:
        """See `Augmentation`."""
        from core.data.augmentation.strong import strong_views
        from core.data.augmentation.turns import turned

        assert isinstance(settings, StrongSettings)
        if (views < self.plain_views).all():
            return turned(images, views)
        return strong_views(images, indices, views, settings, self.plain_views)


AUGMENTATIONS: Registry[Augmentation] = Registry("augmentation", (Unchanged(), Turns(), Light(), Strong()))
