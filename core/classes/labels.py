"""How labels that people write are compared."""

from __future__ import annotations

import re

UNKNOWN_WORDS = frozenset({"unk", "unknown", "other", "none of the above"})
"""Words that say that a picture shows none of the classes, unless a class has that very name."""


def normalised(text: str) -> str:
    """Lower case, with every run of other than letters and digits as one space."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
