"""Two finished runs compared, with everything about their data that must be said beside the numbers."""

from __future__ import annotations

from dataclasses import replace

from core.data.names import matched
from core.data.types import Part
from core.evaluation.comparison import MINIMUM, Comparison, compare
from core.evaluation.resampling import RESAMPLES
from core.runs.evidence import DISAGREE, Evidence, labelled


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
    count = sum(
        name in compared and group in lesions for name, group in zip(run.predictions.names, run.groups, strict=True)
    )
    if not count:
        return []
    return [
        f"{run.name} was trained on other images of the lesions in {count:,} of its test images here: its scores are "
        "too high for new lesions."
    ]
