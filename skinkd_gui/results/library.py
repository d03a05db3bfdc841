"""What the Results tab reads of a folder of runs: all runs, and the studies they belong to. Knows no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
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
    from core.study.folder import list_studies

    found = []
    for folder in list_studies(root):
        try:
            stamp = folder.study_file.stat()
        except OSError:
            continue
        found.append(_facts(folder.path, (stamp.st_mtime_ns, stamp.st_size, stamp.st_ino)))
    return Library(list_runs(root), {item.slug: item for item in found})


@lru_cache(maxsize=500)
def _facts(path: Path, stamp: tuple[int, int, int]) -> StudyFacts:
    """What is known of a study, read again only when its file has another `stamp`."""
    from core.study.definition import members
    from core.study.folder import StudyFolder

    try:
        study = StudyFolder(path).study()
    except SkinKDError:
        return StudyFacts(path.name, path.name, None, path)
    return StudyFacts(path.name, study.name, len(members(study)), path)
