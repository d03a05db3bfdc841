"""One window per user, with real processes: the second start raises the first; a killed first blocks nobody."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from pytestqt.qtbot import QtBot

from core.locks import Lock
from skinkd_gui import single_instance
from skinkd_gui.single_instance import SingleInstance, raise_first

_WINDOW = """
import sys
from skinkd_gui import app, main_window, single_instance
main_window.MainWindow.start_engine = lambda self: None
came = main_window.MainWindow.come_forward
def come_forward(self):
    came(self)
    sys.stdout.write("raised\\n")
    sys.stdout.flush()
settled = single_instance.SingleInstance.claim
def settle(self):
    settled(self)
    sys.stdout.write("open\\n")
    sys.stdout.flush()
main_window.MainWindow.come_forward = come_forward
single_instance.SingleInstance.claim = settle
sys.exit(app.main(sys.argv[1:]))
"""


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a short name, as runtime folders have: the name of a socket must be short."""
    with tempfile.TemporaryDirectory(prefix="sk-") as folder:
        monkeypatch.setenv("SKINKD_STATE", folder)
        yield Path(folder)


def start(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}
    command = [sys.executable, "-c", _WINDOW, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_start_raises_the_first_and_a_killed_first_blocks_nobody(state: Path, tmp_path: Path) -> None:
    runs, others = tmp_path / "runs", tmp_path / "other runs"
    first = start(tmp_path, "--runs", str(runs))
    try:
        assert line_of(first) == "open"
        output, _ = start(tmp_path, "--runs", str(runs)).communicate(timeout=60)
        said = (
            rf"SkinKD is open already \(.*process {first.pid} on the computer .*\); its window was brought to the front"
        )
        assert re.fullmatch(said + r"\.", output.strip())
        assert line_of(first) == "raised"
        second = start(tmp_path, "--runs", str(others))
        output, _ = second.communicate(timeout=60)
        assert second.returncode == 0
        assert f"It shows the runs in {runs}: to work in {others}, close it first" in output
        assert not others.exists()
        assert line_of(first) == "raised"
    finally:
        first.kill()
        first.communicate(timeout=30)
    assert (state / "window.lock.by").exists()  # left behind, as is the socket
    third = start(tmp_path, "--runs", str(runs))
    assert line_of(third) == "open"
    third.send_signal(signal.SIGTERM)
    _, errors = third.communicate(timeout=60)
    assert third.returncode == 0, errors
    assert {path.name for path in state.iterdir()} <= {"window.lock", "records"}


def test_a_window_that_does_not_answer_is_named(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_instance, "_REPLY_MILLISECONDS", 100)
    monkeypatch.setattr(single_instance, "_CONNECT_MILLISECONDS", 100)
    assert raise_first() is None
    lock = Lock(state / "window.lock")
    assert lock.acquire()
    status, text = raise_first() or (0, "")
    assert status == 1
    assert f"process {os.getpid()}" in text or "this program itself" in text
    assert "does not answer" in text
    lock.release()
    assert raise_first() is None


def test_of_two_starts_at_the_same_moment_one_gives_way(
    qtbot: QtBot, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_instance, "_REPLY_MILLISECONDS", 100)
    one, other = SingleInstance(lambda: state), SingleInstance(lambda: state)
    one.claim()
    with qtbot.waitSignal(other.refused):
        other.claim()
    other.release()
    one.release()
    assert other.take()
    other.release()


def test_nothing_that_a_stranger_sends_is_read(qtbot: QtBot, state: Path) -> None:
    instance = SingleInstance(lambda: Path("/the/runs"))
    assert instance.take()
    assert (state / "window.socket").stat().st_mode & 0o077 == 0
    socket = QLocalSocket()
    with qtbot.waitSignal(instance.raise_requested):
        socket.connectToServer(str(state / "window.socket"))
        socket.write(b"x" * 100_000)
        socket.flush()
    qtbot.waitUntil(lambda: socket.bytesAvailable() > 0)
    assert bytes(socket.readAll().data()) == b'{"runs": "/the/runs"}'
    instance.release()
    socket.abort()


def test_a_folder_that_can_not_hold_the_lock_keeps_nobody_from_working(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SKINKD_STATE", str(tmp_path / "file"))
    assert raise_first() is None
    instance = SingleInstance(lambda: tmp_path)
    assert instance.take()
    instance.release()
    assert not QLocalServer().isListening()


def test_a_file_to_open_is_handed_to_the_window_that_is_open(
    qtbot: QtBot, state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = tmp_path / "Läsionen 2026" / "model.safetensors"
    lock = Lock(state / "window.lock")
    assert lock.acquire()
    monkeypatch.setattr(single_instance, "_REPLY_MILLISECONDS", 100)
    monkeypatch.setattr(single_instance, "_CONNECT_MILLISECONDS", 100)
    assert (raise_first(None, asked) or (0, ""))[0] == 1
    assert not (state / "window.opens").exists()  # a window that did not answer must not open it at some later time
    lock.release()

    instance = SingleInstance(lambda: state)
    assert instance.take()
    opened: list[Path] = []
    instance.open_requested.connect(opened.append)
    single_instance._hand_over(asked)
    socket = QLocalSocket()
    with qtbot.waitSignal(instance.open_requested):
        socket.connectToServer(str(state / "window.socket"))
    assert opened == [asked]
    assert not (state / "window.opens").exists()
    instance.release()
    socket.abort()
