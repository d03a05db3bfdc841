"""A batch that does not fit into the GPU's memory is made in parts, and the step stays the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from core.errors import SkinKDError
from core.events import Event, Level, Notice
from core.training.micro_batches import MicroBatches

from .small_training import Outcome, assert_equal_weights, numbers, small_model, small_recipe, train


class NeedsMemory(nn.Module):
    """Has room for so many images at once while it learns; what it does before it notices stays done."""

    def __init__(self, network: nn.Module, most: int) -> None:
        super().__init__()
        self.network, self.most, self.seen = network, most, list[int]()

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        if self.training and len(images) > self.most:
            raise torch.OutOfMemoryError(f"tried to allocate {len(images)} images")
        if self.training:
            self.seen.append(len(images))
        return logits


def plain_network() -> nn.Module:
    """Neither batch normalisation nor dropout: nothing in it depends on how a batch is cut."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 6, 5, stride=4), nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 8)
        )


METHODS = {
    "plain": (),
    "kl": ("distillation.method=kl", "distillation.alpha=0.4", "distillation.temperature=2.0"),
    "dist": ("distillation.method=dist", "distillation.alpha=0.6"),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_step_in_parts_is_the_whole_step(method: str, optimizer: str, tmp_path: Path) -> None:
    """22 images in batches of 8, 8 and 6; 3 fit: parts of 2, with the losses and weights of whole batches."""
    recipe = small_recipe(*METHODS[method], "optimisation.batch_size=8", f"optimisation.optimizer={optimizer}")
    whole = train(recipe, tmp_path / "whole", model=NeedsMemory(plain_network(), 8))
    small = NeedsMemory(plain_network(), 3)
    parts = train(recipe, tmp_path / "parts", model=small)
    assert max(small.seen) == 2
    for expected, found in zip(whole.result.history, parts.result.history, strict=True):
        assert found.train_loss.total == pytest.approx(expected.train_loss.total, rel=1e-5)
        assert found.train_loss.classification == pytest.approx(expected.train_loss.classification, rel=1e-5)
        if expected.train_loss.distillation is not None:
            assert found.train_loss.distillation == pytest.approx(expected.train_loss.distillation, rel=1e-5)
        assert found.train_accuracy == expected.train_accuracy
        assert found.validation_loss == pytest.approx(expected.validation_loss, rel=1e-4)
    # Adam divides by the gradient's size: where it is next to nothing, rounding decides about the step.
    for name, value in whole.weights.items():
        torch.testing.assert_close(parts.weights[name], value, rtol=1e-3, atol=2e-4)


def test_dist_of_the_parts_would_have_been_another_loss(tmp_path: Path) -> None:
    """The comparison above can fail: batches of 2 give other correlations within the classes than batches of 8."""
    recipe = small_recipe(*METHODS["dist"], "optimisation.epochs=1")
    whole, other = (
        train(
            small_recipe(*METHODS["dist"], "optimisation.epochs=1", f"optimisation.batch_size={size}"),
            tmp_path / str(size),
            model=plain_network(),
        )
        for size in (8, 2)
    )
    assert recipe.distillation.method == "dist"
    assert whole.result.history[0].train_loss.distillation != pytest.approx(
        other.result.history[0].train_loss.distillation, rel=1e-2
    )


def warnings(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice) and event.level is Level.WARNING]


def test_it_is_said_once_and_found_once(tmp_path: Path) -> None:
    model = NeedsMemory(small_model(), 4)
    outcome = train(small_recipe("optimisation.batch_size=8"), tmp_path, model=model)
    (said,) = warnings(outcome.events)
    assert "A batch of 8 images does not fit" in said
    assert "at most 4" in said
    assert "Batch normalisation" in said
    assert warnings(train(small_recipe(), tmp_path / "fits").events) == []


@pytest.mark.parametrize("method", METHODS)
def test_a_failed_attempt_leaves_no_trace_in_the_running_statistics(method: str, tmp_path: Path) -> None:
    """The network notices at its end that the batch was too large, when its statistics have moved already."""
    recipe = small_recipe(*METHODS[method], "optimisation.batch_size=8", "optimisation.epochs=1")
    found = NeedsMemory(small_model(), 4)
    train(recipe, tmp_path / "found", model=found)
    moved = found.network.get_submodule("1").num_batches_tracked
    assert int(moved) == 6  # three steps of two parts: not the failed one, nor DIST's first pass


def test_stopped_and_gone_on_with_ends_the_same(tmp_path: Path) -> None:
    from core.errors import Cancelled

    from .small_training import StopAt

    recipe = small_recipe(*METHODS["dist"], "optimisation.batch_size=8")

    def go(folder: str, token: StopAt | None = None) -> Outcome:
        return train(recipe, tmp_path / folder, model=NeedsMemory(small_model(), 4), token=token)

    with pytest.raises(Cancelled):
        go("parts", StopAt(6))
    parts, whole = go("parts"), go("whole")
    assert_equal_weights(parts.weights, whole.weights)
    assert numbers(parts.result.history) == numbers(whole.result.history)


def test_not_even_the_smallest_part_fits(tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="Not even 2 images at once fit"):
        train(small_recipe(), tmp_path, model=NeedsMemory(small_model(), 1))
    with pytest.raises(SkinKDError, match="Not even 1 image at once fit"):
        train(small_recipe(), tmp_path, model=NeedsMemory(plain_network(), 0))


@pytest.mark.parametrize("batch", [1, 2, 5, 7, 31, 32])
def test_several_processes_cut_their_images_into_as_many_parts_each(batch: int) -> None:
    """In each part they exchange statistics: with one part more in one of them, that one would wait for ever."""
    for processes in (2, 3, 4):
        counts = [batch // processes + (rank < batch % processes) for rank in range(processes)]
        for most in (None, 1, 2, 3, 8):
            numbers = set()
            for images in counts:
                micro = MicroBatches(plain_network(), lambda event: None)
                micro.most = most
                parts = micro.run(images, lambda parts: parts, counts[0])
                assert [index for part in parts for index in range(part.start, part.stop)] == list(range(images))
                numbers.add(len(parts))
            assert len(numbers) == 1


@pytest.mark.parametrize("images", range(2, 34))
def test_parts_cover_the_batch_and_none_is_a_single_image(images: int) -> None:
    for most in range(2, 34):
        micro = MicroBatches(small_model(), lambda event: None)
        micro.most = most
        parts = micro.run(images, lambda parts: parts)
        assert [index for part in parts for index in range(part.start, part.stop)] == list(range(images))
        sizes = [part.stop - part.start for part in parts]
        assert min(sizes) >= 2
        assert max(sizes) <= max(most, 3)  # three images are not cut where one alone can not be normalised
        assert max(sizes) - min(sizes) <= 1
