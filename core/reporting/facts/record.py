"""What the folder of a run holds, read once for everything that is told of the run. Knows no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.data.types import Part
from core.digests import file_digest
from core.errors import SkinKDError
from core.evaluation.promises import part_of_calibration, upright_temperature
from core.events import EpochRecord
from core.recipe import Recipe
from core.runs.folder import RunFolder
from core.runs.statement import StudyStatement, read_statement
from core.runs.status import RunSummary
from core.runs.tables import SplitRow

if TYPE_CHECKING:
    from core.inference.export.report import ExportReport
    from core.inference.from_statistics import CertifiedDecisions
    from core.runs.corrections import CorrectedScores
    from core.runs.evidence import Evidence
    from core.runs.external import ExternalTest
    from core.runs.robustness import Robustness

T = TypeVar("T")


@dataclass(frozen=True)
class RunRecord:
    """A run with what its files say, as far as they are there. `data` and `calibration` are those of metrics.json,
    `trouble` names files that could not be read. `evidence` and what follows are there once the run is read whole
    (`whole_record`); `tried` counts the finished runs beside it that were tested on the same division, itself among
    them."""

    summary: RunSummary
    history: tuple[EpochRecord, ...] = ()
    rows: tuple[SplitRow, ...] = ()
    notes: tuple[str, ...] = ()
    environment: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    model_bytes: int | None = None
    statement: StudyStatement = field(default_factory=StudyStatement)
    trouble: tuple[str, ...] = ()
    evidence: Evidence | None = None
    corrected: CorrectedScores | None = None
    robustness: Robustness | None = None
    external: tuple[ExternalTest, ...] = ()
    exports: tuple[ExportReport, ...] = ()
    certified: CertifiedDecisions | None = None
    tried: int = 0

    @property
    def recipe(self) -> Recipe:
        """The recipe. Raises `SkinKDError` for a run whose recipe can not be read; ask `summary.recipe` first."""
        if self.summary.recipe is None:
            raise SkinKDError("The run's recipe can not be read", f"{self.summary.folder} has none that can be read.")
        return self.summary.recipe

    @property
    def temperature(self) -> float | None:
        """What its predictions' logits are divided by; None before it was calibrated."""
        return upright_temperature(self.calibration)

    @property
    def averaged(self) -> bool:
        """Whether its model is calibrated for, and used with, test-time augmentation."""
        return bool(self.calibration.get("positions", 1) != 1)

    @property
    def calibrated_on(self) -> Part:
        """The part of its data that it was calibrated on."""
        return part_of_calibration(self.calibration.get("fitted_part"))


class Audience:
    """Reads files one by one: what can not be read is named in `trouble`, and hides nothing else."""

    def __init__(self) -> None:
        self.trouble: list[str] = []

    def read(self, read: Callable[[], T], otherwise: T) -> T:
        """What `read` gives, or the other where it raises `SkinKDError`."""
        try:
            return read()
        except SkinKDError as error:
            self.trouble.append(f"{error.title}. {error.summary}")
            return otherwise


def read_record(summary: RunSummary, rows: Sequence[SplitRow] | None = None) -> RunRecord:
    """What is quickly read of a run in any state. `rows` are those of split.csv where they were read already."""
    folder, reader = RunFolder(summary.folder), Audience()
    nothing: dict[str, Any] = {}
    metrics = reader.read(folder.metrics, None)
    no_rows: Sequence[SplitRow] = ()
    if rows is None:
        rows = reader.read(lambda: folder.split_rows, no_rows)
    return RunRecord(
        summary,
        reader.read(folder.history, ()),
        tuple(rows),
        folder.notes() if metrics else (),
        reader.read(folder.environment, nothing),
        folder.facts("data") if metrics else {},
        folder.facts("calibration") if metrics else {},
        folder.model_file.stat().st_size if folder.model_file.is_file() else None,
        reader.read(lambda: read_statement(summary.folder), StudyStatement()),
        tuple(reader.trouble),
    )


def whole_record(record: RunRecord, evidence: Evidence) -> RunRecord:
    """The record of a finished run with its test (`core.runs.evidence`) and all that was measured of it since."""
    from core.inference.export.history import recorded_exports
    from core.inference.from_statistics import certified_by
    from core.runs.corrections import corrected_scores_of
    from core.runs.external import external_tests
    from core.runs.robustness import read_robustness

    folder, reader = RunFolder(record.summary.folder), Audience()
    return replace(
        record,
        evidence=evidence,
        corrected=reader.read(lambda: corrected_scores_of(folder), None),
        robustness=reader.read(lambda: read_robustness(folder.path), None),
        external=reader.read(lambda: external_tests(folder), ()),
        exports=reader.read(lambda: recorded_exports(folder.path), ()),
        certified=reader.read(lambda: certified_by(folder.model_file), None),
        tried=reader.read(lambda: _tried(folder), 0),
        trouble=(*record.trouble, *reader.trouble),
    )


def _tried(folder: RunFolder) -> int:
    """How many finished runs beside this one, itself among them, were divided as it was."""
    from core.runs.listing import list_runs
    from core.runs.status import RunState

    own = _digest(folder.split_file)
    finished = [run.folder for run in list_runs(folder.path.parent) if run.status.state is RunState.FINISHED]
    return sum(_digest(RunFolder(path).split_file) == own for path in finished) if own else 0


def _digest(path: Path) -> str:
    """The SHA-256 of a file; "" where it can not be read."""
    try:
        status = path.stat()
        return _known_digest(path, status.st_size, status.st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=4096)
def _known_digest(path: Path, size: int, changed: int) -> str:
    """The digest of a file that has this size and was changed last at this time (ns). Raises OSError."""
    return file_digest(path)
