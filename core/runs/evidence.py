"""What a finished run shows for itself, and two of them compared: test predictions with scores and intervals, read
without torch, and what must be said beside the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.classes import ClassSet
from core.data.leakage import Leakage, recorded_leakage
from core.data.names import matched
from core.data.skin_tone import tone_band
from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.comparison import MINIMUM, Comparison, LabelledLogits, compare
from core.evaluation.detailed import DetailedScores, detailed_intervals, detailed_scores
from core.evaluation.families import PRIMARY_SCORES, Family, Trained, compare_family
from core.evaluation.intervals import ScoreIntervals
from core.evaluation.resampling import RESAMPLES
from core.evaluation.scores import Scores
from core.evaluation.subgroups import Person
from core.quantities import fraction
from core.runs.folder import RunFolder
from core.runs.listing import summarise
from core.runs.skin_angles import read_skin_angles
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
    """A finished run's test part: `groups` (what belongs together by patient, lesion or picture, "" when unknown) and
    `people` in the order of `predictions`.

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
    def leakage(self) -> Leakage:
        """How many of the test images have their patient, lesion or near-copy in training."""
        rows = self.split
        patients, lesions = sum(bool(row.patient) for row in rows), sum(bool(row.lesion) for row in rows)
        columns = [row.part for row in rows], [row.group for row in rows], [row.label for row in rows]
        return recorded_leakage(*columns, self.classes, patients, lesions)

    @property
    def name(self) -> str:
        """The run's name."""
        return self.summary.status.name


def load_evidence(folder: Path, resamples: int = 2000) -> Evidence:
    """Read a finished run. Raises `SkinKDError` when it is not finished, damaged, or has no test images, and when it is
    deleted or changed meanwhile: without some of its files less would be told of the others."""
    run, before = RunFolder(folder), content_stamp(folder)
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
        raise _untested(run, summary.status.name)
    split = run.split_rows
    rows = {row.image: row for row in split}
    found = [rows.get(name) for name in predictions.names]
    groups = tuple(row.group if row else "" for row in found)
    tones, untold = _tones(folder)
    told = run.notes()
    if content_stamp(folder) != before:
        raise SkinKDError(
            "The run was changed while it was read", f"{folder} was deleted, or is being worked on. Try again."
        )
    detailed = detailed_scores(predictions.labels, predictions.logits, classes)
    return Evidence(
        summary=summary,
        predictions=predictions,
        groups=groups,
        people=tuple(_person(row, tones) for row in found),
        detailed=detailed,
        intervals=detailed_intervals(predictions.labels, predictions.logits, classes, groups, resamples=resamples),
        classes=classes,
        split=split,
        notes=(*untold, *told, *_disagreement(detailed.scores, summary.scores), *([] if split else [_NO_SPLIT])),
    )


def _untested(run: RunFolder, name: str) -> SkinKDError:
    if run.withholds_test:
        return SkinKDError("The run was not tested", withheld_sentence(run))
    return SkinKDError(
        "The run was not tested",
        f"The split of {name} has no test images, so there is nothing to show or compare. "
        "Train again with a share of test images (data.split).",
    )


def withheld_sentence(run: RunFolder) -> str:
    """That a run was not tested because its recipe withholds the test images, and how they are used."""
    study = summarise(run).annotations.study
    command = f"study {study} --test CONFIGURATION" if study else f"evaluate {run.path.name} --part test"
    return (
        f"{run.path.name} withholds its test images until a model is chosen by its validation scores. Choose one and "
        f"test it in the window, in the study's results, or with: skinkd-cli {command}"
    )


def _tones(folder: Path) -> tuple[dict[str, float], tuple[str, ...]]:
    """The angles of skin, and what is to be said where they can not be read: scores do not depend on them."""
    try:
        return read_skin_angles(folder), ()
    except SkinKDError as error:
        return {}, (f"{error.title}. {error.summary}",)


def _person(row: SplitRow | None, angles: Mapping[str, float]) -> Person:
    if row is None:
        return Person()
    return Person(row.age, row.sex, row.site, row.skin_type, tone_band(angles.get(row.image)))


def labelled(evidence: Evidence) -> LabelledLogits:
    """What `compare` takes."""
    rows = evidence.predictions
    return LabelledLogits(rows.names, rows.labels, rows.logits, evidence.groups, evidence.classes)


def content_stamp(folder: Path) -> tuple[object, ...]:
    """Changes when the files do from which a run's evidence is read."""
    run = RunFolder(folder)
    files = (run.recipe_file, run.split_file, run.predictions_file, run.averaged_file, run.metrics_file)
    return (folder, *map(_stamp, files))


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def labelled_parts(run: RunFolder, *parts: Part) -> tuple[LabelledLogits, ...]:
    """What a run said of the images of each part, without scores and intervals, from one look at its files.

    Raises `SkinKDError` as `load_evidence`.
    """
    found = run.predictions()
    return _with_groups(run, [found.of(part) for part in parts])


def averaged_logits(run: RunFolder) -> LabelledLogits | None:
    """What a teacher said of its test images with test-time augmentation; None where that is not known. Raises
    `SkinKDError` as `load_evidence`."""
    found = run.averaged_predictions()
    return None if found is None else _with_groups(run, [found.of(Part.TEST)])[0]


def _with_groups(run: RunFolder, parts: Sequence[Predictions]) -> tuple[LabelledLogits, ...]:
    classes, groups = run.recipe().class_set, {row.image: row.group for row in run.split_rows}
    return tuple(
        LabelledLogits(
            rows.names, rows.labels, rows.logits, tuple(groups.get(name, "") for name in rows.names), classes
        )
        for rows in parts
    )


def compare_runs(
    baseline: Evidence, other: Evidence, *, minimum: int = MINIMUM, resamples: int = RESAMPLES, seed: int = 0
) -> Comparison:
    """As `compare`, with notes on what the runs were trained on: it may explain a difference better than their recipes.

    Said are different training images, compared images of lesions that a run was trained on, leaks that the runs
    themselves noted, and a synthetic data set.
    """
    other = named_as(other, baseline)
    comparison = compare(labelled(baseline), labelled(other), minimum=minimum, resamples=resamples, seed=seed)
    return replace(comparison, notes=(*comparison.notes, *_data_notes(baseline, other)))


def compare_as_family(
    baseline: Evidence, others: Sequence[Evidence], *, score: str = PRIMARY_SCORES[0], resamples: int = RESAMPLES
) -> Family | None:
    """Several runs against one baseline with intervals that hold for all of them together; keys are those of
    `family_key`. None where there is nothing to correct (fewer than two others), or the runs have not all something in
    common.
    """
    same = [other for other in others if other.classes.same_classes(baseline.classes)]
    sides = [
        Trained(family_key(run.summary), (labelled(run if run is baseline else named_as(run, baseline)),))
        for run in (baseline, *same)
    ]
    if len(same) < 2:
        return None
    try:
        return compare_family(sides[0], sides[1:], score=score, resamples=resamples)
    except ValueError:  # too few test images in common: each pair says so by itself
        return None


def family_key(run: RunSummary) -> str:
    """What a run is called in a family: its whole folder, as two roots may hold folders of one name."""
    return str(run.folder)


def named_as(run: Evidence, other: Evidence) -> Evidence:
    """A run with the names that another has for the same images: older ones leave out folders and suffixes."""
    names = [*other.predictions.names, *(row.image for row in other.split)]
    found = matched([*run.predictions.names, *(row.image for row in run.split)], names)
    split = tuple(replace(row, image=found.get(row.image, row.image)) for row in run.split)
    return replace(run, predictions=run.predictions.named_as(names), split=split)


def _data_notes(baseline: Evidence, other: Evidence) -> list[str]:
    if baseline.name == other.name:  # their folders tell them apart
        baseline, other = _by_folder(baseline), _by_folder(other)
    notes = _different_training(baseline, other)
    compared = set(baseline.predictions.names) & set(other.predictions.names)
    for run in (baseline, other):
        notes += _training_lesions(run, compared)
        notes += [f"{run.name}: {note}" for note in run.notes if note.startswith(("Leak", DISAGREE))]
    synthetic = [run.name for run in (baseline, other) if run.summary.status.synthetic]
    if synthetic:
        names = " and ".join(dict.fromkeys(synthetic))
        notes.append(f"{names}: trained on the built-in synthetic sample set, which says nothing of real lesions.")
    return list(dict.fromkeys(notes))


def _by_folder(run: Evidence) -> Evidence:
    """The run under its folder's name."""
    status = replace(run.summary.status, name=run.summary.folder.name)
    return replace(run, summary=replace(run.summary, status=status))


def _different_training(baseline: Evidence, other: Evidence) -> list[str]:
    ours, theirs = (
        {row.image for row in run.split if row.part is Part.TRAIN and row.image} for run in (baseline, other)
    )
    unknown = [run.name for run, names in ((baseline, ours), (other, theirs)) if not names]
    if unknown:
        return [f"It is not known which images {' and '.join(unknown)} learned from: split.csv has no such rows."]
    if ours == theirs:
        return []
    return [
        f"The runs were trained on different images: {len(ours - theirs):,} of the {len(ours):,} of {baseline.name} "
        f"were not among the {len(theirs):,} of {other.name}, and {len(theirs - ours):,} the other way round. The "
        "difference is not due to the recipes alone."
    ]


def _training_lesions(run: Evidence, compared: set[str]) -> list[str]:
    lesions = {row.lesion for row in run.split if row.part is Part.TRAIN and row.lesion}
    tested = compared.intersection(run.predictions.names)
    count = sum(row.image in tested and row.lesion in lesions for row in run.split)
    if not count:
        return []
    return [
        f"{run.name} was trained on other images of the lesions in {count:,} of its test images here: its scores are "
        "too high for new lesions."
    ]


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
