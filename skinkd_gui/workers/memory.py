"""How much memory SkinKD takes, for the status bar."""

from __future__ import annotations

import sys
from typing import Any

_GIB = 1024**3


def memory_text() -> str:
    """For people: 'Memory 1.2 GB (8.4 GB free)', with the GPU's memory once torch works on one."""
    import psutil

    used = psutil.Process().memory_info().rss / _GIB
    free = psutil.virtual_memory().available / _GIB
    text = f"Memory {used:.1f} GB ({free:.1f} GB free)"
    gpu = _gpu_bytes()
    return text if gpu is None else f"{text}, GPU {gpu / _GIB:.1f} GB"


def _gpu_bytes() -> int | None:
    """What torch holds on the GPU, without importing torch or waking the GPU."""
    cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)
    if not getattr(cuda, "is_initialized", bool)():  # while torch is being imported, it may lack
        return None
    return int(cuda.memory_reserved())
