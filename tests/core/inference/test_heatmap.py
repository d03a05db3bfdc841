from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from numpy.typing import NDArray
from torch import nn

from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.inference.classifier import Classifier
from core.inference.heatmap import heat_colours, heat_map, overlay
from core.inference.network import TorchNetwork
from core.models.info import ModelInfo, Preprocessing

ISIC2019 = CLASS_SETS["isic2019"]

SIZE = 64


def classifier_of(module: Any, name: str = "made for this test", size: int = SIZE) -> Classifier:
    preprocessing = Preprocessing(size, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    module.eval()
    info = ModelInfo(name, preprocessing, classes=ISIC2019)
    return Classifier(TorchNetwork(module, preprocessing, "cpu"), info, "cpu", Path())


class RedIsMelanoma(nn.Module):
    """Red speaks for the first class and against the second, green for the third; maps of a quarter of the size."""

    num_features = 3

    def forward_features(self, batch: torch.Tensor) -> torch.Tensor:
        return torch.relu(torch.nn.functional.avg_pool2d(batch, 4))

    def forward_head(self, features: torch.Tensor) -> torch.Tensor:
        red, green, _ = features.mean(dim=(2, 3)).unbind(1)
        nothing = torch.zeros_like(red)
        return torch.stack([red, -red, green, *[nothing] * 5], dim=1)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return self.forward_head(self.forward_features(batch))


def picture(corner: tuple[slice, slice], band: int) -> NDArray[np.uint8]:
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels[corner][..., band] = 255
    return pixels


TOP_LEFT = (slice(0, 16), slice(0, 16))
BOTTOM_RIGHT = (slice(48, 64), slice(48, 64))


def test_the_corner_with_the_evidence_lights_up() -> None:
    classifier = classifier_of(RedIsMelanoma())
    pixels = picture(TOP_LEFT, 0) + picture(BOTTOM_RIGHT, 1)
    for code, lit, dark in (("MEL", TOP_LEFT, BOTTOM_RIGHT), ("BCC", BOTTOM_RIGHT, TOP_LEFT)):
        heat = heat_map(classifier, pixels, code)
        assert heat.dtype == np.float32
        assert heat.shape == (SIZE, SIZE)
        assert heat.min() == 0.0
        assert heat.max() == 1.0
        assert heat[lit].mean() > 0.75
        assert heat[dark].max() == 0.0


def test_what_speaks_against_a_class_gives_no_heat() -> None:
    assert heat_map(classifier_of(RedIsMelanoma()), picture(TOP_LEFT, 0), "NV").max() == 0.0


def real_network(name: str) -> Any:
    torch.manual_seed(0)
    return timm.create_model(name, num_classes=len(ISIC2019.codes)).eval()


def noise(size: int = SIZE, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


def test_it_is_grad_cam_of_the_last_maps() -> None:
    model = real_network("test_efficientnet")
    pixels = noise()
    heat = heat_map(classifier_of(model), pixels, "BCC")
    batch = ((torch.from_numpy(pixels[None]).float() / 255 - 0.5) / 0.25).permute(0, 3, 1, 2)
    maps = model.forward_features(batch).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(model.forward_head(maps)[0, ISIC2019.codes.index("BCC")], maps)
    coarse = torch.relu((maps * gradient.mean(dim=(2, 3), keepdim=True)).sum(dim=1, keepdim=True))
    fine = torch.nn.functional.interpolate(coarse, (SIZE, SIZE), mode="bicubic")[0, 0].clamp(min=0).detach()
    assert fine.max() > 0
    np.testing.assert_allclose(heat, (fine / fine.max()).numpy(), atol=1e-5)


@pytest.mark.parametrize("name", ["test_convnext", "test_byobnet", "test_nfnet", "test_mambaout", "test_coatnet"])
def test_networks_of_many_kinds_have_a_map(name: str) -> None:
    size = timm.get_pretrained_cfg(name).input_size[-1]  # type: ignore[union-attr]
    classifier = classifier_of(real_network(name), name, size)
    heats = [heat_map(classifier, noise(size), code) for code in ISIC2019.codes]
    assert any(heat.max() == 1.0 for heat in heats)
    assert all(heat.shape == (size, size) for heat in heats)


def test_the_network_is_left_as_it_was() -> None:
    model = real_network("test_resnet")
    for parameter in model.layer1.parameters():
        parameter.requires_grad = False
    before = {name: value.clone() for name, value in model.state_dict().items()}
    wanted = [parameter.requires_grad for parameter in model.parameters()]
    with torch.no_grad():  # as a caller might
        heat_map(classifier_of(model), noise(), "MEL")
    assert not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert [parameter.requires_grad for parameter in model.parameters()] == wanted
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert not any(module._backward_hooks or module._backward_pre_hooks for module in model.modules())


def test_it_works_while_the_same_model_classifies_elsewhere() -> None:
    classifier = classifier_of(real_network("test_efficientnet"))
    others = np.stack([noise(seed=seed) for seed in range(1, 9)])
    expected, answers = heat_map(classifier, noise(), "MEL"), classifier.logits(others)
    end = threading.Event()
    wrong: list[str] = []

    def classify() -> None:
        while not end.is_set():
            if not np.allclose(classifier.logits(others), answers, atol=1e-4):
                wrong.append("logits")

    thread = threading.Thread(target=classify)
    thread.start()
    try:
        for _ in range(20):
            np.testing.assert_allclose(heat_map(classifier, noise(), "MEL"), expected, atol=1e-4)
    finally:
        end.set()
        thread.join()
    assert wrong == []


def test_networks_without_maps_say_so() -> None:
    with pytest.raises(SkinKDError, match="test_vit keeps no map"):
        heat_map(classifier_of(real_network("test_vit"), "test_vit", 160), noise(160), "MEL")


def test_a_map_of_one_point_says_so() -> None:
    with pytest.raises(SkinKDError, match="single point"):
        heat_map(classifier_of(real_network("test_resnet"), "test_resnet", 32), noise(32), "MEL")


def test_exported_models_say_so() -> None:
    classifier = classifier_of(RedIsMelanoma())
    classifier.network = object()  # type: ignore[assignment]
    with pytest.raises(SkinKDError, match="exported"):
        heat_map(classifier, noise(), "MEL")


def test_the_overlay_shows_the_picture_where_there_is_no_heat() -> None:
    image = noise(48)[:, :40]
    heat = np.zeros((SIZE, SIZE), np.float32)
    heat[:32] = 1.0
    assert np.array_equal(overlay(image, heat, 0.0), image)
    mixed = overlay(image, heat, 1.0)
    assert np.array_equal(mixed[30:], image[30:])
    assert (mixed[:18] == heat_colours(np.ones((), np.float32))).all()
    half = overlay(image, heat, 0.5).astype(float)
    assert np.abs(half[:18] - (image[:18] / 2.0 + mixed[:18] / 2.0)).max() <= 1


def test_hotter_is_always_lighter() -> None:
    colours = heat_colours(np.linspace(0, 1, 256, dtype=np.float32)).astype(float) / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(luminance) > 0).all()
