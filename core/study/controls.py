"""The random control of a curriculum: the same training with its images in random order, at the same pacing. What does
not beat it owes nothing to its order. Source: Wu, Dyer and Neyshabur, When Do Curricula Work?, 2021.
"""

from __future__ import annotations

from dataclasses import replace

from core.recipe import Recipe, recipe_hash
from core.study.definition import LONGEST_KEY, Configuration, Study, Value, changed, recipe_of

_RANDOM = "random"
"""The name of the order, and of the difficulty, that know nothing of the images."""


def with_controls(study: Study) -> Study:
    """The study with a random control behind every curriculum that goes by difficulty and has none, unless the study
    says that it does without (`Study.controls`). Curricula that differ in their difficulty alone share one."""
    if not study.controls:
        return study
    there, rows = _by_content(study), list(study.configurations)
    taken = {item.key for item in rows}
    for item in study.configurations:
        recipe = recipe_of(study, item)
        if not needs_control(recipe) or _control_content(recipe) in there:
            continue
        made = _control(item, recipe, taken)
        rows.insert(rows.index(item) + 1, made)
        there[_content(recipe_of(study, made))] = made
        taken.add(made.key)
    return replace(study, configurations=tuple(rows))


def controls_of(study: Study) -> dict[str, str | None]:
    """For every configuration with a curriculum that goes by difficulty, by key: the key of its random control; None
    where the study has none."""
    there, found = _by_content(study), {}
    for item in study.configurations:
        recipe = recipe_of(study, item)
        if needs_control(recipe):
            control = there.get(_control_content(recipe))
            found[item.key] = None if control is None else control.key
    return found


def needs_control(recipe: Recipe) -> bool:
    """Whether a run shows its images by a difficulty, so that it must beat a random order to be of use."""
    entries = recipe.applied_curriculum.entries
    return entries.order.needs_difficulty and entries.difficulty.name != _RANDOM


def control_changes(recipe: Recipe) -> tuple[tuple[str, Value], ...]:
    """What makes a recipe with a curriculum its random control: the random order where its own does nothing but sort,
    otherwise its own order by random difficulties."""
    only_sorts = recipe.curriculum.entries.order.only_sorts
    return (("curriculum.order" if only_sorts else "curriculum.difficulty", _RANDOM),)


def _control_content(recipe: Recipe) -> str:
    return _content(changed(recipe, control_changes(recipe)))


def _by_content(study: Study) -> dict[str, Configuration]:
    return {_content(recipe_of(study, item)): item for item in reversed(study.configurations) if not item.teacher}


def _content(recipe: Recipe) -> str:
    """What tells recipes apart that train differently: a difficulty counts only where an order goes by it, and to sort
    by random difficulties is the random order."""
    entries = recipe.curriculum.entries
    if entries.order.only_sorts and entries.difficulty.name == _RANDOM:
        recipe = changed(recipe, (("curriculum.order", _RANDOM),))
    if not recipe.curriculum.entries.order.needs_difficulty:
        recipe = changed(recipe, (("curriculum.difficulty", _RANDOM),))
    return recipe_hash(recipe)


def _control(item: Configuration, recipe: Recipe, taken: set[str]) -> Configuration:
    endings = (f"-{_RANDOM}{number or ''}" for number in range(len(taken) + 1))
    key = next(key for key in (item.key[: LONGEST_KEY - len(end)] + end for end in endings) if key not in taken)
    changes = dict(item.changes) | dict(control_changes(recipe))
    how = "in random order" if recipe.curriculum.entries.order.only_sorts else "by random difficulty"
    return replace(item, key=key, title=f"{item.title}, {how}", changes=tuple(changes.items()))
