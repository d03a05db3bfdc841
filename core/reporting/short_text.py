"""Names that are longer than their place: the middle is left out."""

from __future__ import annotations

from collections.abc import Sequence


def shorten(text: str, length: int) -> str:
    """The text with its middle left out when it has more than `length` characters."""
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return f"{text[:head]}…{text[-(length - 1 - head) :]}"


def short_titles(titles: Sequence[str], length: int) -> list[str]:
    """Titles of at most about `length` characters that stay different: where cutting makes some alike, all get their
    number in front."""
    short = [shorten(title, length) for title in titles]
    if len(set(short)) == len(set(titles)):
        return short
    return [f"{number}: {shorten(title, length - 3)}" for number, title in enumerate(titles, 1)]
