"""What SkinKD keeps is readable by its owner only; what the user shares keeps its rights."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.classes import CLASS_SETS
from core.cli.main import run
from core.data.reading import read_dataset
from core.data.store import open_store
from core.inference.record import RecordBook, RecordEntry, record_file
from core.paths import cache_root, make_private, runs_root
from core.recipe import Recipe
from core.runs.folder import create_run
from core.study.folder import create_study
from core.study.paper import paper_study

ISIC2019 = CLASS_SETS["isic2019"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights of files are POSIX")


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """A user whose files are everybody's, as on some shared computers."""
    before = os.umask(0o000)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(root: Path) -> list[str]:
    """What another user could read below `root`: not what lies in a folder that is closed to them."""
    found: list[str] = []
    for folder, below, names in os.walk(root):
        closed = [name for name in below if not rights(Path(folder, name)) & 0o077]
        found += [name for name in (*below, *names) if name not in closed and rights(Path(folder, name)) & 0o077]
        below[:] = [name for name in below if name not in closed]
    return found


def test_a_new_folder_and_those_above_it_are_private(tmp_path: Path) -> None:
    made = make_private(tmp_path / "a" / "b" / "c")
    assert [rights(path) for path in (made, made.parent, made.parent.parent)] == [0o700] * 3
    make_private(made)


def test_a_folder_that_the_user_shares_keeps_its_rights(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o775)
    run_folder = create_run(Recipe(), runs=shared)
    assert rights(shared) == 0o775
    assert rights(run_folder.path) == 0o700


def test_own_folders_of_an_older_version_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKINKD_RUNS")
    if sys.platform == "darwin":
        pytest.skip("the folder is in the user's own Library")
    runs_root().mkdir(parents=True)
    create_run(Recipe(), runs=runs_root())
    assert rights(tmp_path / "home" / "SkinKD") == 0o700


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_private(tmp_path / "file")


def test_runs_studies_and_records_are_their_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "given"
    state.mkdir()
    monkeypatch.setenv("SKINKD_STATE", str(state))
    create_run(Recipe(), runs=runs_root())
    study = create_study(paper_study(Recipe()), runs_root())
    RecordBook(record_file()).append([RecordEntry("now", "a" * 64, "b" * 64, "net", "1", 1.0)])
    assert rights(study.path) == rights(runs_root()) == 0o700
    assert rights(record_file()) == 0o600
    assert open_to_others(state) == []


def test_the_cache_is_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "given"
    cache.mkdir()
    monkeypatch.setenv("SKINKD_CACHE", str(cache))
    image = tmp_path / "images" / "MEL" / "Jane Doe.png"
    image.parent.mkdir(parents=True)
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(image)
    store = open_store(read_dataset(tmp_path / "images", ISIC2019), 32)
    assert len(store) == 1
    assert cache_root() == cache
    assert open_to_others(cache) == []


def test_the_log_is_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.cli.main import _log_handler

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    _log_handler().close()
    assert run(["recipe", "--preset", "quick", "--out", str(tmp_path / "recipe.toml")]) == 0
    assert open_to_others(tmp_path / "home") == []
