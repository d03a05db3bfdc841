"""The processes that make one run together, one a device: which of them this is, and what they tell one another.

The first process leads: it alone reads the data first, writes files and talks to the user; the others follow. Where a
run is made by one process, that is a group of one, in which nothing is waited for. Every method that several processes
must call, all of them in the same order, says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from core.errors import Cancelled, SkinKDError
from core.events import CancelToken

if TYPE_CHECKING:
    from torch import Tensor


class ProcessGroup:
    """A group of one process."""

    rank = 0
    size = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes and talks."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """Which of `count` items are this process's: parts of nearly equal size, in the order of the ranks."""
        return self.part_of(self.rank, count)

    def part_of(self, rank: int, count: int) -> slice:
        """Which of `count` items are those of the process `rank`; the first ones have what is left over."""
        each, over = divmod(count, self.size)
        begin = rank * each + min(rank, over)
        return slice(begin, begin + each + (rank < over))

    def gather(self, part: Tensor, count: int) -> Tensor:
        """All rows (count, ...) of a tensor of which every process has its `part` (n, ...), without gradient. All must
        call it."""
        return part.detach()

    def add(self, tensors: Sequence[Tensor]) -> None:
        """Put the sums over the processes in the place of the tensors, of any shape of the same order in each. All must
        call it, and get the same bits."""

    def all_of(self, flag: bool) -> bool:
        """Whether the flag is set in every process. All must call it."""
        return flag

    def exchange(self, value: Any) -> list[Any]:
        """What every process passes, by rank, without those who pass None: it is pickled. All must call it."""
        return [] if value is None else [value]

    def tell(self, value: Any) -> Any:
        """What the leader passes, whatever the others do: it is pickled. All must call it. Raises `Cancelled` in a
        follower whose leader gave up."""
        return value

    def give_up(self) -> None:
        """The leader ends what they do together: the others, whatever they wait for next, are told that instead."""


class _GaveUp:
    """What followers are told then."""


class SeveralProcesses(ProcessGroup):
    """The processes of torch's default group, which must have been initialised. What concerns no tensors of a GPU goes
    through `control`, a gloo group of the same processes."""

    def __init__(self) -> None:
        from torch import distributed

        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()
        is_gloo = distributed.get_backend() == "gloo"
        self._control: Any = None if is_gloo else distributed.new_group(backend="gloo", timeout=_no_end())

    def gather(self, part: Tensor, count: int) -> Tensor:
        """See `ProcessGroup`."""
        import torch
        from torch import distributed

        counts = [own.stop - own.start for own in (self.part_of(rank, count) for rank in range(self.size))]
        longest = part.new_zeros((max(counts), *part.shape[1:]))
        longest[: len(part)] = part.detach()
        found = [torch.empty_like(longest) for _ in counts]
        distributed.all_gather(found, longest)
        return torch.cat([rows[:number] for rows, number in zip(found, counts, strict=True)])

    def add(self, tensors: Sequence[Tensor]) -> None:
        """See `ProcessGroup`. Tensors of a type go as one."""
        import torch
        from torch import distributed

        by_type: dict[Any, list[Tensor]] = {}
        for tensor in tensors:
            by_type.setdefault(tensor.dtype, []).append(tensor)
        for same in by_type.values():
            flat = torch.cat([tensor.detach().reshape(-1) for tensor in same])
            distributed.all_reduce(flat)
            pieces = flat.split([tensor.numel() for tensor in same])  # type: ignore[no-untyped-call]
            for tensor, piece in zip(same, pieces, strict=True):
                tensor.detach().copy_(piece.view_as(tensor))

    def all_of(self, flag: bool) -> bool:
        """See `ProcessGroup`."""
        import torch
        from torch import distributed

        value = torch.tensor(int(flag))
        distributed.all_reduce(value, distributed.ReduceOp.MIN, group=self._control)
        return bool(value)

    def exchange(self, value: Any) -> list[Any]:
        """See `ProcessGroup`."""
        from torch import distributed

        values: list[Any] = [None] * self.size
        distributed.all_gather_object(values, value, group=self._control)
        return [each for each in values if each is not None]

    def tell(self, value: Any) -> Any:
        """See `ProcessGroup`; raises `Cancelled` as it does."""
        from torch import distributed

        values = [value if self.leads else None]
        distributed.broadcast_object_list(values, src=0, group=self._control)
        if isinstance(values[0], _GaveUp) and not self.leads:
            raise Cancelled
        return values[0]

    def give_up(self) -> None:
        """See `ProcessGroup`."""
        if self.leads:
            self.tell(_GaveUp())


class SharedToken(CancelToken):
    """A leader's token as all processes of a group see it: they go on, and stop, at the same `check`, which all must
    call. While the leader waits, the others wait for it."""

    def __init__(self, token: CancelToken, group: ProcessGroup) -> None:
        super().__init__()
        self._token, self._group = token, group

    @property
    def cancelled(self) -> bool:
        """Whether the leader was asked to stop; a follower does not know before its next check."""
        return self._group.leads and self._token.cancelled

    @property
    def paused(self) -> bool:
        """Whether the leader was asked to wait."""
        return self._group.leads and self._token.paused

    def check(self) -> None:
        """See `CancelToken`. A leader that raises `Cancelled` gives up, which the others hear instead."""
        if self._group.leads:
            self._token.check()
        self._group.tell(None)


def shared(token: CancelToken) -> CancelToken:
    """The token as the present group's processes see it."""
    group = current_group()
    return token if group.size == 1 or isinstance(token, SharedToken) else SharedToken(token, group)


def current_group() -> ProcessGroup:
    """The group that works together now: of this process alone, but inside `working_with`."""
    return _current[-1]


@contextmanager
def working_with(group: ProcessGroup) -> Iterator[None]:
    """Inside, training and inference are shared with the group's other processes, which must do the same. A leader that
    leaves by `Cancelled` or a `SkinKDError`, whatever it is from, makes the others leave by `Cancelled`."""
    _current.append(group)
    try:
        yield
    except (Cancelled, SkinKDError):
        group.give_up()
        raise
    finally:
        _current.remove(group)


def process_group() -> ProcessGroup:
    """The group that this process was started for, once it has been initialised; else of this process alone."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return _current[0]
    if not _started:
        _started.append(SeveralProcesses())
    return _started[0]


_current: list[ProcessGroup] = [ProcessGroup()]
_started: list[SeveralProcesses] = []


def _no_end() -> Any:
    """How long the others wait for the leader, which may read and decode data for hours."""
    from datetime import timedelta

    return timedelta(days=30)
