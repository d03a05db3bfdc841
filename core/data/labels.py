"""From what people write in tables (numbers as text, many words for "not known") to clean values."""

from __future__ import annotations

import math
import re

_NOTHING = frozenset({"", "na", "n/a", "nan", "none", "null", "unknown", "unspecified", "?", "-"})
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def optional_text(text: str) -> str | None:
    """The text, or None for the many ways of writing "not known"."""
    stripped = text.strip()
    return None if stripped.lower() in _NOTHING else stripped


def optional_age(text: str) -> float | None:
    """Years in 0..120 from texts such as `55`, `55.0`, `85+`; None otherwise."""
    match = _NUMBER.search(text)
    if match is None or text.strip().startswith("-"):
        return None
    years = float(match.group().replace(",", "."))
    return years if years <= 120 else None


def optional_sex(text: str) -> str | None:
    """`female`, `male`, another given word in lower case, or None."""
    word = optional_text(text)
    short = {"f": "female", "w": "female", "m": "male"}
    return None if word is None else short.get(word.lower(), word.lower())


def flag(text: str) -> float | None:
    """The number in a one-hot cell (an empty cell is 0), or None when it is not a finite number."""
    if not text:
        return 0.0
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
