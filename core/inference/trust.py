"""Whether to rely on an answer: the words for it, before any probability."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.evaluation.decisions import RightOf
    from core.inference.decisions import ImageDecision

DEFAULT_LEVEL = 0.90
"""The share of images of each class whose prediction set is to hold the truth."""

LEVELS = (0.5, 0.999)
"""The lowest and the highest level that can be asked for."""


class Verdict(StrEnum):
    """Can the answer be relied on? The value is what tables and JSON say."""

    CONFIDENT = "confident"
    UNCERTAIN = "uncertain"
    OUT_OF_DISTRIBUTION = "unlike"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """The verdict in a few words for a person."""
        return _WORDS[self]


_WORDS = {
    Verdict.CONFIDENT: "Confident",
    Verdict.UNCERTAIN: "Uncertain",
    Verdict.OUT_OF_DISTRIBUTION: "Not like the images this model knows",
    Verdict.UNKNOWN: "Not known whether to trust this",
}


class Readership(StrEnum):
    """Who reads the verdicts, and so what an uncertain one asks for. The value is what settings say."""

    GENERAL_PRACTICE = "general-practice"
    SPECIALIST = "specialist"
    RESEARCH = "research"

    @property
    def plain_name(self) -> str:
        """The reader in plain words."""
        return _READERSHIPS[self][0]

    @property
    def advice(self) -> str:
        """What to do about an image on which the model does not decide; nothing in research."""
        return _READERSHIPS[self][1]


_READERSHIPS = {
    Readership.GENERAL_PRACTICE: ("General practice", "Refer it to a specialist."),
    Readership.SPECIALIST: ("Specialist in dermatology", "Your own examination decides."),
    Readership.RESEARCH: ("Research", ""),
}

DEFAULT_READERSHIP = Readership.GENERAL_PRACTICE
"""Who is told more than an expert needs."""


class Respect(StrEnum):
    """In which respect a picture is unlike the training images. The value is what JSON says."""

    FEATURES = "features"
    APPEARANCE = "appearance"
    STRUCTURE = "structure"
    DARKNESS = "darkness"
    BLUR = "blur"

    @property
    def sentence(self) -> str:
        """The same for a person, with what to do about it."""
        return _RESPECTS[self]


_RESPECTS = {
    Respect.FEATURES: "What the network sees in this picture is unlike all that it saw in its training images. It may "
    "show no lesion, or was taken in another way.",
    Respect.APPEARANCE: "This picture has other colours and textures than the images that the model was trained on. It "
    "may show no lesion, or was taken with another light or device.",
    Respect.STRUCTURE: "This picture is composed in another way than the images that the model was trained on. It may "
    "be taken from too far away, or show another part of the body or no skin.",
    Respect.DARKNESS: "This picture is much darker than the images that the model was trained on. Take it again with "
    "more light.",
    Respect.BLUR: "This picture is much less sharp than the images that the model was trained on. Take it again, in "
    "focus.",
}


@dataclass(frozen=True)
class Assessment:
    """The verdict on one image with what it rests on.

    `sentence` explains it in plain words. `prediction_set` holds the class codes that can not be excluded at `level` (a
    fraction, 0.90: for each class, at least 90 % of its images have it in their set), likeliest first; it may be empty
    or hold all. `p_values` are the conformal p-values (0..1) in the order of the classes: the set at any level is
    {class: p > 1 - level}. `distance` is how far the image is from the training images and `threshold` what it may be
    at most. Set and p-values are empty, the numbers None, where the model file has nothing to tell them from
    (`UNKNOWN`). `never_excluded` names the classes with too few calibration images to be excluded at this level, `rare`
    those with so few that they stay or go with their group. `tally` says how many diagnoses given in the group of the
    likeliest class were right on test lesions. `decision` is what is said first: malignant, benign or unclear; None
    where the model file has nothing to tell any of this from. `reason`: in which respect an image that is
    out of distribution is so; None for others.
    """

    verdict: Verdict
    sentence: str
    prediction_set: tuple[str, ...] = ()
    level: float = DEFAULT_LEVEL
    distance: float | None = None
    threshold: float | None = None
    p_values: tuple[float, ...] = ()
    never_excluded: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    tally: RightOf | None = None
    decision: ImageDecision | None = None
    reason: Respect | None = None

    def sentence_for(self, reader: Readership) -> str:
        """The sentence with what this reader does about an uncertain verdict."""
        advice = reader.advice if self.verdict is Verdict.UNCERTAIN else ""
        return f"{self.sentence} {advice}".strip()

    @property
    def out_of_distribution_score(self) -> float | None:
        """Distance over threshold: above 1 the image is out of distribution; None where it is not known."""
        if self.distance is None or not self.threshold:
            return None
        return self.distance / self.threshold
