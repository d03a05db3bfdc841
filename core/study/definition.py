"""What a study is: a base recipe, the configurations that change it, and the seeds that repeat them.

All runs of a study use one and the same split. A configuration marked `teacher` is trained once, and the students
learn from it. Every other configuration is run once per seed: the seed goes into `optimisation.seed`, so the spread
over seeds is that of the training of students that share a teacher, not that of teachers or of splits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from core.documents import shown
from core.errors import FieldProblem, RecipeError, SkinKDError
from core.evaluation.families import PRIMARY_SCORES
from core.recipe import Recipe, with_values
from core.runs.planning import teacher_recipe
from core.settings import SettingsSection

Value = str | int | float | bool | tuple[Any, ...]

TEACHER_KEY = "teacher"
SEED_FIELD = "optimisation.seed"
FOLD_FIELD, TEST_FOLD_FIELD = "data.fold", "data.test_fold"
"""Which fold of several validates, and which is tested."""

LONGEST_KEY = 80

_KEY = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_KEY - 1}}}")
_HOW_ASKED = {"teacher.also", "teacher.weighting", "teacher.source", "teacher.views"}
"""How a student asks its teacher, and whom besides; the teacher stays the same."""
_NO_OTHER_TEACHER = {"data.image_size", "teacher.run", *_HOW_ASKED}
"""Fields of the data and teacher sections that call for no teacher of their own: a teacher sees the images at its own
size, and a configuration that names a finished teacher has one."""


@dataclass(frozen=True)
class Configuration:
    """One row of a study. `key` is its short name, unique in the study; `changes` are (section.field, value) pairs on
    top of the base recipe. `teacher`: a teacher that the students learn from. `once`: not repeated for every seed (a
    teacher never is). `candidate`: the key of what it is one fold of; empty in a study without folds."""

    key: str
    title: str
    changes: tuple[tuple[str, Value], ...] = ()
    teacher: bool = False
    once: bool = False
    candidate: str = ""

    @property
    def repeats(self) -> bool:
        """Whether every seed makes a run of it."""
        return not (self.teacher or self.once)

    @property
    def chosen_as(self) -> str:
        """The key by which it is chosen: that of the candidate that it is a fold of, or its own."""
        return self.candidate or self.key

    @property
    def chosen_title(self) -> str:
        """The title of what it is chosen as: its own without the fold."""
        folds = [_fold_words(*change) for change in self.changes if change[0] in (FOLD_FIELD, TEST_FOLD_FIELD)]
        return self.title.removesuffix(f", {folds[-1]}") if self.candidate and folds else self.title

    def in_fold(self, field: str, number: int) -> Configuration:
        """One fold of it: `field` (`FOLD_FIELD`, `TEST_FOLD_FIELD`) has this number. Its own key is that of the
        candidate."""
        words = _fold_words(field, number)
        return replace(
            self,
            key=f"{self.key}-{words.replace(' ', '-')}",
            title=f"{self.title}, {words}",
            changes=(*self.changes, (field, number)),
            candidate=self.key,
        )


@dataclass(frozen=True)
class Study:
    """A grid of runs, in the order of training. `paper`: compare the results with the published ones.

    A `base.teacher.run` is a finished teacher run; it then stands for the configuration marked `teacher`, if any.
    `primary_score` is what configurations are compared on, declared before any run is made. With several `folds` it is
    a cross-validation: every candidate is trained once for each fold (`core.study.folds`). `controls`: every curriculum
    gets its random control (`core.study.controls`).
    """

    name: str
    base: Recipe
    configurations: tuple[Configuration, ...]
    seeds: tuple[int, ...] = (0,)
    paper: bool = False
    primary_score: str = PRIMARY_SCORES[0]
    folds: int = 1
    controls: bool = True

    @property
    def withholds_test(self) -> bool:
        """Whether a model is chosen by validation scores before any is tested."""
        return self.base.data.test == "withheld"

    def configuration(self, key: str) -> Configuration:
        """The configuration with this key. Raises `SkinKDError` when there is none."""
        for configuration in self.configurations:
            if configuration.key == key:
                return configuration
        known = ", ".join(configuration.key for configuration in self.configurations)
        raise SkinKDError("The study has no such configuration", f"{key!r} is none of {known}.")


def members(study: Study) -> tuple[tuple[Configuration, int], ...]:
    """Every run as (configuration, seed), teachers first, then seed by seed: an early stop leaves whole rounds.

    What is run once has the seed of its own recipe.
    """
    teachers = [item for item in study.configurations if item.teacher]
    once = [item for item in study.configurations if item.once and not item.teacher]
    repeated = [item for item in study.configurations if item.repeats]
    single = [(item, recipe_of(study, item).optimisation.seed) for item in (*teachers, *once)]
    return (*single, *((item, seed) for seed in study.seeds for item in repeated))


def recipe_of(study: Study, configuration: Configuration, seed: int | None = None) -> Recipe:
    """The recipe of one run, without the folder of the study's own teacher: that is known once it has been trained.

    Raises `RecipeError` that names the configuration and the key.
    """
    recipe = changed(study.base, configuration.changes, configuration.key)
    if configuration.teacher or recipe.task == "teacher":
        recipe = teacher_recipe(recipe)
    if configuration.repeats and seed is not None:
        recipe = recipe.model_copy(update={"optimisation": recipe.optimisation.model_copy(update={"seed": seed})})
    return recipe


def changed(recipe: Recipe, changes: Iterable[tuple[str, Value]], key: str = "") -> Recipe:
    """The recipe with these fields changed; raises `RecipeError`, its keys led by the configuration's `key`."""
    new = dict(changes)
    for name in new:
        section, _, field = name.partition(".")
        known = isinstance(getattr(recipe, section, None), SettingsSection) if field else name == "task"
        if not known or "." in field:
            raise RecipeError((FieldProblem(_location(key, name), "expected section.field of a recipe, or task"),))
    try:
        return with_values(recipe, new)
    except RecipeError as error:
        raise RecipeError(
            tuple(FieldProblem(_location(key, problem.key), problem.message) for problem in error.problems)
        ) from error


def teacher_of(study: Study, configuration: Configuration) -> Configuration | None:
    """The configuration whose model teaches this one; None when it needs none or its recipe names a finished one.

    A configuration that changes the teacher or the split (fields of `teacher` and `data`, the image size aside) learns
    from the teacher with the same such changes, any other from the first teacher. Raises `SkinKDError` when there is
    no such teacher (`with_teachers` adds those).
    """
    if not _is_taught(study, configuration):
        return None
    found = _fitting_teachers(study, configuration)
    if not found:
        raise SkinKDError("The study has no teacher for a student", f"{configuration.key} learns from a teacher.")
    return found[0]


def with_teachers(study: Study) -> Study:
    """The study with a teacher configuration for every student that needs one and has none, put first."""
    for configuration in study.configurations:
        if _is_taught(study, configuration) and not _fitting_teachers(study, configuration):
            teacher = _implied_teacher(study, configuration)
            count = sum(item.teacher for item in study.configurations)
            rows = study.configurations
            study = replace(study, configurations=(*rows[:count], teacher, *rows[count:]))
    return study


def check_study(study: Study) -> Study:
    """The study itself, when it can be run: unique usable keys, some seeds, every recipe valid.

    Raises `SkinKDError`, or `RecipeError` naming configuration and field.
    """
    if problem := _unusable(study):
        raise SkinKDError("The study can not be used", problem)
    if study.base.teacher.run:
        _check_one_teacher(study)
    for item in study.configurations:
        if item.repeats and SEED_FIELD in dict(item.changes):
            raise SkinKDError("The study can not be used", f"{item.key} sets {SEED_FIELD}; use the study's seeds.")
        recipe_of(study, item)
        teacher_of(study, item)
    return study


def _fold_words(field: str, number: Value) -> str:
    return f"{field.partition('.')[2].replace('_', ' ')} {number}"


def _unusable(study: Study) -> str:
    """What is wrong with its name, keys, seeds or primary score; empty where nothing is."""
    keys = [item.key for item in study.configurations]
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    unusable = [key for key in keys if not _KEY.fullmatch(key)]
    if not study.name.strip():
        return "It needs a name."
    if not keys:
        return "It has no configurations: give axes, configurations, or both."
    if doubled:
        return f"Several configurations have the key {', '.join(doubled)}."
    if unusable:
        return f"A key has letters, digits, dots, hyphens and underscores, at most 80; not so {shown(unusable[0])}."
    if (
        not study.seeds
        or len(set(study.seeds)) < len(study.seeds)
        or not (min(study.seeds) >= 0 and max(study.seeds) < 2**31)
    ):
        return f"Seeds are different whole numbers from 0 to {2**31 - 1:,}, at least one; here {shown(study.seeds)}."
    if study.primary_score not in PRIMARY_SCORES:
        return f"primary_score: one of {', '.join(PRIMARY_SCORES)}; here {shown(study.primary_score)}."
    return ""


def _check_one_teacher(study: Study) -> None:
    """A finished teacher for the whole study stands for one teacher, which nothing varies."""
    teachers = [item.key for item in study.configurations if item.teacher]
    others = [name for item in study.configurations if not (item.teacher or item.once) for name, _ in item.changes]
    varied = [name for name in others if name.startswith("teacher.") and name not in _HOW_ASKED]
    if len(teachers) > 1 or varied:
        what = varied[0] if varied else ", ".join(teachers)
        raise SkinKDError(
            "The study can not be used",
            f"It names the finished teacher {study.base.teacher.run}, but it also varies the teacher ({what}).",
        )


def _implied_teacher(study: Study, student: Configuration) -> Configuration:
    changes = _teaching_changes(student)
    taken = {item.key for item in study.configurations}
    names = [TEACHER_KEY, *(f"{TEACHER_KEY}-{number}" for number in range(2, len(taken) + 3))]
    key = next(name for name in names if name not in taken)
    words = ", ".join(str(value) for _, value in changes)
    return Configuration(key, f"Teacher {words}".strip(), changes, teacher=True)


def _is_taught(study: Study, configuration: Configuration) -> bool:
    """Whether a configuration learns from a teacher that is a configuration of the study."""
    if configuration.teacher or not recipe_of(study, configuration).needs_teacher:
        return False
    if study.base.teacher.run and not any(item.teacher for item in study.configurations):
        return False
    return not any(name == "teacher.run" for name, _ in configuration.changes)


def _fitting_teachers(study: Study, configuration: Configuration) -> list[Configuration]:
    teachers = [item for item in study.configurations if item.teacher]
    wanted = _teaching_changes(configuration)
    if not wanted or study.base.teacher.run:
        return teachers
    return [item for item in teachers if _teaching_changes(item) == wanted]


def _teaching_changes(configuration: Configuration) -> tuple[tuple[str, Value], ...]:
    """The changes that call for a teacher of their own, sorted by name."""
    found = [
        change
        for change in configuration.changes
        if change[0].startswith(("teacher.", "data.")) and change[0] not in _NO_OTHER_TEACHER
    ]
    return tuple(sorted(found, key=lambda change: change[0]))


def _location(key: str, name: str) -> str:
    return f"{key}: {name}" if key else name
