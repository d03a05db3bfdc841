"""Checkpoints are whole or absent, and loading one runs no code."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch

from core.errors import SkinKDError
from core.training.checkpoint import CheckpointFolder


class Intruder:
    """What an attacker would put into a pickle."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (eval, ("1/0",))


def test_round_trip_keeps_only_the_best_that_counts(tmp_path: Path) -> None:
    checkpoint = CheckpointFolder(tmp_path / "checkpoint")
    assert not checkpoint.exists
    for epoch in (1, 2):
        checkpoint.save_best({"w": torch.full((2,), float(epoch))}, epoch)
    checkpoint.save({"model": {"w": torch.ones(2)}, "epoch": 3}, best_epoch=2)
    assert checkpoint.exists
    assert checkpoint.load()["epoch"] == 3
    assert checkpoint.load_best(2)["w"].tolist() == [2.0, 2.0]
    assert sorted(file.name for file in (tmp_path / "checkpoint").iterdir()) == ["best-0002.pt", "state.pt"]


def test_an_interrupted_write_leaves_the_last_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = CheckpointFolder(tmp_path)
    checkpoint.save({"epoch": 1}, 0)

    def half(values: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save({"epoch": 2}, 0)
    assert checkpoint.load()["epoch"] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["state.pt"]


def test_what_a_killed_process_left_half_written_goes(tmp_path: Path) -> None:
    (tmp_path / ".state.pt.999.tmp").write_bytes(b"half")
    CheckpointFolder(tmp_path).save({"epoch": 1}, 0)
    assert [file.name for file in tmp_path.iterdir()] == ["state.pt"]


def test_a_damaged_state_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(SkinKDError, match="missing or damaged"):
        CheckpointFolder(tmp_path).load()


def test_code_in_a_checkpoint_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(pickle.dumps(Intruder()))
    with pytest.raises(SkinKDError, match="missing or damaged"):
        CheckpointFolder(tmp_path).load()


def rewritten(path: Path, change: Callable[[str, bytes], bytes], compression: int = zipfile.ZIP_STORED) -> None:
    """The same archive with other contents."""
    with zipfile.ZipFile(path) as archive:
        contents = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, change(name, content))


def test_a_checkpoint_that_swells_is_not_read(tmp_path: Path) -> None:
    CheckpointFolder(tmp_path).save({"sums": torch.zeros(1_000_000)}, 0)
    rewritten(tmp_path / "state.pt", lambda name, content: content, zipfile.ZIP_DEFLATED)
    assert (tmp_path / "state.pt").stat().st_size < 10_000
    with pytest.raises(SkinKDError, match="missing or damaged") as caught:
        CheckpointFolder(tmp_path).load()
    assert "compressed" in caught.value.details


def test_a_checkpoint_that_promises_more_than_it_holds_is_damaged(tmp_path: Path) -> None:
    CheckpointFolder(tmp_path).save({"sums": torch.zeros(1_000_000)}, 0)
    rewritten(tmp_path / "state.pt", lambda name, content: content if "/data/" not in name else content[:64])
    with pytest.raises(SkinKDError, match="missing or damaged"):
        CheckpointFolder(tmp_path).load()


@pytest.mark.parametrize("fault", [KeyError("model"), TypeError("int"), RuntimeError("shape"), ValueError("epoch")])
def test_a_state_of_other_values_is_said(tmp_path: Path, fault: Exception) -> None:
    with pytest.raises(SkinKDError, match="does not hold the state of such a training"), _understood(tmp_path):
        raise fault
    with pytest.raises(torch.OutOfMemoryError), _understood(tmp_path):
        raise torch.OutOfMemoryError


def _understood(folder: Path) -> AbstractContextManager[None]:
    return CheckpointFolder(folder).reporting_damage()
