"""Where images are mixed, labels and teachers' outputs are mixed with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.data.augmentation.mixtures import MIXTURES
from core.models.preprocessing import normalise
from core.training.step import Learner, MixedLabels, StepInput

from .small_training import CPU, PREPROCESSING, small_data, small_model, small_recipe, train

KL = ("distillation.method=kl", "distillation.alpha=0.25", "optimisation.epochs=1")


@pytest.mark.parametrize("name", [name for name in MIXTURES if name != "none"])
def test_labels_and_stored_outputs_are_those_of_the_mixed_images(
    name: str, steps: list[StepInput], tmp_path: Path
) -> None:
    data, mixing = small_data(), (f"optimisation.mixture={name}", "optimisation.mixture_steps=1")
    train(small_recipe(*KL), tmp_path / "plain", data=data)
    plain = list(steps)
    steps.clear()
    train(small_recipe(*KL, *mixing), tmp_path / "mixed", data=data)
    assert len(steps) == len(plain)
    for own, mixed in zip(plain, steps, strict=True):
        assert mixed.mixed is not None
        torch.testing.assert_close(mixed.labels, own.labels)
        order = (np.arange(len(own.labels)) + len(own.labels) // 2) % len(own.labels)
        assert mixed.mixed.partners.tolist() == own.labels[order].tolist()
        share = mixed.mixed.share
        expected = share * own.teachers[0].logits + (1 - share) * own.teachers[0].logits[order]
        torch.testing.assert_close(mixed.teachers[0].logits, expected)
        assert not torch.equal(mixed.images, own.images) or share > 0.98


@pytest.mark.parametrize("most", [None, 2])
def test_the_loss_of_two_labels_is_the_mean_of_both(most: int | None) -> None:
    """Also where a batch is made in parts."""
    model = small_model().eval()  # without dropout the losses below are of the same network
    images = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    labels, partners = torch.tensor([0, 1, 2, 3]), torch.tensor([3, 3, 0, 1])
    logits = model(normalise(images, PREPROCESSING)).detach()
    learner = Learner(model, PREPROCESSING, small_recipe(), CPU, lambda event: None)
    learner._parts.most = most
    learner.step(StepInput(images, labels, (), (), 1, 1e-6, 7, MixedLabels(partners, 0.75)))
    own, other = (torch.nn.functional.cross_entropy(logits, found) for found in (labels, partners))
    assert learner.read_sums()[0] / 4 == pytest.approx(float(0.75 * own + 0.25 * other), rel=1e-5)
    assert float(own) != pytest.approx(float(other), rel=1e-2)
