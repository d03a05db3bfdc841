"""What a finished run shows for itself: its test predictions with scores and intervals, read without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.classes import ClassSet
from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.comparison import LabelledLogits
from core.evaluation.detailed import DetailedScores, detailed_scores
from core.evaluation.intervals import ScoreIntervals, bootstrap_scores
from core.evaluation.scores import Scores
from core.evaluation.subgroups import Person
from core.quantities import fraction
from core.runs.folder import RunFolder
from core.runs.listing import summarise
from core.runs.status import RunState, RunSummary
from core.runs.tables import Predictions, SplitRow

_NO_SPLIT = (
    "split.csv is missing: neither the lesions and persons of the test images are known, nor what the run was trained "
    "on. Every image counts for itself."
)

DISAGREE = "predictions.csv and metrics.json do not agree"
"""How the note begins that says so."""

_SAME = 1e-6


@dataclass(frozen=True)
class Evidence:
    """A finished run's test part: `groups` (lesions, "" when unknown) and `people` in the order of `predictions`.

    `classes` are those of the run; `split` holds all rows of split.csv, `notes` what the run itself noted in
    metrics.json.
    """

    summary: RunSummary
    predictions: Predictions
    groups: tuple[str, ...]
    people: tuple[Person, ...]
    detailed: DetailedScores
    intervals: ScoreIntervals
    classes: ClassSet
    split: tuple[SplitRow, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The run's name."""
        return self.summary.status.name


def load_evidence(folder: Path, resamples: int = 2000) -> Evidence:
    """Read a finished run. Raises `SkinKDError` when it is not finished, damaged, or has no test images."""
    run = RunFolder(folder)
    summary = summarise(run)
    if summary.status.state is not RunState.FINISHED:
        raise SkinKDError(
            "The run has no result yet",
            f"{summary.status.name} is {summary.status.state.value}; only finished runs can be shown and compared.",
            summary.status.message,
        )
    classes = run.recipe().class_set
    predictions = run.predictions().of(Part.TEST)
    if len(set(predictions.names)) < len(predictions.names):
        raise SkinKDError("predictions.csv can not be used", f"{run.predictions_file} names an image twice.")
    if not predictions.names:
        raise SkinKDError(
            "The run was not tested",
            f"The split of {summary.status.name} has no test images, so there is nothing to show or compare. "
            "Train again with a share of test images (data.split).",
        )
    split = run.split_rows
    rows = {row.image: row for row in split}
    found = [rows.get(name) for name in predictions.names]
    groups = tuple(row.lesion if row else "" for row in found)
    detailed = detailed_scores(predictions.labels, predictions.logits, classes)
    return Evidence(
        summary=summary,
        predictions=predictions,
        groups=groups,
        people=tuple(Person(row.age, row.sex, row.site) if row else Person() for row in found),
        detailed=detailed,
        intervals=bootstrap_scores(
            predictions.labels, predictions.logits.argmax(axis=1), classes, groups, resamples=resamples
        ),
        classes=classes,
        split=split,
        notes=(*run.notes(), *_disagreement(detailed.scores, summary.scores), *([] if split else [_NO_SPLIT])),
    )


def labelled(evidence: Evidence) -> LabelledLogits:
    """What `compare` takes."""
    rows = evidence.predictions
    return LabelledLogits(rows.names, rows.labels, rows.logits, evidence.groups, evidence.classes)


def _disagreement(counted: Scores, noted: Scores | None) -> list[str]:
    """What to say when the predictions do not give the scores that the run noted at its end."""
    if noted is None:
        return []
    same = [abs(getattr(counted, name) - getattr(noted, name)) < _SAME for name in ("weighted_f1", "accuracy")]
    images = [sum(item.support for item in scores.per_class) for scores in (counted, noted)]
    if all(same) and images[0] == images[1]:
        return []
    return [
        f"{DISAGREE}: weighted F1 {fraction(counted.weighted_f1)} of {images[0]:,} test images against "
        f"{fraction(noted.weighted_f1)} of {images[1]:,}. One of the files was changed or damaged after the run: do "
        "not report its scores."
    ]
