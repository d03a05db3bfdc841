"""The one forward pass without learning: validation, test, the teacher's answers and classifying go through here."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.data.augmentation.turns import in_position
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase, ignore
from core.models.device_memory import one_memory_error
from core.models.info import Preprocessing
from core.models.outputs import eval_mode, forward_both
from core.models.preprocessing import normalise
from core.process_group import ProcessGroup, current_group, shared, working_with
from core.progress import ProgressMeter


class ImageSource(Protocol):
    """Decoded images: what `core.data.store.ImageStore` is."""

    @property
    def image_size(self) -> int:
        """Width and height in pixels."""

    @property
    def key(self) -> str:
        """Names the content: the same pictures in the same order at the same size."""

    def __len__(self) -> int: ...

    def gather(self, indices: NDArray[np.int64], /) -> NDArray[np.uint8]:
        """The images `indices` (n,) in their order, uint8 RGB (n, size, size, 3)."""


Gather = Callable[[NDArray[np.int64]], "NDArray[np.uint8] | Tensor"]
"""Images by index, as `ImageSource.gather`; a tensor may already be on the device."""

Change = Callable[[Tensor, NDArray[np.int64]], Tensor]
"""Of uint8 images (n, S, S, 3) on the device, with their indices."""

OutputArrays = tuple["NDArray[np.float32]", "NDArray[np.float32] | None"]
"""Logits (n, classes) and pooled features (n, d), float32."""

AUTOCAST = {"32": None, "bf16": torch.bfloat16, "16": torch.float16}
"""What convolutions and products are computed in, by `hardware.precision`."""

_BATCH_CPU, _BATCH_GPU = 16, 256
"""Constants, not found by timing: another batch size rounds otherwise, so that answers begun on one day and gone on
with on the next would differ. On a CPU a batch's intermediate results should stay in its cache: EfficientNet-B7 at 224
pixels answers 6.2 images a second in batches of 16 and 4.8 in batches of 64 (2 cores)."""

_BATCHES_EACH = 4
"""So many batches a process computes before it exchanges outputs with the others."""


def forward_logits(
    model: nn.Module,
    preprocessing: Preprocessing,
    images: ImageSource | Gather,
    indices: NDArray[np.int64],
    *,
    device: str | torch.device,
    precision: str = "32",
    batch_size: int = 0,
    emit: Emit = ignore,
    phase: Phase = Phase.TESTING,
    token: CancelToken | None = None,
) -> NDArray[np.float32]:
    """The logits (n, classes) of the images `indices` (n,), in their order, repeats allowed.

    The model is moved to `device`, answers in eval mode and is left in the mode in which it came. `precision`: `32`,
    `bf16` or `16` (autocast); the result is float32 in any case. `batch_size` 0 takes a good one; it is halved as
    often as the device's memory asks for. Reports `Progress` in images.

    Raises `SkinKDError` when the images have another size than the model's or one image is too much for the device,
    `Cancelled` between two batches.
    """
    return forward_outputs(
        model,
        preprocessing,
        images,
        indices,
        device=device,
        precision=precision,
        batch_size=batch_size,
        features=False,
        emit=emit,
        phase=phase,
        token=token,
    )[0]


def forward_outputs(
    model: nn.Module,
    preprocessing: Preprocessing,
    images: ImageSource | Gather,
    indices: NDArray[np.int64],
    *,
    device: str | torch.device,
    precision: str = "32",
    batch_size: int = 0,
    features: bool = True,
    positions: int = 1,
    emit: Emit = ignore,
    phase: Phase = Phase.TESTING,
    token: CancelToken | None = None,
) -> OutputArrays:
    """As `forward_logits`, and with the pooled features (len(indices), d) of `forward_both`. Both are means over the
    first `positions` of the eight flips and turns (`core.data.augmentation.turns`): 8 is test-time augmentation, for
    eight times the time."""
    parts: list[OutputArrays] = []
    meter = ProgressMeter(phase, len(indices), emit)
    for outputs in iterate_outputs(
        model,
        preprocessing,
        images,
        indices,
        device=device,
        precision=precision,
        batch_size=batch_size,
        token=token,
        features=features,
        positions=positions,
    ):
        parts.append(outputs)
        meter.add(len(outputs[0]))
    return _joined(parts)


def iterate_outputs(
    model: nn.Module,
    preprocessing: Preprocessing,
    images: ImageSource | Gather,
    indices: NDArray[np.int64],
    *,
    device: str | torch.device,
    precision: str = "32",
    batch_size: int = 0,
    token: CancelToken | None = None,
    features: bool = False,
    positions: int = 1,
    change: Change | None = None,
) -> Generator[OutputArrays, None, None]:
    """As `forward_logits`, batch by batch as the answers arrive, for callers that keep them on the way.

    With `features` also the pooled ones of `forward_both`; `positions` as in `forward_outputs`. `change` is what the
    images go through first, on the device. Raises ValueError for a precision that there is not.
    """
    place, token = torch.device(device), token or CancelToken()
    if precision not in AUTOCAST:
        raise ValueError(f"precision {precision!r} is none of {', '.join(AUTOCAST)}")
    group = current_group()
    if group.size > 1:
        own = partial(
            iterate_outputs,
            model,
            preprocessing,
            images,
            device=device,
            precision=precision,
            features=features,
            positions=positions,
            change=change,
        )
        yield from _with_others(group, own, np.asarray(indices, np.int64), batch_size or inference_batch(place), token)
        return
    gather = _gather(images, preprocessing)
    read_ahead = place.type != "cpu" and not callable(images)
    model.to(device=place, memory_format=torch.channels_last)  # type: ignore[call-overload]
    size = batch_size or inference_batch(place)
    done = 0
    with eval_mode(model), _Loader(gather, indices, place, read_ahead) as loader:
        while done < len(indices):
            token.check()
            try:
                with one_memory_error():
                    batch = loader.take(done, size)
                    if change is not None:
                        batch = change(batch, np.asarray(indices[done : done + size], np.int64))
                    views = (in_position(batch, position) for position in range(positions))
                    logits, seen = _mean(
                        [infer(model, view, preprocessing, AUTOCAST[precision], features=features) for view in views]
                    )
                    answer = logits.cpu().numpy(), None if seen is None else seen.cpu().numpy()
            except torch.OutOfMemoryError as error:
                size = fewer(size, error)
                continue
            done += len(answer[0])
            yield answer


def inference_batch(device: torch.device) -> int:
    """How many images are computed at once where nothing else is asked for."""
    return _BATCH_CPU if device.type == "cpu" else _BATCH_GPU


def _with_others(
    group: ProcessGroup,
    outputs_of: Callable[..., Generator[OutputArrays, None, None]],
    indices: NDArray[np.int64],
    batch_size: int,
    token: CancelToken,
) -> Generator[OutputArrays, None, None]:
    """All outputs, of which every process of the group computes its part, in batches of the images that one process
    would have put together: the numbers are the same."""
    together = shared(token)
    for start in range(0, len(indices), batch_size * _BATCHES_EACH * group.size):
        together.check()
        block = indices[start : start + batch_size * _BATCHES_EACH * group.size]
        batches = math.ceil(len(block) / batch_size)
        ends = [group.part_of(rank, batches).stop * batch_size for rank in range(group.size)]
        edges = [0, *(min(end, len(block)) for end in ends)]
        own = block[edges[group.rank] : edges[group.rank + 1]]
        with working_with(ProcessGroup()):
            parts = list(outputs_of(own, batch_size=batch_size))
        yield from group.exchange(_joined(parts) if parts else None)


def _joined(parts: Sequence[OutputArrays]) -> OutputArrays:
    """The outputs of several batches as one; of none, no images of no classes."""
    logits = np.concatenate([part[0] for part in parts]) if parts else np.zeros((0, 0), np.float32)
    found = [part[1] for part in parts if part[1] is not None]
    return logits, np.concatenate(found) if found and len(found) == len(parts) else None


def _mean(outputs: Sequence[tuple[Tensor, Tensor | None]]) -> tuple[Tensor, Tensor | None]:
    """The mean logits (n, classes) and features (n, d) of several views; of one as they are."""
    if len(outputs) == 1:
        return outputs[0]
    features = [seen for _, seen in outputs if seen is not None]
    logits = torch.stack([logits for logits, _ in outputs]).mean(dim=0)
    return logits, torch.stack(features).mean(dim=0) if features else None


class _Loader:
    """Brings batches to the device; with `ahead` the next one is read while the present one is computed."""

    def __init__(self, gather: Gather, indices: NDArray[np.int64], device: torch.device, ahead: bool) -> None:
        self._gather, self._indices, self._device = gather, np.asarray(indices, np.int64), device
        self._ahead: tuple[int, int, Future[Tensor]] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="skinkd-batches") if ahead else None

    def __enter__(self) -> _Loader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def take(self, start: int, size: int) -> Tensor:
        """The images from `start`, at most `size`, on the device."""
        ahead, self._ahead = self._ahead, None
        ready = ahead is not None and ahead[:2] == (start, size)
        batch = ahead[2].result() if ahead is not None and ready else self._read(start, size)
        if self._pool is not None and start + size < len(self._indices):
            self._ahead = (start + size, size, self._pool.submit(self._read, start + size, size))
        return batch.to(self._device, non_blocking=True)

    def _read(self, start: int, size: int) -> Tensor:
        images = self._gather(self._indices[start : start + size])
        batch = images if isinstance(images, Tensor) else torch.from_numpy(images)
        return batch.pin_memory() if self._device.type == "cuda" and batch.device.type == "cpu" else batch


def infer(
    model: nn.Module, batch: Tensor, preprocessing: Preprocessing, autocast: torch.dtype | None, *, features: bool
) -> tuple[Tensor, Tensor | None]:
    """Logits (n, classes) and, if asked for, the pooled features (n, d) of `forward_both`, float32, for uint8 images
    (n, S, S, 3) on the model's device, which is not waited for."""
    # no_grad, not inference_mode: what a network in training caches here must stay usable for learning.
    with torch.no_grad(), torch.autocast(batch.device.type, dtype=autocast, enabled=autocast is not None):
        images = normalise(batch, preprocessing)
        logits, seen = forward_both(model, images) if features else (model(images), None)
    return logits.float(), None if seen is None else seen.float()


def _gather(images: ImageSource | Gather, preprocessing: Preprocessing) -> Gather:
    if callable(images):
        return images
    if images.image_size != preprocessing.image_size:
        raise SkinKDError(
            "The images have the wrong size",
            f"The model expects images of {preprocessing.image_size} x {preprocessing.image_size} pixels; these were "
            f"decoded to {images.image_size} x {images.image_size}. Decode them to the model's size.",
        )
    return images.gather


def fewer(size: int, error: torch.OutOfMemoryError) -> int:
    """Half as many images as did not fit into the memory. Raises `SkinKDError` when that was a single one."""
    if size <= 1:
        raise SkinKDError(
            "The device has too little memory",
            "Not even one image fits. Close other programs, or choose the CPU or a smaller network.",
            str(error),
        ) from error
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return size // 2
