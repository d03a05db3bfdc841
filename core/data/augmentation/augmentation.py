"""What an augmentation is, and the numbered views of an image under one: a student and its teachers see the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from core.settings import Configured, SettingsSection

if TYPE_CHECKING:
    from torch import Tensor

POSITIONS = 8
"""A square has so many: upright, three quarter turns, and each of them mirrored."""

TURNS = "turns1"
"""The name of the numbering of flips and turns, which every augmentation that has them shares."""


class Augmentation(Configured, Protocol):
    """A way of changing images. View v of image i is one definite picture, whatever the run, its seed or the device:
    view 0 is the picture as it is stored, v modulo 8 says in which of the eight positions of a square it stands."""

    @property
    def plain_views(self) -> int:
        """So many of the first views are the flips and turns, with nothing else changed."""
        ...

    @property
    def most(self) -> int | None:
        """How many different views there are; None: more than anyone shows."""
        ...

    def stored_views(self, views: int) -> int:
        """How many views are stored where a recipe asks for `views` of them (`teacher.views`)."""
        ...

    def scheme(self, settings: SettingsSection) -> str:
        """Names what the views beyond the plain ones look like with these settings: teachers' outputs are stored under
        it. Whoever changes what a view is changes it."""
        ...

    def images(
        self, images: Tensor, indices: NDArray[np.int64], views: NDArray[np.int64], settings: SettingsSection
    ) -> Tensor:
        """The images (n, S, S, 3), uint8 and upright, in their views; `indices` (n,) number them in their data set.

        A picture is the same in any batch, at any size the same view of it, and nothing waits for the device.
        """
        ...


@dataclass(frozen=True)
class ViewRule:
    """An augmentation with its settings: what each numbered view of an image looks like."""

    augmentation: Augmentation
    settings: SettingsSection

    @property
    def most(self) -> int | None:
        """How many different views there are, 1 where images stay as they are; None: more than anyone shows."""
        return self.augmentation.most

    @property
    def plain_views(self) -> int:
        """So many of the first views are flips and turns alone: a mean over them is test-time augmentation."""
        return self.augmentation.plain_views

    def stored_views(self, views: int) -> int:
        """How many views are stored where `teacher.views` is `views`."""
        return self.augmentation.stored_views(views)

    def scheme(self, view: int) -> str:
        """Names what this view looks like in all data sets; empty for view 0, the upright one."""
        if view == 0:
            return ""
        return TURNS if view < self.plain_views else self.augmentation.scheme(self.settings)

    def images(self, images: Tensor, indices: NDArray[np.int64], views: NDArray[np.int64]) -> Tensor:
        """See `Augmentation.images`. Raises ValueError for images that are not square."""
        if images.shape[1] != images.shape[2]:
            raise ValueError(f"images of {images.shape[1]} x {images.shape[2]} pixels can not be turned by a quarter")
        return self.augmentation.images(images, indices, views, self.settings)
