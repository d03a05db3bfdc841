"""Errors of the machine that a person can act on: memory that ran out, a disk that is full."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import DiskFullError, SkinKDError

_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_NO_MEMORY = ("std::bad_alloc", "bad allocation", "can't allocate memory", "cannot allocate memory")
_NO_MEMORY_EITHER = (
    "failed to allocate memory",
    "unable to allocate",
    "failed to map segment",
    "start new thread",
)
"""What libraries say, as no class of their own; the last two where memory is limited (ulimit -v)."""

_TORCH_NEEDS = 6 * 2**30
"""Bytes of address space below which PyTorch may end the program without a word: it reserves far more than it uses."""


@dataclass(frozen=True)
class Remedies:
    """What to do where the GPU's memory, the computer's, or the disk did not suffice; each is a sentence."""

    gpu: str = "Close other programs that use the GPU and try again, or compute on the CPU."
    memory: str = "Close other programs and try again, with fewer or smaller images at once."
    disk: str = "Free some space and try again."


def explained(error: BaseException, remedies: Remedies = Remedies()) -> SkinKDError | None:
    """What a person understands of an error of the machine; None for any other error."""
    details = f"{type(error).__name__}: {error}"
    of_torch = getattr(sys.modules.get("torch"), "OutOfMemoryError", ())  # () while torch is being imported
    if isinstance(error, of_torch):
        summary = f"The model and a batch of images did not fit. {remedies.gpu}"
        return SkinKDError("The GPU has not enough memory", summary, details)
    if any(_is_memory(each) for each in _chain(error)):
        title = "The computer has not enough memory"
        return SkinKDError(title, f"{remedies.memory} {scarce_memory()}".rstrip(), details)
    if _is_full(error):
        return DiskFullError("The disk is full", remedies.disk, details)
    return None


def _is_full(error: BaseException) -> bool:
    """Whether a disk is full: the system said so, or the database that keeps what is known of files."""
    sqlite3 = sys.modules.get("sqlite3")
    if sqlite3 is not None and isinstance(error, sqlite3.OperationalError):
        return bool(getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL)
    return isinstance(error, OSError) and error.errno in _FULL


def memory_limit() -> int | None:
    """To how many bytes whoever started the program has limited its memory (`ulimit -v`, `ulimit -d`); None where it is
    not limited, or the system has no such limits."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    kinds = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    limits = [limit for limit in (resource.getrlimit(kind)[0] for kind in kinds) if limit != resource.RLIM_INFINITY]
    return min(limits, default=None)


def scarce_memory() -> str:
    """A sentence where memory is limited below what PyTorch takes; "" elsewhere. There anything may fail in any way, or
    end without a word."""
    limit = memory_limit()
    if limit is None or limit >= _TORCH_NEEDS:
        return ""
    return (
        f"This program may use {limit / 2**30:.1f} GiB of memory only (ulimit -v), and PyTorch wants room for "
        f"{_TORCH_NEEDS / 2**30:.0f} GiB: raise that limit."
    )


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    text = str(error).lower() if isinstance(error, RuntimeError | ImportError | OSError) else ""
    return any(part in text for part in (*_NO_MEMORY, *_NO_MEMORY_EITHER))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__
