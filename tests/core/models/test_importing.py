"""Weights of elsewhere: read without running anything, named as timm names them, and what does not fit is said."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

from core.classes import CLASS_SETS
from core.digests import file_digest
from core.errors import SkinKDError
from core.models.factory import create_model
from core.models.files import read_metadata, read_weights
from core.models.importing import import_weights

ISIC2019 = CLASS_SETS["isic2019"]


@pytest.fixture(scope="module")
def tower() -> dict[str, Tensor]:
    """The weights of a small transformer with a last layer for 5 classes, at its own image size."""
    torch.manual_seed(3)
    model: nn.Module = timm.create_model("test_vit", num_classes=5)
    return dict(model.state_dict())


def saved(folder: Path, values: Any) -> Path:
    file = folder / "tower.pth"
    torch.save(values, file)
    return file


WAYS = {
    "plain": lambda tower: tower,
    "in a checkpoint": lambda tower: {"epoch": 3, "state_dict": tower},
    "of several processors": lambda tower: {"model": {f"module.{name}": value for name, value in tower.items()}},
    "of a teacher with more": lambda tower: {
        "teacher": {
            **{f"module.backbone.{name}": value for name, value in tower.items()},
            "module.dino_head.mlp.weight": torch.zeros(3, 3),
        }
    },
    "an image tower": lambda tower: {
        **{f"visual.trunk.{name}": value for name, value in tower.items()},
        "text.token_embedding.weight": torch.zeros(4, 2),
        "logit_scale": torch.zeros(()),
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_weights_are_found_whatever_stands_around_them(way: str, tower: dict[str, Tensor], tmp_path: Path) -> None:
    source, out = saved(tmp_path, WAYS[way](tower)), tmp_path / "tower.safetensors"
    report = import_weights(source, "test_vit", out, licence="CC BY 4.0")
    assert report.matched == len(tower)
    assert report.missing == ()
    assert bool(report.unexpected) == (way in ("of a teacher with more", "an image tower"))
    assert f"{len(tower)} tensors of a test_vit were taken" in report.text
    assert "licence: CC BY 4.0" in report.text
    written = read_weights(out)
    assert written.keys() == tower.keys()
    assert all(torch.equal(value, tower[name]) for name, value in written.items())
    metadata = read_metadata(out)
    assert metadata["source_sha256"] == file_digest(source)
    assert metadata["architecture"] == "test_vit"


def test_a_network_starts_from_them_at_another_size_and_says_from_where(
    tower: dict[str, Tensor], tmp_path: Path
) -> None:
    out = tmp_path / "tower.safetensors"
    import_weights(saved(tmp_path, tower), "test_vit", out, licence="MIT")
    loaded = create_model("test_vit", weights=str(out), image_size=64, classes=ISIC2019)
    assert torch.equal(loaded.model.state_dict()["blocks.0.attn.qkv.weight"], tower["blocks.0.attn.qkv.weight"])
    assert loaded.provenance is not None
    assert loaded.provenance.name == "tower.pth"
    assert any("tower.pth (SHA-256" in note and "licence: MIT" in note for note in loaded.notes)
    assert loaded.preprocessing.mean == tuple(timm.get_pretrained_cfg("test_vit").mean)


def test_another_networks_weights_are_refused_with_the_names(tower: dict[str, Tensor], tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="do not fit") as caught:
        import_weights(saved(tmp_path, tower), "test_resnet", tmp_path / "out.safetensors")
    assert "missing: " in caught.value.details
    assert "unexpected: cls_token" in caught.value.details
    assert not (tmp_path / "out.safetensors").exists()


def test_a_missing_layer_is_named(tower: dict[str, Tensor], tmp_path: Path) -> None:
    part = {name: value for name, value in tower.items() if name != "blocks.1.mlp.fc1.weight"}
    with pytest.raises(SkinKDError, match=r"1 of \d+ tensors are missing \(blocks\.1\.mlp\.fc1\.weight"):
        import_weights(saved(tmp_path, part), "test_vit", tmp_path / "out.safetensors")


def test_without_a_last_layer_it_is_said_to_start_anew(tower: dict[str, Tensor], tmp_path: Path) -> None:
    part = {name: value for name, value in tower.items() if not name.startswith("head.")}
    report = import_weights(saved(tmp_path, part), "test_vit", tmp_path / "out.safetensors")
    assert report.missing == ("head.weight", "head.bias")
    assert "start anew" in report.text
    assert "licence: not known" in report.text


class Stranger:
    """Something that a pickle would have to run code for."""


def test_what_would_run_code_is_refused(tower: dict[str, Tensor], tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="stranger's code"):
        import_weights(saved(tmp_path, {"a": tower, "b": Stranger()}), "test_vit", tmp_path / "out.safetensors")


def test_what_is_no_file_of_weights_is_refused(tmp_path: Path, tower: dict[str, Tensor]) -> None:
    (tmp_path / "text.pth").write_text("no weights")
    for file in (tmp_path / "text.pth", tmp_path / "absent.pth", saved(tmp_path, {"epoch": 3})):
        with pytest.raises(SkinKDError, match="can not be read"):
            import_weights(file, "test_vit", tmp_path / "out.safetensors")
    twice = saved(tmp_path, tower)
    with zipfile.ZipFile(twice, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(archive.namelist()[3], bytes(64))
    with pytest.raises(SkinKDError, match=r"It holds two members of one name, 'tower/"):
        import_weights(twice, "test_vit", tmp_path / "out.safetensors")
    spoilt = saved(tmp_path, {**tower, "cls_token": torch.full_like(tower["cls_token"], torch.nan)})
    with pytest.raises(SkinKDError, match="not finite"):
        import_weights(spoilt, "test_vit", tmp_path / "out.safetensors")
