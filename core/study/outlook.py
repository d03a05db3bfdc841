"""What can be said of the paper's study before it is begun, from the tables of its data alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.data.leakage import Leakage, leakage
from core.data.splitting import make_split
from core.data.types import DataSet, Part, Split
from core.errors import SkinKDError
from core.quantities import fraction
from core.recipe import Recipe
from core.runs.folder import RunFolder
from core.runs.listing import summarise
from core.runs.status import RunSummary
from core.runs.teachers import find_teacher
from core.study.definition import Study
from core.study.departures import Departure, corrections_in_use, study_departures
from core.training.draw_coverage import DrawCoverage, draw_coverage
from core.user_paths import is_folder


@dataclass(frozen=True)
class StudyOutlook:
    """The study's departures from the paper; the images of each part, what the split leaks and what one draw of the
    curriculum shows (empty and None where the images can not be divided); `teacher` describes a given one, else ""."""

    departures: tuple[Departure, ...]
    parts: tuple[tuple[Part, int], ...]
    leakage: Leakage | None
    coverage: DrawCoverage | None
    teacher: str


def study_outlook(study: Study, dataset: DataSet, runs_root: Path) -> StudyOutlook:
    """The outlook of a study on its data, as their tables say them, and its given teacher's run. Raises `SkinKDError`
    when that can not be read.

    Images that turn out to be unusable when they are opened still count, and near-copies are not known before.
    """
    data = study.base.data
    given = _given_teacher(study, runs_root)
    found = study_departures(
        study,
        len(dataset.records),
        synthetic=dataset.synthetic,
        corrections=corrections_in_use(study.base),
        teacher=None if given is None else given.recipe,
    )
    try:
        split = make_split(dataset, data)
    except SkinKDError:  # too few images: said when a run is made
        return StudyOutlook(found, (), None, None, _teacher_words(study, given))
    return StudyOutlook(
        found,
        tuple((part, len(split.of(part))) for part in split.made),
        leakage(dataset, split),
        _coverage(study.base, dataset, split),
        _teacher_words(study, given),
    )


def _coverage(recipe: Recipe, dataset: DataSet, split: Split) -> DrawCoverage:
    settings = recipe.optimisation
    return draw_coverage(
        dataset.labels[split.train],
        dataset.classes.codes,
        sampler=settings.sampler,
        seed=settings.seed,
        draws=settings.epochs,
    )


def _given_teacher(study: Study, runs_root: Path) -> RunSummary | None:
    """The run of a finished teacher that the study is given; None without one, or of a model file alone."""
    if not study.base.teacher.run:
        return None
    path = find_teacher(study.base.teacher.run, runs_root).path
    return summarise(RunFolder(path)) if is_folder(path) else None


def _teacher_words(study: Study, given: RunSummary | None) -> str:
    """What the given teacher is, in a sentence."""
    if not study.base.teacher.run:
        return ""
    if given is None or given.recipe is None:
        return f"Teacher: {study.base.teacher.run}, a file alone; how it was trained is not known."
    theirs, ours = given.recipe, study.base
    score = f"weighted F1 {fraction(given.scores.weighted_f1)} on its test images" if given.scores else "not tested"
    same = theirs.data.model_copy(update={"image_size": ours.data.image_size}) == ours.data
    division = "trained with the same images and division" if same else "trained with other images or another division"
    name = given.status.name or given.folder.name
    return f"Teacher: the finished run {name} ({theirs.teacher.architecture}, {score}), {division}."
