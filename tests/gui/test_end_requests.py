"""However the program is ended, what was queued is there at the next start: real processes, real signals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.runs.status import RunState
from skinkd_gui.main_window import MainWindow
from skinkd_gui.training.queue_file import QueueFile
from tests.gui.training.queue_files import read_queue
from tests.gui.training.scripted import RECIPE, Stage

_WINDOW = """
import signal
import sys
for name in sys.argv[2:]:  # whoever started the tests may have had them ignored
    signal.signal(getattr(signal, name), signal.SIG_DFL)
from core.runs.folder import RunFolder
from core.runs.status import RunState
from core.events import RunStarted
from skinkd_gui import app, main_window
from skinkd_gui.training import queue
from tests.gui.training.scripted import RECIPE, make_run

def say(text):
    sys.stdout.write(text + "\\n")
    sys.stdout.flush()

def make_work(run, conditions):
    def work(emit, token):
        folder = RunFolder(make_run(run, conditions, emit))
        folder.set_status(state=RunState.RUNNING, epoch=1)
        emit(RunStarted(folder.path, run.name))
        say("at work")
        while True:
            try:
                token.check()
            except BaseException:
                folder.set_status(state=RunState.STOPPED)
                raise
    return work

main_window.MainWindow.start_engine = lambda self: [self.queue.add(RECIPE, name) for name in ("a", "b")]
begin = main_window.MainWindow.__init__
main_window.MainWindow.__init__ = lambda self, runs, **more: begin(self, runs, make_work, **more)
sys.exit(app.main(["--runs", sys.argv[1]]))
"""


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a short name, as runtime folders have: the name of a socket must be short."""
    with tempfile.TemporaryDirectory(prefix="sk-") as folder:
        monkeypatch.setenv("SKINKD_STATE", folder)
        yield Path(folder)


def start(tmp_path: Path, before: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[str]:
    """A window with a run at work and one that waits."""
    values = {**os.environ, "HOME": str(tmp_path), **environment}
    heard = () if before else ("SIGINT", "SIGTERM", "SIGHUP")
    command = [*before, sys.executable, "-c", _WINDOW, str(tmp_path / "runs"), *heard]
    window = subprocess.Popen(command, env=values, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert window.stdout is not None
    while (line := window.stdout.readline()) and "at work" not in line:
        pass
    assert line, window.communicate()[1]
    return window


def waits(tmp_path: Path) -> list[tuple[str, bool, list[RunState]]]:
    """Name of each entry that the next window finds, whether it was at work, and how its runs stand."""
    from core.runs.folder import RunFolder

    return [
        (entry.name, entry.begun, [RunFolder(folder).status().state for folder in entry.folders])
        for entry in read_queue(tmp_path / "runs")
    ]


@pytest.mark.skipif(os.name == "nt", reason="these are no signals there")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_window_that_is_asked_to_end_writes_everything_down(name: str, state: Path, tmp_path: Path) -> None:
    window = start(tmp_path)
    window.send_signal(getattr(signal, name))
    _, errors = window.communicate(timeout=60)
    assert window.returncode == 0, errors
    assert waits(tmp_path) == [("a", True, [RunState.STOPPED]), ("b", False, [])]
    assert not (tmp_path / "runs" / ".queue.lock.by").exists()


@pytest.mark.skipif(shutil.which("nohup") is None, reason="there is no nohup")
def test_a_window_that_is_to_outlive_its_terminal_does_and_survives_no_kill(state: Path, tmp_path: Path) -> None:
    window = start(tmp_path, before=("nohup",))
    window.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        window.wait(1)
    window.kill()
    window.communicate(timeout=60)
    assert waits(tmp_path) == [("a", True, [RunState.RUNNING]), ("b", False, [])]


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="there is no Xvfb")
def test_a_display_server_that_dies_takes_nothing_with_it(state: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-nolisten", "tcp"], pass_fds=[writing], stderr=subprocess.DEVNULL
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        display = pipe.readline().strip()
    window = start(tmp_path, QT_QPA_PLATFORM="xcb", DISPLAY=f":{display}")
    server.kill()
    server.wait(30)
    window.communicate(timeout=60)
    assert window.returncode != 0
    assert [(name, begun, len(states)) for name, begun, states in waits(tmp_path)] == [("a", True, 1), ("b", False, 0)]


def test_the_end_of_the_session_stops_the_run_but_not_for_good(qtbot: QtBot, tmp_path: Path) -> None:
    stage = Stage()
    window = MainWindow(tmp_path / "runs", stage)
    window.show()
    for name in ("a", "b"):
        window.queue.add(RECIPE, name)
    assert stage.at_work.wait(60)
    window.save_session()
    assert stage.names == ["a"]
    (other := QueueFile(tmp_path / "runs")).load()  # the window keeps it
    assert other.barred
    qtbot.waitUntil(lambda: not window.queue.busy)
    assert [run.name for run in window.queue.state.waiting] == ["a", "b"]
    stage.finish.set()
    window.queue.start_waiting()  # the logout was called off
    qtbot.waitUntil(lambda: not window.queue.state.entries)
    assert stage.names == ["a", "a", "b"]
    window.close_without_asking()
    qtbot.waitUntil(lambda: not window.isVisible())
    window.deleteLater()
