"""What every test gets: folders of its own, no network, no screen; and it fails on what it leaves behind."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before anything imports Qt
os.environ["HF_HUB_OFFLINE"] = "1"  # no test fetches weights
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

if TYPE_CHECKING:
    from core.runs.folder import RunFolder

ROOT = Path(__file__).resolve().parents[1]

_LASTING_THREADS = ("tqdm_monitor", "pytest_timeout", "ThreadPoolExecutor-sklearn", "raylet", "pydevd")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared material beside the checkout (`SKINKD_SHARED`, or ../shared); skips the test without it."""
    folder = Path(os.environ.get("SKINKD_SHARED", ROOT.parent / "shared"))
    if not (folder / "golden").is_dir():
        pytest.skip("the folder of shared material is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def sample_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small built-in sample set: 160 images of 64 pixels in ISIC 2019 layout. Read it only."""
    from core.demo.sample_set import write_sample_set

    return write_sample_set(tmp_path_factory.mktemp("sample") / "set", images=160, seed=0, size=64)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory, sample_set: Path) -> RunFolder:
    """A teacher of one epoch on the sample set, with all its files. Read it only."""
    from core.recipe import Preset, preset, set_values
    from core.runs.execute import execute
    from core.runs.folder import create_run

    folder = tmp_path_factory.mktemp("finished")
    changes = ("task=teacher", f"data.path={sample_set}", "data.image_size=64", "teacher.architecture=test_resnet")
    changes += ("data.split=[0.5, 0.4, 0.1]",)  # enough images to calibrate on
    recipe = set_values(
        preset(Preset.QUICK), (*changes, "teacher.weights=none", "optimisation.epochs=1", "hardware.threads=1")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(folder / "cache"))
        run = create_run(recipe, runs=folder / "runs", name="tiny")
        execute(run)
    return run


@pytest.fixture
def quick_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports are written in this process, each network once; undone together with what a test patches itself."""
    from tests.exports import quicken

    quicken(monkeypatch)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs, caches and settings of a test go into its own temporary folder."""
    monkeypatch.setenv("SKINKD_RUNS", str(tmp_path / "skinkd-runs"))
    monkeypatch.setenv("SKINKD_CACHE", str(tmp_path / "skinkd-cache"))
    monkeypatch.setenv("SKINKD_STATE", str(tmp_path / "skinkd-state"))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def no_logged_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that logs an error, unless it looks at the log itself (asks for `caplog`)."""
    if "caplog" in request.fixturenames:
        yield
        return
    collector = _Errors()
    logging.getLogger().addHandler(collector)
    yield
    logging.getLogger().removeHandler(collector)
    if collector.messages:
        pytest.fail("errors were logged:\n" + "\n".join(collector.messages), pytrace=False)


@pytest.fixture(autouse=True)
def no_lasting_threads() -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 60
    while (left := _new_threads(before)) and time.monotonic() < deadline:
        time.sleep(0.02)
    if left:
        pytest.fail(f"threads were left running: {', '.join(thread.name for thread in left)}", pytrace=False)


class _Errors(logging.Handler):
    """Keeps the text of every record of level ERROR and above."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"{record.name}: {record.getMessage()}")


def _new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    # A _DummyThread stands for a QThread that ran Python once; it stays listed when the QThread has ended
    # (running QThreads are looked for in tests/gui/conftest.py).
    return [
        thread
        for thread in threading.enumerate()
        if thread not in before
        and not isinstance(thread, threading._DummyThread)  # type: ignore[attr-defined]
        and not thread.name.startswith(_LASTING_THREADS)
    ]
