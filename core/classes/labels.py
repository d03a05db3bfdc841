"""How labels that people write are compared."""

from __future__ import annotations

import re
import unicodedata

UNKNOWN_WORDS = frozenset({"unk", "unknown", "other", "none of the above"})
"""Words that say that a picture shows none of the classes, unless a class has that very name."""


_BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]")
_COUNT = re.compile(r"\d+k?")
_PICTURES = frozenset({"images", "pictures", "photos", "bilder", "imagenes", "immagini", "imagens"})


def normalised(text: str) -> str:
    """Small letters without accents, with every run of other than letters and digits as one blank."""
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def variants(text: str) -> tuple[str, ...]:
    """Other readings of a label, normalised: what stands in brackets and what is left without it, each without the
    numbers that Kaggle and others put before ("0_nv", "4. Basal Cell Carcinoma (BCC) 3323") or behind it."""
    pieces = (_BRACKETS.sub(" ", text), *_BRACKETS.findall(text))
    return tuple(dict.fromkeys(word for piece in pieces if (word := _without_numbers(normalised(piece)))))


def _without_numbers(text: str) -> str:
    words = text.split()
    while words and _COUNT.fullmatch(words[0]):
        words.pop(0)
    while words and (_COUNT.fullmatch(words[-1]) or words[-1] in _PICTURES):
        words.pop()
    return " ".join(words)
