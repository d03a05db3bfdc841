"""From what people write in tables (numbers as text, many words for "not known") to clean values."""

from __future__ import annotations

import math
import re

_ROMAN = ("i", "ii", "iii", "iv", "v", "vi")
_NOTHING = frozenset({"", "na", "n/a", "nan", "none", "null", "unknown", "unspecified", "?", "-"})
_YES = ("1", "1.0", "true", "yes", "y", "ja", "j", "si", "sí", "sì", "s", "oui", "o", "sim", "x", "positive", "pos")
_NO = ("", "0", "0.0", "false", "no", "n", "nein", "non", "não", "nao", "negative", "neg")
_FLAGS = dict.fromkeys(_YES, 1.0) | dict.fromkeys(_NO, 0.0)
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


def optional_skin_type(text: str) -> int | None:
    """Fitzpatrick's skin type, 1 to 6, from 3, 3.0, III or "type 3"; None otherwise."""
    words = re.findall(r"[0-9.]+|[ivIV]+", text)
    word = words[-1].lower() if words else ""
    if word in _ROMAN:
        return _ROMAN.index(word) + 1
    number = flag(word)
    return int(number) if number is not None and number in (1, 2, 3, 4, 5, 6) else None


def flag(text: str) -> float | None:
    """The number in a one-hot cell (True, yes and their like are 1, an empty cell 0), or None when it is neither such a
    word nor a finite number."""
    if (word := text.strip().lower()) in _FLAGS:
        return _FLAGS[word]
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
