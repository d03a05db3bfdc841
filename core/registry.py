"""Choices as entries that one adds: a registry holds them by name, and asks nobody else which there are.

Whoever offers a choice (a form, the command line, a check) goes through the registry; whoever adds one registers it,
for good or for the length of a `with`, without touching the sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

from core.documents import nearest, shown


class Entry(Protocol):
    """One choice. `name` is what recipes say; `title`, `help` (a clause that begins small and ends without a full stop)
    and `source` (paper and section or equation; empty for what needs none) are for people."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def source(self) -> str: ...


E = TypeVar("E", bound=Entry)


class Registry(Mapping[str, E]):
    """Entries by name, in the order in which they are offered; `kind` says in messages what they are ("order")."""

    def __init__(self, kind: str, entries: Iterable[E]) -> None:
        self.kind = kind
        self._entries: dict[str, E] = {}
        for entry in entries:
            self.register(entry)

    def __getitem__(self, name: str) -> E:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def register(self, entry: E) -> None:
        """Add an entry. Raises ValueError when its name is taken, or is none that a recipe can hold."""
        if not entry.name.isidentifier():
            raise ValueError(f"the name of a {self.kind} is letters, digits and underscores; it is {entry.name!r}")
        if entry.name in self._entries:
            raise ValueError(f"there is a {self.kind} {entry.name} already")
        self._entries[entry.name] = entry

    @contextmanager
    def registered(self, *entries: E) -> Iterator[None]:
        """Add entries for as long as the block lasts; raises as `register`."""
        before = dict(self._entries)
        try:
            for entry in entries:
                self.register(entry)
            yield
        finally:
            self._entries = before

    def unknown(self, name: object) -> str:
        """What to say of a name that no entry has: it, and the nearest one or all that there are."""
        return f"there is no {self.kind} {shown(name)}; {nearest(str(name), self)}"
