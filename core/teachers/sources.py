"""A student's teachers as its training asks them: for the very view of each image that the student sees.

Teachers are in eval mode, give no gradient and are in no optimizer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.data.augmentation.augmentation import ViewRule
from core.data.augmentation.mixtures import Mix
from core.distillation.method import TeacherStatistics
from core.distillation.outputs import Outputs, joined
from core.models.device_memory import one_memory_error
from core.models.forward import AUTOCAST, ImageSource, fewer, infer
from core.models.transfer import to_device
from core.process_group import current_group
from core.teachers.stored_outputs import StoredOutputs, teacher_network


@dataclass(frozen=True)
class AugmentedBatch:
    """A batch as the student sees it: uint8 images (n, S, S, 3) in their views and mixed, on its device; the indices
    (n,) of the images in their data set, the same on the device, and the views (n,), None where all are upright; what
    was mixed, None where nothing was. Of several processes each has its own part of the images, and all else whole."""

    images: Tensor
    indices: NDArray[np.int64]
    rows: Tensor
    views: NDArray[np.int64] | None
    mix: Mix | None = None


class TeacherSource(Protocol):
    """One teacher of a training."""

    @property
    def views(self) -> int | None:
        """It can be asked for views 0 to `views` - 1; None: for any."""

    @property
    def logits(self) -> NDArray[np.float32] | None:
        """Logits (images, classes), the mean over the flips and turns that are stored, NaN where never computed; None
        if nobody needs them."""

    @property
    def upright_features(self) -> NDArray[np.float32] | None:
        """Pooled features (images, d) of the upright images, NaN where never computed; None where none are stored."""

    @property
    def feature_dim(self) -> int:
        """How many pooled features its outputs have; 0: they have none."""

    def outputs(self, batch: AugmentedBatch) -> Outputs:
        """What it says of a batch, on the device of the images, without waiting for it."""

    def statistics(self, batch: AugmentedBatch, outputs: Outputs) -> TeacherStatistics:
        """What its features are like: of each class over the training images, and of a batch of which it said these
        outputs."""


class StoredTeacher:
    """A teacher whose outputs were computed beforehand, for as many views as are stored; for mixed images it gives the
    mixture of what it says of both, which is not quite what it would say of them.

    `class_means` (classes, d) are of its features; None where no method needs them. `plain_views`: so many of the
    views are flips and turns alone.
    """

    def __init__(
        self, stored: StoredOutputs, class_means: NDArray[np.float32] | None = None, *, plain_views: int = 1
    ) -> None:
        self._logits, self._features = torch.from_numpy(stored.logits), stored.features
        means = stored.class_means if class_means is None else class_means
        self._means = None if means is None else torch.from_numpy(means)
        self._norms = None if stored.norms is None else torch.from_numpy(stored.norms)
        self.views: int | None = len(stored.logits)
        self.logits: NDArray[np.float32] | None = stored.mean_logits(plain_views)
        self.upright_features: NDArray[np.float32] | None = stored.features[0] if stored.features else None
        self.feature_dim = stored.features[0].shape[1] if stored.features else 0 if means is None else means.shape[1]

    def outputs(self, batch: AugmentedBatch) -> Outputs:
        """See `TeacherSource`."""
        device = batch.images.device
        self._logits = to_device(self._logits, device)  # the first time: the table is small
        features = self._features_of(batch, device)
        logits = self._of_views(self._logits, batch)
        if batch.mix is None:
            return Outputs(logits, features)
        return Outputs(batch.mix.mixed(logits), None if features is None else batch.mix.mixed(features))

    def statistics(self, batch: AugmentedBatch, outputs: Outputs) -> TeacherStatistics:
        """See `TeacherSource`."""
        if self._means is not None:
            self._means = to_device(self._means, outputs.logits.device)
        if self._norms is None:
            return _statistics(self._means, outputs)
        self._norms = to_device(self._norms, outputs.logits.device)
        norms = self._of_views(self._norms, batch)
        return TeacherStatistics(self._means, norms if batch.mix is None else batch.mix.mixed(norms))

    @staticmethod
    def _of_views(table: Tensor, batch: AugmentedBatch) -> Tensor:
        """The rows of a table (views, images, ...) for the batch."""
        if batch.views is None:
            return table[0][batch.rows]
        return table[torch.from_numpy(batch.views).to(table.device, non_blocking=True), batch.rows]

    def _features_of(self, batch: AugmentedBatch, device: torch.device) -> Tensor | None:
        """Gathered where they lie: those of many views can be more than a GPU has room for."""
        if not self._features:
            return None
        found = np.empty((len(batch.indices), self.feature_dim), np.float32)
        views = np.zeros(len(found), np.int64) if batch.views is None else batch.views
        for view in np.unique(views):
            shown = views == view
            found[shown] = self._features[view][batch.indices[shown]]
        return to_device(torch.from_numpy(found), device)


class OnlineTeacher:
    """A teacher that is asked anew about every batch, in any view. Its network lies beside the student's.

    `store` holds the images at the teacher's size, None where that is the student's own, and `rule` says what their
    views look like. `precision` is as `hardware.precision`. Raises `SkinKDError` for an unusable model file, or without
    features where they are needed.
    """

    def __init__(
        self,
        model_file: Path,
        store: ImageSource | None,
        *,
        device: str,
        precision: str,
        rule: ViewRule,
        features: bool = False,
        logits: NDArray[np.float32] | None = None,
        class_means: NDArray[np.float32] | None = None,
    ) -> None:
        network, self._preprocessing, self.feature_dim = teacher_network(model_file, features)
        self.views: int | None = None
        self.logits, self._rule = logits, rule
        self.upright_features: NDArray[np.float32] | None = None
        self._network = network.to(device=torch.device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._store, self._kind = store, AUTOCAST[precision]
        self._means = None if class_means is None else torch.from_numpy(class_means).to(device)
        self._most: int | None = None  # images that fit at once; None: no batch was too large yet

    def outputs(self, batch: AugmentedBatch) -> Outputs:
        """See `TeacherSource`. Raises `SkinKDError` when not even one image fits into the device's memory."""
        group, count = current_group(), len(batch.indices)
        own = group.part(count)
        images = batch.images if self._store is None else self._shown(self._store, batch, own)
        said = self._inferred(images)
        if group.size == 1:
            return said
        features = None if said.features is None else group.gather(said.features, count)
        return Outputs(group.gather(said.logits, count), features)

    def _inferred(self, images: Tensor) -> Outputs:
        while True:
            try:
                with one_memory_error():
                    pieces = images.split(self._most or len(images))  # type: ignore[no-untyped-call]
                    parts = [self._ask(piece) for piece in pieces]
                break
            except torch.OutOfMemoryError as error:
                self._most = fewer(self._most or len(images), error)
        return joined(parts)

    def statistics(self, batch: AugmentedBatch, outputs: Outputs) -> TeacherStatistics:
        """See `TeacherSource`."""
        return _statistics(self._means, outputs)

    def _shown(self, store: ImageSource, batch: AugmentedBatch, own: slice) -> Tensor:
        """The rows `own` of the batch at the teacher's size, in the same views and mixed in the same way."""
        shown = own if batch.mix is None else slice(None)
        images = to_device(torch.from_numpy(store.gather(batch.indices[shown])), batch.images.device)
        if batch.views is not None:
            images = self._rule.images(images, batch.indices[shown], batch.views[shown])
        return images if batch.mix is None else batch.mix.images(images)[own]

    def _ask(self, images: Tensor) -> Outputs:
        features = bool(self.feature_dim)
        return Outputs(*infer(self._network, images, self._preprocessing, self._kind, features=features))


def _statistics(means: Tensor | None, outputs: Outputs) -> TeacherStatistics:
    norms = None if outputs.features is None else torch.linalg.vector_norm(outputs.features, dim=1)
    return TeacherStatistics(means, norms)


def class_means(
    features: NDArray[np.float32], labels: NDArray[np.int64], train: NDArray[np.int64], classes: int
) -> NDArray[np.float32]:
    """The mean of each class's pooled features over the training images, (classes, d), float32; zero where a class has
    none. `features` (images, d) and `labels` (images,) are of all images, `train` are indices."""
    means = np.zeros((classes, features.shape[1]), np.float64)
    np.add.at(means, labels[train], features[train])
    counts = np.bincount(labels[train], minlength=classes)
    return (means / np.maximum(counts, 1)[:, None]).astype(np.float32)
