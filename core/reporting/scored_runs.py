"""What tables of scores are made of: a run, or a model on labelled images, with as much as is known of its test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.reporting.words import unique_titles

if TYPE_CHECKING:
    from core.classes import ClassSet
    from core.evaluation.detailed import DetailedScores
    from core.evaluation.intervals import Interval, ScoreIntervals
    from core.evaluation.scores import Scores
    from core.runs.evidence import Evidence
    from core.runs.status import RunSummary


@dataclass(frozen=True)
class ScoredRun:
    """`title` names it in the table. `scores` are None before a test, `classes` None where the recipe can not be read;
    `detailed` and `intervals` need the predictions. `summary` and `evidence` are those of a run."""

    title: str
    scores: Scores | None
    classes: ClassSet | None = None
    detailed: DetailedScores | None = None
    intervals: ScoreIntervals | None = None
    summary: RunSummary | None = None
    evidence: Evidence | None = None
    baseline: bool = False

    @property
    def images(self) -> int | None:
        """The number of test images."""
        return None if self.scores is None else sum(item.support for item in self.scores.per_class)

    def interval(self, name: str) -> Interval | None:
        """The interval of a score over all classes, of "melanoma_sensitivity" or of "macro_auc"."""
        found: Interval | None = None if self.intervals is None else getattr(self.intervals, name)
        return found

    def class_intervals(self) -> tuple[Interval | None, ...]:
        """The intervals of F1 in the order of the classes."""
        if self.scores is None:
            return ()
        return (None,) * len(self.scores.classes) if self.intervals is None else self.intervals.per_class_f1

    def area_intervals(self) -> tuple[Interval | None, ...]:
        """The intervals of AUC in the order of the classes."""
        if self.scores is None:
            return ()
        return (() if self.intervals is None else self.intervals.per_class_auc) or (None,) * len(self.scores.classes)

    def class_title(self, code: str) -> str:
        """A class as people read it."""
        return code if self.classes is None else self.classes.title_of(code)


def scored_run(summary: RunSummary, evidence: Evidence | None, title: str = "", *, baseline: bool = False) -> ScoredRun:
    """A run with what its test left, as far as it is read."""
    title = title or summary.status.name
    if evidence is None:
        classes = None if summary.recipe is None else summary.recipe.class_set
        return ScoredRun(title, summary.scores, classes, summary=summary, baseline=baseline)
    return ScoredRun(
        title,
        evidence.detailed.scores,
        evidence.classes,
        evidence.detailed,
        evidence.intervals,
        summary,
        evidence,
        baseline,
    )


def scored_model(
    title: str, classes: ClassSet, detailed: DetailedScores, intervals: ScoreIntervals | None
) -> ScoredRun:
    """A model on labelled images."""
    return ScoredRun(title, detailed.scores, classes, detailed, intervals)


def scored_runs(evidences: Sequence[Evidence], titles: Sequence[str] = ()) -> tuple[ScoredRun, ...]:
    """Finished runs under these titles; without any their names, made unique."""
    titles = titles or unique_titles([item.name for item in evidences])
    return tuple(scored_run(item.summary, item, title) for item, title in zip(evidences, titles, strict=True))


def same_test_images(runs: Sequence[ScoredRun]) -> bool:
    """Whether runs were tested on the same images with the same labels: by name where their predictions are read,
    otherwise by what their recipes choose. Runs without a test do not count; one run is always like itself."""
    runs = [run for run in runs if run.scores is not None]
    if len(runs) < 2:
        return True
    if all(run.evidence is not None for run in runs):
        read = [run.evidence.predictions for run in runs if run.evidence is not None]
        return len({tuple(sorted(zip(rows.names, rows.labels.tolist(), strict=True))) for rows in read}) <= 1
    fields = {"path", "layout", "split", "group_by", "parts", "seed", "skip_problems"}
    recipes = [None if run.summary is None else run.summary.recipe for run in runs]
    chosen = {None if recipe is None else recipe.data.model_dump_json(include=fields) for recipe in recipes}
    supports = {tuple(item.support for item in run.scores.per_class) for run in runs if run.scores is not None}
    return None not in chosen and len(chosen) <= 1 and len(supports) <= 1
