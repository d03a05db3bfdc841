"""A training goes on under the recipe it began with, but for what may change; every epoch's recipe is on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from core.documents import NewerVersionError
from core.errors import Cancelled, SkinKDError
from core.events import Notice
from core.recipe import Recipe, recipe_hash, section_fields
from core.settings import SettingsSection
from core.training.checkpoint import CheckpointFolder
from core.training.going_on import RecipeChangedError, continued, recorded_legs
from core.training.legs import Leg, hashes_of_epoch, legs_from_values, legs_to_values
from tests.core.training.small_training import (
    StopAt,
    assert_equal_weights,
    numbers,
    small_recipe,
    train,
)

BEGAN = small_recipe()
LEGS = (Leg.under(BEGAN, "aa"),)


def other_values(value: Any, choices: tuple[str, ...]) -> Iterator[Any]:
    """Values of a field's kind that are not this one."""
    if choices:
        yield from (choice for choice in choices if choice != value)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
    elif isinstance(value, tuple):
        yield (0.5, 0.25, 0.25) if value else ("another teacher",)
    else:
        yield f"{value}x"


CHANGED = [
    (spec.key, BEGAN.model_copy(update={name: section.model_copy(update={spec.key.partition(".")[2]: value})}))
    for name in Recipe.model_fields
    if isinstance(section := getattr(BEGAN, name), SettingsSection)
    for spec in section_fields(name)
    for value in other_values(getattr(section, spec.key.partition(".")[2]), spec.choices)
]
MAY = ("data.path", "teacher.run", "teacher.also", "optimisation.epochs", "optimisation.patience", "hardware.")


@pytest.mark.parametrize(("key", "recipe"), CHANGED, ids=lambda item: item if isinstance(item, str) else "")
def test_every_field_is_refused_by_name_unless_it_may_change(key: str, recipe: Recipe) -> None:
    if key.startswith(MAY):
        assert continued(LEGS, recipe, "aa", 2, 3) == (*LEGS, Leg.under(recipe, "aa", 2, 3))
    else:
        with pytest.raises(RecipeChangedError, match=key):
            continued(LEGS, recipe, "aa", 2, 3)


def test_the_learning_rate_changes_when_the_user_says_so_and_only_it() -> None:
    faster = small_recipe("optimisation.learning_rate=0.1")
    with pytest.raises(RecipeChangedError, match=r"--set optimisation.learning_rate=0\.1"):
        continued(LEGS, faster, "aa", 2, 0)
    assert len(continued(LEGS, faster, "aa", 2, 0, {"optimisation.learning_rate"})) == 2
    both = small_recipe("optimisation.learning_rate=0.1", "optimisation.seed=3")
    with pytest.raises(RecipeChangedError, match=r"optimisation\.seed is 3 and was 0") as refused:
        continued(LEGS, both, "aa", 2, 0, {"optimisation.learning_rate", "optimisation.seed"})
    assert "learning_rate" not in refused.value.details


def test_epochs_only_go_up() -> None:
    with pytest.raises(RecipeChangedError, match="may only go up"):
        continued(LEGS, small_recipe("optimisation.epochs=2"), "aa", 2, 0)


def test_more_epochs_that_bend_the_schedule_need_the_users_word() -> None:
    cosine = (Leg.under(small_recipe("optimisation.schedule=cosine"), ""),)
    longer = small_recipe("optimisation.schedule=cosine", "optimisation.epochs=9")
    with pytest.raises(RecipeChangedError, match=r"--set optimisation\.epochs=9"):
        continued(cosine, longer, "", 2, 0)
    assert len(continued(cosine, longer, "", 2, 0, {"optimisation.epochs"})) == 2


def test_another_teacher_is_refused_wherever_it_lies() -> None:
    moved = small_recipe("teacher.run=elsewhere")
    assert len(continued(LEGS, moved, "aa", 2, 0)) == 2
    for recipe in (moved, BEGAN):
        with pytest.raises(RecipeChangedError, match="The teacher is another one"):
            continued(LEGS, recipe, "bb", 2, 0)


def test_what_was_never_trained_under_is_forgotten() -> None:
    """Resumed with a change, killed before a step, resumed as before: the change is on no record."""
    longer, patient = small_recipe("optimisation.epochs=9"), small_recipe("optimisation.patience=2")
    twice = continued(LEGS, longer, "aa", 2, 0)
    assert continued(twice, BEGAN, "aa", 2, 0) == LEGS
    assert continued(twice, patient, "aa", 2, 0) == (*LEGS, Leg.under(patient, "aa", 2, 0))
    with pytest.raises(RecipeChangedError):
        continued(twice, patient, "aa", 2, 1)  # a step was made: nine epochs stay nine


def test_an_epoch_names_all_recipes_it_was_trained_under() -> None:
    legs = tuple(
        Leg(epoch, batch, None, name) for epoch, batch, name in ((1, 0, "a"), (3, 2, "b"), (3, 4, "c"), (5, 0, "d"))
    )
    assert [hashes_of_epoch(legs, epoch) for epoch in range(1, 7)] == ["a", "a", "a+b+c", "c", "d", "d"]


def test_the_record_survives_a_file_and_is_checked() -> None:
    legs = (*LEGS, Leg.under(small_recipe("optimisation.epochs=9"), "", 3, 1), Leg(4, 0, None))
    assert legs_from_values(json.loads(json.dumps(legs_to_values(legs)))) == legs
    good = legs_to_values(LEGS)[0]
    for wrong in ([], "x", [3], [good | {"epoch": 0}], [good | {"hash": "<b>"}], [good | {"recipe": {"no": 1}}]):
        with pytest.raises(ValueError):
            legs_from_values(wrong)
    with pytest.raises(NewerVersionError):
        legs_from_values([good | {"recipe": {**good["recipe"], "version": 99}}])


def stopped(folder: Path, *changes: str, check: int = 9) -> None:
    """A training stopped in the middle of its second epoch."""
    with pytest.raises(Cancelled):
        train(small_recipe(*changes), folder, token=StopAt(check))


def test_more_epochs_give_the_numbers_of_a_training_that_was_meant_so(tmp_path: Path) -> None:
    whole = train(small_recipe(), tmp_path / "whole")
    train(small_recipe("optimisation.epochs=1"), tmp_path / "parts")
    parts = train(small_recipe(), tmp_path / "parts")
    assert numbers(parts.result.history) == numbers(whole.result.history)
    assert_equal_weights(parts.weights, whole.weights)
    short, long = recipe_hash(small_recipe("optimisation.epochs=1")), recipe_hash(small_recipe())
    assert [record.recipe for record in parts.result.history] == [short, long, long]
    assert [record.recipe for record in whole.result.history] == [long] * 3
    assert any(isinstance(event, Notice) and "optimisation.epochs: 1 -> 3" in event.text for event in parts.events)


def test_a_change_within_an_epoch_is_on_record_and_at_once(tmp_path: Path) -> None:
    stopped(tmp_path)
    longer = small_recipe("optimisation.epochs=4")
    with pytest.raises(Cancelled):
        train(longer, tmp_path, token=StopAt(1))  # stopped before a step
    state = CheckpointFolder(tmp_path).load()
    assert [leg.recipe for leg in recorded_legs(state)] == [small_recipe(), longer]
    first, second, *rest = train(longer, tmp_path).result.history
    old, new = recipe_hash(small_recipe()), recipe_hash(longer)
    assert (first.recipe, second.recipe, {record.recipe for record in rest}) == (old, f"{old}+{new}", {new})


@pytest.mark.parametrize(
    "change",
    ["optimisation.optimizer=sgd", "optimisation.seed=5", "optimisation.sampler=shuffle", "optimisation.monitor=loss"],
)
def test_a_training_does_not_go_on_under_another_recipe(change: str, tmp_path: Path) -> None:
    stopped(tmp_path)
    before = (tmp_path / "state.pt").read_bytes()
    with pytest.raises(RecipeChangedError, match=change.partition("=")[0]):
        train(small_recipe(change), tmp_path)
    assert (tmp_path / "state.pt").read_bytes() == before
    assert len(train(small_recipe(), tmp_path).result.history) == 3


def of_the_first_version(folder: Path) -> None:
    """Make a checkpoint what the first version wrote: it knew no recipe and no pictures."""
    state = CheckpointFolder(folder).load()
    state["history"] = [{name: value for name, value in row.items() if name != "recipe"} for row in state["history"]]
    old = {name: value for name, value in state.items() if name not in ("legs", "pictures")} | {"version": 1}
    torch.save(old, folder / "state.pt")


def test_a_checkpoint_of_the_first_version_goes_on_and_says_what_is_not_known(tmp_path: Path) -> None:
    whole = train(small_recipe(), tmp_path / "whole")
    stopped(tmp_path / "old")
    of_the_first_version(tmp_path / "old")
    again = train(small_recipe(), tmp_path / "old")
    assert numbers(again.result.history) == numbers(whole.result.history)
    new = recipe_hash(small_recipe())
    assert [record.recipe for record in again.result.history] == ["", f"?+{new}", new]
    assert any(isinstance(event, Notice) and "did not record the recipe" in event.text for event in again.events)


@pytest.mark.parametrize(
    ("began", "goes_on"),
    [("adam", "sgd"), ("sgd", "adam"), ("adam", "adamw"), ("adamw", "adam"), ("sgd", "adamw")],
)
def test_another_optimizer_is_told_in_words_even_where_no_recipe_was_recorded(
    began: str, goes_on: str, tmp_path: Path
) -> None:
    stopped(tmp_path, f"optimisation.optimizer={began}")
    of_the_first_version(tmp_path)
    with pytest.raises(SkinKDError, match=r"another optimizer than that of the recipe"):
        train(small_recipe(f"optimisation.optimizer={goes_on}"), tmp_path)


def test_another_weight_decay_is_not_taken_in_silence_even_where_no_recipe_was_recorded(tmp_path: Path) -> None:
    stopped(tmp_path)
    of_the_first_version(tmp_path)
    with pytest.raises(SkinKDError) as refused:
        train(small_recipe("optimisation.weight_decay=0.5"), tmp_path)
    assert "weight_decay is 0.5 and was 0.01" in refused.value.details


@pytest.mark.parametrize("record", [3, "no JSON", "[]", '[{"epoch": 1}]'])
def test_a_record_that_was_damaged_is_told(record: object, tmp_path: Path) -> None:
    stopped(tmp_path)
    state = CheckpointFolder(tmp_path).load()
    torch.save(state | {"legs": record}, tmp_path / "state.pt")
    with pytest.raises(SkinKDError, match="does not hold the state of such a training"):
        train(small_recipe(), tmp_path)
