"""The terms under which data may be used: what the data themselves say of them, never what they look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

SYNTHETIC_TERMS = "Generated pictures, not of people. Scores on them say nothing about real lesions."

_MOST_SHOWN = 200
_MOST_READ = 4000


def terms_of(of_layout: str, licences: Iterable[str], texts: Sequence[Path], *, synthetic: bool) -> str:
    """The terms of a data set: those of its layout, else the licences in its tables, one for each image, and the first
    lines of the texts of licences beside the images; empty where nothing says any."""
    if synthetic:
        return SYNTHETIC_TERMS
    if of_layout:
        return of_layout
    counts = Counter(licences)
    said = ", ".join(f"{name} ({count:,} images)" for name, count in counts.most_common()) if len(counts) > 1 else ""
    named = [said or next(iter(counts), "")]
    return "; ".join(part for part in [*named, *(_first_line(path) for path in texts[:3])] if part)


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_MOST_READ).splitlines()
    except OSError:
        return ""
    line = next((line.strip() for line in lines if line.strip()), "")
    return f"{path.name}: {line[:_MOST_SHOWN]}" if line else ""
