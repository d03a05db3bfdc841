"""In which precision a run's teacher is asked: chosen once, the same for all runs of a study and after every resume."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from core.errors import SkinKDError
from core.runs.annotations import read_annotations
from core.runs.folder import RunFolder

if TYPE_CHECKING:
    from core.training.hardware import Hardware, Precision

RECORD = "teacher_precision"
"""The name in environment.json."""


def teacher_precision(folder: RunFolder, hardware: Hardware) -> Precision:
    """The precision of the teacher's answers for a run.

    A recipe that names one gets it. With `auto` it is what the run began with, otherwise what another run of its study
    began with, on whatever hardware that was, otherwise the best of `hardware`.
    """
    if folder.recipe().hardware.precision != "auto":
        return hardware.inference_precision
    for environment in _environments(folder):
        recorded = environment.get(RECORD, "32")  # the first version asked with 32 bits and did not record it
        if recorded in ("32", "bf16", "16"):
            return recorded  # type: ignore[no-any-return]
    return hardware.inference_precision


def _environments(folder: RunFolder) -> Iterator[dict[str, Any]]:
    """What is recorded of this run, and then of the students of its study in the same folder of runs."""
    study = read_annotations(folder.path).study
    others = sorted(folder.path.parent.glob("*/annotations.json")) if study else []
    for path in [folder.path, *(file.parent for file in others if file.parent != folder.path)]:
        if path != folder.path and read_annotations(path).study != study:
            continue
        try:
            environment = RunFolder(path).environment()
            asked = bool(environment) and RunFolder(path).recipe().needs_teacher
        except SkinKDError:
            continue
        if asked:
            yield environment
