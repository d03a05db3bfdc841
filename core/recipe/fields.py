"""The recipe's fields as data, for whoever builds a form or a help text from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from core.recipe.schema import Recipe
from core.settings import ResumeRule, Section

Kind = Literal["text", "choice", "integer", "number", "switch", "shares"]


@dataclass(frozen=True)
class FieldSpec:
    """One setting: `key` is dotted, bounds are None where there is none, `choices` is empty unless kind is choice,
    `resume` says what may become of it while a run goes on."""

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


def resumable_fields() -> tuple[FieldSpec, ...]:
    """The fields that may change while a run goes on, in their declared order."""
    names = [name for name in Recipe.model_fields if isinstance(getattr(Recipe(), name), Section)]
    return tuple(spec for name in names for spec in section_fields(name) if spec.resume != "fixed")


def section_fields(section: str) -> tuple[FieldSpec, ...]:
    """The fields of a section (`data`, `teacher`, ...) in their declared order. Raises KeyError for another name."""
    annotation = Recipe.model_fields[section].annotation
    if not isinstance(annotation, type) or not issubclass(annotation, Section):
        raise KeyError(section)
    return tuple(_spec(section, name, info) for name, info in annotation.model_fields.items())


def field(key: str) -> FieldSpec:
    """The field with a dotted key. Raises KeyError when there is none."""
    section = key.partition(".")[0]
    return next(spec for spec in section_fields(section) if spec.key == key)


def _spec(section: str, name: str, info: Any) -> FieldSpec:
    extra = info.json_schema_extra or {}
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
        kind=_kind(info.annotation),
        default=info.default,
        minimum=low[0] if low else None,
        maximum=high[0] if high else None,
        choices=get_args(info.annotation) if get_origin(info.annotation) is Literal else (),
        expert=extra.get("expert", False),
        resume=extra.get("resume", "fixed"),
    )


def _kind(annotation: Any) -> Kind:
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) is tuple:
        return "shares"
    kinds: dict[Any, Kind] = {bool: "switch", int: "integer", float: "number"}
    return kinds.get(annotation, "text")
