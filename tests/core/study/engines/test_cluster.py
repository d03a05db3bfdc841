"""Studies on Ray, for real: the same results as one after the other, whatever is killed, lost or full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from core.cli.main import run as command_line
from core.locks import read_holder
from core.models.files import read_weights
from core.recipe import Recipe, set_values
from core.runs.folder import RunFolder
from core.runs.listing import list_runs
from core.runs.status import RunState
from core.study.definition import Study
from core.study.files import write_study
from core.study.folder import StudyFolder
from core.study.stopping import ask_to_stop
from tests.core.study.conftest import KL, PLAIN, TEACHER

pytest.importorskip("ray", reason="the extra cluster is not installed")
pytestmark = [pytest.mark.extra, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[4]
LONGEST = 240  # seconds


@pytest.fixture(scope="module")
def study_file(sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher, a plain student and one that learns from the teacher, of some epochs each."""
    return _study_of(6, sample_set, tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def endless(sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same study, which no computer is fast enough to end during a test."""
    return _study_of(10_000, sample_set, tmp_path_factory.mktemp("endless"))


def _study_of(epochs: int, data: Path, folder: Path) -> Path:
    changes = [f"data.path={data}", "data.image_size=32", f"optimisation.epochs={epochs}", "optimisation.patience=0"]
    changes += ["teacher.architecture=test_resnet", "student.architecture=test_efficientnet"]
    changes += ["teacher.weights=none", "student.weights=none", "optimisation.learning_rate=0.003"]
    base = set_values(Recipe(), [*changes, "hardware.device=cpu", "hardware.threads=1"])
    file = folder / "small.toml"
    write_study(file, Study("Small", base, (TEACHER, PLAIN, KL)))
    return file


@pytest.fixture(scope="module")
def serial(study_file: Path) -> Path:
    """The runs of the study, made one after the other."""
    runs = study_file.with_name("serial")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(runs.with_name("cache")))
        assert command_line(("study", str(study_file), "--runs", str(runs))) == 0
    return runs


@dataclass
class Driver:
    """A study at work in a program of its own."""

    process: subprocess.Popen[str]
    runs: Path
    log: Path

    @property
    def study(self) -> StudyFolder:
        return StudyFolder(self.runs / "studies" / "small")

    def until(self, found: Callable[[], bool]) -> None:
        """Wait for something; fails when the program ends before."""
        deadline = time.monotonic() + LONGEST
        while not found():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it said."""
        code = self.process.wait(LONGEST)
        return code, " ".join(self.log.read_text().split())

    def run(self, key: str) -> RunFolder:
        self.until(lambda: self.study.members_file.is_file() and self.study.member(key).folder is not None)
        folder = self.study.member(key).folder
        assert folder is not None
        return RunFolder(folder)

    def process_of(self, key: str) -> int:
        """Who makes a run that has finished an epoch and is not at its end."""
        run = self.run(key)
        self.until(lambda: run.history_file.is_file() and read_holder(run.path / ".lock") is not None)
        holder = read_holder(run.path / ".lock")
        assert holder is not None
        return holder.process


@contextmanager
def started(study: Path | str, runs: Path, *options: str) -> Iterator[Driver]:
    """`skinkd-cli study` with the engine ray; it is killed at the end where it is still there."""
    log = runs.with_name(f"{runs.name}-{time.monotonic_ns()}.log")
    command = [sys.executable, "-m", "core.cli", "study", str(study), "--runs", str(runs), "--engine", "ray", *options]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, text=True)
        try:
            yield Driver(process, runs, log)
        finally:
            process.kill()
            process.wait()


@contextmanager
def cluster(*computers: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a cluster of such computers, and what loses the last of them."""
    command = [sys.executable, str(Path(__file__).with_name("cluster_process.py")), *computers]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        wishes, told = process.stdin, process.stdout

        def lose() -> None:
            wishes.write("lose\n")
            wishes.flush()
            assert told.readline() == "lost\n"

        try:
            yield told.readline().strip(), lose
        finally:
            wishes.close()


def same(one: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both folders hold the same three finished runs, and make one table."""
    tables = []
    for root in (one, other):
        capsys.readouterr()
        assert command_line(("study", "small", "--runs", str(root), "--show")) == 0
        lines = capsys.readouterr().out.splitlines()
        tables.append([line for line in lines if str(root) not in line and not line.startswith("Computing time")])
    assert tables[0] == tables[1]
    for key in ("teacher", "plain", "kl"):
        folders = [
            RunFolder(StudyFolder(root / "studies" / "small").member(key).folder or root) for root in (one, other)
        ]
        for file in ("predictions_file", "split_file"):
            first, second = (getattr(folder, file).read_bytes() for folder in folders)
            assert first == second
        first, second = (
            [replace(row, seconds=0, images_per_second=0, recipe="") for row in folder.history()] for folder in folders
        )
        assert first == second
        weights = [read_weights(folder.model_file) for folder in folders]
        assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])
    assert len(list_runs(other)) == 3


def test_it_ends_as_one_after_the_other_though_a_process_is_killed(
    study_file: Path, serial: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with started(study_file, tmp_path / "ray") as driver:
        os.kill(driver.process_of("kl"), signal.SIGKILL)
        code, said = driver.end()
    assert code == 0, said
    assert "its process ended unexpectedly" in said
    assert "It goes on from its last checkpoint (try 2 of 4)" in said
    assert "raylet" not in said
    same(serial, tmp_path / "ray", capsys)


def test_a_killed_program_takes_its_runs_along_and_the_next_goes_on(endless: Path, tmp_path: Path) -> None:
    with started(endless, tmp_path / "ray") as driver:
        worker, teacher = psutil.Process(driver.process_of("teacher")), driver.run("teacher")
        driver.process.kill()
        worker.wait(60)
    done = len(teacher.history())
    with started("small", tmp_path / "ray") as driver:
        driver.until(lambda: len(teacher.history()) > done)
        ask_to_stop(driver.study)
        code, said = driver.end()
    assert code == 130, said
    assert [row.epoch for row in teacher.history()] == list(range(1, len(teacher.history()) + 1))
    made = [run.annotations.configuration for run in list_runs(tmp_path / "ray")]
    assert len(made) == len(set(made))


def test_ray_listens_to_this_computer_alone_and_to_who_knows_the_token(endless: Path, tmp_path: Path) -> None:
    with started(endless, tmp_path / "ray") as driver:
        driver.until(lambda: any((tmp_path / "ray").glob("*-teacher/.lock.by")))
        own = psutil.Process(driver.process.pid)
        listening = [
            (process.name(), connection.laddr)
            for process in [own, *own.children(recursive=True)]
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert {address.ip.removeprefix("::ffff:") for _, address in listening} == {"127.0.0.1"}
        (port,) = {address.port for name, address in listening if name == "gcs_server"}
        stranger = f"import ray; ray.init(address='127.0.0.1:{port}')"
        for token in ({}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}):
            asked = {**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", **token}
            answer = subprocess.run(
                [sys.executable, "-c", stranger], env=asked, capture_output=True, text=True, check=False, timeout=120
            )
            assert answer.returncode != 0
            assert "auth" in answer.stderr.lower()
        (place,) = Path("/tmp").glob(f"skinkd-*-{driver.process.pid}-*")
        assert place.stat().st_mode & 0o077 == 0


def test_it_is_stopped_from_elsewhere(endless: Path, tmp_path: Path) -> None:
    with started(endless, tmp_path / "ray") as driver:
        run = driver.run("teacher")
        driver.until(run.history_file.is_file)
        ask_to_stop(driver.study)
        code, said = driver.end()
    assert code == 130, said
    assert "Go on with: skinkd-cli study small" in said
    assert "--engine ray" in said
    assert run.status().state is RunState.STOPPED
    assert not driver.study.stop_file.exists()


def test_a_lost_computer_costs_no_run(study_file: Path, tmp_path: Path) -> None:
    with cluster("1", "1") as (address, lose), started(study_file, tmp_path / "ray", "--address", address) as driver:
        runs = driver.run("plain"), driver.run("kl")
        driver.until(lambda: all(read_holder(run.path / ".lock") is not None for run in runs))
        lose()
        code, said = driver.end()
    assert code == 0, said
    assert "It goes on from its last checkpoint" in said
    assert len(list_runs(tmp_path / "ray")) == 3
    assert all(member.finished for member in driver.study.members())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no system with a disk that is always full")
def test_a_computer_that_sees_no_data_or_has_a_full_disk_is_left_out(study_file: Path, tmp_path: Path) -> None:
    cache = tmp_path / "full"
    cache.mkdir()
    with cluster("1", f"1:SKINKD_CACHE={cache}") as (address, _):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(cache)], check=False)
        if done.returncode:
            pytest.skip("no small disk can be mounted")
        try:
            with started(study_file, tmp_path / "ray", "--address", address) as driver:
                code, said = driver.end()
        finally:
            subprocess.run(["umount", "-l", str(cache)], check=True)
    assert code == 0, said
    assert "makes no runs of the study: a disk is full" in said
    assert all(member.finished for member in driver.study.members())
