"""What a study measured, beside what the paper published."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath

from core.data.names import matched
from core.data.types import Part
from core.study.controls import controls_of
from core.study.cross_validation import CrossValidation, cross_validation
from core.study.definition import Configuration, Study, recipe_of
from core.study.departures import Departure, headline, study_departures
from core.study.folder import StudyFolder, StudyMember
from core.study.member_runs import Division, MemberRun, read_member_runs
from core.study.published import published_table

TEACHER = "teacher"


@dataclass(frozen=True)
class StudyRow:
    """One configuration over its seeds. Fractions in 0..1, of the test images.

    `method` is teacher or the name of a distillation method; `alpha` is None where no distillation loss is used.
    `points` are the finished runs as (seed, weighted F1, accuracy), `folders` their folders in the same order.
    `f1_variances` are those of the classes' F1, run by run. Means are None without a finished run, standard deviations
    (of a sample: n - 1) without two. `published_*` are None
    where the paper gives none, or the study is not the paper's. `planned` counts the runs that there are to be.
    `fold` is the test fold, None where there is one test part; `candidate` the key of what it is one fold of, or empty;
    `arm_title` the title of all of its test folds together, or empty.
    `validation` is the mean of the study's primary score on the validation images: the one to choose by.
    `redraw` names how a curriculum draws its images, "" without one.
    """

    key: str
    title: str
    method: str
    alpha: float | None
    curriculum: bool
    points: tuple[tuple[int, float, float], ...]
    mean_f1: float | None
    sd_f1: float | None
    mean_accuracy: float | None
    sd_accuracy: float | None
    published_f1: float | None
    published_accuracy: float | None
    folders: tuple[Path, ...]
    planned: int = 1
    architecture: str = ""
    parameters: int | None = None
    f1_variances: tuple[float, ...] = ()
    fold: int | None = None
    candidate: str = ""
    arm_title: str = ""
    validation: float | None = None
    redraw: str = ""

    @property
    def is_teacher(self) -> bool:
        """Whether the large model is trained."""
        return self.method == TEACHER

    @property
    def is_plain(self) -> bool:
        """Whether it is the student that all others are compared with: no teacher, no curriculum."""
        return not self.is_teacher and self.alpha is None and not self.curriculum

    @property
    def f1_variance(self) -> float | None:
        """The mean over the runs of the variance of the classes' F1; None without a finished run."""
        return _mean(list(self.f1_variances))

    @property
    def f1_difference(self) -> float | None:
        """Measured mean less published weighted F1."""
        return None if self.mean_f1 is None or self.published_f1 is None else self.mean_f1 - self.published_f1

    @property
    def accuracy_difference(self) -> float | None:
        """Measured mean less published accuracy."""
        if self.mean_accuracy is None or self.published_accuracy is None:
            return None
        return self.mean_accuracy - self.published_accuracy


@dataclass(frozen=True)
class Arm:
    """A configuration in all of its test folds: `rows` are the study's rows of it, one for each fold, in their order;
    a single row where the study has one test part."""

    key: str
    title: str
    rows: tuple[StudyRow, ...]

    @property
    def is_teacher(self) -> bool:
        """Whether the large model is trained."""
        return self.rows[0].is_teacher

    @property
    def is_plain(self) -> bool:
        """Whether it is a student without teacher and curriculum."""
        return self.rows[0].is_plain

    @property
    def finished(self) -> tuple[tuple[int, Path], ...]:
        """The finished runs as (seed, folder), fold by fold."""
        return tuple(
            (seed, folder) for row in self.rows for (seed, _, _), folder in zip(row.points, row.folders, strict=True)
        )


@dataclass(frozen=True)
class StudyResults:
    """All of a study. `departures` from the paper are empty for a study that is not the paper's; `headline` says them
    in one sentence. `baseline_f1` is the plain student's mean, `teacher_f1` the teacher's; None while not measured.
    `missing` are the members without a result; `warnings` say why runs can not be compared, if they can not. `seconds`
    is the computing time of all runs, `test_images` how many images the scores are of (None before any).
    `cross_validation` is there where the study withholds its test part: then validation scores are compared."""

    study: Study
    rows: tuple[StudyRow, ...]
    departures: tuple[Departure, ...]
    baseline_f1: float | None
    teacher_f1: float | None
    missing: tuple[StudyMember, ...]
    headline: str = ""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    test_images: int | None = None
    cross_validation: CrossValidation | None = None

    @cached_property
    def controls(self) -> dict[str, str | None]:
        """`controls_of` the study."""
        return controls_of(self.study)

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """`arms` of the rows."""
        return arms(self.rows)

    @cached_property
    def without_controls(self) -> tuple[StudyRow, ...]:
        """The rows but for the random controls of curricula, which are no curricula."""
        controls = set(self.controls.values())
        return tuple(row for row in self.rows if row.key not in controls)


def study_results(folder: StudyFolder) -> StudyResults:
    """What the study's runs measured so far, from their files alone. Raises `SkinKDError` when it can not be read."""
    study, members = folder.study(), folder.members()
    found = read_member_runs(members)
    rows = tuple(_row(study, item, members, found) for item in study.configurations)
    facts = _DataFacts.of(list(found.values()))
    departures: tuple[Departure, ...] = ()
    if study.paper:
        teacher = next((run.summary.recipe for member, run in found.items() if member.teacher), None)
        departures = study_departures(
            study, facts.images, synthetic=facts.synthetic, corrections=facts.corrections, teacher=teacher
        )
    return StudyResults(
        study=study,
        rows=rows,
        departures=departures,
        baseline_f1=_first_mean([row for row in rows if row.is_plain]),
        teacher_f1=_first_mean([row for row in rows if row.is_teacher]),
        missing=tuple(member for member in members if not _has_result(study, member, found)),
        headline=headline(departures) if study.paper else "",
        warnings=(*_warnings(study, found), *_chosen_by_test(study, found)),
        seconds=sum(run.summary.status.seconds for run in found.values()),
        test_images=_test_images(found.values()),
        cross_validation=cross_validation(folder, study, members, found),
    )


def arms(rows: Iterable[StudyRow]) -> tuple[Arm, ...]:
    """The rows of a study by what they have in common apart from the test fold, in their order."""
    found: dict[str, list[StudyRow]] = {}
    for row in rows:
        # Folds that validate share their test part: they are no folds of one arm.
        found.setdefault(row.key if row.fold is None else row.candidate or row.key, []).append(row)
    return tuple(Arm(key, mine[0].arm_title or mine[0].title, tuple(mine)) for key, mine in found.items())


@dataclass(frozen=True)
class _DataFacts:
    images: int | None
    synthetic: bool
    corrections: int

    @classmethod
    def of(cls, runs: list[MemberRun]) -> _DataFacts:
        images = next((run.images for run in runs if run.images is not None), None)
        corrections = max((run.corrections for run in runs), default=0)
        return cls(images, any(run.summary.status.synthetic for run in runs), corrections)


def _counts(member: StudyMember, run: MemberRun) -> bool:
    """Whether its scores stand in the table: a run that failed at its very end may have some."""
    return member.finished and run.summary.scores is not None


def _has_result(study: Study, member: StudyMember, runs: Mapping[StudyMember, MemberRun]) -> bool:
    """Whether it is done: finished, with test scores unless the study withholds its test part."""
    return member in runs and (_counts(member, runs[member]) or (study.withholds_test and member.finished))


def _test_images(runs: Iterable[MemberRun]) -> int | None:
    """How many images the scores are of, those of all test folds together; None before any."""
    tested: dict[int | None, int] = {}
    for run in runs:
        if run.summary.scores is not None:
            tested.setdefault(run.test_fold, sum(item.support for item in run.summary.scores.per_class))
    return sum(tested.values()) if tested else None


def _row(
    study: Study, configuration: Configuration, members: tuple[StudyMember, ...], runs: Mapping[StudyMember, MemberRun]
) -> StudyRow:
    planned = recipe_of(study, configuration)
    mine = [member for member in members if member.key == configuration.key]
    done = [(member, runs[member].summary) for member in mine if member.finished and member in runs]
    fold = planned.data.test_fold if planned.data.test_folds > 1 else None
    validations = [runs[member].validation for member, summary in done if summary.scores is not None]
    recipe = next((summary.recipe for _, summary in done if summary.recipe is not None), planned)
    points = tuple(
        (member.seed, summary.scores.weighted_f1, summary.scores.accuracy)
        for member, summary in done
        if summary.scores is not None
    )
    published = published_table().rows.get(configuration.key) if study.paper else None
    return StudyRow(
        key=configuration.key,
        title=configuration.title,
        method=TEACHER if recipe.task == "teacher" else recipe.distillation.method,
        alpha=recipe.alpha,
        curriculum=bool(recipe.applied_curriculum.unusual),
        redraw=recipe.applied_curriculum.redraw if recipe.applied_curriculum.unusual else "",
        points=points,
        mean_f1=_mean([f1 for _, f1, _ in points]),
        sd_f1=_deviation([f1 for _, f1, _ in points]),
        mean_accuracy=_mean([accuracy for _, _, accuracy in points]),
        sd_accuracy=_deviation([accuracy for _, _, accuracy in points]),
        published_f1=published.weighted_f1 if published else None,
        published_accuracy=published.accuracy if published else None,
        folders=tuple(summary.folder for _, summary in done if summary.scores is not None),
        planned=len(mine),
        architecture=recipe.trained.architecture,
        f1_variances=tuple(
            variance
            for _, summary in done
            if summary.scores is not None and (variance := summary.scores.f1_variance) is not None
        ),
        parameters=next((summary.parameters for _, summary in done if summary.parameters), None),
        fold=fold,
        candidate=configuration.candidate,
        arm_title="" if fold is None else configuration.chosen_title,
        validation=_mean([getattr(scores, study.primary_score) for scores in validations if scores is not None]),
    )


def _named_alike(splits: list[Division]) -> set[frozenset[tuple[str, Part | None]]]:
    """The different splits, with the names of the first: runs of older versions leave out folders and suffixes."""
    own = [image for image, _ in splits[0]] if splits else []
    different: set[frozenset[tuple[str, Part | None]]] = set()
    for split in dict.fromkeys(splits):
        found = matched((image for image, _ in split), own)
        different.add(frozenset((found.get(image, image), part) for image, part in split))
    return different


def _warnings(study: Study, runs: Mapping[StudyMember, MemberRun]) -> tuple[str, ...]:
    """Why the members can not be compared with one another, or their scores not be believed."""
    done = [run for member, run in runs.items() if _has_result(study, member, runs)]
    by_fold: dict[int | None, list[MemberRun]] = {}
    for run in done:
        by_fold.setdefault(run.test_fold, []).append(run)
    said = list(dict.fromkeys(text for mine in by_fold.values() for text in _split_warnings(study, mine)))
    recipes = [run.summary.recipe for run in done if run.summary.recipe is not None]
    taught = {recipe.teacher.run for recipe in recipes if recipe.needs_teacher}
    # By the folder's name, which says when it was made: a study that was moved or copied has the same teacher.
    trained = {run.summary.folder.name for member, run in runs.items() if member.teacher}
    strange = [folder for folder in taught if trained and PurePath(folder.replace("\\", "/")).name not in trained]
    if strange:
        said.append(f"Some students learned from another teacher than the study's: {', '.join(sorted(strange))}.")
    said += sorted({note for run in done for note in run.notes if note.startswith("Leak:")})
    return tuple(said)


def _split_warnings(study: Study, runs: Sequence[MemberRun]) -> list[str]:
    """What differs in the images of the runs of one test fold."""
    splits = _named_alike([run.division for run in runs])
    if len({frozenset(image for image, part in split if part is Part.TEST) for split in splits}) > 1:
        return ["The runs were not all tested on the same images: their scores can not be compared directly."]
    return ["The runs were not all trained on the same images."] if len(splits) > 1 and study.folds == 1 else []


def _first_mean(rows: Sequence[StudyRow]) -> float | None:
    """The mean weighted F1 of the first of the rows; with test folds, the mean over those of it that have one."""
    arm = arms(rows)[0].rows if rows else ()
    return _mean([row.mean_f1 for row in arm if row.mean_f1 is not None])


def _chosen_by_test(study: Study, runs: Mapping[StudyMember, MemberRun]) -> tuple[str, ...]:
    """What must be said of a grid over folds whose test scores are there to choose by."""
    tested = [member.key for member, run in runs.items() if _counts(member, run)]
    folded = any(recipe_of(study, item).data.folds > 1 for item in study.configurations if item.key in tested)
    if not folded or study.withholds_test:
        return ()
    return (
        "These are folds of one division, with test scores: choosing by them is choosing on the test images. With "
        "folds = 5 in the study's file (or skinkd-cli cross-validate) mean validation scores choose, and the test part "
        "is withheld until then.",
    )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _deviation(values: list[float]) -> float | None:
    """The standard deviation of a sample (n - 1); None for fewer than two values."""
    return statistics.stdev(values) if len(values) > 1 else None
