"""A study's folder, `<runs>/studies/<slug>/`: study.toml says what it is, members.json which runs it has made.

The runs themselves are ordinary runs in `<runs>`; each carries its study and configuration in annotations.json from
the moment it can be seen, so that a run that was made but not yet noted is found again instead of made twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core import atomic
from core.documents import Migration, read_json, shown, up_to_date, write_json
from core.errors import SkinKDError
from core.locks import Lock, holding
from core.paths import make_private
from core.recipe import Recipe, recipe_hash
from core.recipe.schema import DataRecipe
from core.runs.annotations import read_annotations, write_annotations
from core.runs.folder import RunFolder, absolute_paths, create_run, numbered, slugify
from core.runs.listing import summarise
from core.runs.status import RunState
from core.study.controls import with_controls
from core.study.definition import Configuration, Study, check_study, members, recipe_of
from core.study.files import read_study, write_study
from core.user_paths import expanded, full_path

STUDIES = "studies"
MEMBERS_VERSION = 1
MIGRATIONS: dict[int, Migration] = {}
_LOCK_SECONDS = 2.0


@dataclass(frozen=True)
class StudyMember:
    """One run of a study, made or not. `folder` and `state` are None before it is made; `message` says why it failed
    or stopped. `teacher`: the study's teacher."""

    key: str
    seed: int
    title: str
    folder: Path | None = None
    state: RunState | None = None
    message: str = ""
    teacher: bool = False

    @property
    def finished(self) -> bool:
        """Whether it has its results."""
        return self.state is RunState.FINISHED

    @property
    def failed(self) -> bool:
        """Whether its run ended by an error."""
        return self.state is RunState.FAILED


class StudyFolder:
    """A study's folder. What must be there and is missing or damaged raises `SkinKDError`."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.slug = self.path.name
        """The study's name in its runs' annotations."""
        self.runs_root = self.path.parent.parent
        """The folder of the runs."""
        self.study_file = self.path / "study.toml"
        """study.toml: what the study is."""
        self.members_file = self.path / "members.json"
        """members.json: which runs it has made."""
        self.stop_file = self.path / "stop"
        """stop: there while the study is to stop (`core.study.stopping`)."""
        self._lock_file = self.path / ".lock"

    def study(self) -> Study:
        """The study. Raises `SkinKDError` or `RecipeError`."""
        return read_study(self.study_file)

    def members(self) -> tuple[StudyMember, ...]:
        """All runs in the order of training, teachers first, with where each stands now."""
        study, noted = self.study(), self._noted()
        return tuple(self._member(study, configuration, seed, noted) for configuration, seed in members(study))

    def member(self, key: str, seed: int | None = None) -> StudyMember:
        """One of the members, the first of its configuration without a `seed`. Raises `SkinKDError` for none."""
        study, noted = self.study(), self._noted()
        for configuration, number in members(study):
            if configuration.key == key and seed in (None, number):
                return self._member(study, configuration, number, noted)
        raise SkinKDError("The study has no such run", f"{self.slug} has no configuration {key!r} with seed {seed}.")

    def split_like(self, data: DataRecipe) -> Path | None:
        """split.csv of the first member that divides the same images in the same way, if one has been divided yet."""
        study, noted = self.study(), self._noted()
        for configuration, seed in members(study):
            path = self._folder_of(study, configuration, seed, noted)
            if path is None or not RunFolder(path).split_file.is_file():
                continue
            try:
                other = RunFolder(path).recipe().data
            except SkinKDError:
                continue
            if same_split(other, data):
                return RunFolder(path).split_file
        return None

    def note(self, key: str, seed: int, run: Path) -> None:
        """Note a run folder (in the runs' folder) as a member, in its annotations and then in members.json."""
        annotations = read_annotations(run)
        if (annotations.study, annotations.configuration) != (self.slug, key):
            write_annotations(run, replace(annotations, study=self.slug, configuration=key))
        noted = {**self._noted(), (key, seed): run.name}
        rows = [{"configuration": name, "seed": number, "run": folder} for (name, number), folder in noted.items()]
        write_json(self.members_file, {"version": MEMBERS_VERSION, "members": rows})

    def recover(self) -> None:
        """Note the runs that carry this study's name, have a member's recipe and are not noted: an interruption came
        between. Runs of another study that once had this name are left alone."""
        noted = self._noted() if self.members_file.exists() else {}
        for member, run in self._unnoted(noted).items():
            self.note(*member, run)
        shutil.rmtree(self.path / ".new", ignore_errors=True)

    def _unnoted(self, noted: dict[tuple[str, int], str]) -> dict[tuple[str, int], Path]:
        """The members that are there and not noted, by their annotations."""
        study = self.study()
        found: dict[tuple[str, int], Path] = {}
        wanted = {
            (configuration.key, seed): _identity(recipe_of(study, configuration, seed))
            for configuration, seed in members(study)
            if not self._is_there(noted.get((configuration.key, seed)))
        }
        for file in sorted(self.runs_root.glob("*/annotations.json")):
            annotations = read_annotations(file.parent)
            if annotations.study != self.slug or file.parent.name in noted.values():
                continue
            try:
                recipe = RunFolder(file.parent).recipe()
            except SkinKDError:
                continue
            member = (annotations.configuration, recipe.optimisation.seed)
            if wanted.get(member) == _identity(recipe):
                found[member] = file.parent
                del wanted[member]
        return found

    def create_member(self, member: StudyMember, recipe: Recipe, name: str, split: Path | None) -> RunFolder:
        """Make a member's run: it appears in the runs' folder at once with its annotations and its split.

        Raises `SkinKDError` when a folder can not be written.
        """
        made = create_run(recipe, runs=self.path / ".new", name=name)
        try:
            write_annotations(
                made.path, replace(read_annotations(made.path), study=self.slug, configuration=member.key)
            )
            if split is not None:
                atomic.write_bytes(made.split_file, split.read_bytes())
            target = _move(made.path, self.runs_root)
        except OSError as error:
            raise SkinKDError(
                "The run's folder can not be written", f"No folder could be made in {self.runs_root}.", str(error)
            ) from error
        self.note(member.key, member.seed, target)
        return RunFolder(target)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the study's lock; raises `SkinKDError` when another process (or thread) works on it."""

        def refused(holder: str) -> SkinKDError:
            summary = f"{self.slug} is already running: {holder}. Wait until it has ended."
            return SkinKDError("The study is being worked on", summary)

        with holding(self._lock_file, refused, _LOCK_SECONDS):
            yield

    @property
    def is_locked(self) -> bool:
        """Whether someone works on the study right now."""
        try:
            return self._lock_file.exists() and Lock(self._lock_file).held_by_another()
        except OSError:  # a folder that this user may only read
            return False

    def _member(
        self, study: Study, configuration: Configuration, seed: int, noted: dict[tuple[str, int], str]
    ) -> StudyMember:
        member = _planned(study, configuration, seed)
        folder = self._folder_of(study, configuration, seed, noted)
        if folder is None:
            return member
        status = summarise(RunFolder(folder)).status
        return replace(member, folder=folder, state=status.state, message=status.message)

    def _folder_of(
        self, study: Study, configuration: Configuration, seed: int, noted: dict[tuple[str, int], str]
    ) -> Path | None:
        if configuration.teacher and study.base.teacher.run:
            given = expanded(study.base.teacher.run)
            return given if given.is_absolute() else self.runs_root / given
        name = noted.get((configuration.key, seed))
        return self.runs_root / name if name is not None and self._is_there(name) else None

    def _is_there(self, name: str | None) -> bool:
        return name is not None and (self.runs_root / name).is_dir()

    def _noted(self) -> dict[tuple[str, int], str]:
        if not self.members_file.exists():
            return {member: run.name for member, run in self._unnoted({}).items()}
        try:
            values = up_to_date(read_json(self.members_file), "The study's members.json", MEMBERS_VERSION, MIGRATIONS)
            return _members_from(values)
        except (OSError, ValueError) as error:
            raise SkinKDError(
                "members.json can not be read",
                f"{self.members_file} is damaged, or was edited wrongly: {error}. Delete it: the study finds its runs "
                "again by their annotations.",
                f"{type(error).__name__}: {error}",
            ) from error


def _members_from(values: dict[str, Any]) -> dict[tuple[str, int], str]:
    """The folders' names of members.json by configuration and seed. Raises ValueError that names what is wrong."""
    rows = values.get("members")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("members: expected a list of tables")
    found: dict[tuple[str, int], str] = {}
    for number, row in enumerate(rows, 1):
        key, seed, run = (row.get(name) for name in ("configuration", "seed", "run"))
        if not isinstance(key, str) or type(seed) is not int:
            raise ValueError(f"member {number}: expected a configuration's key and a seed")
        # A name and no way to another place; not what Windows or macOS take for one either.
        if not isinstance(run, str) or run in ("", ".", "..") or len(run) > 255 or set(run) & set("/\\:\0"):
            raise ValueError(f"member {number}: run: expected the name of a folder among the runs; it is {shown(run)}")
        found[key, seed] = run
    return found


def planned_members(study: Study) -> tuple[StudyMember, ...]:
    """The members of a study before any is made, in the order of training."""
    return tuple(_planned(study, configuration, seed) for configuration, seed in members(study))


def create_study(study: Study, runs_root: Path) -> StudyFolder:
    """Make the study's folder, or find the one of the same study: what it has made is kept. Curricula get their random
    controls.

    A study of the same name with further configurations or seeds extends what is there. Raises `SkinKDError` when
    another study has the name, or the folder can not be written.
    """
    study = check_study(with_controls(replace(study, base=absolute_paths(study.base, runs_root))))
    folder = study_folder(study, runs_root)
    if folder.study_file.exists() and folder.study() == study:
        return folder
    try:
        make_private(folder.path)
        write_study(folder.study_file, study)
    except OSError as error:
        raise SkinKDError(
            "The study's folder can not be written",
            f"{folder.path} could not be made. Choose another folder for runs (--runs, or the settings).",
            str(error),
        ) from error
    return folder


def study_folder(study: Study, runs_root: Path) -> StudyFolder:
    """The folder that `create_study` would make or find; nothing is written. Raises `SkinKDError` as `create_study`
    does when another study has the name."""
    study = replace(study, base=absolute_paths(study.base, runs_root))
    folder = StudyFolder(full_path(runs_root) / STUDIES / slugify(study.name))
    difference = _difference(folder.study(), study) if folder.study_file.exists() else ""
    if difference:
        raise SkinKDError(
            "Another study has this name",
            f"{folder.path} holds a study with {difference}. Give the new one another name, or go on with the "
            f"one that is there (skinkd-cli study {folder.slug}).",
        )
    return folder


def with_free_name(study: Study, runs_root: Path) -> Study:
    """The study under its name, or under that name with a number where another study, or a damaged one, has it.

    Raises `SkinKDError` after 10,000 of them.
    """
    for number in range(1, 10_000):
        named = study if number == 1 else replace(study, name=f"{study.name} {number}")
        try:
            study_folder(named, runs_root)
        except SkinKDError:
            continue
        return named
    raise SkinKDError("Too many studies have this name", f"{study.name!r} is taken; give the study another name.")


def list_studies(runs_root: Path) -> tuple[StudyFolder, ...]:
    """The studies in a folder of runs, by name; none when there are none. Nothing of them is read."""
    place = runs_root / STUDIES
    files = place.glob("*/study.toml") if place.is_dir() else ()
    return tuple(StudyFolder(file.parent) for file in sorted(files))


def _difference(there: Study, new: Study) -> str:
    """What keeps a study from being the one that is there, or an extension of it; empty when nothing does."""
    if recipe_hash(there.base) != recipe_hash(new.base):
        return "another base recipe"
    rows = {item.key: item for item in new.configurations}
    for item in there.configurations:
        if item.key not in rows:
            return f"a configuration {item.key}, which this one has not"
        if recipe_of(new, rows[item.key]) != recipe_of(replace(there, base=new.base), item):
            return f"other settings of {item.key}"
    if not set(there.seeds) <= set(new.seeds):
        return f"the seeds {', '.join(str(seed) for seed in there.seeds)}"
    return ""


def same_split(one: DataRecipe, other: DataRecipe) -> bool:
    """Whether both divide the same images in the same way."""
    return one.model_copy(update={"image_size": other.image_size}) == other


def _planned(study: Study, configuration: Configuration, seed: int) -> StudyMember:
    several = len(study.seeds) > 1 and configuration.repeats
    title = f"{configuration.title}, seed {seed}" if several else configuration.title
    return StudyMember(configuration.key, seed, title, teacher=configuration.teacher)


def _identity(recipe: Recipe) -> str:
    """What a member's recipe must agree in; which run its teacher is comes out later, hardware does not matter."""
    return recipe_hash(recipe.model_copy(update={"teacher": recipe.teacher.model_copy(update={"run": ""})}))


def _move(folder: Path, runs_root: Path) -> Path:
    """Move a finished folder into place; a folder with contents is never replaced by a rename."""
    return folder.rename(next(place for place in numbered(runs_root / folder.name) if not place.exists()))
