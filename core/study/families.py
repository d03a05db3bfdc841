"""A study's configurations against its plain student, as one family of comparisons; and which one validation chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.families import Family, Trained, compare_family
from core.evaluation.metrics import score
from core.evaluation.resampling import RESAMPLES
from core.runs.evidence import labelled_part
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
    finished = [row for row in results.rows if row.folders]
    chosen = _chosen(finished, primary)
    baseline = next((row for row in finished if row.is_plain), None)
    others = [row for row in finished if row is not baseline and not row.is_teacher]
    if baseline is None:
        return StudyFamily(primary, None, "There is no finished plain student to compare the others with.", chosen)
    sides = [_trained(row, Part.TEST) for row in (baseline, *others)]
    known = [side for side in sides[1:] if side.runs]
    if not sides[0].runs or not known:
        return StudyFamily(primary, None, "There is nothing else to compare the plain student with.", chosen)
    try:
        family = compare_family(sides[0], known, score=primary, resamples=resamples)
    except ValueError as error:
        return StudyFamily(primary, None, f"The runs can not be compared: {error}.", chosen)
    return StudyFamily(primary, family, "", chosen)


def _trained(row: StudyRow, part: Part) -> Trained:
    runs = []
    for folder in row.folders:
        try:
            run = labelled_part(RunFolder(folder), part)
        except SkinKDError:  # the study's table says that its files are damaged
            continue
        if run.names:
            runs.append(run)
    return Trained(row.key, tuple(runs))


def _chosen(rows: Sequence[StudyRow], primary: str) -> Chosen | None:
    found = []
    for row in rows:
        validation, test = _trained(row, Part.VALIDATION), _trained(row, Part.TEST)
        if not row.is_teacher and validation.runs and test.runs:
            found.append(Chosen(row.key, row.title, _mean(validation, primary), _mean(test, primary)))
    return max(found, key=lambda item: item.validation, default=None)


def _mean(side: Trained, primary: str) -> float:
    scores: list[float] = [getattr(score(run.labels, run.logits, run.classes), primary) for run in side.runs]
    return sum(scores) / len(scores)
