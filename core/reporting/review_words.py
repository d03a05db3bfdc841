"""How a model does against its reader over the images reviewed so far, in a sentence."""

from __future__ import annotations

from core.inference.review import ReviewedSoFar
from core.reporting.words import interval_of


def review_line(so_far: ReviewedSoFar, images: int) -> str:
    """Of `images`, how many are reviewed, how often the model says what the reader says, and what it missed."""
    text = f"Reviewed: {so_far.reviewed:,} of {images:,}."
    if not so_far.compared:
        return text
    agreed = interval_of(so_far.agreement, so_far.interval)
    text += f" The model says what you say in {so_far.agreed:,} of {so_far.compared:,}: {agreed}."
    if so_far.serious:
        text += f" Malignant or precancerous by you and not by it: {so_far.missed:,} of {so_far.serious:,}."
    return text
