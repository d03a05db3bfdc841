"""Logits and features from one pass: to the bit what the network itself does, with gradient, in training too."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from core.classes import CLASS_SETS
from core.models.factory import create_model
from core.models.outputs import WithFeatures, feature_dim, forward_both

ISIC2019 = CLASS_SETS["isic2019"]

FAMILIES = (
    "test_byobnet",
    "test_convnext",
    "test_efficientnet",
    "test_mambaout",
    "test_nfnet",
    "test_resnet",
    "test_vit",
    "mobilenetv2_035",
    "mobilenetv3_small_050",
    "mobilenetv4_conv_small_035",
    "ghostnet_050",
    "regnetx_002",
    "resnetv2_50",  # its last layer is a convolution
)
IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def network(architecture: str) -> nn.Module:
    model = create_model(architecture, weights="none", image_size=64, classes=ISIC2019).model
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def weight_of(model: nn.Module) -> Tensor:
    weight = model.get_classifier().weight  # type: ignore[operator]
    assert isinstance(weight, Tensor)
    return weight


@pytest.mark.parametrize("architecture", FAMILIES)
@pytest.mark.parametrize("training", [False, True])
def test_logits_are_the_networks_own_to_the_bit(architecture: str, training: bool) -> None:
    model = network(architecture).train(training)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(1)
        expected = model(IMAGES)
        torch.manual_seed(1)  # dropout draws the same
        logits, features = forward_both(model, IMAGES)
    assert torch.equal(logits, expected)
    assert features is not None
    assert features.shape == (2, feature_dim(model, 64))
    assert features.std() > 0


@pytest.mark.parametrize("architecture", ["test_resnet", "resnetv2_50", "test_vit"])
def test_features_are_what_the_last_layer_was_given_and_carry_gradients(architecture: str) -> None:
    model = network(architecture).eval()
    logits, features = forward_both(model, IMAGES)
    assert features is not None
    weight = weight_of(model).flatten(1)
    bias = model.get_classifier().bias  # type: ignore[operator]
    torch.testing.assert_close(features @ weight.T + bias, logits)
    features.square().sum().backward()
    assert weight_of(model).grad is None  # it lies behind the features
    assert sum(parameter.grad is not None for parameter in model.parameters()) > 2


def test_a_compiler_sees_one_graph_with_both() -> None:
    model = network("test_resnet").eval()
    whole = torch.compile(WithFeatures(model, 64), backend="eager", fullgraph=True)(IMAGES)
    for found, expected in zip(whole, forward_both(model, IMAGES), strict=True):
        assert expected is not None
        torch.testing.assert_close(found, expected)


def test_looking_at_a_network_leaves_no_trace() -> None:
    model = network("test_resnet").train()
    model.get_submodule("layer1").eval()
    modes = [module.training for module in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    assert feature_dim(model, 64) == 96
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert list(WithFeatures(model, 64).parameters()) == list(model.parameters())


class TwoHeads(nn.Module):
    """Like a distilled transformer: no single layer makes the logits."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 8), nn.Linear(3, 8)

    def get_classifier(self) -> tuple[nn.Module, nn.Module]:
        return self.first, self.second

    def forward(self, images: Tensor) -> Tensor:
        means = images.mean(dim=(2, 3))
        logits: Tensor = (self.first(means) + self.second(means)) / 2
        return logits


class Uncut(TwoHeads):
    """One last layer, but no way to stop in front of it."""

    def get_classifier(self) -> nn.Module:  # type: ignore[override]
        return self.first


class NormBehind(Uncut):
    """timm's way, but a normalisation lies between the pooled features and the last layer, as in SHViT."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)

    def forward_features(self, images: Tensor) -> Tensor:
        return images

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        means = maps.mean(dim=(2, 3))
        return means if pre_logits else self.first(self.norm(means))

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images))


@pytest.mark.parametrize("model", [TwoHeads(), Uncut(), NormBehind(), nn.AdaptiveAvgPool2d(1)])
def test_networks_that_can_not_be_halved_give_logits_alone(model: nn.Module) -> None:
    logits, features = forward_both(model.eval(), IMAGES)
    assert features is None
    assert feature_dim(model, 64) is None
    assert torch.equal(logits, model(IMAGES))
    with pytest.raises(ValueError, match="halved"):
        WithFeatures(model, 64)


def test_shvit_does_more_behind_its_features() -> None:
    """timm's own network of that kind: its logits stay its own."""
    model = network("shvit_s1").eval()
    with torch.no_grad():
        logits, features = forward_both(model, IMAGES)
        assert torch.equal(logits, model(IMAGES))
    assert features is None
