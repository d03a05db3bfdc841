"""The pooled features of a network that is not trained: computed once and stored for all probes."""

from __future__ import annotations

from collections.abc import Generator
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from torch import nn

from core.events import CancelToken, Emit, Phase, ignore
from core.locks import waiting_for
from core.models.forward import ImageSource, OutputArrays, iterate_outputs
from core.models.info import Preprocessing
from core.models.outputs import PooledFeatures, feature_dim
from core.models.weights import head_names
from core.paths import cache_root, make_private
from core.process_group import current_group
from core.progress import ProgressMeter
from core.teachers.stored_outputs import fill
from core.teachers.tables import OutputsTable


def stored_features(
    model: nn.Module,
    preprocessing: Preprocessing,
    store: ImageSource,
    indices: NDArray[np.int64],
    *,
    device: str,
    precision: str = "32",
    emit: Emit = ignore,
    token: CancelToken | None = None,
) -> NDArray[np.float32]:
    """The pooled features (images, d) of the images `indices` (n,) in the store, NaN for the others.

    Stored in the user's cache folder for these weights (all but the last layer's), images, preprocessing and precision,
    as `stored_outputs` stores a teacher's outputs, and with its errors. Raises ValueError for a network that has no
    `feature_dim`.
    """
    network, width = PooledFeatures(model, preprocessing.image_size), feature_dim(model, preprocessing.image_size)
    assert width is not None  # otherwise there is no such network
    folder = make_private(cache_root() / "knowledge")
    described = f"features {weights_digest(model)} {store.key} {preprocessing} {precision}"
    key = sha256(described.encode()).hexdigest()[:32]
    token, wanted = token or CancelToken(), np.unique(indices)
    told = "Another run computes the same features; waiting for them."
    group = current_group()

    def infer(rows: NDArray[np.int64]) -> Generator[OutputArrays, None, None]:
        return iterate_outputs(network, preprocessing, store, rows, device=device, precision=precision, token=token)

    if not group.leads:
        for _ in infer(group.tell(None)):
            pass
        return group.tell(None)  # type: ignore[no-any-return]
    with waiting_for(folder / f"{key}.lock", told, emit, token):
        table = OutputsTable(folder / f"{key}.npz", len(store), width, emit)
        rows = table.missing(wanted, features=False)
        meter = ProgressMeter(Phase.FEATURES, len(wanted), emit, before=len(wanted) - len(rows))
        fill(table, rows, infer(group.tell(rows)), meter)
    return group.tell(table.logits)  # type: ignore[no-any-return]


def weights_digest(model: nn.Module) -> str:
    """The SHA-256 of a network's weights and running statistics without its last layer, in hex digits."""
    head, digest = head_names(model), sha256()
    for name, value in model.state_dict().items():
        if name not in head:
            digest.update(f"{name} {tuple(value.shape)} {value.dtype}\n".encode())
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
