"""The study of everything that is registered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.distillation.classification import CLASSIFICATION_LOSSES
from core.distillation.curricula import DIFFICULTIES, ORDERS
from core.distillation.methods import METHODS
from core.recipe import Recipe
from core.study.controls import controls_of
from core.study.definition import check_study, recipe_of
from core.study.every import every_entry_study
from core.study.files import read_study, write_study
from tests.core.distillation.made_up import Mse


def test_every_loss_and_curriculum_is_in_it_and_every_curriculum_has_its_control(base: Recipe) -> None:
    study = check_study(every_entry_study(base))
    recipes = [recipe_of(study, item) for item in study.configurations]
    assert {recipe.distillation.method for recipe in recipes} == set(METHODS)
    assert {recipe.optimisation.classification_loss for recipe in recipes} == set(CLASSIFICATION_LOSSES)
    sorted_by = {recipe.curriculum.difficulty for recipe in recipes if recipe.curriculum.entries.order.needs_difficulty}
    assert sorted_by == set(DIFFICULTIES)
    orders = {recipe.curriculum.order for recipe in recipes}
    assert orders == set(ORDERS)
    controls = controls_of(study)
    assert (
        len(controls)
        == len(set(DIFFICULTIES) - {"random"}) + sum(order.needs_difficulty for order in ORDERS.values()) - 1
    )
    assert all(controls.values())


def test_what_is_added_is_in_it(base: Recipe) -> None:
    with METHODS.registered(Mse()):
        assert "loss-mse" in [item.key for item in every_entry_study(base).configurations]


def test_it_is_written_and_read(base: Recipe, tmp_path: Path) -> None:
    study = check_study(every_entry_study(base, seeds=(0, 1)))
    write_study(tmp_path / "every.toml", study)
    assert replace(read_study(tmp_path / "every.toml"), base=study.base) == study
