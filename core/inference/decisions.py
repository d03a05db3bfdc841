"""What is said of an image first, malignant, benign or unclear, and the words for it: the same in every view."""

from __future__ import annotations

from dataclasses import dataclass

from core.classes import ClassSet
from core.evaluation.decision_levels import BENIGN_LEVEL, MALIGNANT_LEVEL
from core.evaluation.decisions import Certificate, Decision, Withheld
from core.quantities import fraction, percent

NOT_DECIDED = "No decision"
"""The title where none is given."""

_TITLES = {
    Decision.MALIGNANT: "Malignant",
    Decision.BENIGN: "Benign",
    Decision.UNCLEAR: "Unclear",
    Decision.OUT_OF_DISTRIBUTION: "Not like the images this model knows",
}

_NO_GROUPS = (
    "No decision: the model's classes are not said to be malignant and benign. Groups of classes belong to the class "
    "set that a model is trained with."
)
_NO_LESIONS = (
    "No decision: the model file does not hold what a decision rests on. If you have the run, 'skinkd-cli calibrate' "
    "adds it."
)


@dataclass(frozen=True)
class ImageDecision:
    """The decision on one image; None where none is given, and `withheld` says why.

    `sentence` says what it rests on, or why there is none, in numbers. `malignant` (precancerous classes too) and
    `benign` are the summed calibrated probabilities (0..1) of these classes, None where they are not known.
    `benign_level` is the share of malignant lesions (0..1) that are not to be called benign. `certificate` says how the
    decision did on the test lesions: that which was given, or is withheld; `certificate.tally` how often it was right.
    """

    decision: Decision | None
    sentence: str
    benign_level: float = BENIGN_LEVEL
    malignant: float | None = None
    benign: float | None = None
    withheld: Withheld | None = None
    certificate: Certificate | None = None

    @property
    def title(self) -> str:
        """The decision in a few words."""
        return NOT_DECIDED if self.decision is None else _TITLES[self.decision]


def levels_words(benign_level: float) -> str:
    """Both levels, which stand wherever decisions are shown."""
    return (
        f"Benign is said so that at least {percent(benign_level)} of malignant lesions are not called so, malignant so "
        f"that at least {percent(MALIGNANT_LEVEL)} of benign ones are not. Precancerous counts as malignant."
    )


def certificate_sentence(certificate: Certificate, classes: ClassSet) -> str:
    """How a decision did on the test lesions, with its bound; or why it is withheld, in numbers."""
    if certificate.withheld is not None:
        return f"{NOT_DECIDED}: {_withheld(certificate, classes)}"
    tally, decision, other = certificate.tally, certificate.decision.value, _other(certificate)
    right = (
        f"{tally.right:,} of {tally.given:,} test lesions called {decision} were {decision}. " if tally.given else ""
    )
    return f"{right}{_errors(certificate)}; at least {percent(certificate.level)} of {other} ones are not to be."


def unclear_sentence(benign_level: float) -> str:
    """Why an image is neither."""
    return (
        f"Neither group can be excluded: the malignant one not at {percent(benign_level)}, the benign one not at "
        f"{percent(MALIGNANT_LEVEL)}."
    )


def reason_words(withheld: Withheld) -> str:
    """Why nothing is decided on any image, or on this one whatever its scores are."""
    return {
        Withheld.NO_GROUPS: _NO_GROUPS,
        Withheld.NOT_CALIBRATED: _NO_LESIONS,
        Withheld.CLASS_WITHOUT_GROUP: "No decision: the likeliest class is neither said to be malignant nor benign.",
    }.get(withheld, NOT_DECIDED)


def _withheld(certificate: Certificate, classes: ClassSet) -> str:
    """Why a decision is withheld, in numbers."""
    decision, other = certificate.decision.value, _other(certificate)
    if certificate.withheld is Withheld.FEW_CALIBRATED:
        needed, there = certificate.needed_to_calibrate, certificate.calibrated_on
        return f"{needed:,} {other} calibration lesions are needed to say {decision}; there were {there:,}."
    if certificate.withheld is Withheld.FEW_TESTED:
        return (
            f"{certificate.needed:,} {other} test lesions without an error are needed to say {decision}; there were "
            f"{certificate.lesions:,}."
        )
    text = f"{_errors(certificate)}, where {percent(certificate.promised)} is promised."
    if certificate.decision is Decision.BENIGN and certificate.misses_too_much:
        what = "melanoma" if classes.melanoma is not None else "malignant lesions"
        text += f" This model must not be used to exclude {what}."
    return text


def _errors(certificate: Certificate) -> str:
    """ "2 of 140 malignant test lesions were called benign (1.4 %, with 95 % certainty at most 4.4 %)"."""
    return (
        f"{certificate.errors:,} of {certificate.lesions:,} {_other(certificate)} test lesions were called "
        f"{certificate.decision.value} "
        f"({fraction(certificate.share)}, with 95 % certainty at most {fraction(certificate.bound)})"
    )


def _other(certificate: Certificate) -> str:
    return "malignant" if certificate.decision is Decision.BENIGN else "benign"
