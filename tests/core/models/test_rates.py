"""Dropout and stochastic depth: they act while training, are in no file, and are refused where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.models.catalog import describe_model
from core.models.factory import LoadedModel, create_model
from core.models.files import load_model, save_model
from core.models.info import ModelInfo
from core.models.rates import OWN_RATES, Rates

ISIC2019 = CLASS_SETS["isic2019"]
IMAGES = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def made(rates: Rates, architecture: str = "mobilenetv2_035") -> LoadedModel:
    return create_model(architecture, weights="none", image_size=64, classes=ISIC2019, rates=rates, seed=1)


def trained_outputs(loaded: LoadedModel, seed: int) -> Tensor:
    torch.manual_seed(seed)
    logits: Tensor = loaded.model.train()(IMAGES)
    return logits


@pytest.mark.parametrize("rates", [Rates(drop_rate=0.5), Rates(drop_path_rate=0.5)])
def test_a_rate_acts_in_training_alone_and_depends_on_the_seed(rates: Rates) -> None:
    loaded, plain = made(rates), made(OWN_RATES)
    assert torch.equal(loaded.model.eval()(IMAGES), plain.model.eval()(IMAGES))
    assert torch.equal(trained_outputs(loaded, 3), trained_outputs(loaded, 3))
    assert not torch.equal(trained_outputs(loaded, 3), trained_outputs(loaded, 4))
    assert torch.equal(trained_outputs(plain, 3), trained_outputs(plain, 4))


def test_a_networks_own_rate_stays_until_another_is_named() -> None:
    own, none = made(OWN_RATES, "rexnet_100"), made(Rates(drop_rate=0.0), "rexnet_100")
    assert not torch.equal(trained_outputs(own, 3), trained_outputs(own, 4))
    assert torch.equal(trained_outputs(none, 3), trained_outputs(none, 4))


def test_a_saved_model_knows_nothing_of_rates(tmp_path: Path) -> None:
    loaded = made(Rates(0.5, 0.2))
    info = ModelInfo(architecture="mobilenetv2_035", preprocessing=loaded.preprocessing, classes=ISIC2019)
    save_model(tmp_path / "model.safetensors", loaded.model, info)
    again, _ = load_model(tmp_path / "model.safetensors")
    assert loaded.model.state_dict().keys() == made(OWN_RATES).model.state_dict().keys() == again.state_dict().keys()
    assert torch.equal(again.eval()(IMAGES), loaded.model.eval()(IMAGES))
    torch.manual_seed(0)
    first = again.train()(IMAGES)
    torch.manual_seed(9)
    assert torch.equal(again.train()(IMAGES), first)


@pytest.mark.parametrize("architecture", ["vgg11", "densenet121", "ghostnet_100"])
def test_a_network_without_such_a_thing_says_so(architecture: str) -> None:
    with pytest.raises(SkinKDError, match=f"{architecture} has no residual blocks .* the value own") as caught:
        describe_model(architecture, 64, 8, Rates(drop_path_rate=0.2))
    assert caught.value.title == "This network does not have such a rate"


def test_words_stand_for_the_networks_own() -> None:
    assert Rates.of("own", "own") == OWN_RATES
    assert Rates.of(0.0, 0.2).chosen == {"drop_rate": 0.0, "drop_path_rate": 0.2}
