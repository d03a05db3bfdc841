"""Corrections and runs: which a run used, which labels its answers make doubtful, what they do to its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.classes import ClassSet
from core.data.corrections import (
    EYE,
    Correction,
    CorrectionKind,
    corrections_file,
    read_corrections,
    with_corrections,
    write_corrections,
)
from core.data.names import matched
from core.data.types import Part
from core.digests import file_digest
from core.errors import SkinKDError
from core.evaluation.confident_learning import suspected_labels
from core.evaluation.metrics import score
from core.evaluation.scores import Scores
from core.recipe import Recipe
from core.runs.folder import RunFolder
from core.runs.tables import Predictions


@dataclass(frozen=True)
class SuspectedLabel:
    """An image, its label, the class code that it seems to be, and how much more probable that is, 0..1."""

    image: str
    label: str
    suggested: str
    margin: float


@dataclass(frozen=True)
class CorrectedScores:
    """The scores of a run's test part by the labels of the data and by the corrected ones. `relabelled` and `left_out`
    count test images, `by_model` those that were corrected because a model disagreed."""

    before: Scores
    after: Scores
    relabelled: int
    left_out: int
    by_model: int

    @property
    def sentence(self) -> str:
        """What was done and what it did to the balanced accuracy, for people."""
        text = (
            f"{self.relabelled:,} test images relabelled and {self.left_out:,} left out by corrections: balanced "
            f"accuracy {self.before.balanced_accuracy:.3f} before, {self.after.balanced_accuracy:.3f} after."
        )
        model = f" {self.by_model:,} were found by a model's disagreement, which flatters that model."
        return f"{text}{model if self.by_model else ''}"


def corrections_of(folder: RunFolder, recipe: Recipe) -> tuple[Correction, ...]:
    """The corrections that a run uses: those it began with, which are kept in its folder; of a run that has not begun,
    those of its data. Raises `SkinKDError`."""
    if folder.split_file.exists() or folder.corrections_file.exists():
        return read_corrections(folder.corrections_file)
    if not recipe.data.corrections:
        return ()
    found = read_corrections(corrections_file(Path(recipe.data.path)))
    if found:
        write_corrections(folder.corrections_file, found)
    return found


def corrections_digest(folder: RunFolder) -> str:
    """The SHA-256 of the corrections that a run used; empty without any."""
    return file_digest(folder.corrections_file) if folder.corrections_file.exists() else ""


def suspects(runs: Sequence[RunFolder]) -> tuple[SuspectedLabel, ...]:
    """The labels that the runs' answers make doubtful, the most doubtful first: of test images, and where a run is one
    of several folds, of those that validated it. Answers of several runs are averaged. Raises `SkinKDError` when runs
    have other classes, or no answers."""
    from scipy.special import softmax

    codes = runs[0].recipe().class_set.codes
    answers: dict[str, list[np.ndarray]] = {}
    labels: dict[str, int] = {}
    for run in runs:
        if run.recipe().class_set.codes != codes:
            raise SkinKDError("The runs have other classes", "Choose runs whose classes are the same.")
        predictions = run.predictions()
        parts = {Part.TEST, Part.VALIDATION} if run.recipe().data.folds > 1 else {Part.TEST}
        columns = predictions.names, predictions.parts, predictions.labels.tolist(), softmax(predictions.logits, 1)
        for name, part, label, row in zip(*columns, strict=True):
            if part in parts:
                answers.setdefault(name, []).append(row)
                labels[name] = label
    if not answers:
        raise SkinKDError("There are no answers", "The runs have no test images. Choose runs that are finished.")
    names = list(answers)
    given = np.array([labels[name] for name in names], np.int64)
    found = suspected_labels(given, np.array([np.mean(answers[name], axis=0) for name in names]))
    return tuple(
        SuspectedLabel(names[place], codes[given[place]], codes[seems], float(margin))
        for place, seems, margin in zip(found.indices.tolist(), found.classes.tolist(), found.margins, strict=True)
    )


def corrected_scores_of(folder: RunFolder) -> CorrectedScores | None:
    """`corrected_scores` of a finished run by its own corrections and those made since. Raises `SkinKDError`."""
    recipe = folder.recipe()
    since = read_corrections(corrections_file(Path(recipe.data.path)))
    every = with_corrections(read_corrections(folder.corrections_file), since)
    return corrected_scores(folder.predictions(), recipe.class_set, every) if every else None


def corrected_scores(
    predictions: Predictions, classes: ClassSet, corrections: Sequence[Correction]
) -> CorrectedScores | None:
    """A run's test scores by the labels of the data and by the corrected ones, whichever the run was tested with; None
    where no test image is corrected. An image that the run already went without is in neither."""
    tested = predictions.of(Part.TEST)
    rows = {name: row for row, name in enumerate(tested.names)}
    names = matched((each.path for each in corrections), tested.names)
    before, after = tested.labels.copy(), tested.labels.copy()
    kept = np.ones(len(before), bool)
    changed: dict[int, Correction] = {}
    for each in corrections:
        row = rows.get(names.get(each.path, ""))
        new, old = classes.index_of(each.value), classes.index_of(each.before)
        if row is None or each.kind not in (CorrectionKind.RELABEL, CorrectionKind.EXCLUDE):
            continue
        if each.kind is CorrectionKind.EXCLUDE or new is None:
            kept[row] = False
        else:
            after[row] = new
            before[row] = before[row] if old is None else old
        changed[row] = each
    if not changed or not kept.any():
        return None
    left_out = int((~kept).sum())
    return CorrectedScores(
        score(before, tested.logits, classes),
        score(after[kept], tested.logits[kept], classes),
        len(changed) - left_out,
        left_out,
        sum(each.source != EYE for each in changed.values()),
    )
