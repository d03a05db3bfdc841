"""How the C library keeps memory that was freed. On Linux alone: the others' do well by themselves.

glibc gives every large block back to the system at once and takes it anew for the next one, which comes as pages to be
filled with zeros: in a thread of its own, a training step on the CPU took half as long again for that. So one heap
serves all threads, and keeps what is free; `give_back` returns it once the work is done, and a GPU's with it.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # malloc.h
_NEVER = -1
_LARGEST_BLOCK = 40_000_000
"""Bytes; larger ones, which few steps have, still come from the system and go back to it: kept too, they leave holes
that nothing fits into (0.5 GB with MobileNetV2 at 224 pixels), and gain a few per cent."""


def keep_freed_memory() -> bool:
    """Set this process's allocator, before it has threads. Whether it could be set."""
    library = _library()
    if library is None:
        return False
    wanted = ((_MMAP_THRESHOLD, _LARGEST_BLOCK), (_TRIM_THRESHOLD, _NEVER), (_ARENA_MAX, 1))
    done = [bool(library.mallopt(name, value)) for name, value in wanted]
    return all(done)


def give_back() -> None:
    """Return free memory to the system and the GPU: what a finished training used, say.

    Takes milliseconds per gigabyte, and waits for what the GPU is doing.
    """
    cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)
    if getattr(cuda, "is_initialized", bool)():  # while torch is being imported, it may lack
        cuda.empty_cache()
    library = _library()
    if library is not None:
        library.malloc_trim(0)


def _library() -> ctypes.CDLL | None:
    """glibc, where that is the C library."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
