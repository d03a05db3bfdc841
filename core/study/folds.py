"""Cross-validation: each candidate is trained once for every fold, and the test part is withheld.

The images outside the test part are divided into folds, by class and by group; each fold validates once. The candidate
is chosen by its mean validation score. Scores of the test part choose nothing: no model sees it until then
(`core.study.test_part`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.recipe import Recipe
from core.runs.folder import default_name, slugify
from core.runs.planning import teacher_recipe
from core.study.controls import with_controls
from core.study.definition import FOLD_FIELD, Configuration, Study, check_study, with_teachers
from core.study.paper import CANDIDATES, network_changes
from core.study.tables import grid_of, problem

FOLDS = 5
"""The paper's number of folds, section 5.1."""

MOST_FOLDS = 20

_NETWORK = "teacher.architecture"

TEACHER_AXES: Mapping[str, Sequence[Any]] = {_NETWORK: CANDIDATES, "teacher.freeze": (0.0, 0.5, 1.0)}
"""What the paper tried teachers with (sections 4.1.2 and 5.1): three networks, and "combinations of
trainable/untrainable base layers". It names no depths; here nothing, half, and all but the last layer are frozen."""


def cross_validated(
    recipe: Recipe,
    *,
    folds: int = FOLDS,
    vary: Mapping[str, Sequence[Any]] | None = None,
    seeds: Sequence[int] = (0,),
    name: str = "",
) -> Study:
    """The cross-validation of a recipe, or of every combination of the values in `vary` (by section.field).

    A student that needs a teacher and names none gets one in each fold, trained on the images of that fold. Raises
    `SkinKDError`, or `RecipeError` that names candidate and field.
    """
    title = default_name(recipe)
    rows = [_with_network(row) for row in grid_of({field: list(values) for field, values in (vary or {}).items()})]
    rows = rows or [Configuration(slugify(title), title)]
    named = name or f"Cross-validation of {title if not vary else recipe.task + 's'}"
    study = Study(named, recipe, tuple(rows), tuple(seeds), folds=folds)
    return check_study(with_folds(with_teachers(with_controls(study))))


def teacher_candidates(recipe: Recipe) -> Recipe:
    """The recipe that `TEACHER_AXES` vary: the teacher's alone, from weights that every network has."""
    teacher = teacher_recipe(recipe)
    if teacher.teacher.weights in {"hub", "none"}:
        return teacher
    return teacher.model_copy(update={"teacher": teacher.teacher.model_copy(update={"weights": "hub"})})


def _with_network(row: Configuration) -> Configuration:
    """A candidate of the paper with its own weights and rates of dropout, where the row does not vary them."""
    known = dict(row.changes)
    name = next((name for name in CANDIDATES if name == known.get(_NETWORK)), None)
    if name is None:
        return row
    network = dict(network_changes(name))
    return replace(row, changes=tuple({**network, **known, _NETWORK: network[_NETWORK]}.items()))


def with_folds(study: Study) -> Study:
    """The study with a configuration for each fold of every candidate, all images of a fold validating and the test
    part withheld; as it is where that is done, or there is one fold. Raises `SkinKDError` for no number of folds."""
    if not 1 <= study.folds <= MOST_FOLDS:
        raise problem(f"folds: from 1 (none) to {MOST_FOLDS}; it is {study.folds}.")
    if study.folds == 1 or all(item.candidate for item in study.configurations):
        return study
    data = study.base.data.model_copy(
        update={"folds": study.folds, "fold": 1, "calibration": 0.0, "test": "withheld"},
    )
    rows = [
        item if item.candidate else item.in_fold(FOLD_FIELD, number)
        for item in study.configurations
        for number in ((1,) if item.candidate else range(1, study.folds + 1))
    ]
    return replace(study, base=study.base.model_copy(update={"data": data}), configurations=tuple(rows))
