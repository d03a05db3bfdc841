"""Two recipes compared field by field, whatever sections they have, and which fields may change while a run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from core.recipe.schema import Recipe
from core.settings import ResumeRule, SettingsSection

_ABSENT = object()


@dataclass(frozen=True)
class FieldChange:
    """A field whose value differs: its dotted key, both values as texts ("not there" where a recipe has no such field),
    what a resume allows, and whether the value grew."""

    key: str
    before: str
    after: str
    rule: ResumeRule
    grew: bool

    @property
    def line(self) -> str:
        """The change for a person, such as "optimisation.epochs: 25 -> 40"."""
        return f"{self.key}: {self.before} -> {self.after}"


def recipe_changes(before: Recipe, after: Recipe) -> tuple[FieldChange, ...]:
    """Every field in which two recipes differ, in the order of the second; sections may be of different kinds, as with
    another method. A field that only one of them has is fixed."""
    old, new = dict(_leaves("", before, "fixed")), dict(_leaves("", after, "fixed"))
    changes = []
    for key in dict.fromkeys([*new, *old]):
        (first, _), (second, rule) = old.get(key, (_ABSENT, "fixed")), new.get(key, (_ABSENT, "fixed"))
        if first != second:
            everywhere = key in old and key in new
            changes.append(
                FieldChange(key, _text(first), _text(second), rule if everywhere else "fixed", _grew(first, second))
            )
    return tuple(changes)


def resume_rule(section: type[SettingsSection], name: str) -> ResumeRule:
    """What a resume allows for a field of a section, as it is declared there; fixed where nothing is declared."""
    extra = section.model_fields[name].json_schema_extra
    rule = extra.get("resume") if isinstance(extra, Mapping) else None
    return rule if rule in get_args(ResumeRule) else "fixed"  # type: ignore[return-value]


def _leaves(key: str, value: Any, rule: ResumeRule) -> Iterator[tuple[str, tuple[Any, ResumeRule]]]:
    if isinstance(value, SettingsSection):
        for name in type(value).model_fields:
            yield from _leaves(_join(key, name), getattr(value, name), resume_rule(type(value), name))
    elif isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _leaves(_join(key, str(name)), item, rule)
    elif isinstance(value, tuple | list) and any(isinstance(item, SettingsSection) for item in value):
        for number, item in enumerate(value, 1):
            yield from _leaves(_join(key, str(number)), item, rule)
    else:
        yield key, (value, rule)


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _grew(before: Any, after: Any) -> bool:
    numbers = all(isinstance(value, int | float) for value in (before, after))
    return numbers and bool(after > before)


def _text(value: Any) -> str:
    return "not there" if value is _ABSENT else json.dumps(value, ensure_ascii=False, default=str)
