"""The paper's own numbers, from the data files in resources/paper."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from resources.files import resource_text


@dataclass(frozen=True)
class Published:
    """One row of the paper's Table 2. Fractions in 0..1 (the paper prints percent); one run each, no spread."""

    key: str
    model: str
    weighted_f1: float
    accuracy: float


@dataclass(frozen=True)
class PublishedTable:
    """A table of the paper: its rows by key, where it is from, and what is not known of it."""

    title: str
    source: str
    note: str
    rows: dict[str, Published]


@cache
def published_table() -> PublishedTable:
    """Table 2: the teacher, the plain student and the twenty distilled students, by the keys of `paper_study`."""
    return _table("paper/table2.toml")


@cache
def fine_sweep_table() -> PublishedTable:
    """Table 3, the finer KL sweep. Its numbers are not in the paper's text, so it has no rows; `note` says what is."""
    return _table("paper/table3.toml")


@cache
def published_facts() -> dict[str, int]:
    """What the paper says of its data and models in numbers: images, train, validation, test, and parameters."""
    values = tomllib.loads(resource_text("paper/table1.toml"))
    return {**values["data"], **{f"{name}_parameters": count for name, count in values["parameters"].items()}}


@cache
def counted_parameters() -> dict[str, int]:
    """The sizes of Table 1's networks as SkinKD counts them with the paper's 8 classes, by their names in timm."""
    values: dict[str, int] = tomllib.loads(resource_text("paper/table1.toml"))["counted"]
    return values


def _table(name: str) -> PublishedTable:
    values = tomllib.loads(resource_text(name))
    rows = {
        row["key"]: Published(row["key"], row["model"], row["weighted_f1"] / 100, row["accuracy"] / 100)
        for row in values["row"]
    }
    return PublishedTable(values["title"], values["source"], values["note"], rows)
