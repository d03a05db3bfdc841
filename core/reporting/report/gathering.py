"""Read what a report tells of runs: their evidence, and the facts that let others repeat them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.data.types import Part
from core.digests import file_digest
from core.errors import SkinKDError
from core.events import CancelToken, Emit, EpochRecord, Level, Notice, Phase, Progress
from core.recipe import Recipe, recipe_hash
from core.reporting.facts.record import RunRecord, read_record, whole_record
from core.reporting.privacy import paths_of, without_paths
from core.reporting.words import unique_titles
from core.runs.evidence import Evidence, load_evidence
from core.runs.folder import RunFolder
from core.runs.listing import summarise
from core.runs.recorded import recorded_legs
from core.runs.status import RunState
from core.training.legs import Leg


@dataclass(frozen=True)
class ReportRun:
    """A finished run as a report tells of it. `title` is unique in the report; hashes are SHA-256, "" without the
    file; `legs` are the recipes that it was trained under, empty where none was recorded; `record` is what its folder
    holds, and `evidence` its test."""

    title: str
    folder: Path
    evidence: Evidence
    record: RunRecord
    hash: str
    legs: tuple[Leg, ...]
    notes: tuple[str, ...]
    split_sha256: str
    model_sha256: str

    @property
    def recipe(self) -> Recipe:
        """Its recipe."""
        return self.record.recipe

    @property
    def history(self) -> tuple[EpochRecord, ...]:
        """Its epochs."""
        return self.record.history

    @property
    def temperature(self) -> float | None:
        """What its logits are divided by; None when the run was not calibrated."""
        return self.record.temperature

    @property
    def calibrated_on(self) -> Part:
        """The part of its data that it was calibrated on."""
        return self.record.calibrated_on

    @property
    def synthetic(self) -> bool:
        """Whether the run knows only generated pictures."""
        return self.evidence.summary.status.synthetic


def gather(folders: Sequence[Path], emit: Emit, token: CancelToken) -> tuple[ReportRun, ...]:
    """Read the finished ones of these runs, in the given order; the others, and damaged ones, are named in a warning
    with the reason and left out.

    Raises `SkinKDError` when nothing is left.
    """
    found: list[ReportRun] = []
    damage: SkinKDError | None = None
    for place, folder in enumerate(dict.fromkeys(folder.resolve() for folder in folders)):
        token.check()
        emit(Progress(Phase.REPORTING, place, len(folders)))
        status = summarise(RunFolder(folder)).status
        if status.state is not RunState.FINISHED:
            emit(Notice(f"{status.name} is not finished and is not in the report.", Level.WARNING))
            continue
        try:
            found.append(_read(folder, emit))
        except SkinKDError as error:
            damage = damage or error
            told = f"{status.name} is not in the report. {error.title}: {error.summary}"
            emit(Notice(told, Level.WARNING))
    if damage is not None and not found:
        raise damage
    if not found:
        raise SkinKDError("There is nothing to report", "None of these runs is finished. Choose a finished run.")
    titles = unique_titles([run.title for run in found])
    return tuple(replace(run, title=title) for run, title in zip(found, titles, strict=True))


def _read(path: Path, emit: Emit) -> ReportRun:
    folder = RunFolder(path)
    evidence = load_evidence(path)
    record = whole_record(read_record(evidence.summary, evidence.split), evidence)
    for trouble in record.trouble:
        emit(Notice(trouble, Level.WARNING))
    recipe, legs = record.recipe, recorded_legs(folder)
    known = (*paths_of(recipe), str(path), str(path.parent), str(Path.home()))
    return ReportRun(
        title=evidence.name,
        folder=path,
        evidence=evidence,
        record=record,
        # As its epochs name it: the same recipe has another hash in another version of the recipe's form.
        hash=legs[-1].hash if legs and legs[-1].recipe == recipe else recipe_hash(recipe),
        legs=legs,
        notes=tuple(without_paths(note, known) for note in evidence.notes),
        split_sha256=sha256_of(folder.split_file),
        model_sha256=sha256_of(folder.model_file),
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hex digits; "" when it is not there. Raises `SkinKDError` when it can not be read."""
    try:
        return file_digest(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise SkinKDError(
            "A file of the run can not be read", f"{path.name} could not be opened.", str(error)
        ) from error
