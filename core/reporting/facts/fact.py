"""A fact of a run: its name for programs, its title for people, and its wording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.reporting.facts.record import RunRecord


@dataclass(frozen=True)
class RunFact:
    """`tell` words it for a run whose recipe can be read; "" where nothing is known."""

    name: str
    title: str
    tell: Callable[[RunRecord], str]
