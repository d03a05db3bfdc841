"""The lesion classes in plain words, read from classes.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from resources.files import resource_text


@dataclass(frozen=True)
class ClassDescription:
    """One class for a reader. `group` is malignant, precancerous or benign; `summary` is one sentence."""

    code: str
    name: str
    group: str
    summary: str
    text: str


@cache
def class_descriptions() -> dict[str, ClassDescription]:
    """All classes by code, in the order of the file (that of the data and the model outputs)."""
    tables = tomllib.loads(resource_text("classes.toml"))
    return {
        code: ClassDescription(code, table["name"], table["group"], table["summary"], table["text"].strip())
        for code, table in tables.items()
    }
