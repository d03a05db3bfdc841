"""What the classifier says of one image, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.data.types import CLASS_CODES, CLASS_NAMES
from core.inference.trust import Assessment

MALIGNANT = ("MEL", "BCC", "SCC")
"""The classes whose probabilities add up to the malignant total."""

PRECANCEROUS = ("AK",)
"""Classes that can become malignant; they are marked, and do not count in the malignant total."""

RESEARCH_USE = "Research use only. Not a medical device."

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
    classes: tuple[str, ...] = CLASS_CODES
    assessment: Assessment | None = None
    note: str = ""

    @property
    def probability(self) -> float | None:
        """The probability of `code`; None without a classification."""
        return None if self.probabilities is None else max(self.probabilities)

    @property
    def malignant(self) -> float | None:
        """The summed probability of melanoma, basal cell and squamous cell carcinoma; None without a classification."""
        if self.probabilities is None:
            return None
        pairs = zip(self.classes, self.probabilities, strict=True)
        return min(1.0, sum(value for code, value in pairs if code in MALIGNANT))


def class_name(code: str) -> str:
    """The plain name of a class code; the code itself where it is not one of the eight."""
    return CLASS_NAMES[CLASS_CODES.index(code)] if code in CLASS_CODES else code


def class_group(code: str) -> str:
    """`malignant`, `precancerous` or nothing, in a word to stand beside the name."""
    if code in MALIGNANT:
        return "malignant"
    return "precancerous" if code in PRECANCEROUS else ""
