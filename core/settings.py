"""What every table of settings is made of: the recipe's sections, and those that a method or a curriculum brings along.

Stands below both, so that a method declares its settings in its own file and the recipe only asks which there are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, Protocol, Self, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, create_model
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from core.registry import Entry, Registry

LONGEST_TEXT = 4096  # no path of any system is longer


class SettingsSection(BaseModel):
    """A table of settings: unknown keys and wrong types are errors, values never change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Configured(Entry, Protocol):
    """An entry that brings settings of its own, which stand beside its name; plain `SettingsSection` for none."""

    @property
    def Settings(self) -> type[SettingsSection]: ...  # noqa: N802 (a class)


ResumeRule = Literal["fixed", "up", "free", "on_request"]
"""What may become of a setting when a run goes on from its checkpoint. fixed: nothing, another value is another
experiment. up: a larger value. free: anything, it names a place whose content is compared, or does not decide what is
learned. on_request: anything, when the user asks for just that."""


def setting(
    default: Any,
    title: str,
    help_text: str,
    *,
    unit: str = "",
    expert: bool = False,
    resume: ResumeRule = "fixed",
    titles: Mapping[str, str] | None = None,
    **bounds: Any,
) -> Any:
    """A field of a `SettingsSection` with its default, name and help for people, unit and bounds (`ge`, `gt`, `le`,
    `lt`, `min_length`); `expert` ones are folded away in the wizard, `resume` says what a run that goes on may change,
    `titles` are what people read for its choices. Further arguments go to pydantic's `Field`."""
    extra: dict[str, Any] = {"unit": unit, "expert": expert, "resume": resume, "titles": dict(titles or {})}
    return Field(default=default, title=title, description=help_text, json_schema_extra=extra, **bounds)


def _plain(text: str) -> str:
    if len(text) > LONGEST_TEXT or "\0" in text:
        raise ValueError(f"a text of at most {LONGEST_TEXT:,} characters that a file's name can hold")
    return text


Share = Annotated[float, Field(ge=0, le=1e9, strict=False)]
Text = Annotated[str, AfterValidator(_plain)]


def section_in(annotation: Any) -> type[SettingsSection] | None:
    """The section that a field holds, one or any number of it."""
    if get_origin(annotation) is tuple:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation if isinstance(annotation, type) and issubclass(annotation, SettingsSection) else None


@dataclass(frozen=True)
class NameOf:
    """Marks a field whose value names an entry of a registry: `Annotated[str, NameOf(ORDERS)]`; `besides` are choices
    of this field alone, such as `auto`."""

    entries: Registry[Any]
    besides: tuple[Entry, ...] = ()

    @property
    def registry(self) -> Registry[Any]:
        """All that can be named."""
        if not self.besides:
            return self.entries
        return Registry(self.entries.kind, (*self.besides, *self.entries.values()))

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The check of the name, made anew with every value: entries come and go."""
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def _known(self, name: str) -> str:
        if name not in self.registry:
            raise ValueError(self.registry.unknown(name))
        return name


def registry_of(info: FieldInfo) -> Registry[Any] | None:
    """The registry whose entries a field names, or None."""
    return next((mark.registry for mark in info.metadata if isinstance(mark, NameOf)), None)


class Choosing(SettingsSection):
    """A section that names entries of registries (`NameOf`), and holds the settings of those that it names.

    An instance with settings is of a class made for them, which inherits this section and the entries' `Settings`.
    """

    @classmethod
    def class_for(cls, values: Mapping[str, Any]) -> type[Self]:
        """The class whose fields are this section's and those of the entries that `values` (or the defaults) name;
        names that no entry has are left to the validation."""
        parts: list[type[SettingsSection]] = []
        for name, info in cls.model_fields.items():
            registry, chosen = registry_of(info), values.get(name, info.default)
            if registry is not None and isinstance(chosen, str) and chosen in registry:
                parts.append(registry[chosen].Settings)
        return with_settings(cls, tuple(parts))

    @classmethod
    def of(cls, **values: Any) -> Self:
        """An instance with the settings of the entries that it names. Raises pydantic's `ValidationError`."""
        return cls.class_for(values)(**values)


S = TypeVar("S", bound=SettingsSection)


@lru_cache(maxsize=256)
def with_settings(section: type[S], parts: tuple[type[SettingsSection], ...]) -> type[S]:
    """A section with the fields of `parts` behind its own, once each. Raises TypeError when two mean other things by
    one name: one of the entries must call its setting something else."""
    different = [part for part in dict.fromkeys(parts) if part.model_fields]
    owners: dict[str, type[SettingsSection]] = dict.fromkeys(section.model_fields, section)
    for part in different:
        for name in part.model_fields:
            if name in owners:
                raise TypeError(f"{owners[name].__qualname__} and {part.__qualname__} both have a setting {name}")
            owners[name] = part
    if not different:
        return section
    # The last base's fields come first.
    bases: Any = (*reversed(different), section)
    made: type[S] = create_model(section.__name__, __base__=bases, __doc__=section.__doc__, __module__=__name__)
    return made


class ChosenSettings:
    """Marks a field that holds a `Choosing`: `Annotated[CurriculumRecipe, ChosenSettings()]`. What is read into it
    becomes an instance of the class for the entries that it names, and is written with all of that class's fields."""

    def __get_pydantic_core_schema__(self, source: type[Choosing], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Pydantic's hook."""

        def read(value: Any, otherwise: Any, info: core_schema.ValidationInfo) -> Any:
            if isinstance(value, source):
                if type(value) is source.class_for(dict(value)):
                    return value
                value = value.model_dump()
            if not isinstance(value, Mapping):
                return otherwise(value)
            made = source.class_for(value)
            # Read from a text, a list may stand for a tuple; from Python not.
            return made.model_validate_json(json.dumps(value)) if info.mode == "json" else made.model_validate(value)

        return core_schema.with_info_wrap_validator_function(
            read, handler(source), serialization=core_schema.simple_ser_schema("any")
        )
