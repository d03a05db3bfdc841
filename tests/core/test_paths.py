"""Where things are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.paths import cache_root, runs_root, state_root


def test_the_environment_moves_the_roots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SKINKD_RUNS", str(tmp_path / "r"))
    monkeypatch.setenv("SKINKD_CACHE", str(tmp_path / "c"))
    monkeypatch.setenv("SKINKD_STATE", str(tmp_path / "s"))
    assert (runs_root(), cache_root(), state_root()) == (tmp_path / "r", tmp_path / "c", tmp_path / "s")


def test_without_it_they_are_in_the_users_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKINKD_RUNS", raising=False)
    monkeypatch.setenv("SKINKD_CACHE", "  ")
    assert runs_root().parts[-2:] == ("SkinKD", "runs")
    monkeypatch.delenv("SKINKD_STATE", raising=False)
    assert "SkinKD" in cache_root().parts
    assert "SkinKD" in state_root().parts
