"""What every table of settings is made of: the recipe's sections, and those that a method or a curriculum brings along.

Stands below both, so that a method declares its settings in its own file and the recipe only asks which there are.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LONGEST_TEXT = 4096  # no path of any system is longer


class Section(BaseModel):
    """A table of settings: unknown keys and wrong types are errors, values never change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def setting(default: Any, title: str, help_text: str, *, unit: str = "", expert: bool = False, **bounds: Any) -> Any:
    """A field of a `Section` with its default, name and help for people, unit and bounds (`ge`, `gt`, `le`, `lt`,
    `min_length`); `expert` ones are folded away in the wizard."""
    extra: dict[str, Any] = {"unit": unit, "expert": expert}
    return Field(default=default, title=title, description=help_text, json_schema_extra=extra, **bounds)


def _plain(text: str) -> str:
    if len(text) > LONGEST_TEXT or "\0" in text:
        raise ValueError(f"a text of at most {LONGEST_TEXT:,} characters that a file's name can hold")
    return text


Share = Annotated[float, Field(ge=0, le=1e9, strict=False)]
Text = Annotated[str, AfterValidator(_plain)]
