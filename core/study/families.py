"""A study's configurations against its plain student, as one family of comparisons; and which one validation chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.calibration import reliability
from core.evaluation.comparison import LabelledLogits
from core.evaluation.families import Family, FamilyMember, Trained, compare_family
from core.evaluation.metrics import score
from core.evaluation.resampling import RESAMPLES
from core.runs.evidence import averaged_logits, content_stamp, labelled_parts
from core.runs.folder import RunFolder
from core.study.results import Arm, StudyResults


@dataclass(frozen=True)
class Chosen:
    """The student that is best on the validation images by the study's primary score (mean over its seeds), which chose
    nothing on the test images: its test score is the one to report. Fractions; `test` is the mean over its seeds."""

    key: str
    title: str
    validation: float
    test: float


ARM_SCORES = ("weighted_f1", "balanced_accuracy", "accuracy", "calibration_error")
"""What `ArmScores` holds, in this order."""


@dataclass(frozen=True)
class ArmScores:
    """A configuration on all of its test images, those of its test folds together: of each of `ARM_SCORES` the mean and
    the standard deviation over its `trainings` (seeds; None for one), fractions 0..1. The calibration error is that of
    the logits as they are. `averaged` says that they are those of means over the eight flips and turns of each image
    (test-time augmentation)."""

    key: str
    title: str
    trainings: int
    images: int
    means: tuple[float, ...]
    deviations: tuple[float | None, ...]
    averaged: bool = False


_TrainedArm = tuple[Arm, Trained, Trained]
"""A configuration with what its runs said of the validation and of the test images."""


@dataclass(frozen=True)
class Controlled:
    """A curriculum against its random control. `control` is its key, None where the study has none; `against` compares
    the two on the primary score, None where one of them has no tested run yet, or they have nothing in common."""

    key: str
    control: str | None
    against: FamilyMember | None

    @property
    def helps(self) -> bool:
        """Whether its order is shown to help: it beats the control by more than chance."""
        return self.against is not None and not self.against.within_noise and self.against.difference > 0


@dataclass(frozen=True)
class StudyFamily:
    """What may be said of a study: `score` is its primary score, `family` compares each configuration with the plain
    student; None where there is none, nothing to compare it with, or nothing in common, and `why_not` then says which.
    `chosen` is None without validation images. `scores` are those of all configurations, teachers among them,
    `controlled` the curricula that go by difficulty."""

    score: str
    family: Family | None
    why_not: str
    chosen: Chosen | None
    scores: tuple[ArmScores, ...]
    controlled: tuple[Controlled, ...] = ()


def study_family(results: StudyResults, resamples: int = RESAMPLES) -> StudyFamily:
    """Compare what a study has measured so far, from its runs' predictions. Runs without them are left out. What was
    compared lately is not compared again while the files of its runs are the same."""
    measured = tuple(arm for arm in results.arms if arm.finished)
    stamps = tuple(content_stamp(folder) for arm in measured for _, folder in arm.finished)
    key = (results.study.primary_score, resamples, results.rows, tuple(results.controls.items()), stamps)
    if key not in _LATELY:
        _LATELY[key] = _compared(results, measured, resamples)
        while len(_LATELY) > _MOST_KEPT:
            _LATELY.pop(next(iter(_LATELY)), None)
    return _LATELY[key]


_MOST_KEPT = 8
_LATELY: dict[tuple[object, ...], StudyFamily] = {}


def _compared(results: StudyResults, measured: Sequence[Arm], resamples: int) -> StudyFamily:
    primary = results.study.primary_score
    trained = _named_alike([(arm, *_trained(arm)) for arm in measured])
    scores = tuple(one for row in trained for one in _all_scores(row[0], row[2]))
    students = [row for row in trained if not row[0].is_teacher]
    chosen = _chosen(students, primary)
    controlled = _controlled(results, {arm.key: test for arm, _, test in students}, resamples)
    baseline = next((test for arm, _, test in students if arm.is_plain), None)
    if baseline is None:
        return StudyFamily(
            primary, None, "There is no finished plain student to compare the others with.", chosen, scores, controlled
        )
    others = [test for _, _, test in students if test is not baseline and test.runs]
    if not baseline.runs or not others:
        return StudyFamily(
            primary, None, "There is nothing else to compare the plain student with.", chosen, scores, controlled
        )
    try:
        family = compare_family(baseline, others, score=primary, resamples=resamples)
    except ValueError as error:
        return StudyFamily(primary, None, str(error), chosen, scores, controlled)
    return StudyFamily(primary, family, "", chosen, scores, controlled)


def _controlled(results: StudyResults, tested: Mapping[str, Trained], resamples: int) -> tuple[Controlled, ...]:
    """Each curriculum against its control, over all test folds; those that share one are one family."""
    key_of = {row.key: arm.key for arm in results.arms for row in arm.rows}
    controls = {key_of[key]: None if control is None else key_of[control] for key, control in results.controls.items()}
    found: dict[str, FamilyMember] = {}
    for control in dict.fromkeys(key for key in controls.values() if key is not None and key in tested):
        others = [tested[key] for key, own in controls.items() if own == control and key in tested and tested[key].runs]
        if not others or not tested[control].runs:
            continue
        try:
            family = compare_family(tested[control], others, score=results.study.primary_score, resamples=resamples)
        except ValueError:  # too little in common, which `control_sentence` says
            continue
        found |= {member.key: member for member in family.members}
    return tuple(Controlled(key, control, found.get(key)) for key, control in controls.items())


def _named_alike(trained: Sequence[_TrainedArm]) -> list[_TrainedArm]:
    """With the names of the first for the test images: runs of older versions leave out folders and suffixes."""
    names = next((run.names for _, _, test in trained for run in test.runs), ())
    return [
        (arm, validation, replace(test, runs=tuple(run.named_as(names) for run in test.runs)))
        for arm, validation, test in trained
    ]


def _trained(arm: Arm) -> tuple[Trained, Trained]:
    """What its runs said of the validation images, run by run, and of the test images, out of fold for each seed."""
    validation: list[LabelledLogits] = []
    test: dict[int, list[LabelledLogits]] = {}
    for seed, folder in arm.finished:
        try:
            parts = labelled_parts(RunFolder(folder), Part.VALIDATION, Part.TEST)
        except SkinKDError:  # the study's table says that its files are damaged
            continue
        validation += parts[:1] if parts[0].names else ()
        if parts[1].names:
            test.setdefault(seed, []).append(parts[1])
    return Trained(arm.key, tuple(validation)), Trained(arm.key, tuple(map(joined, test.values())))


def joined(folds: Sequence[LabelledLogits]) -> LabelledLogits:
    """What the runs of different test folds said of their images, as of one test part: no image is in two folds."""
    first = folds[0]
    if len(folds) == 1:
        return first
    return replace(
        first,
        names=tuple(name for fold in folds for name in fold.names),
        labels=np.concatenate([fold.labels for fold in folds]),
        logits=np.concatenate([fold.logits for fold in folds]),
        groups=tuple(group for fold in folds for group in fold.groups),
    )


def _all_scores(arm: Arm, test: Trained) -> tuple[ArmScores, ...]:
    """Of a configuration that was tested; of a teacher that learned turned images with test-time augmentation too: no
    more than that can stored views teach its students."""
    if not test.runs:
        return ()
    averaged = _averaged(arm) if arm.is_teacher else None
    return (_arm_scores(arm, test), *(() if averaged is None else (_arm_scores(arm, averaged, averaged=True),)))


def _averaged(arm: Arm) -> Trained | None:
    """What a teacher said of the test images of all its folds with test-time augmentation, for each seed; None where
    that is not known of all of its runs."""
    test: dict[int, list[LabelledLogits]] = {}
    for seed, folder in arm.finished:
        try:
            found = averaged_logits(RunFolder(folder))
        except SkinKDError:  # as in `_trained`
            found = None
        if found is None:
            return None
        test.setdefault(seed, []).append(found)
    return Trained(arm.key, tuple(map(joined, test.values())))


def _arm_scores(arm: Arm, test: Trained, *, averaged: bool = False) -> ArmScores:
    values = np.array([_scores_of(run) for run in test.runs])
    deviations = values.std(axis=0, ddof=1).tolist() if len(values) > 1 else [None] * len(ARM_SCORES)
    return ArmScores(
        arm.key,
        arm.title,
        len(values),
        len(test.runs[0].names),
        tuple(values.mean(axis=0).tolist()),
        tuple(deviations),
        averaged,
    )


def _scores_of(run: LabelledLogits) -> tuple[float, ...]:
    found = score(run.labels, run.logits, run.classes)
    error = reliability(run.labels, run.logits).expected_error
    return (found.weighted_f1, found.balanced_accuracy, found.accuracy, error)


def _chosen(students: Sequence[_TrainedArm], primary: str) -> Chosen | None:
    found = [
        Chosen(arm.key, arm.title, _mean(validation, primary), _mean(test, primary))
        for arm, validation, test in students
        if validation.runs and test.runs
    ]
    return max(found, key=lambda item: item.validation, default=None)


def _mean(side: Trained, primary: str) -> float:
    scores: list[float] = [getattr(score(run.labels, run.logits, run.classes), primary) for run in side.runs]
    return sum(scores) / len(scores)
