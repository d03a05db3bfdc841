"""How a folder of pictures differs from the training images, as a table."""

from __future__ import annotations

from core.data.drift import Drift
from core.reporting import cells
from core.reporting.table import Column, ResultsTable


def _columns(against: str) -> tuple[Column, ...]:
    return (
        Column("Compared", words=True),
        Column(f"{against.capitalize()} images", "Mean, or the share of the images", ("training",)),
        Column("Your folder", "Mean, or the share of the images", ("folder",)),
        Column("How far apart", "0: the same spread of values; 1: no overlap (Kolmogorov-Smirnov)", ("distance",)),
    )


def drift_table(drift: Drift) -> ResultsTable:
    """A row for each feature, and for each class that either has where the folder's labels are known."""
    features = tuple(
        (
            cells.words(each.title),
            cells.number(each.training, ".2f"),
            cells.number(each.folder, ".2f"),
            cells.number(each.distance, ".2f"),
        )
        for each in drift.features
    )
    classes = tuple(
        (cells.words(f"Share of {code}", code), cells.share(training), cells.share(folder), cells.nothing())
        for code, training, folder in drift.classes
        if training or folder
    )
    notes = () if classes else ("The folder's labels are not known, so the mix of classes is not compared.",)
    title = f"Your folder against the {drift.against} images"
    return ResultsTable(title, _columns(drift.against), features + classes, notes)
