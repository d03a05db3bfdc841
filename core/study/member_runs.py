"""What the run of a study's member left in its files, read once for all that is said of the study."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.scores import Scores
from core.runs.folder import RunFolder
from core.runs.listing import summarise
from core.runs.status import RunSummary
from core.study.departures import corrected_images
from core.study.folder import StudyMember

Division = tuple[tuple[str, Part | None], ...]
"""Image names and their parts, by name."""


@dataclass(frozen=True)
class MemberRun:
    """One member's files: its summary, of metrics.json the number of images (None while unknown), the notes and the
    validation scores, how its images were divided, and how many of them were corrected."""

    summary: RunSummary
    images: int | None
    notes: tuple[str, ...]
    validation: Scores | None
    division: Division
    corrections: int

    @property
    def test_fold(self) -> int | None:
        """Which test fold it has; None where its recipe can not be read."""
        return None if self.summary.recipe is None else self.summary.recipe.data.test_fold

    @property
    def test_images(self) -> int:
        """How many test images its division has."""
        return sum(part is Part.TEST for _, part in self.division)


def read_member_runs(members: Iterable[StudyMember]) -> dict[StudyMember, MemberRun]:
    """The runs of those that have a folder; damaged files count as not there."""
    return {member: _read(RunFolder(member.folder)) for member in members if member.folder is not None}


def _read(folder: RunFolder) -> MemberRun:
    try:
        images, notes, validation = folder.facts("data").get("images"), folder.notes(), folder.scores("validation")
    except SkinKDError:
        images, notes, validation = None, (), None
    try:
        division = tuple(sorted(((row.image, row.part) for row in folder.split_rows), key=lambda item: item[0]))
        corrections = corrected_images(folder.corrections_file)
    except SkinKDError:
        division, corrections = (), 0
    count = images if isinstance(images, int) else len(division) or None
    return MemberRun(summarise(folder), count, notes, validation, division, corrections)
