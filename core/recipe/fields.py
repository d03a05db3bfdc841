"""The recipe's fields as data, for whoever builds a form or a help text from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from core.distillation.methods import METHODS
from core.recipe.changes import resume_rule
from core.recipe.learning import TermRecipe
from core.recipe.schema import RATE, Recipe
from core.registry import Entry
from core.settings import Choosing, ResumeRule, SettingsSection, registry_of, section_in

Kind = Literal["text", "choice", "integer", "number", "switch", "shares", "texts", "tables", "rate"]


@dataclass(frozen=True)
class FieldSpec:
    """One setting: `key` is dotted, bounds are None where there is none, `choices` is empty unless kind is choice,
    `resume` says what may become of it while a run goes on. `entries` are what the choices name, where they come from a
    registry (otherwise empty), `titles` are choices and what people read for them. The kind `tables` is any number of
    sections, which no form edits; `rate` a number of 0 to below 1, or the word own."""

    key: str
    title: str
    help: str
    unit: str
    kind: Kind
    default: Any
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    expert: bool
    resume: ResumeRule = "fixed"
    entries: tuple[Entry, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()


def resumable_fields() -> tuple[FieldSpec, ...]:
    """The fields that may change while a run goes on, in their declared order."""
    names = [name for name, info in Recipe.model_fields.items() if section_in(info.annotation) is not None]
    return tuple(spec for name in names for spec in section_fields(name) if spec.resume != "fixed")


def section_fields(section: str) -> tuple[FieldSpec, ...]:
    """The fields of a section (`data`, `teacher`, ...) in their declared order, without the settings of the entries
    that it names. Raises KeyError for another name."""
    return _specs(section, _class_of(section))


def fields_of(recipe: Recipe, section: str) -> tuple[FieldSpec, ...]:
    """The fields that a section has in this recipe, the settings of the entries that it names among them. Raises
    KeyError for another name."""
    _class_of(section)
    return _specs(section, type(getattr(recipe, section)))


def entry_fields(key: str, name: str) -> tuple[FieldSpec, ...]:
    """The fields that the section of `key` has besides its own where that field names this entry; none for a field
    that names no entries. Raises KeyError when there is no such field or entry."""
    section, _, field_name = key.partition(".")
    base = _class_of(section)
    registry = registry_of(base.model_fields[field_name])
    if registry is None or not issubclass(base, Choosing):
        return ()
    specs = _specs(section, base.class_for({field_name: registry[name].name}))
    return tuple(spec for spec in specs if spec.key.partition(".")[2] not in base.model_fields)


def possible_fields(section: str) -> tuple[FieldSpec, ...]:
    """All fields that a section can have: behind each that names an entry, the settings of all its entries (of several
    with one key, the first). Raises KeyError for another name."""
    found: dict[str, FieldSpec] = {}
    for spec in section_fields(section):
        found[spec.key] = spec
        for own in (own for entry in spec.entries for own in entry_fields(spec.key, entry.name)):
            found.setdefault(own.key, own)
    return tuple(found.values())


def field(key: str) -> FieldSpec:
    """The field with a dotted key, also of an entry that is not chosen. Raises KeyError when there is none."""
    found = next((spec for spec in possible_fields(key.partition(".")[0]) if spec.key == key), None)
    if found is None:
        raise KeyError(key)
    return found


def value_of(recipe: Recipe, key: str) -> Any:
    """The value of the field with the dotted key; its default where the recipe has no such field, as it does not name
    the entry that brings it along. Raises KeyError when no recipe has it."""
    section, _, name = key.partition(".")
    return getattr(getattr(recipe, section), name) if has_field(recipe, key) else field(key).default


def has_field(recipe: Recipe, key: str) -> bool:
    """Whether the recipe has the field with the dotted key: settings exist where their entry is chosen."""
    section, _, name = key.partition(".")
    return name in type(getattr(recipe, section)).model_fields


def term_fields() -> tuple[FieldSpec, FieldSpec]:
    """The method and the weight of a further loss (`distillation.term` is any number of them); its methods are those
    that have a loss."""
    method, weight = (_spec("distillation.term", TermRecipe, name) for name in ("method", "weight"))
    losses = tuple(entry for entry in METHODS.values() if entry.needs)
    names = tuple(entry.name for entry in losses)
    titles = tuple((entry.name, entry.title) for entry in losses)
    return replace(method, choices=names, entries=losses, titles=titles), weight


def _class_of(section: str) -> type[SettingsSection]:
    found = section_in(Recipe.model_fields[section].annotation)
    if found is None:
        raise KeyError(section)
    return found


def _specs(section: str, fields: type[SettingsSection]) -> tuple[FieldSpec, ...]:
    return tuple(_spec(section, fields, name) for name in fields.model_fields)


def _spec(section: str, fields: type[SettingsSection], name: str) -> FieldSpec:
    registry = registry_of(fields.model_fields[name])
    return _spec_with(section, fields, name, () if registry is None else tuple(map(id, registry.values())))


@lru_cache(maxsize=4000)
def _spec_with(section: str, fields: type[SettingsSection], name: str, entries: tuple[int, ...]) -> FieldSpec:
    """Forms ask for thousands. `entries` are those of the registry, which may have more later; the field that is
    remembered holds them, so no other can take the identity of one."""
    info: Any = fields.model_fields[name]
    extra, registry = info.json_schema_extra or {}, registry_of(info)
    low: list[Any] = [
        bound.ge if isinstance(bound, Ge) else bound.gt for bound in info.metadata if isinstance(bound, Ge | Gt)
    ]
    high: list[Any] = [
        bound.le if isinstance(bound, Le) else bound.lt for bound in info.metadata if isinstance(bound, Le | Lt)
    ]
    return FieldSpec(
        key=f"{section}.{name}",
        title=info.title or name,
        help=info.description or "",
        unit=extra.get("unit", ""),
        kind="choice" if registry is not None else _kind(info.annotation),
        default=info.default,
        minimum=low[0] if low else None,
        maximum=high[0] if high else None,
        choices=tuple(registry or ()) or (get_args(info.annotation) if get_origin(info.annotation) is Literal else ()),
        expert=extra.get("expert", False),
        resume=resume_rule(fields, name),
        entries=() if registry is None else tuple(registry.values()),
        titles=tuple((extra.get("titles") or {name: entry.title for name, entry in (registry or {}).items()}).items()),
    )


def _kind(annotation: Any) -> Kind:
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) is tuple:
        if section_in(annotation) is not None:
            return "tables"
        return "texts" if Ellipsis in get_args(annotation) else "shares"
    kinds: dict[Any, Kind] = {bool: "switch", int: "integer", float: "number", RATE: "rate"}
    return kinds.get(annotation, "text")
