"""What a teacher says of every image, and of further views of it: computed once and stored for all runs."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.data.augmentation.augmentation import ViewRule
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase, ignore
from core.locks import waiting_for
from core.models.batchnorm_fusion import fuse_batchnorm
from core.models.files import load_model, read_model_info
from core.models.forward import ImageSource, OutputArrays, iterate_outputs
from core.models.info import Preprocessing
from core.models.outputs import feature_dim
from core.paths import cache_root, make_private
from core.process_group import current_group
from core.progress import ProgressMeter
from core.teachers.tables import ClassMeans, OutputsTable, means_file, table_file, table_key

_SECONDS_BETWEEN_SAVES = 20.0
_MOST_TIME_SAVING = 0.05
"""Of all time: tables with features are large."""


@dataclass(frozen=True)
class StoredOutputs:
    """A teacher's outputs, float32, NaN where they were not asked for: logits (views, images, classes), and for each
    view the pooled features (images, d); no features at all where none were asked for.

    Of features that are not stored there can be their `norms` (views, images) and, over the images that were asked for,
    upright, the `class_means` (classes, d); zero where a class has none of them.
    """

    logits: NDArray[np.float32]
    features: tuple[NDArray[np.float32], ...] = ()
    norms: NDArray[np.float32] | None = None
    class_means: NDArray[np.float32] | None = None

    def mean_logits(self, views: int) -> NDArray[np.float32]:
        """The mean over the first `views` views, as far as they are stored, (images, classes): where these are flips
        and turns, what the teacher says with test-time augmentation."""
        upright: NDArray[np.float32] = self.logits[0]
        return upright if views == 1 else np.asarray(self.logits[:views].mean(axis=0), np.float32)


def stored_outputs(
    model_file: Path,
    store: ImageSource,
    indices: NDArray[np.int64],
    *,
    views: int = 1,
    rule: ViewRule | None = None,
    features: bool = False,
    labels: NDArray[np.int64] | None = None,
    device: str | torch.device,
    precision: str = "32",
    emit: Emit = ignore,
    token: CancelToken | None = None,
    cache: Path | None = None,
    batch_size: int = 0,
) -> StoredOutputs:
    """The teacher's outputs for views 0 to `views` - 1 of the images `indices` (n,) in the store, with `features` if
    wanted, or, with the `labels` (images,) of all images, no more of them than norms and class means. `rule` says what
    the views beyond the upright one look like.

    Stored under `cache` (default: the user's cache folder) for this file's bytes, these images, this precision and what
    each view looks like.
    Only what is not stored yet is computed; what was computed is stored every 20 s or so and at the end, also when the
    work is cancelled. Two processes wait for one another instead of computing the same.

    Raises `SkinKDError` (unusable model file, a network without features, images of another size, outputs that are not
    finite), `Cancelled`, IndexError for indices outside the store, and ValueError for several views without a rule.
    """
    if views > 1 and rule is None:
        raise ValueError("which views?")
    token = token or CancelToken()
    wanted = np.unique(np.asarray(indices, np.int64))
    if len(wanted) and not 0 <= wanted[0] <= wanted[-1] < len(store):
        raise IndexError(f"indices from {wanted[0]} to {wanted[-1]} for {len(store)} images")
    of_features, group = features or labels is not None, current_group()
    infer = _Inference(model_file, store, of_features, rule, device, precision, batch_size, token)
    if not group.leads:
        infer.help()
        return group.tell(None)  # type: ignore[no-any-return]
    folder = (cache or cache_root()) / "knowledge"
    make_private(folder)
    key = table_key(model_file, store.key, precision)
    classes = len(read_model_info(model_file).classes)
    told = "Another run is asking the same teacher; waiting for its answers."
    with waiting_for(folder / f"{key}.lock", told, emit, token):
        schemes = [rule.scheme(view) if rule else "" for view in range(views)]
        files = [table_file(folder, key, view, scheme) for view, scheme in enumerate(schemes)]
        tables = [OutputsTable(file, len(store), classes, emit) for file in files]
        missing = [table.missing(wanted, features, labels is not None) for table in tables]
        means = None if labels is None else ClassMeans(means_file(folder, key, wanted, labels[wanted]), classes)
        if means is not None and means.values is None:
            missing[0] = wanted  # the upright view gives the means
        left = sum(map(len, missing))
        meter = ProgressMeter(Phase.TEACHER, len(wanted) * views, emit, before=len(wanted) * views - left)
        for view, (table, outputs) in enumerate(zip(tables, infer.begin(group.tell(missing)), strict=True)):
            summed = means if means is not None and means.values is None and not view else None
            fill(table, missing[view], outputs, meter, labels, summed)
    found = [table.features for table in tables if table.features is not None] if features else []
    norms = [table.norms for table in tables if table.norms is not None] if means is not None else []
    stored = StoredOutputs(
        np.stack([table.logits for table in tables]),
        tuple(found),
        np.stack(norms) if norms else None,
        None if means is None else means.values,
    )
    return group.tell(stored)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Inference:
    """How the outputs that are missing are computed: by all processes of the present group together, of which the
    leader alone knows what is missing, and stores it."""

    model_file: Path
    store: ImageSource
    features: bool
    rule: ViewRule | None
    device: str | torch.device
    precision: str
    batch_size: int
    token: CancelToken

    def begin(self, missing: list[NDArray[np.int64]]) -> Iterator[Generator[OutputArrays, None, None]]:
        """The outputs of the missing rows of each view, computed as they are taken: those of a view before the next."""
        network = None
        for view, rows in enumerate(missing):
            if network is None and len(rows):
                network = teacher_network(self.model_file, self.features)
            yield self._of_view(network, view, rows)

    def help(self) -> None:
        """Compute this process's part of what the leader has none of."""
        for outputs in self.begin(current_group().tell(None)):
            for _ in outputs:
                pass

    def _of_view(
        self, network: tuple[nn.Module, Preprocessing, int] | None, view: int, rows: NDArray[np.int64]
    ) -> Generator[OutputArrays, None, None]:
        if network is None or not len(rows):
            return
        yield from iterate_outputs(
            network[0],
            network[1],
            self.store,
            rows,
            device=self.device,
            precision=self.precision,
            batch_size=self.batch_size,
            token=self.token,
            features=self.features,
            change=partial(_in_view, rule=self.rule, view=view) if self.rule and view else None,
        )


def teacher_network(model_file: Path, features: bool) -> tuple[nn.Module, Preprocessing, int]:
    """A teacher's network on the CPU, ready for inference, its preprocessing, and how many pooled features it gives: 0
    without `features`. Raises `SkinKDError` for a model file that can not be used, and for a network that has none."""
    model, info = load_model(model_file, "cpu")
    network = fuse_batchnorm(model, info.preprocessing.image_size)
    found = feature_dim(network, info.preprocessing.image_size) if features else 0
    if found is None:
        raise SkinKDError(
            "The teacher gives no features",
            f"The method learns from pooled features, and a {info.architecture} has no single layer behind them. "
            "Choose another teacher, or a method that learns from logits alone.",
        )
    return network, info.preprocessing, found


def _in_view(images: Tensor, indices: NDArray[np.int64], *, rule: ViewRule, view: int) -> Tensor:
    return rule.images(images, indices, np.full(len(indices), view))


def fill(
    table: OutputsTable,
    rows: NDArray[np.int64],
    outputs: Generator[OutputArrays, None, None],
    meter: ProgressMeter,
    labels: NDArray[np.int64] | None = None,
    means: ClassMeans | None = None,
) -> None:
    """Compute a table's missing `rows` (n,), and store it now and then and at the end; with `labels` only the norms of
    features, and where they are wanted the class means."""
    done, saved, took = 0, time.monotonic(), 0.0
    try:
        for logits, features in outputs:
            _check_finite(logits, features)
            own = rows[done : done + len(logits)]
            table.put(own, logits, features, norms_alone=labels is not None)
            if means is not None and labels is not None and features is not None:
                means.add(labels[own], features)
            done += len(logits)
            meter.add(len(logits))
            begin = time.monotonic()
            if begin - saved >= max(_SECONDS_BETWEEN_SAVES, took / _MOST_TIME_SAVING):
                table.save()
                saved = time.monotonic()
                took = saved - begin
        if means is not None and done:
            means.finish()
    finally:
        outputs.close()
        if done:
            table.save()


def _check_finite(logits: NDArray[np.float32], features: NDArray[np.float32] | None) -> None:
    if not np.isfinite(logits).all() or (features is not None and not np.isfinite(features).all()):
        raise SkinKDError(
            "The teacher gives no usable answers",
            "Its outputs are not finite numbers for some images. Set hardware.precision to 32; if it is, train the "
            "teacher again with a smaller learning rate.",
        )
