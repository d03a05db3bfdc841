"""What a teacher says in a step is said of the very pictures of that step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.data.augmentation.augmentation import ViewRule
from core.data.augmentation.entries import AUGMENTATIONS
from core.errors import Cancelled
from core.settings import SettingsSection
from core.teachers.sources import StoredTeacher
from core.teachers.stored_outputs import StoredOutputs
from core.training.batches import FitData
from core.training.step import StepInput

from .small_training import StopAt, assert_equal_weights, numbers, small_data, small_recipe, train

VIEWS = 8
LIGHT = ("distillation.method=kl", "optimisation.augmentation=light")
RULE = ViewRule(AUGMENTATIONS["light"], SettingsSection())


def opinion(images: Tensor) -> Tensor:
    """Eight numbers that tell one view of a picture from another: brightness of corners and colours."""
    values = images.float() / 32
    corners = [values[:, :8, :8], values[:, :8, -8:], values[:, -8:, :8], values[:, -8:, -8:]]
    colours = [values[..., 0], values[..., 1], values[..., 2], values[:, 8:-8, :8]]
    return torch.stack([part.flatten(1).mean(dim=1) for part in (*corners, *colours)], dim=1)


def looked_at(views: int = VIEWS, rule: ViewRule = RULE) -> FitData:
    """The small data with a teacher whose stored logits are its opinion of each view."""
    data = small_data()
    images, every = torch.from_numpy(data.store.images), np.arange(len(data.store))
    logits = [opinion(rule.images(images, every, np.full(len(every), view))).numpy() for view in range(views)]
    return FitData(data.store, data.train, data.validation, (StoredTeacher(StoredOutputs(np.stack(logits))),))


@pytest.mark.parametrize("name", [name for name in AUGMENTATIONS if name != "none"])
@pytest.mark.parametrize("changes", [(), ("curriculum.order=easy_first",), ("optimisation.sampler=shuffle",)])
def test_the_teachers_answer_is_for_the_view_that_the_student_sees(
    changes: tuple[str, ...], name: str, steps: list[StepInput], tmp_path: Path
) -> None:
    """With repeats, sorted, in the last short batch, and after a stop in the middle of an epoch."""
    recipe = small_recipe(*LIGHT, f"optimisation.augmentation={name}", *changes)
    data = looked_at(recipe.view_rule.stored_views(VIEWS), recipe.view_rule)
    with pytest.raises(Cancelled):
        train(recipe, tmp_path, data=data, token=StopAt(10))
    train(recipe, tmp_path, data=data)
    assert len(steps) == 3 * 6
    for batch in steps:
        (said,) = batch.teachers
        torch.testing.assert_close(said.logits, opinion(batch.images))
    upright = opinion(torch.from_numpy(data.store.images))
    shown = torch.cat([batch.teachers[0].logits for batch in steps])
    assert (torch.cdist(shown, upright).min(dim=1).values > 1e-3).float().mean() > 0.7  # most were turned or recoloured


def test_without_augmentation_all_are_upright(steps: list[StepInput], tmp_path: Path) -> None:
    data = looked_at()
    train(small_recipe("distillation.method=kl", "optimisation.epochs=1"), tmp_path, data=data)
    pictures = {picture.tobytes() for picture in data.store.images}
    assert all(image.tobytes() in pictures for batch in steps for image in batch.images.numpy())


def test_only_stored_views_are_shown(steps: list[StepInput], tmp_path: Path) -> None:
    """With one view there is no other picture than the upright one."""
    data = looked_at(views=1)
    train(small_recipe(*LIGHT), tmp_path, data=data)
    pictures = {picture.tobytes() for picture in data.store.images}
    assert all(image.tobytes() in pictures for batch in steps for image in batch.images.numpy())


@pytest.mark.parametrize("changes", [(), ("curriculum.order=easy_first",)])
def test_a_student_of_labels_alone_sees_ever_new_views(
    changes: tuple[str, ...], steps: list[StepInput], tmp_path: Path
) -> None:
    """Also where a teacher orders the images, whose views are stored upright alone."""
    train(small_recipe("optimisation.augmentation=light", *changes), tmp_path, data=looked_at(views=1))
    shown = [image.tobytes() for batch in steps for image in batch.images.numpy()]
    assert len(set(shown)) == len(shown)


def test_stopped_and_gone_on_with_the_views_are_those_of_one_go(tmp_path: Path) -> None:
    recipe = small_recipe(*LIGHT)
    whole = train(recipe, tmp_path / "whole", data=looked_at())
    with pytest.raises(Cancelled):
        train(recipe, tmp_path / "parts", data=looked_at(), token=StopAt(11))
    parts = train(recipe, tmp_path / "parts", data=looked_at())
    assert_equal_weights(parts.weights, whole.weights)
    assert numbers(parts.result.history) == numbers(whole.result.history)
