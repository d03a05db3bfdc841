"""All facts by name: what each is called, and how it is worded. A text that is empty says that nothing is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.reporting.facts import images, results, training
from core.reporting.facts.fact import RunFact
from core.reporting.facts.record import RunRecord

FACTS: Mapping[str, RunFact] = {fact.name: fact for fact in (*images.FACTS, *training.FACTS, *results.FACTS)}
"""Every fact by its name."""


def fact_text(record: RunRecord, name: str) -> str:
    """A fact in words; "" where nothing is known. Raises KeyError for a name that is none."""
    return "" if record.summary.recipe is None else FACTS[name].tell(record)


def fact_pairs(record: RunRecord, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The named facts of which something is known, each with its title. Raises KeyError for a name that is none."""
    found = ((FACTS[name].title, fact_text(record, name)) for name in names)
    return tuple((title, text) for title, text in found if text)
