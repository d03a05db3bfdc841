"""Waiting runs survive the window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QListWidget, QMessageBox
from pytestqt.qtbot import QtBot

from core.recipe import Preset, preset
from skinkd_gui.main_window import MainWindow
from skinkd_gui.training.waiting_file import WaitingList, load_waiting, save_waiting
from skinkd_gui.training.work import QueuedRun
from tests.gui.training.scripted import Stage


def test_runs_come_back_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "20260331-x").mkdir()
    runs = (
        QueuedRun("größer", preset(Preset.BEST)),
        QueuedRun("x", folder=tmp_path / "20260331-x"),
    )
    save_waiting(tmp_path, runs)
    assert load_waiting(tmp_path) == runs
    save_waiting(tmp_path, ())
    assert load_waiting(tmp_path) == ()
    assert not list(tmp_path.glob(".*"))


def test_what_can_not_be_used_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_waiting(tmp_path, (QueuedRun("gone", folder=tmp_path / "gone"), QueuedRun("here", preset(Preset.QUICK))))
    assert [run.name for run in load_waiting(tmp_path)] == ["here"]
    (tmp_path / ".waiting.json").write_text("[{]")
    assert load_waiting(tmp_path) == ()


def test_a_bad_entry_costs_none_of_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    elsewhere = tmp_path / "elsewhere" / "20260331-y"
    elsewhere.mkdir(parents=True)
    runs = tmp_path / "runs"
    save_waiting(runs, (QueuedRun("newer", preset(Preset.QUICK)), QueuedRun("y", folder=elsewhere)))
    file = runs / ".waiting.json"
    file.write_text(file.read_text().replace("[optimisation]", "[from_a_newer_version]"))
    assert load_waiting(runs) == (QueuedRun("y", folder=elsewhere),)
    assert "can not be read" in caplog.text


def test_a_study_comes_back_while_its_folder_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "paper"
    folder.mkdir(parents=True)
    save_waiting(tmp_path, (QueuedRun("Paper", study=folder),))
    assert load_waiting(tmp_path) == (QueuedRun("Paper", study=folder),)
    folder.rmdir()
    assert load_waiting(tmp_path) == ()


def test_one_window_at_a_time_keeps_the_list(tmp_path: Path) -> None:
    """A second window says who keeps it, and neither starts nor overwrites what waits there."""
    mine, other = QueuedRun("mine", preset(Preset.QUICK)), QueuedRun("other", preset(Preset.QUICK))
    first, second = WaitingList(tmp_path), WaitingList(tmp_path)
    assert first.load() == second.load() == ()
    first.save([mine])
    assert first.kept
    second.save([])
    assert second.kept
    second.save([other])
    assert not second.kept
    assert second.taken_by == "this program itself, in another window or thread"
    third = WaitingList(tmp_path)
    assert third.load() == ()
    assert third.taken_by
    first.close()
    second.save([other])  # it never read what waits there
    assert load_waiting(tmp_path) == (mine,)
    late = WaitingList(tmp_path)
    late.save([other])
    assert (late.kept, late.taken_by) == (False, "another window")
    fourth = WaitingList(tmp_path)
    assert fourth.load() == (mine,)
    fourth.close()


_KILLED = """
import os, signal, sys
import subprocess
import sys
from pathlib import Path
from core.recipe import Preset, preset
from skinkd_gui.training.waiting_file import WaitingList
from skinkd_gui.training.work import QueuedRun
WaitingList(Path(sys.argv[1])).save([QueuedRun("waits", preset(Preset.QUICK))])
os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
"""


def test_a_killed_window_leaves_its_list_to_the_next(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False, timeout=60).returncode
    assert (tmp_path / ".waiting.lock.by").exists()
    following = WaitingList(tmp_path)
    assert [run.name for run in following.load()] == ["waits"]
    assert following.taken_by == ""
    following.close()


def test_a_damaged_list_is_kept_for_those_who_want_to_look(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".waiting.json").write_text("[{")
    made = WaitingList(tmp_path)
    assert made.load() == ()
    made.save([QueuedRun("new", preset(Preset.QUICK))])
    made.close()
    assert (tmp_path / ".waiting.damaged.json").read_text() == "[{"


def test_a_second_window_says_who_keeps_the_list(qtbot: QtBot, tmp_path: Path) -> None:
    keeper = WaitingList(tmp_path)
    keeper.save([QueuedRun("mine", preset(Preset.QUICK))])
    stage = Stage()
    window = MainWindow(tmp_path, stage)
    window.show()
    assert window.queue.state.waiting == ()
    notices = window.train_tab.findChild(QListWidget, "noticesList")
    assert notices.item(0).text().startswith("Runs wait in this folder in another window: this program itself")
    for name in ("at work", "waits"):
        window.queue.add(preset(Preset.QUICK), name)
    texts = [notices.item(row).text() for row in range(notices.count())]
    assert sum(text.startswith("What waits here is forgotten when this window closes") for text in texts) == 1
    window.close()
    box = window.findChild(QMessageBox, "closeQuestion")
    assert "The waiting run will be forgotten." in box.informativeText()
    box.close()
    window.close_without_asking()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert [run.name for run in load_waiting(tmp_path)] == ["mine"]
    keeper.close()
    window.deleteLater()
