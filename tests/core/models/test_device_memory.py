"""Too little memory is one error, however a library says it."""

from __future__ import annotations

import pytest
import torch

from core.models.device_memory import one_memory_error


@pytest.mark.parametrize(
    "said",
    [
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
        "FIND was unable to find an engine to execute this computation",
    ],
)
def test_what_libraries_say_becomes_torchs_error(said: str) -> None:
    with pytest.raises(torch.OutOfMemoryError, match=r"out of memory|ALLOC|unable to find"), one_memory_error():
        raise RuntimeError(said)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes") as caught, one_memory_error():
        raise RuntimeError("shapes do not match")
    assert not isinstance(caught.value, torch.OutOfMemoryError)
