"""What answers: a network of any backend behind one small interface."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from core.events import CancelToken
from core.models.info import Preprocessing

if TYPE_CHECKING:
    from torch import nn


BATCH = 32
"""Images in work at a time: each worker has its share of them (on a GPU, so many each)."""

WORKERS = 8


class Network(Protocol):
    """Answers for decoded images; does the model's normalisation itself. Several threads may ask at the same time."""

    def infer(
        self, images: NDArray[np.uint8], token: CancelToken | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Logits (n, classes) and pooled features (n, d) of uint8 images (n, S, S, 3), from one forward pass.

        A backend that may take long raises `Cancelled` when the token is. The features are None where the backend can
        not give them; then there is no out-of-distribution score of them.
        """


class TorchNetwork:
    """A timm network. `module` is in eval mode on `device`; heat maps look into it."""

    def __init__(self, module: nn.Module, preprocessing: Preprocessing, device: str) -> None:
        self.module = module
        self.preprocessing = preprocessing
        self.device = device
        # A GPU works on one batch at a time, and need not hold the maps of several.
        self._turn = nullcontext() if device == "cpu" else threading.Lock()

    def infer(
        self, images: NDArray[np.uint8], token: CancelToken | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """As `Network.infer`."""
        import torch

        from core.models.outputs import forward_both
        from core.models.preprocessing import normalise

        with self._turn, torch.inference_mode():
            batch = normalise(torch.from_numpy(images).to(self.device), self.preprocessing)
            logits, features = forward_both(self.module, batch)
        answers: NDArray[np.float32] = logits.float().cpu().numpy()
        return answers, None if features is None else features.float().cpu().numpy()


def worker_count() -> int:
    """How many threads answer images at the same time, at least 1."""
    from core.training.hardware import available_cores

    return min(WORKERS, available_cores())


def workers_for(network: Network, device: str, workers: int) -> ThreadPoolExecutor:
    """Threads that ask a network for batches of their own; on a CPU torch computes each on its share of the cores."""
    from core.training.hardware import available_cores

    shared = isinstance(network, TorchNetwork) and device == "cpu"
    share = max(1, available_cores() // workers)
    return ThreadPoolExecutor(workers, "classify", thread_setter(share) if shared else None)


def thread_setter(threads: int) -> Callable[[], None]:
    """What makes torch compute whatever its calling thread asks with this many CPU threads, and leaves others alone.

    torch keeps the number per thread, and besides one that threads take over when they first compute: a heat map that
    starts meanwhile must not find ours there. Ask for it in a thread that has the usual number.
    """
    import torch

    usual = torch.get_num_threads()

    def set_threads() -> None:
        torch.get_num_threads()  # makes this thread take the usual number over now, not over ours later
        torch.set_num_threads(threads)
        restoring = threading.Thread(target=torch.set_num_threads, args=(usual,))
        restoring.start()
        restoring.join()

    return set_threads
