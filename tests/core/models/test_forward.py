from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.classes import CLASS_SETS
from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, Event, Phase, Progress
from core.models.factory import create_model, train_mode
from core.models.forward import forward_logits
from core.models.info import Preprocessing
from core.models.preprocessing import normalise

from .images import Images

ISIC2019 = CLASS_SETS["isic2019"]

SMALL = Preprocessing(32, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


class MeanColours(nn.Module):
    """Answers with what it sees: the mean of each channel, padded to 8 logits."""

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.pad(images.mean(dim=(2, 3)), (0, 5))


def test_results_are_in_the_order_of_the_indices_with_repeats() -> None:
    images = Images()
    indices = np.array([7, 0, 7, 11, 3], np.int64)
    logits = forward_logits(MeanColours(), SMALL, images, indices, device="cpu", batch_size=2)
    expected = (images.pixels[indices].mean(axis=(1, 2)) / 255 - 0.5) / 0.5
    assert logits.dtype == np.float32
    assert logits.shape == (5, 8)
    np.testing.assert_allclose(logits[:, :3], expected, atol=1e-5)


def test_a_real_network_answers_as_in_one_plain_pass() -> None:
    loaded = create_model("test_resnet", weights="none", image_size=32, classes=ISIC2019)
    images = Images(9)
    batch = torch.from_numpy(images.pixels)
    with torch.no_grad():
        expected = loaded.model.eval()(normalise(batch, loaded.preprocessing))
    every = np.arange(9)
    for size in (0, 1, 4, 9):
        logits = forward_logits(loaded.model, loaded.preprocessing, images, every, device="cpu", batch_size=size)
        np.testing.assert_allclose(logits, expected.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("precision", ["bf16", "16"])
def test_lower_precision_is_near_and_comes_back_as_float32(precision: str) -> None:
    loaded = create_model("test_resnet", weights="none", image_size=32, classes=ISIC2019)
    images, every = Images(4), np.arange(4)
    full = forward_logits(loaded.model, loaded.preprocessing, images, every, device="cpu")
    low = forward_logits(loaded.model, loaded.preprocessing, images, every, device="cpu", precision=precision)
    assert low.dtype == np.float32
    assert np.abs(low - full).max() > 0
    np.testing.assert_allclose(low, full, atol=0.05 * np.abs(full).max())


def test_every_layer_keeps_its_mode_and_the_model_still_learns() -> None:
    loaded = create_model("test_vit", weights="none", image_size=64, freeze=0.5, classes=ISIC2019)
    model = train_mode(loaded.model)
    next(model.children()).eval()
    before = [module.training for module in model.modules()]
    forward_logits(model, loaded.preprocessing, Images(3, 64), np.arange(3), device="cpu")
    assert [module.training for module in model.modules()] == before
    model(torch.rand(2, 3, 64, 64)).sum().backward()


def test_statistics_of_a_training_model_are_not_touched() -> None:
    loaded = create_model("test_resnet", weights="none", image_size=32, classes=ISIC2019)
    state = {name: value.clone() for name, value in loaded.model.train().state_dict().items()}
    forward_logits(loaded.model, loaded.preprocessing, Images(), np.arange(12), device="cpu")
    assert all(torch.equal(value, state[name]) for name, value in loaded.model.state_dict().items())


def test_a_callable_may_give_tensors() -> None:
    images = Images()
    every = np.arange(12)
    by_call = forward_logits(
        MeanColours(), SMALL, lambda indices: torch.from_numpy(images.pixels[indices]), every, device="cpu"
    )
    np.testing.assert_array_equal(by_call, forward_logits(MeanColours(), SMALL, images, every, device="cpu"))


def test_nothing_to_answer_is_no_error() -> None:
    assert len(forward_logits(MeanColours(), SMALL, Images(), np.array([], np.int64), device="cpu")) == 0


def test_progress_counts_images_under_the_callers_phase() -> None:
    events: list[Event] = []
    forward_logits(
        MeanColours(),
        SMALL,
        Images(),
        np.arange(12),
        device="cpu",
        batch_size=5,
        emit=events.append,
        phase=Phase.VALIDATING,
    )
    progress = [event for event in events if isinstance(event, Progress)]
    assert {event.phase for event in progress} == {Phase.VALIDATING}
    assert progress[0].done == 0
    assert (progress[-1].done, progress[-1].total) == (12, 12)


def test_cancelling_stops_before_the_next_batch() -> None:
    source = CancelSource()
    images = Images()

    def gather(indices: np.ndarray) -> np.ndarray:
        source.cancel()
        return images.gather(indices)

    with pytest.raises(Cancelled):
        forward_logits(MeanColours(), SMALL, gather, np.arange(12), device="cpu", batch_size=4, token=source.token)
    assert images.reads == [0, 1, 2, 3]


class NeedsMemory(MeanColours):
    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.seen: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        if len(images) > self.most:
            raise torch.OutOfMemoryError("too much")
        self.seen.append(len(images))
        return super().forward(images)


def test_batches_shrink_until_they_fit_the_memory() -> None:
    model, images, every = NeedsMemory(2), Images(7), np.arange(7)
    logits = forward_logits(model, SMALL, images, every, device="cpu", batch_size=8)
    assert model.seen == [2, 2, 2, 1]
    np.testing.assert_array_equal(logits, forward_logits(MeanColours(), SMALL, images, every, device="cpu"))


def test_one_image_too_many_is_an_error_with_advice() -> None:
    with pytest.raises(SkinKDError, match="too little memory"):
        forward_logits(NeedsMemory(0), SMALL, Images(), np.arange(3), device="cpu")


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(SkinKDError, match=r"expects images of 32 x 32 .* decoded to 64 x 64"):
        forward_logits(MeanColours(), SMALL, Images(size=64), np.arange(3), device="cpu")


def test_unknown_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="auto"):
        forward_logits(MeanColours(), SMALL, Images(), np.arange(3), device="cpu", precision="auto")
