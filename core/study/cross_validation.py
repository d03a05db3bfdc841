"""What a study that withholds its test part found: the candidates by their mean validation score, and their test scores
once one was chosen."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.evaluation.scores import Scores
from core.study.definition import Configuration, Study, recipe_of
from core.study.folder import StudyFolder, StudyMember
from core.study.member_runs import MemberRun
from core.study.test_part import UseOfTestPart, recorded_use


@dataclass(frozen=True)
class FoldScores:
    """One training of a candidate: the fold that validated it, its seed and folder; `test` is None while withheld."""

    fold: int
    seed: int
    folder: Path
    validation: Scores
    test: Scores | None


@dataclass(frozen=True)
class MeanScore:
    """The mean of a score over trainings, a fraction in 0..1, and its standard deviation (n - 1; None for one)."""

    mean: float
    deviation: float | None


@dataclass(frozen=True)
class ValidatedCandidate:
    """What can be chosen: a configuration over its folds and seeds, of which `planned` runs there are to be. `frozen`
    is the share of the network that does not learn. The study's `teacher` is no choice among students."""

    key: str
    title: str
    teacher: bool
    architecture: str
    frozen: float
    parameters: int | None
    planned: int
    runs: tuple[FoldScores, ...]

    @property
    def complete(self) -> bool:
        """Whether all of its runs are finished: a mean over some of the folds is no mean over the same images."""
        return len(self.runs) == self.planned

    def validation(self, score: str) -> MeanScore | None:
        """Over its validating images, of one of the names in `Scores`; None where nothing is finished."""
        return _mean(getattr(run.validation, score) for run in self.runs)

    def test(self, score: str) -> MeanScore | None:
        """The same over the test images, which all of its models were asked about; None where one was not."""
        if not self.complete or any(run.test is None for run in self.runs):
            return None
        return _mean(getattr(run.test, score) for run in self.runs)


@dataclass(frozen=True)
class CrossValidation:
    """The candidates in the study's order. `score` chooses; `best` is the complete candidate with the highest mean of
    it, None while there is none. `use` says when the test part was used, and for which; `test_images` how many images
    it has, None before the division. `known_teacher`: students learn from a finished teacher, which knows images that
    validate here."""

    folds: int
    score: str
    candidates: tuple[ValidatedCandidate, ...]
    best: ValidatedCandidate | None
    use: UseOfTestPart | None
    test_images: int | None
    known_teacher: bool

    def candidate(self, key: str) -> ValidatedCandidate | None:
        """The one with this key."""
        return next((item for item in self.candidates if item.key == key), None)

    @property
    def tested(self) -> ValidatedCandidate | None:
        """The candidate that the test part was used for."""
        return None if self.use is None else self.candidate(self.use.candidate)


def cross_validation(
    folder: StudyFolder, study: Study, members: Sequence[StudyMember], runs: Mapping[StudyMember, MemberRun]
) -> CrossValidation | None:
    """What the study's finished `runs` found; None for a study that withholds no test part. Raises `SkinKDError` when
    the record of the test part is damaged."""
    if not study.withholds_test:
        return None
    grouped: dict[str, list[Configuration]] = {}
    for item in study.configurations:
        grouped.setdefault(item.chosen_as, []).append(item)
    found = tuple(_candidate(study, key, items, members, runs) for key, items in grouped.items())
    choices = [item for item in found if item.complete and not item.teacher]
    score = study.primary_score

    def mean(item: ValidatedCandidate) -> float:
        known = item.validation(score)
        return -1.0 if known is None else known.mean

    first = next((runs[member] for member in members if member.finished and member in runs), None)
    return CrossValidation(
        study.folds,
        score,
        found,
        max(choices, key=mean, default=None),
        recorded_use(folder),
        None if first is None else first.test_images or None,
        bool(study.base.teacher.run) and any(recipe_of(study, item).needs_teacher for item in study.configurations),
    )


def _candidate(
    study: Study,
    key: str,
    items: Sequence[Configuration],
    members: Sequence[StudyMember],
    runs: Mapping[StudyMember, MemberRun],
) -> ValidatedCandidate:
    recipe = recipe_of(study, items[0])
    mine = {item.key: recipe_of(study, item).data.fold for item in items}
    planned = [member for member in members if member.key in mine]
    finished = [(member, runs[member]) for member in planned if member.finished and member in runs]
    done = tuple(
        FoldScores(mine[member.key], member.seed, run.summary.folder, run.validation, run.summary.scores)
        for member, run in finished
        if run.validation is not None
    )
    return ValidatedCandidate(
        key,
        items[0].chosen_title,
        items[0].teacher,
        recipe.trained.architecture,
        recipe.trained.freeze,
        next((size for _, run in finished if (size := run.summary.parameters) is not None), None),
        len(planned),
        done,
    )


def _mean(values: Iterable[float]) -> MeanScore | None:
    known = list(values)
    if not known:
        return None
    return MeanScore(statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None)
