"""What the classifier says of one image, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.classes import ClassSet, Malignancy
from core.inference.trust import Assessment

if TYPE_CHECKING:
    from core.inference.decisions import ImageDecision

RESEARCH_USE = "Research use only. Not a medical device."

DEMONSTRATION_NAME = "demonstration-drawn-pictures-only.safetensors"
"""The model file of the demonstration: its name says what it is wherever the file goes."""

SYNTHETIC_WARNING = (
    "This model was trained on the built-in synthetic sample set: what it says about a real lesion means nothing."
)


@dataclass(frozen=True)
class Classification:
    """One image, classified or not.

    `probabilities` are softmax(logits / temperature) in the order of `classes`, in 0..1 with sum 1; `code` is the class
    with the largest (the first of equals). Both are None when the image could not be classified; then `error` says why.
    `assessment` tells whether to rely on it; None when the image could not be classified. `note` says what must be
    known of the file (that only the first of its pages was used, for instance), mostly nothing.
    """

    path: Path
    probabilities: tuple[float, ...] | None
    code: str | None
    error: str = ""
    assessment: Assessment | None = None
    note: str = ""
    classes: ClassSet = field(kw_only=True)

    @property
    def probability(self) -> float | None:
        """The probability of `code`; None without a classification."""
        return None if self.probabilities is None else max(self.probabilities)

    @property
    def malignant(self) -> float | None:
        """The summed probability of the malignant classes; None without a classification, or without such a class.
        Precancerous classes do not count."""
        places = self.classes.of_group(Malignancy.MALIGNANT)
        if self.probabilities is None or not places:
            return None
        return min(1.0, sum(self.probabilities[place] for place in places))

    @property
    def decision(self) -> ImageDecision | None:
        """Malignant, benign or unclear, with what it rests on; None where nothing is known of it."""
        return None if self.assessment is None else self.assessment.decision

    @property
    def name(self) -> str:
        """The plain name of `code`; "" without a classification."""
        return "" if self.code is None else self.classes.name_of(self.code)
