"""The finished teacher that a student learns from, and whether it or the starting weights have seen the test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePath

from core.classes import ClassSet
from core.data.groups import group_numbers
from core.data.names import matched
from core.data.types import DataSet, ImageRecord, Part, ProblemKind, Split
from core.documents import some
from core.errors import SkinKDError
from core.models.files import read_model_info
from core.recipe import Recipe
from core.runs.folder import RunFolder
from core.runs.listing import list_runs, summarise
from core.runs.status import RunState
from core.runs.tables import SplitRow
from core.teachers.given_outputs import is_given, read_given_outputs
from core.user_paths import expanded, full_path, is_file, is_folder


@dataclass(frozen=True)
class Teacher:
    """A finished teacher. `path` is its run's folder, or its model file where that is all there is; `split_rows` are
    the images that it was trained with, empty when not known. Of a teacher that is `given` as its outputs, the model
    file is the file of these."""

    name: str
    path: Path
    model_file: Path
    split_rows: tuple[SplitRow, ...]
    given: bool = False

    @property
    def origin(self) -> str:
        """Where its own weights are from, in words. Raises `SkinKDError` for a model file that can not be read."""
        if self.given:
            return f"the outputs in {self.model_file.name}"
        return read_model_info(self.model_file).origin or "starting weights not recorded"

    @property
    def digest(self) -> str:
        """The SHA-256 of the model file in hex digits. Raises `SkinKDError` when it can not be read."""
        from core.teachers.tables import model_digest

        return model_digest(self.model_file)


def find_teacher(run: str, runs: Path) -> Teacher:
    """The teacher that a path means (a run's folder, a model file, or a file of outputs), a folder's name in `runs`, or
    the name of one run in it.

    Raises `SkinKDError` when there is none, several have the name, or it is not finished.
    """
    if not run:
        raise SkinKDError(
            "The student has no teacher",
            "The recipe learns from a teacher, but teacher.run is empty. Name a finished teacher run, or train the "
            "teacher first.",
        )
    place = _located(run, runs)
    if place.is_file() and is_given(place):
        return Teacher(place.stem, place, place, (), given=True)
    if place.is_file():
        read_model_info(place)
        return Teacher(place.stem, place, place, ())
    folder = RunFolder(place)
    status = summarise(folder).status
    if status.state is not RunState.FINISHED or not folder.model_file.is_file():
        raise SkinKDError(
            "The teacher is not finished",
            f"{status.name} ({folder.path}) is {status.state.value}. Resume it first, or choose another teacher.",
        )
    return Teacher(status.name, folder.path, folder.model_file, folder.split_rows)


def find_teachers(recipe: Recipe, runs: Path) -> tuple[Teacher, ...]:
    """All teachers that a recipe needs, none or several, each as `find_teacher` finds it, with its errors."""
    named = (recipe.teacher.run, *recipe.teacher.also) if recipe.needs_teacher else ()
    return tuple(find_teacher(run, runs) for run in named)


def common_digest(teachers: Sequence[Teacher]) -> str:
    """What tells these teachers from others, in hex digits: the one's SHA-256, that of all of theirs, "" without one.

    Raises `SkinKDError` when a model file can not be read.
    """
    digests = [teacher.digest for teacher in teachers]
    return sha256(" ".join(digests).encode()).hexdigest() if len(digests) > 1 else "".join(digests)


def check_same_classes(teacher: Teacher, classes: ClassSet) -> None:
    """Raise `SkinKDError` unless the teacher's logits stand for these classes, in this order; in a file of outputs,
    where they are named, in any."""
    if teacher.given:
        read_given_outputs(teacher.model_file).logits_of(classes)
        return
    theirs = read_model_info(teacher.model_file).classes
    if not theirs.same_classes(classes):
        raise SkinKDError(
            "Teacher and student tell apart different classes",
            f"The teacher {teacher.name} knows {some(theirs.codes, 3)}, the student is to "
            f"learn {some(classes.codes, 3)}. Choose a teacher with the same classes in the same "
            "order, or give the recipe the teacher's [classes].",
            f"Teacher: {', '.join(theirs.codes)}\nStudent: {', '.join(classes.codes)}",
        )


def unseen_classes(teacher: Teacher, dataset: DataSet) -> tuple[str, ...]:
    """What to say of a teacher that never saw some of the classes of which the student has images; empty where it saw
    them all, or where it is not known what it was trained on."""
    learned = {row.label for row in teacher.split_rows if row.part is Part.TRAIN}
    unseen = [code for code, count in dataset.counts.items() if count and code not in learned]
    if not learned or not unseen:
        return ()
    titles = ", ".join(dataset.classes.title_of(code) for code in unseen)
    return (
        f"The teacher {teacher.name} never saw {titles}: of {len(unseen)} of the student's classes it can teach "
        "nothing, and pulls the student away from them.",
    )


def teacher_leaks(teacher: Teacher, dataset: DataSet, split: Split) -> tuple[str, ...]:
    """What is wrong with the student's test because of what its teacher was trained on; empty when nothing is.

    A teacher that learned the test images passes them on. Compared by image name (in any case, without ISIC's
    `_downsampled`, and without folders where that leaves one image), by the names of known copies of the picture, and
    by lesion, patient and near-copy for the other images.
    """
    rows = teacher.split_rows
    if not rows:
        return ("It is not known which images the teacher was trained on; they may include this run's test images.",)
    remedy = "Use the teacher's own split: same data, split and seed."
    return _leaks(rows, dataset, split, "the teacher was", remedy)


def weights_leaks(weights: str, dataset: DataSet, split: Split) -> tuple[str, ...]:
    """The same for the file of weights that a run starts from, where it is the model of a run; else empty."""
    folder = RunFolder(expanded(weights).parent)
    if weights in {"hub", "none"} or not folder.recipe_file.is_file():
        return ()
    remedy = "Start from other weights, or use the split of that run: same data, split and seed."
    return _leaks(folder.split_rows, dataset, split, "the starting weights were", remedy)


def _leaks(rows: Sequence[SplitRow], dataset: DataSet, split: Split, who: str, remedy: str) -> tuple[str, ...]:
    names = _Names(rows, dataset)
    test = [dataset.records[index] for index in split.test]
    trained = {row.lesion for row in rows if row.part is Part.TRAIN and row.lesion}
    notes: list[str] = []
    for part, verb in ((Part.TRAIN, "trained"), (Part.VALIDATION, "chosen")):
        images = [record for record in test if names.stand_in(record, part)]
        learned = {record.name for record in images}
        near = [record for record in test if record.name not in learned and names.lesions_of(record) & trained]
        if images:
            notes.append(
                f"Leak: {len(images)} of the {len(test)} test images were among those {who} {verb} on "
                f"({some([record.name for record in images], 3)}); the test scores come out too high. {remedy}"
            )
        if near and part is Part.TRAIN:
            notes.append(
                f"Leak: {len(near)} of the {len(test)} test images show lesions that {who} trained on "
                f"({some([record.name for record in near], 3)}); the test scores come out too high."
            )
    said = {record.name for record in test if names.stand_in(record, Part.TRAIN) or names.lesions_of(record) & trained}
    kin = [record for record in names.kin(dataset, split) if record.name not in said]
    if kin:
        shown = some([record.name for record in kin], 3)
        notes.append(
            f"Leak: {len(kin)} of the {len(test)} test images are of patients, or nearly the same as images, "
            f"that {who} trained on ({shown}); the test scores come out too high. {remedy}"
        )
    return tuple(notes)


class _Names:
    """Finds a data set's images among the rows of another run's split, whatever the two call them."""

    def __init__(self, rows: Sequence[SplitRow], dataset: DataSet) -> None:
        own = matched((row.image for row in rows), (record.name for record in (*dataset.records, *dataset.left_out)))
        self._parts = {own[row.image]: row.part for row in rows if row.image in own}
        self._left_out = {record.name: record for record in dataset.left_out}
        self._copies: dict[str, list[str]] = {}
        for problem in dataset.problems:
            if problem.kind is ProblemKind.DUPLICATE:
                same = (problem.subject, *problem.names)
                for name in same:
                    self._copies.setdefault(name, []).extend(other for other in same if other != name)

    def stand_in(self, record: ImageRecord, part: Part) -> bool:
        """Whether the picture is in that part there, under its own name or a copy's."""
        return any(self._parts.get(name) is part for name in (record.name, *self._copies.get(record.name, ())))

    def kin(self, dataset: DataSet, split: Split) -> list[ImageRecord]:
        """The test images that belong together with an image of the training part there, as far as this data set tells:
        by patient, lesion or near-copy."""
        groups = group_numbers(dataset)
        learned = {
            int(group)
            for record, group in zip(dataset.records, groups, strict=True)
            if self._parts.get(record.name) is Part.TRAIN
        }
        return [dataset.records[index] for index in split.test if int(groups[index]) in learned]

    def lesions_of(self, record: ImageRecord) -> set[str]:
        """The lesions that the picture is known to show."""
        copies = (self._left_out.get(name) for name in self._copies.get(record.name, ()))
        return {item.lesion for item in (record, *copies) if item is not None and item.lesion}


def _located(run: str, runs: Path) -> Path:
    """The run's folder, or the model file where it lies in no run's folder."""
    moved = runs / PurePath(run.replace("\\", "/")).name  # the runs' folder was moved with the teacher in it
    for place in (runs / run, Path(run), moved):
        if is_folder(place) and RunFolder(expanded(place)).recipe_file.is_file():
            return full_path(place)
        if is_file(place):
            file = full_path(place)
            own = RunFolder(file.parent)
            return own.path if file == own.model_file and own.recipe_file.is_file() else file
    named = [summary.folder for summary in list_runs(runs) if summary.status.name == run]
    if len(named) == 1:
        return named[0]
    many = f"{len(named)} runs in {runs} have this name; use the folder's name instead" if named else ""
    raise SkinKDError(
        "The teacher was not found",
        f"teacher.run is {run!r}. {many or f'It is neither a run folder nor the name of a run in {runs}'}. If "
        "it was moved, name its new place: skinkd-cli resume RUN --teacher RUN_OR_FILE (in the window: Resume with "
        "changes).",
    )
