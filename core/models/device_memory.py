"""A device that has too little memory says so in several ways; here they become one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_SAID = (
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "ALLOCATION_FAILED",  # cuDNN 9: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED and its kin
    "unable to find an engine to execute this computation",  # no algorithm's working memory was to be had
    "MPS backend out of memory",
)
"""What libraries beside torch's own allocator say then, as plain RuntimeErrors."""


@contextmanager
def one_memory_error() -> Iterator[None]:
    """Inside, every way of saying that the device has too little memory is raised as torch's OutOfMemoryError."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        if any(text in str(error) for text in _SAID):
            raise torch.OutOfMemoryError(str(error)) from error
        raise
