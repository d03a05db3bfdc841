"""The finished teacher that a student learns from, and whether it has seen the student's test images."""

from __future__ import annotations

from pathlib import Path, PurePath

from core.data.types import DataSet, Part, Split
from core.errors import SkinKDError
from core.runs.folder import RunFolder
from core.runs.listing import list_runs
from core.runs.status import RunState


def find_teacher(run: str, runs: Path) -> RunFolder:
    """The teacher's folder from a path, a folder's name in `runs`, or the name of one run in it.

    Raises `SkinKDError` when there is none, several have the name, or it is not finished.
    """
    if not run:
        raise SkinKDError(
            "The student has no teacher",
            "The recipe learns from a teacher, but teacher.run is empty. Name a finished teacher run, or train the "
            "teacher first.",
        )
    folder = RunFolder(_located(run, runs))
    status = folder.status()
    if status.state is not RunState.FINISHED or not folder.model_file.is_file():
        raise SkinKDError(
            "The teacher is not finished",
            f"{status.name} ({folder.path}) is {status.state.value}. Resume it first, or choose another teacher.",
        )
    return folder


def teacher_leaks(teacher: RunFolder, dataset: DataSet, split: Split) -> tuple[str, ...]:
    """What is wrong with the student's test because of what its teacher was trained on; empty when nothing is.

    Compared by image name, and by lesion for the other images: a teacher that learned the test images passes them on.
    """
    rows = teacher.split_rows
    if not rows:
        return ("It is not known which images the teacher was trained on; they may include this run's test images.",)
    test = [dataset.records[index] for index in split.test]
    notes: list[str] = []
    for part, verb in ((Part.TRAIN, "trained"), (Part.VALIDATION, "chosen")):
        names = {row.image for row in rows if row.part is part}
        lesions = {row.lesion for row in rows if row.part is part and row.lesion}
        images = [record for record in test if record.name in names]
        near = [record for record in test if record.name not in names and record.lesion in lesions]
        if images:
            notes.append(
                f"Leak: {len(images)} of this run's {len(test)} test images were among those the teacher was {verb} on "
                f"({_some([record.name for record in images])}); the test scores come out too high. "
                "Use the teacher's own split: same data, split and seed."
            )
        if near and part is Part.TRAIN:
            notes.append(
                f"Leak: {len(near)} of this run's {len(test)} test images show lesions that the teacher was trained on "
                f"({_some([record.name for record in near])}); the test scores come out too high."
            )
    return tuple(notes)


def _located(run: str, runs: Path) -> Path:
    moved = runs / PurePath(run.replace("\\", "/")).name  # the runs' folder was moved with the teacher in it
    for folder in (runs / run, Path(run).expanduser(), moved):
        if (folder / "status.json").is_file():
            return folder.resolve()
    named = [summary.folder for summary in list_runs(runs) if summary.status.name == run]
    if len(named) == 1:
        return named[0]
    many = f"{len(named)} runs in {runs} have this name; use the folder's name instead" if named else ""
    raise SkinKDError(
        "The teacher was not found",
        f"teacher.run is {run!r}. {many or f'It is neither a run folder nor the name of a run in {runs}'}.",
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
