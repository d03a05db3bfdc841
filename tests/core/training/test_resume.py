"""A training that was stopped anywhere ends, bit for bit, as one that was never stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from core.errors import Cancelled, SkinKDError
from core.events import Notice
from core.recipe import Recipe
from core.training.checkpoint import CheckpointFolder

from .small_training import Outcome, StopAt, assert_equal_weights, numbers, small_data, small_recipe, train

DISTILLED = (
    "distillation.method=kl",
    "distillation.alpha=0.5",
    "curriculum.order=easy_first",
    "optimisation.augmentation=light",
    "optimisation.optimizer=adam",
    "optimisation.schedule=cosine",
    "optimisation.warmup=1",
    "optimisation.label_smoothing=0.1",
)


def stopped_and_gone_on(recipe: Recipe, folder: Path, check: int) -> tuple[bool, Outcome]:
    """Whether the training was stopped at this check, and how it ended when it was begun again."""
    stopped = False
    try:
        train(recipe, folder, token=StopAt(check))
    except Cancelled:
        stopped = True
    return stopped, train(recipe, folder)


def assert_ends_as(whole: Outcome, outcome: Outcome) -> None:
    assert numbers(outcome.result.history) == numbers(whole.result.history)
    assert outcome.result.best_epoch == whole.result.best_epoch
    assert_equal_weights(outcome.weights, whole.weights)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The training without a stop."""
    return train(small_recipe(*DISTILLED), tmp_path_factory.mktemp("undisturbed"))


# 3 epochs of 6 steps and a validation batch: every check there is, and one beyond.
@pytest.mark.parametrize("check", range(1, 23))
def test_stopped_at_any_batch(check: int, undisturbed: Outcome, tmp_path: Path) -> None:
    stopped, outcome = stopped_and_gone_on(small_recipe(*DISTILLED), tmp_path, check)
    assert stopped == (check <= 21)
    assert_ends_as(undisturbed, outcome)


PACED = (
    "distillation.method=kl",
    "curriculum.order=easy_first",
    "curriculum.difficulty=teacher_true_class",
    "curriculum.pacing=linear",
    "curriculum.pacing_start=0.3",
    "curriculum.pacing_epochs=2",
    "optimisation.schedule=cosine",
    "optimisation.warmup=1",
    "optimisation.augmentation=light",
)


@pytest.fixture(scope="module")
def paced(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Epochs of 7, 14 and 22 images: 2, 4 and 6 steps."""
    return train(small_recipe(*PACED), tmp_path_factory.mktemp("paced"))


# 12 steps and a validation batch after each epoch.
@pytest.mark.parametrize("check", range(1, 17))
def test_stopped_at_any_batch_of_epochs_that_grow(check: int, paced: Outcome, tmp_path: Path) -> None:
    stopped, outcome = stopped_and_gone_on(small_recipe(*PACED), tmp_path, check)
    assert stopped == (check <= 15)
    assert_ends_as(paced, outcome)


def test_other_pixels_under_the_same_names_are_refused(tmp_path: Path) -> None:
    recipe = small_recipe()
    with pytest.raises(Cancelled):
        train(recipe, tmp_path, token=StopAt(9))
    data = small_data()
    changed = replace(data, store=replace(data.store, key="other"))
    with pytest.raises(SkinKDError, match="content of image files has changed"):
        train(recipe, tmp_path, data=changed)


def test_the_same_files_go_on_where_an_older_version_decoded_them_otherwise(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        train(small_recipe(), tmp_path, token=StopAt(9))
    data = small_data()
    decoded_anew = replace(data, store=replace(data.store, key="new", earlier_keys=("older", data.store.key)))
    again = train(small_recipe(), tmp_path, data=decoded_anew)
    assert len(again.result.history) == 3
    assert any(isinstance(event, Notice) and "slightly other pixels" in event.text for event in again.events)


def test_stopped_again_and_again(undisturbed: Outcome, tmp_path: Path) -> None:
    recipe = small_recipe(*DISTILLED)
    stops = 0
    while True:
        try:
            outcome = train(recipe, tmp_path, token=StopAt(4))
            break
        except Cancelled:
            stops += 1
            assert stops < 50
    assert stops >= 5
    assert_ends_as(undisturbed, outcome)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_other_optimizers(optimizer: str, tmp_path: Path) -> None:
    recipe = small_recipe(f"optimisation.optimizer={optimizer}", "optimisation.sampler=shuffle")
    whole = train(recipe, tmp_path / "whole")
    with pytest.raises(Cancelled):
        train(recipe, tmp_path / "parts", token=StopAt(12))
    parts = train(recipe, tmp_path / "parts")
    assert_equal_weights(whole.weights, parts.weights)


def test_a_stop_in_the_middle_is_kept_in_the_middle(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        train(small_recipe(), tmp_path, token=StopAt(11))
    state = CheckpointFolder(tmp_path).load()
    assert (state["epoch"], state["batch"]) == (2, 3)
    assert int(state["sums"][4]) == 12


def test_long_epochs_are_kept_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the middle of an epoch loses no more than the time between two checkpoints."""
    monkeypatch.setattr("core.training.loop._CHECKPOINT_SECONDS", 0.0)

    class Broken(StopAt):
        def check(self) -> None:
            try:
                super().check()
            except Cancelled:
                raise MemoryError from None

    recipe = small_recipe()
    with pytest.raises(MemoryError):
        train(recipe, tmp_path / "parts", token=Broken(11))
    state = CheckpointFolder(tmp_path / "parts").load()
    assert (state["epoch"], state["batch"]) == (2, 3)
    monkeypatch.undo()
    parts = train(recipe, tmp_path / "parts")
    assert_equal_weights(parts.weights, train(recipe, tmp_path / "whole").weights)


def test_another_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        train(small_recipe(), tmp_path, token=StopAt(11))
    with pytest.raises(SkinKDError, match="belongs to another model"):
        train(small_recipe(), tmp_path, model=nn.Sequential(nn.Conv2d(3, 8, 32), nn.Flatten()))


def test_early_stopping_state_survives(tmp_path: Path) -> None:
    recipe = small_recipe("optimisation.patience=2", "optimisation.epochs=12")
    whole = train(recipe, tmp_path / "whole")
    assert 3 <= len(whole.result.history) < 12
    for check in (9, 9):
        with pytest.raises(Cancelled):
            train(recipe, tmp_path / "parts", token=StopAt(check))
    assert numbers(train(recipe, tmp_path / "parts").result.history) == numbers(whole.result.history)
    # A finished training is left as it is.
    assert numbers(train(recipe, tmp_path / "parts").result.history) == numbers(whole.result.history)
