"""What a study measured, beside what the paper published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.study.definition import Study
from core.study.folder import StudyFolder, StudyMember
from core.study.paper import Departure


@dataclass(frozen=True)
class StudyRow:
    """One configuration over its seeds. Fractions in 0..1, of the test images.

    `method` is teacher, none (the plain student), kl or dist; `alpha` is None where no distillation loss is used.
    `points` are the finished runs as (seed, weighted F1, accuracy), `folders` their folders in the same order.
    Means are None without a finished run, standard deviations (of a sample: n - 1) without two. `published_*` are None
    where the paper gives none, or the study is not the paper's. `planned` counts the runs that there are to be.
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
class StudyResults:
    """All of a study. `departures` from the paper are empty for a study that is not the paper's; `headline` says them
    in one sentence. `baseline_f1` is the plain student's mean, `teacher_f1` the teacher's; None while not measured.
    `missing` are the members without a result; `warnings` say why runs can not be compared, if they can not."""

    study: Study
    rows: tuple[StudyRow, ...]
    departures: tuple[Departure, ...]
    baseline_f1: float | None
    teacher_f1: float | None
    missing: tuple[StudyMember, ...]
    headline: str = ""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


def study_results(folder: StudyFolder) -> StudyResults:
    """What the study's runs measured so far. Raises `SkinKDError` when the study can not be read."""
    raise NotImplementedError
