"""What a test can show, before anything is trained: how many test images and trainings it takes to see a difference."""

from __future__ import annotations

from core.evaluation.families import FEWEST_SEEDS
from core.evaluation.precision import (
    DISCORDANT,
    SEED_SPREAD,
    enough_seeds,
    images_to_see,
    seeds_to_see,
    visible_difference,
)
from core.quantities import fraction, points
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable

_DIFFERENCES = (0.005, 0.01, 0.02)


def planning_table(seeds: int, comparisons: int, images: int | None = None) -> ResultsTable:
    """A row for each of 0.5, 1 and 2 points: seeds and test images that it takes together, the images with so many
    `seeds` alone, and the seeds with the independent test `images` that there are. `comparisons` with one baseline;
    counts from 1."""
    columns = (
        Column("True difference", words=True),
        Column("Seeds needed", "Trainings of each configuration, with different seeds"),
        Column("Images needed", "Independent test images (of different patients and lesions), with so many seeds"),
        Column(f"Images, {counted_seeds(seeds)}", f"Independent test images that it takes with {counted_seeds(seeds)}"),
        *(
            [Column("Seeds, images here", f"Seeds that it takes with the {images:,} test images here")]
            if images
            else []
        ),
    )
    rows = []
    for difference in _DIFFERENCES:
        enough = enough_seeds(difference, comparisons=comparisons)
        needed = [enough, *(images_to_see(difference, count, comparisons=comparisons) for count in (enough, seeds))]
        if images:
            needed.append(seeds_to_see(difference, images, comparisons=comparisons))
        rows.append((cells.words(points(difference)), *(_needed(count) for count in needed)))
    return ResultsTable("What the test can show", columns, tuple(rows), _notes(seeds, comparisons, images))


def counted_seeds(count: int) -> str:
    """'1 seed', '5 seeds'."""
    return f"{count:,} seed{'' if count == 1 else 's'}"


_NEVER = "never"


def _needed(count: int | None) -> Cell:
    return Cell(_NEVER, (None,)) if count is None else cells.count(count)


def _notes(seeds: int, comparisons: int, images: int | None) -> tuple[str, ...]:
    several = f"each of {comparisons:,} configurations" if comparisons > 1 else "a configuration"
    found = [
        f"What it takes to tell {several} from the plain student in 4 of 5 such studies, with one false alarm in 20 "
        f"({_NEVER}: too few seeds for any number of images, or too few images for any number of seeds). Rules of "
        f"thumb: of two similar students one alone is right on {fraction(DISCORDANT)} of the images, and trainings "
        f"with other seeds differ by {points(SEED_SPREAD)} (standard deviation).",
    ]
    if images:
        seen = points(visible_difference(images, seeds, comparisons=comparisons))
        found.insert(
            0,
            f"With {counted_seeds(seeds)} and the {images:,} independent test images here, differences of {seen} and "
            "more are seen; smaller ones will mostly come out as chance.",
        )
    if seeds < FEWEST_SEEDS:
        found.append(
            f"With fewer than {FEWEST_SEEDS} seeds a statement is descriptive: of the trained models, not of what "
            "another training would give."
        )
    return tuple(found)
