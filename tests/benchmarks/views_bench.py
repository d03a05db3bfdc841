"""What augmentation costs an epoch, and what a teacher's stored outputs for its views cost beside it.

For every augmentation a plain epoch and one with stored outputs take turns by the epoch; the median of the paired
ratios counts.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from ratios import Ratio, Settings, middle, rounds, say
from relay import Runner
from subject import BATCH, ISIC2019, Subject, new_subject, recipe_of, train

from core.data.augmentation.entries import AUGMENTATIONS
from core.recipe import Recipe
from core.teachers.sources import StoredTeacher
from core.teachers.stored_outputs import StoredOutputs

_VIEWS = 8


def measure(settings: Settings) -> list[Ratio]:
    """Epochs with and without augmentation and stored views."""
    say("  writing and reading photographs")
    subject = new_subject(settings.folder, 2 * BATCH)
    pairs = [(_recipe(name), _recipe(name, "distillation.method=kl")) for name in AUGMENTATIONS]
    recipes = [recipe for pair in pairs for recipe in pair]
    runners = [Runner(partial(_train, subject, recipe)) for recipe in recipes]
    say("  epochs in turns")
    rounds(1, *(runner.epoch for runner in runners))  # the first one warms up
    found = rounds(settings.turns, *(runner.epoch for runner in runners))
    for runner in runners:
        runner.end()
    seconds = [tuple(1000 / rate for rate in values) for values in found]
    unit, note = "ms/image", "paired, median"
    titles = [entry.title.lower() for entry in AUGMENTATIONS.values()]
    stored = [
        Ratio(
            f"epoch with stored views, {title} / plain",
            *middle(seconds, 2 * place + 1, 2 * place),
            unit,
            1.05,
            False,
            note,
        )
        for place, title in enumerate(titles)
    ]
    augmented = [
        Ratio(f"plain epoch, {title} / without augmentation", *middle(seconds, 2 * place, 0), unit, note=note)
        for place, title in enumerate(titles)
        if place
    ]
    return [*stored, *augmented]


def _recipe(augmentation: str, *changes: str) -> Recipe:
    return recipe_of(f"optimisation.augmentation={augmentation}", f"teacher.views={_VIEWS}", *changes)


def _train(subject: Subject, recipe: Recipe, runner: Runner) -> None:
    shape = (max(1, recipe.stored_views), len(subject.store), len(ISIC2019))
    logits = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    train(subject, recipe, StoredTeacher(StoredOutputs(logits)) if recipe.needs_teacher else None, runner)
