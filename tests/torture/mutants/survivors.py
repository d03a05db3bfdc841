"""Mutants that no test notices, looked at by a person: survivors.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Survivor:
    """`equivalent`: nobody could tell it from the program, but for time or memory. `reason` says why no test
    kills it."""

    name: str
    equivalent: bool
    reason: str


@cache
def survivors(file: Path = FILE) -> dict[str, Survivor]:
    """All that are explained, by name."""
    groups = tomllib.loads(file.read_text(encoding="utf-8")).get("survivors", [])
    found = [Survivor(name, group["equivalent"], group["reason"]) for group in groups for name in group["names"]]
    return {item.name: item for item in found}
