"""A study's configurations against its plain student, as one family of comparisons; and which one validation chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.comparison import LabelledLogits
from core.evaluation.families import Family, Trained, compare_family
from core.evaluation.metrics import score
from core.evaluation.resampling import RESAMPLES
from core.runs.evidence import labelled_parts
from core.runs.folder import RunFolder
from core.study.results import StudyResults, StudyRow


@dataclass(frozen=True)
class Chosen:
    """The student that is best on the validation images by the study's primary score (mean over its seeds), which chose
    nothing on the test images: its test score is the one to report. Fractions; `test` is the mean over its seeds."""

    key: str
    title: str
    validation: float
    test: float


@dataclass(frozen=True)
class StudyFamily:
    """What may be said of a study: `score` is its primary score, `family` compares each configuration with the plain
    student; None where there is none, nothing to compare it with, or nothing in common, and `why_not` then says which.
    `chosen` is None without validation images."""

    score: str
    family: Family | None
    why_not: str
    chosen: Chosen | None


def study_family(results: StudyResults, resamples: int = RESAMPLES) -> StudyFamily:
    """Compare what a study has measured so far, from its runs' predictions. Runs without them are left out."""
    primary = results.study.primary_score
    students = [(row, *_trained(row)) for row in results.rows if row.folders and not row.is_teacher]
    chosen = _chosen(students, primary)
    baseline = next((test for row, _, test in students if row.is_plain), None)
    if baseline is None:
        return StudyFamily(primary, None, "There is no finished plain student to compare the others with.", chosen)
    others = [test for _, _, test in students if test is not baseline and test.runs]
    if not baseline.runs or not others:
        return StudyFamily(primary, None, "There is nothing else to compare the plain student with.", chosen)
    try:
        family = compare_family(baseline, others, score=primary, resamples=resamples)
    except ValueError as error:
        return StudyFamily(primary, None, f"The runs can not be compared: {error}.", chosen)
    return StudyFamily(primary, family, "", chosen)


def _trained(row: StudyRow) -> tuple[Trained, Trained]:
    """What its runs said of the validation and of the test images."""
    validation: list[LabelledLogits] = []
    test: list[LabelledLogits] = []
    for folder in row.folders:
        try:
            parts = labelled_parts(RunFolder(folder), Part.VALIDATION, Part.TEST)
        except SkinKDError:  # the study's table says that its files are damaged
            continue
        for runs, part in zip((validation, test), parts, strict=True):
            if part.names:
                runs.append(part)
    return Trained(row.key, tuple(validation)), Trained(row.key, tuple(test))


def _chosen(students: Sequence[tuple[StudyRow, Trained, Trained]], primary: str) -> Chosen | None:
    found = [
        Chosen(row.key, row.title, _mean(validation, primary), _mean(test, primary))
        for row, validation, test in students
        if validation.runs and test.runs
    ]
    return max(found, key=lambda item: item.validation, default=None)


def _mean(side: Trained, primary: str) -> float:
    scores: list[float] = [getattr(score(run.labels, run.logits, run.classes), primary) for run in side.runs]
    return sum(scores) / len(scores)
