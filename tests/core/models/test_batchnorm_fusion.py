"""A folded network answers as the original does, and gives way to it where folding does not hold."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from core.classes import CLASS_SETS
from core.models.batchnorm_fusion import fuse_batchnorm
from core.models.factory import create_model

from ..training.small_training import assert_equal_weights

ISIC2019 = CLASS_SETS["isic2019"]


def learned(model: nn.Module) -> nn.Module:
    """With statistics, scales and shifts as training leaves them: none of them neutral."""
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.weight.data, module.running_var):
                assert values is not None
                values.copy_(torch.rand(values.shape, generator=generator) + 0.5)
            for values in (module.bias.data, module.running_mean):
                assert values is not None
                values.copy_(torch.randn(values.shape, generator=generator) * 0.3)
    return model


def norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


@pytest.mark.parametrize("architecture", ["test_resnet", "test_efficientnet", "mobilenetv2_050", "test_vit"])
def test_it_answers_as_the_original(architecture: str) -> None:
    size = 160 if architecture == "test_vit" else 64
    model = learned(create_model(architecture, weights="none", image_size=size, classes=ISIC2019).model).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = fuse_batchnorm(model, size)
    assert norms(found) == 0
    images = torch.rand(3, 3, size, size, generator=torch.Generator().manual_seed(1))
    assert_equal_weights(dict(model.state_dict()), before)  # the original is not touched, and stays in its mode
    assert model.training
    with torch.no_grad():
        expected = model.eval()(images)
        torch.testing.assert_close(found(images), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


class Tangled(nn.Module):
    """A convolution that is used twice, and one whose output goes two ways."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.other = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.BatchNorm2d(3)
        self.fork, self.last = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, images: Tensor) -> Tensor:
        twice = self.other(self.first(self.norm(self.first(images))))
        forked = self.fork(twice)
        return (self.last(forked) + forked).mean(dim=(2, 3))  # type: ignore[no-any-return]


def test_what_can_not_be_folded_is_left() -> None:
    model = learned(Tangled()).eval()
    images = torch.rand(2, 3, 8, 8)
    assert torch.equal(fuse_batchnorm(model, 8)(images), model(images))


def test_the_random_state_is_left_alone() -> None:
    model = create_model("test_resnet", weights="none", image_size=32, classes=ISIC2019).model
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    fuse_batchnorm(model, 32)
    assert torch.equal(torch.rand(2), expected)
