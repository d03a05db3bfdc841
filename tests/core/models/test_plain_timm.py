"""What README promises to those who have the model file and timm, but not SkinKD."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from torchvision import transforms

from core.classes import CLASS_SETS
from core.inference.classifier import Classifier
from core.models.factory import create_model
from core.models.files import save_model
from core.models.info import ModelInfo, Preprocessing
from tests.core.models.test_calibration_statistics import statistics

CLASSES = CLASS_SETS["isic2019"]


@pytest.fixture(params=["test_efficientnet", "test_vit"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A model file under a name of its own, with everything that verdicts rest on."""
    made = create_model(request.param, weights="none", image_size=96, classes=CLASSES)
    info = ModelInfo(request.param, Preprocessing(96, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)), 1.7, classes=CLASSES)
    save_model(tmp_path / "sent by mail.safetensors", made.model, info, statistics())
    return tmp_path / "sent by mail.safetensors"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Neither square nor of the model's size: cropping or another filter would show."""
    pixels = np.random.default_rng(0).integers(0, 256, (12, 17, 3), np.uint8)
    Image.fromarray(pixels).resize((340, 200), Image.Resampling.BICUBIC).save(tmp_path / "lesion.png")
    return tmp_path / "lesion.png"


def told(file: Path, key: str) -> dict[str, Any]:
    with safe_open(file, framework="pt") as opened:
        values: dict[str, Any] = json.loads(opened.metadata()[key])
    return values


def in_timm(file: Path) -> nn.Module:
    told_timm = told(file, "timm")
    model: nn.Module = timm.create_model(
        told_timm["architecture"], num_classes=told_timm["num_classes"], **told_timm["model_args"]
    )
    model.load_state_dict(load_file(file), strict=True)
    return model.eval()


def test_timm_alone_gives_the_same_logits(file: Path, picture: Path) -> None:
    classifier = Classifier.load(file, "cpu")
    (ours,) = classifier.classify([picture])
    transform = timm.data.create_transform(**told(file, "timm")["pretrained_cfg"])
    with torch.no_grad():
        logits = in_timm(file)(transform(Image.open(picture))[None])
    assert tuple(told(file, "timm")["label_names"]) == CLASSES.codes
    expected = torch.softmax(logits[0] / 1.7, 0).tolist()
    assert ours.probabilities == pytest.approx(expected, abs=1e-5)


def test_what_skinkd_says_of_the_pictures_is_enough_for_torchvision(file: Path, picture: Path) -> None:
    said = told(file, "skinkd")["preprocessing"]
    assert (said["resize"], said["antialias"]) == ("squash", True)
    size, how = said["image_size"], transforms.InterpolationMode(said["interpolation"])
    steps = [transforms.Resize((size, size), how, antialias=said["antialias"]), transforms.ToTensor()]
    transform = transforms.Compose([*steps, transforms.Normalize(said["mean"], said["std"])])
    timms = timm.data.create_transform(**told(file, "timm")["pretrained_cfg"])
    torch.testing.assert_close(transform(Image.open(picture)), timms(Image.open(picture)))
