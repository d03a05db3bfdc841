"""What the Results tab reads of a folder of runs: all runs, and the studies they belong to. Knows no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import SkinKDError
from core.runs.status import RunSummary
from skinkd_gui.results.arranging import StudyFacts


@dataclass(frozen=True)
class Library:
    """All runs, newest first, and the studies by slug."""

    runs: tuple[RunSummary, ...] = ()
    studies: Mapping[str, StudyFacts] = field(default_factory=dict)


def read_library(root: Path) -> Library:
    """Everything in a folder of runs. A study that can not be read keeps its slug as its name."""
    from core.runs.listing import list_runs
    from core.study.definition import members
    from core.study.folder import StudyFolder, list_studies

    def facts(folder: StudyFolder) -> StudyFacts:
        try:
            study = folder.study()
        except SkinKDError:
            return StudyFacts(folder.slug, folder.slug, None, folder.path)
        return StudyFacts(folder.slug, study.name, len(members(study)), folder.path)

    found = [facts(folder) for folder in list_studies(root)]
    return Library(list_runs(root), {item.slug: item for item in found})
