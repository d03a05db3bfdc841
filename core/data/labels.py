"""From what people write (codes, full names, numbers as text) to class indices and clean metadata."""

from __future__ import annotations

import math
import re

from core.data.types import CLASS_CODES, CLASS_NAMES

_OTHER_NAMES = {
    "MEL": ("malignant melanoma", "melanoma in situ", "invasive melanoma", "melanomas"),
    "NV": (
        "nevus",
        "naevus",
        "nevi",
        "naevi",
        "melanocytic nevi",
        "melanocytic naevus",
        "melanocytic naevi",
        "mole",
    ),
    "BCC": ("basal cell carcinomas", "basalioma"),
    "AK": (
        "akiec",
        "actinic keratoses",
        "solar keratosis",
        "actinic keratoses and intraepithelial carcinoma",
        "actinic keratoses and intraepithelial carcinoma bowen s disease",
    ),
    "BKL": (
        "benign keratoses",
        "benign keratosis like lesion",
        "benign keratosis like lesions",
        "benign keratosis like",
        "seborrheic keratosis",
        "seborrhoeic keratosis",
        "solar lentigo",
        "lichenoid keratosis",
        "lichen planus like keratosis",
        "pigmented benign keratosis",
    ),
    "DF": ("dermatofibromas", "dermatofibroma s"),
    "VASC": ("vascular lesions", "vascular", "vascular skin lesion", "vascular skin lesions", "angioma", "hemangioma"),
    "SCC": ("squamous cell carcinomas",),
}

UNKNOWN_WORDS = frozenset({"unk", "unknown", "other", "none of the above"})
"""Words that say that a picture shows none of the eight classes."""

_NOTHING = frozenset({"", "na", "n/a", "nan", "none", "null", "unknown", "unspecified", "?", "-"})
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def normalised(text: str) -> str:
    """Lower case, with every run of other than letters and digits as one space."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _aliases() -> dict[str, int]:
    found: dict[str, int] = {}
    for index, (code, name) in enumerate(zip(CLASS_CODES, CLASS_NAMES, strict=True)):
        for text in (code, name, *_OTHER_NAMES[code]):
            found[normalised(text)] = index
    return found


_ALIASES = _aliases()


def label_index(text: str) -> int | None:
    """The index in `CLASS_CODES` of a code, a full name or a HAM10000 code, in any case; None for anything else."""
    return _ALIASES.get(normalised(text))


def is_unknown(text: str) -> bool:
    """Whether a label says "none of the eight classes" (the challenge's UNK)."""
    return normalised(text) in UNKNOWN_WORDS


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
