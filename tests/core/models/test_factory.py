from __future__ import annotations

import socket
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core.classes import CLASS_SETS
from core.errors import SkinKDError, WeightsUnavailableError
from core.models.factory import create_model, train_mode
from core.models.files import save_model
from core.models.info import ModelInfo, Preprocessing

ISIC2019 = CLASS_SETS["isic2019"]


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def same(one: dict[str, Tensor], two: dict[str, Tensor]) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def timm_file(path: Path, architecture: str, classes: int, *, half: bool = False) -> dict[str, Tensor]:
    torch.manual_seed(7)
    state: dict[str, Tensor] = timm.create_model(architecture, num_classes=classes).state_dict()
    if half:
        state = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    save_file(state, path)
    return state


@pytest.mark.usefixtures("no_network")
def test_random_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    one = create_model("test_resnet", weights="none", image_size=64, seed=1, classes=ISIC2019)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(4)
    again = create_model("test_resnet", weights="none", image_size=64, seed=1, classes=ISIC2019)
    other = create_model("test_resnet", weights="none", image_size=64, seed=2, classes=ISIC2019)
    assert same(one.model.state_dict(), again.model.state_dict())
    assert not same(one.model.state_dict(), other.model.state_dict())
    assert one.model(torch.rand(2, 3, 64, 64)).shape == (2, 8)
    assert "random" in one.notes[0]


def test_each_model_has_the_normalisation_of_its_own_weights() -> None:
    imagenet = create_model("mobilenetv2_035", weights="none", image_size=96, classes=ISIC2019).preprocessing
    assert imagenet == Preprocessing(96, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    other = create_model("test_vit", weights="none", image_size=96, classes=ISIC2019).preprocessing
    assert other == Preprocessing(96, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("half", [False, True])
def test_a_head_of_another_size_is_dropped_and_the_note_says_so(tmp_path: Path, half: bool) -> None:
    path = tmp_path / "timm.safetensors"
    state = timm_file(path, "test_efficientnet", 1000, half=half)
    loaded = create_model("test_efficientnet", weights=str(path), image_size=64, classes=ISIC2019)
    own = loaded.model.state_dict()
    for name, value in own.items():
        if name.startswith("classifier."):
            assert value.shape[0] == 8
        else:
            assert torch.equal(value, state[name].to(value.dtype)), name
    assert {value.dtype for value in loaded.model.parameters()} == {torch.float32}
    assert "head for 1000 classes was dropped" in loaded.notes[0]
    assert "timm.safetensors" in loaded.notes[0]


def test_the_new_head_depends_on_the_seed_alone(tmp_path: Path) -> None:
    path = tmp_path / "timm.safetensors"
    timm_file(path, "test_efficientnet", 10)
    heads = [
        create_model(
            "test_efficientnet", weights=str(path), image_size=64, seed=seed, classes=ISIC2019
        ).model.get_parameter("classifier.weight")
        for seed in (1, 1, 2)
    ]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_the_given_imagenet_weights_load(shared: Path) -> None:
    path = shared / "weights" / "mobilenetv2_100.imagenet.safetensors"
    if not path.is_file():
        pytest.skip("the ImageNet weights are absent")
    loaded = create_model("mobilenetv2_100", weights=str(path), image_size=128, classes=ISIC2019)
    assert sum(parameter.numel() for parameter in loaded.model.parameters()) == 2_234_120
    assert "head for 1000 classes was dropped" in loaded.notes[0]
    with pytest.raises(SkinKDError, match=r"\d+ tensors do not match.*for a mobilenetv2_100"):
        create_model("mobilenetv2_050", weights=str(path), image_size=128, classes=ISIC2019)


def test_a_skinkd_model_is_taken_with_its_head_and_normalisation(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    first = create_model("test_resnet", weights="none", image_size=64, seed=5, classes=ISIC2019)
    wanted = Preprocessing(64, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    save_model(path, first.model, ModelInfo("test_resnet", wanted, classes=ISIC2019))
    second = create_model("test_resnet", weights=str(path), image_size=96, classes=ISIC2019)
    assert same(first.model.state_dict(), second.model.state_dict())
    assert second.preprocessing == Preprocessing(96, wanted.mean, wanted.std)
    assert "with their head for 8 classes" in second.notes[0]


def test_weights_of_another_network_are_refused_with_their_number(tmp_path: Path) -> None:
    path = tmp_path / "resnet.safetensors"
    timm_file(path, "test_resnet", 8)
    with pytest.raises(SkinKDError, match=r"weights of a test_efficientnet: \d+ tensors do not match"):
        create_model("test_efficientnet", weights=str(path), image_size=64, classes=ISIC2019)


def test_one_missing_tensor_is_refused_and_named(tmp_path: Path) -> None:
    state = timm_file(tmp_path / "all.safetensors", "test_resnet", 8)
    del state["conv1.0.weight"]
    save_file(state, tmp_path / "less.safetensors")
    with pytest.raises(SkinKDError, match="1 tensors do not match") as caught:
        create_model("test_resnet", weights=str(tmp_path / "less.safetensors"), image_size=64, classes=ISIC2019)
    assert caught.value.details == "conv1.0.weight"


def test_same_shapes_under_another_name_are_still_another_network(tmp_path: Path) -> None:
    """TensorFlow's EfficientNets pad differently: the same weights give other answers."""
    state = timm_file(tmp_path / "plain.safetensors", "efficientnet_lite0", 8)
    save_file(state, tmp_path / "named.safetensors", metadata={"architecture": "efficientnet_lite0"})
    with pytest.raises(SkinKDError, match="for a efficientnet_lite0"):
        create_model(
            "tf_efficientnet_lite0", weights=str(tmp_path / "named.safetensors"), image_size=64, classes=ISIC2019
        )


def test_position_embeddings_are_converted_to_the_image_size(tmp_path: Path) -> None:
    path = tmp_path / "vit.safetensors"
    timm_file(path, "test_vit", 1000)
    loaded = create_model("test_vit", weights=str(path), image_size=96, classes=ISIC2019)
    assert loaded.model(torch.rand(1, 3, 96, 96)).shape == (1, 8)


@pytest.mark.parametrize("content", [b"", b"not safetensors", bytes(1000)])
def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    with pytest.raises(SkinKDError, match="can not be used"):
        create_model("test_resnet", weights=str(path), image_size=64, classes=ISIC2019)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match=r"nothing\.safetensors"):
        create_model("test_resnet", weights=str(tmp_path / "nothing.safetensors"), image_size=64, classes=ISIC2019)


def test_an_unknown_name_is_refused_before_anything_is_read() -> None:
    with pytest.raises(SkinKDError, match="Unknown network"):
        create_model("hf-hub:timm/resnet18", weights="hub", image_size=64, classes=ISIC2019)


def learning(model: nn.Module) -> dict[str, bool]:
    return {name: parameter.requires_grad for name, parameter in model.named_parameters()}


def test_freezing_takes_layers_from_the_input_and_never_the_head() -> None:
    none = create_model("mobilenetv2_035", weights="none", image_size=64, classes=ISIC2019)
    assert all(learning(none.model).values())
    half = create_model("mobilenetv2_035", weights="none", image_size=64, freeze=0.5, classes=ISIC2019)
    learns = learning(half.model)
    assert not learns["conv_stem.weight"]
    assert learns["conv_head.weight"]
    assert "9 of 18 layers are frozen" in half.notes[-1]
    everything = learning(
        create_model("mobilenetv2_035", weights="none", image_size=64, freeze=1.0, classes=ISIC2019).model
    )
    assert [name for name, learns in everything.items() if learns] == ["classifier.weight", "classifier.bias"]


def test_the_frozen_part_keeps_its_statistics_in_training() -> None:
    model = train_mode(
        create_model("mobilenetv2_035", weights="none", image_size=64, freeze=0.5, classes=ISIC2019).model
    )
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(torch.rand(4, 3, 64, 64))
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    learns = learning(model)
    norms = {name.removesuffix(".running_mean") for name in before if name.endswith(".running_mean")}
    assert {name for name in norms if f"{name}.running_mean" in changed} == {
        name for name in norms if learns[f"{name}.weight"]
    }
    assert any(not learns[f"{name}.weight"] for name in norms)


def test_hub_without_network_names_the_other_ways() -> None:
    with pytest.raises(WeightsUnavailableError, match=r"\.safetensors file .* none"):
        create_model("test_resnet", weights="hub", image_size=64, classes=ISIC2019)


def test_hub_for_a_network_without_pretrained_weights_does_not_ask() -> None:
    with pytest.raises(WeightsUnavailableError, match="timm offers none"):
        create_model("mobilenetv2_035", weights="hub", image_size=64, classes=ISIC2019)


def test_hub_gives_up_on_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from core.models import hub

    let_go = threading.Event()
    monkeypatch.setattr(hub, "_SECONDS", -1.9)  # gives up after 0.1 s

    class Silent:
        def head(self, *_: object, **__: object) -> None:
            let_go.wait()

    monkeypatch.setattr("huggingface_hub.utils.get_session", Silent)
    with pytest.raises(WeightsUnavailableError) as caught:
        create_model("test_resnet", weights="hub", image_size=64, classes=ISIC2019)
    let_go.set()
    assert "no answer from" in caught.value.details


def test_hub_weights_lie_in_the_cache_after_the_first_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.safetensors"
    state = timm_file(path, "test_resnet", 1000)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: str(path))
    loaded = create_model("test_resnet", weights="hub", image_size=64, classes=ISIC2019)
    assert torch.equal(loaded.model.state_dict()["conv1.0.weight"], state["conv1.0.weight"])
    assert "timm's pretrained weights of test_resnet" in loaded.notes[0]
