"""The scores of a labelled folder in sentences. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.reporting.words import interval_of

if TYPE_CHECKING:
    from core.inference.labelled import LabelledScores
    from skinkd_gui.classify.folder_facts import FolderScores


def score_line(labelled: LabelledScores) -> str:
    """The three main scores with their intervals over the images that count."""
    if labelled.detailed is None:
        return "Not scored."
    scores, intervals = labelled.detailed.scores, labelled.intervals
    accuracy = interval_of(scores.accuracy, intervals.accuracy if intervals else None)
    f1 = interval_of(scores.weighted_f1, intervals.weighted_f1 if intervals else None)
    balanced = interval_of(scores.balanced_accuracy, intervals.balanced_accuracy if intervals else None)
    images = "1 image" if labelled.scored == 1 else f"{labelled.scored:,} images"
    return f"On {images}: accuracy {accuracy}, weighted F1 {f1}, balanced accuracy {balanced}."


def training_line(scores: FolderScores) -> str:
    """A warning where images of these names were trained on."""
    if not scores.trained_on:
        return ""
    return (
        f"{scores.trained_on:,} images bear names of images that the model was trained or chosen on, so these scores "
        "are better than they would be on new images."
    )
