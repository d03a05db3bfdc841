"""What the Classify tab knows of the image that is selected: everything its details show. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.data.types import Part
from core.inference.results import Classification
from core.inference.review import NO_REVIEW, Review
from core.inference.trust import DEFAULT_READERSHIP, Readership
from skinkd_gui.classify.classify_worker import ModelChoice, run_of

if TYPE_CHECKING:
    from core.inference.classifier import Classifier


@dataclass(frozen=True, eq=False)
class ModelResult:
    """What one model says. `result` is None while the image waits, `classifier` until the model was loaded.

    The classifier may be used from any thread for heat maps and features, also while a batch is being classified.
    """

    choice: ModelChoice
    result: Classification | None
    classifier: Classifier | None

    @property
    def run(self) -> Path | None:
        """The run folder that the model is of; None for a model file that someone sent."""
        return run_of(self.choice.source)


@dataclass(frozen=True, eq=False)
class ShownImage:
    """The selected image: `first` is the model's answer (None without a model), `second` that of the model compared.

    `truth` is the class code that the image's folder gives it, with its plain name ("" where it gives none). `part`
    tells in which part of the first model's own data set an image of this name was; None where it was in none, or that
    is not known. `reader` is who looks at it, `review` what they say of it.
    """

    path: Path
    first: ModelResult | None
    second: ModelResult | None = None
    truth: str = ""
    truth_name: str = ""
    part: Part | None = None
    reader: Readership = DEFAULT_READERSHIP
    review: Review = NO_REVIEW

    @property
    def result(self) -> Classification | None:
        """What the first model says."""
        return self.first.result if self.first is not None else None

    @property
    def synthetic(self) -> bool:
        """Whether the first model saw no real lesion."""
        return self.first is not None and self.first.choice.synthetic
