"""Checklists of journals, filled as far as a run fills them: CLAIM, TRIPOD+AI and CLEAR Derm.

Each is a TOML file in resources/checklists: its items in our own words, the facts of a run that fill an item
(`core.reporting.facts`), and the entries of the form that do (`core.runs.statement`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from core.reporting import cells
from core.reporting.facts.record import RunRecord
from core.reporting.facts.told import FACTS, fact_text
from core.reporting.privacy import paths_of, without_paths
from core.reporting.table import Column, ResultsTable
from core.runs.statement import QUESTIONS
from resources.files import resource_names, resource_text

_FOLDER, _ENDING = "checklists", ".toml"
MAIN = "claim-2024"
"""The one that is shown first."""


class Filled(StrEnum):
    """How an item is filled; the value is shown to the user."""

    PROGRAM = "by the program"
    AUTHORS = "by you"
    NOT_STATED = "not stated"


@dataclass(frozen=True)
class ChecklistItem:
    """One item: its number, the section that it stands in, its name, what it asks for; the facts of a run and the
    entries of the form that fill it."""

    number: str
    section: str
    title: str
    text: str
    facts: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checklist:
    """A checklist; `key` is the name of its file, `name` what its title is short for, `source` the publication."""

    key: str
    title: str
    name: str
    source: str
    items: tuple[ChecklistItem, ...]


@dataclass(frozen=True)
class FilledItem:
    """An item with what a run says to it; `text` is empty where it is not stated."""

    item: ChecklistItem
    filled: Filled
    text: str


@dataclass(frozen=True)
class FilledChecklist:
    """A checklist as a run fills it."""

    checklist: Checklist
    items: tuple[FilledItem, ...]

    def count(self, filled: Filled) -> int:
        """How many items are filled so."""
        return sum(item.filled is filled for item in self.items)

    @property
    def sentence(self) -> str:
        """The counts in words."""
        told = ", ".join(f"{self.count(filled)} {filled.value}" for filled in Filled)
        return f"{self.checklist.title}: of {len(self.items)} items {told}."


def checklists() -> Mapping[str, Checklist]:
    """All checklists by their keys, the main one first."""
    names = [name.removesuffix(_ENDING) for name in resource_names(_FOLDER) if name.endswith(_ENDING)]
    return {name: _read(name) for name in sorted(names, key=lambda name: (name != MAIN, name != "tripod-ai", name))}


def fill(checklist: Checklist, record: RunRecord) -> FilledChecklist:
    """What a run says to each item; without paths of this computer."""
    return FilledChecklist(checklist, tuple(_filled(item, record) for item in checklist.items))


def checklist_table(filled: FilledChecklist, title: str = "") -> ResultsTable:
    """A row for each item: its number, what it asks, how it is filled, and with what."""
    rows = tuple(
        (
            cells.words(each.item.number),
            cells.words(f"{each.item.title}: {each.item.text[0].lower()}{each.item.text[1:]}", each.item.title),
            cells.words(each.filled.value),
            cells.words(each.text),
        )
        for each in filled.items
    )
    columns = (Column("Item", words=True), Column("Asked for", words=True), Column("Filled", words=True),
               Column("What is said", words=True))  # fmt: skip
    head = f"{filled.checklist.title}: {title}" if title else filled.checklist.title
    notes = (filled.sentence, f"{filled.checklist.name}. {filled.checklist.source}. Items in our own words.")
    return ResultsTable(head, columns, rows, notes)


def checklist_document(filled: FilledChecklist) -> dict[str, Any]:
    """A filled checklist for JSON: the counts by `Filled`, and every item."""
    return {
        "title": filled.checklist.title,
        "source": filled.checklist.source,
        "counts": {each.name.lower(): filled.count(each) for each in Filled},
        "items": [
            {
                "number": each.item.number,
                "section": each.item.section,
                "title": each.item.title,
                "filled": each.filled.name.lower(),
                "text": each.text,
            }
            for each in filled.items
        ],
    }


def _filled(item: ChecklistItem, record: RunRecord) -> FilledItem:
    known = () if record.summary.recipe is None else paths_of(record.recipe)
    facts = [text for name in item.facts if (text := fact_text(record, name))]
    written = [text for key in item.entries if (text := record.statement.entry(key))]
    filled = Filled.PROGRAM if facts else Filled.AUTHORS if written else Filled.NOT_STATED
    return FilledItem(item, filled, without_paths(" ".join(map(_sentence, (*facts, *written))), known))


def _sentence(text: str) -> str:
    """A text as a sentence; names that begin small stay as they are."""
    first = text.split(maxsplit=1)[0]
    begun = f"{text[0].upper()}{text[1:]}" if first.rstrip(",:").isalpha() else text
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."


@cache
def _read(key: str) -> Checklist:
    """Raises KeyError for an item that names a fact or an entry that there is not."""
    values = tomllib.loads(resource_text(f"{_FOLDER}/{key}{_ENDING}"))
    entries = {question.key for question in QUESTIONS}
    items = []
    for row in values["item"]:
        facts, asked = tuple(row.get("facts", ())), tuple(row.get("entries", ()))
        unknown = [name for name in facts if name not in FACTS] + [name for name in asked if name not in entries]
        if unknown:
            raise KeyError(f"{key}, item {row['number']}: {unknown[0]}")
        items.append(ChecklistItem(row["number"], row["section"], row["title"], row["text"], facts, asked))
    return Checklist(key, values["title"], values["name"], values["source"], tuple(items))
