"""What a choice of other settings to start from replaces of what the user had set, in words. Knows no Qt."""

from __future__ import annotations

from typing import Any

from core.documents import some
from core.recipe import FieldSpec, fields_of, has_field, value_of
from core.settings import SettingsSection
from skinkd_gui.training.wizard.state import WizardState, default_of
from skinkd_gui.training.wizard.texts import choice_text, number_text

_MOST = 5


def replaced_words(before: WizardState, after: WizardState) -> str:
    """A sentence that names what the user had set otherwise than by the settings that they started from, and that has
    another value now; empty where there is nothing."""
    sections = [name for name in type(before.recipe).model_fields if _is_section(getattr(before.recipe, name))]
    lines = [
        words
        for section in sections
        for spec in fields_of(before.recipe, section)
        if (words := _words(spec, before, after))
    ]
    return f"Replaced, what you had set: {some(lines, _MOST)}." if lines else ""


def _is_section(value: object) -> bool:
    return isinstance(value, SettingsSection)


def _words(spec: FieldSpec, before: WizardState, after: WizardState) -> str:
    had = value_of(before.recipe, spec.key)
    if had == default_of(before, spec.key):
        return ""
    if not has_field(after.recipe, spec.key):
        return f"{spec.title} ({spoken(spec, had)}) is not needed any more"
    now = value_of(after.recipe, spec.key)
    return "" if now == had else f"{spec.title} {spoken(spec, had)}, now {spoken(spec, now)}"


def spoken(spec: FieldSpec, value: Any) -> str:
    """A field's value as the form shows it."""
    if spec.kind == "choice":
        return choice_text(spec, str(value))
    if spec.kind == "switch":
        return "on" if value else "off"
    if spec.kind in ("texts", "tables"):
        return "; ".join(map(str, value)) if isinstance(value, tuple) and value else "none"
    if isinstance(value, tuple):
        return " : ".join(number_text(share) for share in value)
    return number_text(value)
