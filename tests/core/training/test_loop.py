"""The training loop: the paper's step, early stopping, reports, and what goes wrong."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from core.data.sampling import epoch_order
from core.errors import Cancelled, SkinKDError
from core.events import BatchFinished, CancelSource, EpochFinished, EpochRecord, Notice
from core.models.preprocessing import normalise
from core.teachers.sources import StoredTeacher
from core.teachers.stored_outputs import StoredOutputs
from core.training.batches import FitData, epoch_indices
from core.training.checkpoint import CheckpointFolder
from core.training.compiling import UNRECORDED, Compilation
from core.training.divergence import TrainingDivergedError
from core.training.loop import Observer
from core.training.optimisation import step_seed
from core.training.plan import batch_count

from .small_training import (
    PREPROCESSING,
    StopAt,
    assert_equal_weights,
    numbers,
    small_data,
    small_model,
    small_recipe,
    train,
)


@pytest.fixture
def every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every step be reported."""
    monkeypatch.setattr("core.training.meter._REPORT_SECONDS", 0.0)


@pytest.mark.usefixtures("every_batch")
def test_first_steps_equal_a_plain_loop(tmp_path: Path) -> None:
    """Adam with L2 decay on alpha * KL(student || teacher) + (1 - alpha) * CE, written out by hand."""
    recipe = small_recipe(
        "distillation.method=kl", "distillation.alpha=0.3", "optimisation.weight_decay=0.1", "optimisation.epochs=1"
    )
    data, model = small_data(), small_model()
    labels = data.store.labels
    order = data.train[epoch_order(labels[data.train], sampler="weighted", seed=0, epoch=1)]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.1)
    expected = []
    for batch in range(3):
        chosen = order[batch * 4 : batch * 4 + 4]
        pixels = data.store.images[chosen].astype(np.float32) / 255
        inputs = (pixels - np.float32(PREPROCESSING.mean)) / np.float32(PREPROCESSING.std)
        torch.manual_seed(step_seed(0, 1, batch))
        student = model(torch.from_numpy(inputs).permute(0, 3, 1, 2))  # as the loop: channels last in memory
        p, q = student.softmax(1), torch.from_numpy(data.teacher_logits[0][chosen]).softmax(1)
        divergence = (p * (p / q).log()).sum(1).mean()
        entropy = functional.cross_entropy(student, torch.from_numpy(labels[chosen]))
        loss = 0.3 * divergence + 0.7 * entropy
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected.append((loss.item(), entropy.item(), divergence.item()))
    steps = [event for event in train(recipe, tmp_path).events if isinstance(event, BatchFinished)]
    found = [(step.loss.total, step.loss.classification, step.loss.distillation) for step in steps[:3]]
    assert [values for triple in found for values in triple] == pytest.approx(
        [value for triple in expected for value in triple], rel=2e-5
    )


def test_same_seed_same_numbers_and_another_seed_others(tmp_path: Path) -> None:
    first = train(small_recipe(), tmp_path / "a")
    second = train(small_recipe(), tmp_path / "b")
    third = train(small_recipe("optimisation.seed=1"), tmp_path / "c")
    assert_equal_weights(first.weights, second.weights)
    assert numbers(first.result.history) == numbers(second.result.history)
    assert numbers(first.result.history) != numbers(third.result.history)


def test_the_global_random_state_is_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train(small_recipe("optimisation.epochs=1"), tmp_path)
    assert torch.equal(torch.rand(3), expected)


def test_best_epoch_is_kept_and_patience_ends_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watched accuracy is 0.2, 0.6, 0.6, 0.1: the second epoch is best and two more are waited for."""
    watched = iter([0.2, 0.6, 0.6, 0.1, 0.9])
    states: list[dict[str, torch.Tensor]] = []
    model = small_model()

    class Fixed:
        balanced_accuracy = weighted_f1 = 0.0

        def __init__(self) -> None:
            self.accuracy = next(watched)
            states.append({name: value.clone() for name, value in model.state_dict().items()})

    from . import small_training

    monkeypatch.setattr(small_training, "score", lambda labels, logits, classes: Fixed())
    outcome = train(small_recipe("optimisation.epochs=9", "optimisation.patience=2"), tmp_path, model=model)
    assert len(outcome.result.history) == 4
    assert outcome.result.best_epoch == 2
    assert [record.best for record in outcome.result.history] == [True, True, False, False]
    assert_equal_weights(outcome.weights, states[1])
    ends = [event for event in outcome.events if isinstance(event, EpochFinished)]
    assert [event.patience_left for event in ends] == [2, 2, 1, 0]


@pytest.mark.parametrize(("images", "batches"), [(8, 2), (9, 2), (10, 3), (4, 1), (5, 1), (2, 1)])
def test_last_short_batch_counts_unless_it_is_one_image(images: int, batches: int) -> None:
    assert batch_count(images, 4) == batches


def test_an_epoch_of_nine_trains_on_eight(tmp_path: Path) -> None:
    data = small_data(train=9)
    outcome = train(small_recipe("optimisation.epochs=1"), tmp_path, data=data)
    assert outcome.result.history[0].train_accuracy * 8 == pytest.approx(
        round(outcome.result.history[0].train_accuracy * 8), abs=1e-9
    )


def test_curriculum_shows_the_drawn_images_by_falling_confidence() -> None:
    data = small_data()
    drawn = epoch_indices(data, small_recipe(), 2)
    ordered = epoch_indices(data, small_recipe("curriculum.order=easy_first"), 2)
    assert sorted(drawn) == sorted(ordered)
    exponents = np.exp(data.teacher_logits[0][ordered].astype(np.float64))
    confidence = exponents.max(axis=1) / exponents.sum(axis=1)
    assert (np.diff(confidence) <= 1e-12).all()
    assert epoch_indices(data, small_recipe("curriculum.order=easy_first", "task=teacher"), 2).tolist() == (
        drawn.tolist()
    )


@pytest.mark.parametrize("pacing", ["all", "linear"])
@pytest.mark.parametrize("redraw", ["each_epoch", "once"])
def test_the_random_control_shows_as_many_and_as_they_were_drawn(pacing: str, redraw: str) -> None:
    """Same epochs, another order; `once` gives every epoch the images of the first draw, `each_epoch` its own."""
    data, common = small_data(), [f"curriculum.pacing={pacing}", f"curriculum.redraw={redraw}"]
    sorted_, random = (small_recipe(*common, f"curriculum.order={order}") for order in ("easy_first", "random"))
    sizes = [len(epoch_indices(data, sorted_, epoch)) for epoch in range(1, 13)]
    assert sizes == [len(epoch_indices(data, random, epoch)) for epoch in range(1, 13)]
    assert sizes[-1] == 22
    assert (sizes[0] < 22) == (pacing == "linear")
    for epoch in (11, 12):
        drawn = sorted(epoch_indices(data, small_recipe(), 1 if redraw == "once" else epoch))
        assert sorted(epoch_indices(data, random, epoch)) == drawn
        assert sorted(epoch_indices(data, sorted_, epoch)) == drawn


def test_the_learner_is_told_the_steps_of_all_epochs_to_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """2, 4 and 6 steps; stopped within the second epoch, 9 of the 12 are left."""
    told: list[int] = []

    def prepare(learner: object, images: object, steps: int, known: object) -> Compilation:
        told.append(steps)
        return UNRECORDED

    monkeypatch.setattr("core.training.step.Learner.prepare", prepare)
    recipe = small_recipe("curriculum.pacing=linear", "curriculum.pacing_start=0.3", "curriculum.pacing_epochs=2")
    with pytest.raises(Cancelled):
        train(recipe, tmp_path, token=StopAt(5))
    assert CheckpointFolder(tmp_path).load()["batch"] == 1
    train(recipe, tmp_path)
    assert told == [12, 9]


@pytest.mark.usefixtures("every_batch")
def test_epochs_that_grow_are_reported_by_their_own_length(tmp_path: Path) -> None:
    recipe = small_recipe("curriculum.pacing=linear", "curriculum.pacing_start=0.3", "curriculum.pacing_epochs=2")
    outcome = train(recipe, tmp_path)
    steps = [event for event in outcome.events if isinstance(event, BatchFinished)]
    found = [(step.epoch, step.batch, step.batches) for step in steps]
    assert found == [(epoch, batch, of) for epoch, of in ((1, 2), (2, 4), (3, 6)) for batch in range(1, of + 1)]
    assert [event.seconds_left == 0 for event in outcome.events if isinstance(event, EpochFinished)] == [
        False,
        False,
        True,
    ]


@pytest.mark.usefixtures("every_batch")
def test_reports_add_up(tmp_path: Path) -> None:
    outcome = train(small_recipe("distillation.method=dist", "distillation.alpha=0.5"), tmp_path)
    steps = [event for event in outcome.events if isinstance(event, BatchFinished) and event.epoch == 2]
    assert [step.batch for step in steps] == [1, 2, 3, 4, 5, 6]
    assert {(step.batches, step.epochs) for step in steps} == {(6, 3)}
    sizes = [4, 4, 4, 4, 4, 2]
    mean = sum(step.loss.total * size for step, size in zip(steps, sizes, strict=True)) / sum(sizes)
    record = outcome.result.history[1]
    assert record.train_loss.total == pytest.approx(mean)
    assert record.train_loss.distillation is not None
    assert record.train_loss.total == pytest.approx(
        0.5 * record.train_loss.distillation + 0.5 * record.train_loss.classification
    )


def test_few_reports_a_second(tmp_path: Path) -> None:
    outcome = train(small_recipe(), tmp_path)
    seconds = sum(record.seconds for record in outcome.result.history)
    steps = [event for event in outcome.events if isinstance(event, BatchFinished)]
    assert 1 <= len(steps) <= 2 + seconds * 4


def test_frozen_layers_stay_as_they_are(tmp_path: Path) -> None:
    model = small_model()
    assert isinstance(model, nn.Sequential)
    for layer in model[:2]:
        layer.requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    outcome = train(small_recipe(), tmp_path, model=model)
    for name, value in outcome.weights.items():
        assert torch.equal(value, before[name]) == name.startswith(("0.", "1.")), name


def test_a_loss_that_is_no_number_keeps_the_last_good_epoch(tmp_path: Path) -> None:
    model = small_model()

    class Spoil(Observer):
        def epoch_finished(self, history: tuple[EpochRecord, ...]) -> None:
            if history[-1].epoch == 2:
                with torch.no_grad():
                    next(model.parameters()).fill_(float("nan"))

    with pytest.raises(TrainingDivergedError, match="epoch 3") as caught:
        train(small_recipe("optimisation.epochs=5"), tmp_path, model=model, observer=Spoil())
    assert "after epoch 2 is kept" in caught.value.summary
    state = CheckpointFolder(tmp_path).load()
    assert (state["epoch"], state["batch"]) == (3, 0)
    assert all(torch.isfinite(value).all() for value in state["model"].values())


class Spoilt(torch.autograd.Function):
    """Passes logits on, and sends no numbers back: the loss is fine, the weights after the step are not."""

    @staticmethod
    def forward(context: object, logits: torch.Tensor) -> torch.Tensor:
        return logits.clone()

    @staticmethod
    def backward(context: object, gradient: torch.Tensor) -> torch.Tensor:
        return gradient * float("nan")


class SpoiltAt(nn.Module):
    """A network that learns nonsense, or answers it, in its n-th training step (from 1)."""

    def __init__(self, step: int, *, backward: bool) -> None:
        super().__init__()
        self.network, self.left, self.backwards = small_model(), step, backward

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(images)
        self.left -= self.training
        if self.left or not self.training:
            return logits
        return Spoilt.apply(logits) if self.backwards else logits * float("nan")  # type: ignore[no-any-return]


@pytest.mark.usefixtures("every_batch")
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("step", [8, 12])
def test_one_bad_step_ends_the_training_and_says_where(step: int, backward: bool, tmp_path: Path) -> None:
    """Steps 8 and 12 are the second and the last of epoch 2; a spoilt gradient shows one step later, or at the end."""
    with pytest.raises(TrainingDivergedError, match="epoch 2") as caught:
        train(small_recipe(), tmp_path, model=SpoiltAt(step, backward=backward))
    seen = {(8, False): "batch 2 of 6", (8, True): "batch 3 of 6", (12, False): "batch 6 of 6"}
    assert seen.get((step, backward), "validation") in caught.value.details
    state = CheckpointFolder(tmp_path).load()
    assert (state["epoch"], state["batch"]) == (2, 0)
    again = train(small_recipe(), tmp_path, model=SpoiltAt(0, backward=False))
    assert_equal_weights(
        again.weights, train(small_recipe(), tmp_path / "never", model=SpoiltAt(0, backward=False)).weights
    )


def test_weights_that_are_no_numbers_are_never_kept(tmp_path: Path) -> None:
    """Stopped right behind the step whose loss was a number and whose gradient was not."""
    with pytest.raises(TrainingDivergedError):
        train(small_recipe(), tmp_path, model=SpoiltAt(8, backward=True), token=StopAt(10))
    state = CheckpointFolder(tmp_path).load()
    assert (state["epoch"], state["batch"]) == (2, 0)


@pytest.mark.timeout(60)
def test_pause_keeps_a_checkpoint_and_goes_on(tmp_path: Path) -> None:
    """Paused during the second epoch by its own report; resumed from another thread."""
    source = CancelSource()
    said: list[bool] = []

    class Watcher(Observer):
        def epoch_finished(self, history: tuple[EpochRecord, ...]) -> None:
            if history[-1].epoch == 1:
                source.pause()

        def paused(self, waiting: bool) -> None:
            said.append(waiting)
            if waiting:
                assert CheckpointFolder(tmp_path / "paused").load()["epoch"] == 2
                threading.Timer(0.05, source.resume).start()

    outcome = train(small_recipe(), tmp_path / "paused", token=source.token, observer=Watcher())
    assert said == [True, False]
    undisturbed = train(small_recipe(), tmp_path / "undisturbed")
    assert_equal_weights(outcome.weights, undisturbed.weights)


@pytest.mark.timeout(60)
def test_time_spent_waiting_does_not_count(tmp_path: Path) -> None:
    """Stopped while paused: the seconds of the epoch do not hold the pause."""
    source = CancelSource()

    class Watcher(Observer):
        def epoch_finished(self, history: tuple[EpochRecord, ...]) -> None:
            source.pause()

        def paused(self, waiting: bool) -> None:
            threading.Timer(1.0, source.cancel).start()

    with pytest.raises(Cancelled):
        train(small_recipe(), tmp_path, token=source.token, observer=Watcher())
    state = CheckpointFolder(tmp_path).load()
    assert (state["epoch"], state["batch"]) == (2, 0)
    assert state["seconds"] < 0.9


def test_other_data_than_the_checkpoints_is_refused(tmp_path: Path) -> None:
    train(small_recipe("optimisation.epochs=1"), tmp_path)
    with pytest.raises(SkinKDError, match="belongs to other data"):
        train(small_recipe(), tmp_path, data=small_data(train=18))


def test_too_few_images_and_a_silent_teacher(tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="Too few images"):
        train(small_recipe(), tmp_path, data=small_data(train=1))
    data = small_data()
    nothing = StoredTeacher(StoredOutputs(np.full_like(data.teacher_logits, np.inf)))
    silent = FitData(data.store, data.train, data.validation, (nothing,))
    with pytest.raises(SkinKDError, match="teacher gives no numbers"):
        train(small_recipe("distillation.method=kl"), tmp_path, data=silent)


def test_a_teachers_recipe_ignores_distillation(tmp_path: Path) -> None:
    """The paper preset names KL also where the teacher itself is trained."""
    recipe = small_recipe("task=teacher", "distillation.method=kl", "optimisation.epochs=1")
    outcome = train(recipe, tmp_path)
    assert outcome.result.history[0].train_loss.distillation is None


def test_bf16_on_the_cpu_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from . import small_training

    monkeypatch.setattr(small_training, "CPU", replace(small_training.CPU, precision="bf16"))
    outcome = train(small_recipe("optimisation.epochs=1"), tmp_path)
    assert np.isfinite(outcome.result.history[0].train_loss.total)
    assert {value.dtype for value in outcome.weights.values()} == {torch.float32, torch.int64}


def test_fabric_keeps_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(small_recipe("optimisation.epochs=1"), tmp_path)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""
    assert logging.getLogger("lightning_fabric").level == logging.ERROR


def test_going_on_is_said(tmp_path: Path) -> None:
    train(small_recipe("optimisation.epochs=1"), tmp_path)
    outcome = train(small_recipe("optimisation.epochs=2"), tmp_path)
    assert any(isinstance(event, Notice) and "Going on from epoch 2" in event.text for event in outcome.events)
    assert len(outcome.result.history) == 2


def test_inputs_are_normalised_as_the_plain_loop_does() -> None:
    batch = torch.from_numpy(small_data().store.images[:2].copy())
    assert normalise(batch, PREPROCESSING).shape == (2, 3, 32, 32)
