from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from core.classes import CLASS_SETS
from core.models.batchnorm_fusion import fuse_batchnorm
from core.models.factory import create_model
from core.models.outputs import forward_both

ISIC2019 = CLASS_SETS["isic2019"]

SIZE = 64


def trained(architecture: str) -> nn.Module:
    """A network whose normalisations have seen images: their figures are no longer 0 and 1."""
    torch.manual_seed(0)
    model = create_model(architecture, weights="none", image_size=SIZE, classes=ISIC2019).model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(4, 3, SIZE, SIZE))
    return model.eval()


def norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


@pytest.mark.parametrize(
    "architecture", ["mobilenetv2_050", "test_efficientnet", "test_resnet", "resnet18", "tf_efficientnet_b0"]
)
def test_without_its_normalisations_a_network_answers_the_same(architecture: str) -> None:
    model = trained(architecture)
    answering = fuse_batchnorm(model, SIZE)
    assert norms(model) > 0
    assert norms(answering) == 0
    images = torch.from_numpy(np.random.default_rng(1).normal(size=(3, 3, SIZE, SIZE)).astype(np.float32))
    with torch.no_grad():
        for expected, found in zip(forward_both(model, images), forward_both(answering, images), strict=True):
            assert expected is not None
            assert found is not None
            assert expected.std() > 0
            torch.testing.assert_close(found, expected, rtol=0.0, atol=1e-4 * float(expected.abs().max()))


def test_the_network_itself_stays_as_it_is_and_no_random_number_is_drawn() -> None:
    model = trained("test_efficientnet")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    fuse_batchnorm(model, SIZE)
    assert torch.equal(torch.get_rng_state(), state)
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("architecture", ["test_vit", "test_convnext"])
def test_a_network_without_normalisations_to_fold_answers_to_the_bit(architecture: str) -> None:
    model = create_model(architecture, weights="none", image_size=SIZE, classes=ISIC2019).model.eval()
    images = torch.randn(2, 3, SIZE, SIZE)
    with torch.no_grad():
        assert torch.equal(fuse_batchnorm(model, SIZE)(images), model(images))


class _Odd(nn.Module):
    """Networks that only look as if they could be folded."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norm, self.head = nn.BatchNorm2d(4), nn.Linear(4, 8)
        nn.init.constant_(self.norm.weight, 3.0)

    def get_classifier(self) -> nn.Module:
        return self.head

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.first(images)
        if self.kind == "used beside":
            maps = maps + self.norm(maps)
        elif self.kind == "called twice":
            maps = self.norm(self.second(self.second(maps)))
        else:
            maps = self.norm(torch.relu(maps))
        answer: torch.Tensor = self.head(maps.mean(dim=(2, 3)))
        return answer


@pytest.mark.parametrize("kind", ["used beside", "called twice", "not next"])
def test_what_can_not_be_folded_is_not(kind: str) -> None:
    model = _Odd(kind).eval()
    images = torch.randn(2, 3, SIZE, SIZE)
    answering = fuse_batchnorm(model, SIZE)
    assert norms(answering) == 1
    with torch.no_grad():
        assert torch.equal(answering(images), model(images))
