from __future__ import annotations

import contextlib
import copy
import json
import os
import stat
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from core.classes import CLASS_SETS, LesionClass, Malignancy, make_class_set
from core.errors import SkinKDError
from core.models.files import info_to_text, load_model, read_model_info, read_weights, save_model
from core.models.info import ModelInfo, Preprocessing

ISIC2019 = CLASS_SETS["isic2019"]

timm = pytest.importorskip("timm")

INFO = ModelInfo(
    architecture="test_efficientnet",
    preprocessing=Preprocessing(64, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)),
    temperature=1.5,
    skinkd_version="0.1.0",
    recipe_hash="0123456789ab",
    task="student",
    trained_on="Hautbilder äöü (12 training images)",
    synthetic=True,
    classes=ISIC2019,
)


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = timm.create_model("test_efficientnet", num_classes=8)
    return made.train()


@pytest.fixture
def saved(model: nn.Module, tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(path, model, INFO)
    return path


def description(**changes: Any) -> dict[str, Any]:
    return {**json.loads(info_to_text(INFO)), **changes}


def write(path: Path, weights: dict[str, Tensor], values: object) -> Path:
    text = values if isinstance(values, str) else json.dumps(values)
    save_file({name: value.clone() for name, value in weights.items()}, path, metadata={"skinkd": text})
    return path


def test_a_saved_model_comes_back_the_same(model: nn.Module, saved: Path) -> None:
    loaded, info = load_model(saved)
    assert info == INFO
    assert read_model_info(saved) == INFO
    assert not loaded.training
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in model.state_dict().items())
    image = torch.rand(1, 3, 64, 64)
    assert torch.equal(loaded(image), model.eval()(image))


@pytest.mark.parametrize("architecture", ["test_vit", "test_convnext", "test_maxvit", "test_byobnet"])
def test_every_family_answers_the_same_after_loading(architecture: str, tmp_path: Path) -> None:
    """Also networks with tensors that are not saved (position tables) work after loading."""
    model = timm.create_model(architecture, num_classes=8).eval()
    path = tmp_path / "model.safetensors"
    size = model.pretrained_cfg["input_size"][-1]
    save_model(path, model, ModelInfo(architecture, replace(INFO.preprocessing, image_size=size), classes=ISIC2019))
    loaded, _ = load_model(path)
    image = torch.rand(1, 3, size, size)
    assert torch.equal(loaded(image), model(image))
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_loading_leaves_the_random_state_of_a_training_alone(saved: Path) -> None:
    before = torch.get_rng_state()
    load_model(saved)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_loaded_model_does_not_depend_on_its_file(model: nn.Module, saved: Path) -> None:
    loaded, _ = load_model(saved)
    size = saved.stat().st_size
    saved.write_bytes(bytes(size))
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in model.state_dict().items())


def test_saving_replaces_whole_files_and_leaves_nothing_else(model: nn.Module, saved: Path) -> None:
    save_model(saved, copy.deepcopy(model).to(memory_format=torch.channels_last), replace(INFO, temperature=2.0))
    assert read_model_info(saved).temperature == 2.0
    assert [path.name for path in saved.parent.iterdir() if path.is_file()] == ["model.safetensors"]


def test_an_unwritable_place_is_an_error_with_its_path(model: nn.Module, tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="missing"):
        save_model(tmp_path / "missing" / "model.safetensors", model, INFO)


def test_long_and_odd_names_of_data_folders_can_be_read_again(model: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_model(path, model, replace(INFO, trained_on=os.fsdecode(b"caf\xe9 ") * 200))
    assert read_model_info(path).trained_on.startswith("caf? caf? ")


def test_a_diverged_model_is_not_saved(tmp_path: Path) -> None:
    layer = nn.Linear(2, 2)
    layer.weight.data[0, 0] = float("nan")
    with pytest.raises(SkinKDError, match=r"weight holds values that are not finite.*diverged"):
        save_model(tmp_path / "model.safetensors", layer, INFO)
    assert not list(tmp_path.glob("*safetensors*"))


def test_half_precision_files_load_as_32_bit(model: nn.Module, tmp_path: Path) -> None:
    halves = {name: v.half() if v.is_floating_point() else v for name, v in model.state_dict().items()}
    loaded, _ = load_model(write(tmp_path / "half.safetensors", halves, description()))
    assert {value.dtype for value in loaded.parameters()} == {torch.float32}


Weights = dict[str, Tensor]

BROKEN_WEIGHTS: dict[str, tuple[Callable[[Weights], object], str]] = {
    "missing": (lambda w: w.pop("conv_stem.weight"), r"1 of \d+ tensors are missing \(conv_stem.weight\)"),
    "unknown": (lambda w: w.update(extra=torch.zeros(1)), r"1 tensors do not belong to it \(extra\)"),
    "shape": (lambda w: w.update({"classifier.bias": torch.zeros(9)}), r"1 of \d+ .* another shape \(classifier.bias"),
    "nan": (lambda w: w["bn1.weight"].fill_(float("nan")), "bn1.weight holds values that are not finite"),
    "infinite": (lambda w: w["bn1.bias"].fill_(float("inf")), "bn1.bias holds values that are not finite"),
    "variance": (lambda w: w["bn1.running_var"].fill_(-1), "bn1.running_var holds a negative variance"),
    "complex": (lambda w: w.update({"bn1.bias": w["bn1.bias"].to(torch.complex64)}), "complex"),
    "float8": (lambda w: w.update({"bn1.bias": w["bn1.bias"].to(torch.float8_e4m3fn)}), "float8"),
}


@pytest.mark.parametrize("fault", BROKEN_WEIGHTS)
def test_unfit_weights_are_refused_and_named(model: nn.Module, tmp_path: Path, fault: str) -> None:
    change, message = BROKEN_WEIGHTS[fault]
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    change(weights)
    path = write(tmp_path / "broken.safetensors", weights, description())
    with pytest.raises(SkinKDError, match=message):
        load_model(path)


SIZES = description()["preprocessing"]

BROKEN_DESCRIPTIONS: dict[str, tuple[object, str]] = {
    "no json": ("not json", "description can not be used"),
    "a list": ([1], "not a table"),
    "deep": ("[" * 200_000, "can not be used"),
    "twice": ('{"format": 1, "format": 1}', "stands twice"),
    "nan": ('{"format": NaN}', "NaN is not a number"),
    "newer": (description(format=5), "from a newer SkinKD: It has format 5"),
    "no format": ({k: v for k, v in description().items() if k != "format"}, "format is missing"),
    "unknown value": (description(run="rm -rf"), "unknown value 'run'"),
    "hub name": (description(architecture="hf-hub:someone/evil"), "not the name of a network"),
    "path": (description(architecture="../../etc/passwd"), "not the name of a network"),
    "no architecture": (description(architecture=7), "architecture is not a text"),
    "unheard of": (description(architecture="resnet9000"), "Unknown network"),
    "other classes": (description(format=1, classes=["A", "B"]), "its classes are none that a file of format 1 has"),
    "class order": (description(format=1, classes=list(ISIC2019.codes[::-1])), "none that a file of format 1 has"),
    "no classes": ({k: v for k, v in description().items() if k != "classes"}, "which classes it tells apart"),
    "one class": (description(classes={"name": "a", "class": [{"code": "A"}]}), "expected 2 to 200 classes"),
    "classes alike": (description(classes={"name": "a", "class": [{"code": "A"}, {"code": "a"}]}), "a code of its own"),
    "unnamed classes": (description(classes={"class": [{"code": "A"}, {"code": "B"}]}), "has a name and a list"),
    "unknown group": (
        description(classes={"name": "a", "class": [{"code": "A"}, {"code": "B", "group": "bad"}]}),
        "group of a class",
    ),
    "many classes": (
        description(classes={"name": "a", "class": [{"code": f"c{n}"} for n in range(500)]}),
        "expected 2 to 200",
    ),
    "temperature": (description(temperature=0), "temperature is not a number from 0.001"),
    "temperature text": (description(temperature="1"), "temperature is not a number"),
    "temperature huge": (json.dumps(description()).replace("1.5", "1" + "0" * 400), "temperature is not a number"),
    "temperature true": (description(temperature=True), "temperature is not a number"),
    "synthetic": (description(synthetic="no"), "synthetic is not true or false"),
    "long text": (description(task="x" * 501), "task is not a text of at most 500"),
    "no preprocessing": ({k: v for k, v in description().items() if k != "preprocessing"}, "preprocessing is missing"),
    "preprocessing": (description(preprocessing=None), "preprocessing must hold"),
    "giant images": (description(preprocessing={**SIZES, "image_size": 10**9}), "image_size is not a whole number"),
    "fraction": (description(preprocessing={**SIZES, "image_size": 64.0}), "image_size is not a whole number"),
    "cropped": (description(preprocessing={**SIZES, "resize": "crop"}), "resize is 'crop', not 'squash'"),
    "bicubic": (description(preprocessing={**SIZES, "interpolation": "bicubic"}), "interpolation is 'bicubic'"),
    "two means": (description(preprocessing={**SIZES, "mean": [0.5, 0.5]}), "mean is not three numbers"),
    "zero std": (description(preprocessing={**SIZES, "std": [0.5, 0, 0.5]}), "std is not a number from 0.001"),
}


@pytest.mark.parametrize("fault", BROKEN_DESCRIPTIONS)
def test_unusable_descriptions_are_refused_and_named(model: nn.Module, tmp_path: Path, fault: str) -> None:
    values, message = BROKEN_DESCRIPTIONS[fault]
    path = write(tmp_path / "broken.safetensors", model.state_dict(), values)
    with pytest.raises(SkinKDError) as caught:
        load_model(path)
    assert message in str(caught.value)


def test_values_that_older_files_lack_take_their_defaults(model: nn.Module, tmp_path: Path) -> None:
    few = {name: description()[name] for name in ("format", "architecture", "preprocessing", "classes")}
    _, info = load_model(write(tmp_path / "few.safetensors", model.state_dict(), few))
    assert info == ModelInfo(INFO.architecture, INFO.preprocessing, classes=ISIC2019)


def test_files_of_format_1_have_the_classes_of_isic2019(model: nn.Module, tmp_path: Path) -> None:
    older = description(format=1, classes=["MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC"])
    path = write(tmp_path / "older.safetensors", model.state_dict(), older)
    assert read_model_info(path) == INFO
    load_model(path)


def test_files_of_format_2_were_resized_as_now(model: nn.Module, tmp_path: Path) -> None:
    before = {name: SIZES[name] for name in ("image_size", "mean", "std")}
    path = write(tmp_path / "older.safetensors", model.state_dict(), description(format=2, preprocessing=before))
    assert read_model_info(path) == INFO


def test_own_classes_come_back_with_names_groups_colours_and_mapping(tmp_path: Path) -> None:
    own = (LesionClass(code="ACNE", aliases=("acne vulgaris",)), LesionClass(code="MF", group=Malignancy.MALIGNANT))
    classes = make_class_set("own", own, {"Akne": "ACNE", "unclear": ""})
    made = timm.create_model("test_efficientnet", num_classes=2)
    save_model(tmp_path / "own.safetensors", made, replace(INFO, classes=classes))
    _, info = load_model(tmp_path / "own.safetensors")
    assert info.classes == classes
    assert [info.classes.index_of(label) for label in ("akne", "Acne Vulgaris", "mf", "unclear")] == [0, 0, 1, None]
    assert info.classes.is_left_out("Unclear")


def test_another_architectures_weights_are_refused(tmp_path: Path) -> None:
    other = timm.create_model("test_resnet", num_classes=8)
    path = write(tmp_path / "swapped.safetensors", other.state_dict(), description())
    with pytest.raises(SkinKDError, match=r"says that it is a test_efficientnet, but \d+ of \d+ tensors are missing"):
        load_model(path)


def test_plain_weights_are_not_a_model(model: nn.Module, tmp_path: Path) -> None:
    save_file(model.state_dict(), tmp_path / "plain.safetensors")
    with pytest.raises(SkinKDError, match="does not say which network"):
        read_model_info(tmp_path / "plain.safetensors")


HEADERS = {
    "empty": b"",
    "short": b"\x01\x00",
    "length beyond the file": struct.pack("<Q", 10_000) + b"{}",
    "length beyond memory": struct.pack("<Q", 2**63) + b"{}",
    "no json": struct.pack("<Q", 4) + b"oops",
    "no text": struct.pack("<Q", 4) + b"\xff\xfe\xff\xfe",
    "a list": struct.pack("<Q", 2) + b"[]",
    "metadata is a list": struct.pack("<Q", 19) + b'{"__metadata__":[]}',
    "a zip": b"PK\x03\x04" + bytes(100),
    "a pickle": b"\x80\x04\x95" + bytes(100),
}


@pytest.mark.parametrize("fault", HEADERS)
def test_what_is_no_model_file_is_refused(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(HEADERS[fault])
    for read in (read_model_info, load_model, read_weights):
        with pytest.raises(SkinKDError, match="can not be used"):
            read(path)


def test_missing_files_folders_and_truncated_files(saved: Path) -> None:
    for path in (saved.parent, saved.with_name("nothing.safetensors")):
        with pytest.raises(SkinKDError, match="missing"):
            load_model(path)
    saved.write_bytes(saved.read_bytes()[:-1000])
    with pytest.raises(SkinKDError, match="incomplete"):
        load_model(saved)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    with pytest.raises(SkinKDError, match="missing"):
        read_model_info(tmp_path / "pipe")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_headers_load_or_fail_with_words(saved: Path, data: st.DataObject) -> None:
    content = bytearray(saved.read_bytes())
    length = struct.unpack("<Q", content[:8])[0]
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 7 + length))] = data.draw(st.integers(0, 255))
    path = saved.with_name("damaged.safetensors")
    path.write_bytes(bytes(content))
    with contextlib.suppress(SkinKDError):  # and nothing else
        read_model_info(path)
        read_weights(path)
