"""The queue outlives its window, whatever lies in its place."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QListWidget, QMessageBox
from pytestqt.qtbot import QtBot

from core import atomic
from core.recipe import Preset, preset, recipe_to_toml, set_values
from core.runs.folder import RunFolder, create_run
from core.runs.planning import PlannedRun
from core.runs.status import RunState
from skinkd_gui.main_window import MainWindow
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.queue_file import NAME, VERSION, QueueFile
from tests.gui.training.queue_files import read_queue, write_queue
from tests.gui.training.scripted import Stage

RECIPE = preset(Preset.QUICK)


def notices(runs: Path) -> list[str]:
    """What the next window tells of the queue."""
    file = QueueFile(runs)
    found = [notice.text for notice in file.load().notices]
    file.close()
    return found


def test_entries_come_back_as_they_were(tmp_path: Path) -> None:
    for name in ("20260331-x", "studies/paper"):
        (tmp_path / name).mkdir(parents=True)
    plan = (
        PlannedRun(set_values(RECIPE, ["task=teacher"]), "teacher", folder=tmp_path / "20260331-teacher"),
        PlannedRun(RECIPE, "größer", 0),
    )
    entries = (
        QueuedRun("größer", RECIPE, plan=plan, begun=True),
        QueuedRun("x", folder=tmp_path / "20260331-x"),
        QueuedRun("Paper", study=tmp_path / "studies" / "paper"),
        QueuedRun("bad", preset(Preset.BEST), problem="No images: Choose another folder."),
    )
    write_queue(tmp_path, *entries)
    assert read_queue(tmp_path) == entries
    assert [entry.id for entry in read_queue(tmp_path)] == [entry.id for entry in entries]
    moved = tmp_path.with_name(f"{tmp_path.name} moved")
    tmp_path.rename(moved)
    assert [entry.folders for entry in read_queue(moved)[:2]] == [
        (moved / "20260331-teacher",),
        (moved / "20260331-x",),
    ]
    file = QueueFile(moved)
    file.load()
    file.save(())
    file.close()
    assert read_queue(moved) == ()
    assert not (moved / NAME).exists()


def test_a_plan_is_on_disk_before_its_run_is_made_whatever_the_window_knows(tmp_path: Path) -> None:
    """A job's thread notes it; the window, which hears of it later, does not write an older state over it."""
    entry = QueuedRun("a", RECIPE)
    plan = (PlannedRun(RECIPE, "a", folder=tmp_path / "20260331-a"),)
    file = QueueFile(tmp_path)
    file.save([entry])
    noting = threading.Thread(target=file.note, args=(entry.id, plan))
    noting.start()
    noting.join()
    written = json.loads((tmp_path / NAME).read_text())
    assert written["entries"][0]["plan"][0]["folder"] == "20260331-a"
    file.save([entry, QueuedRun("b", RECIPE)])
    file.close()
    assert [found.plan for found in read_queue(tmp_path)] == [plan, ()]


def test_what_was_finished_in_the_last_moment_is_not_done_again(tmp_path: Path) -> None:
    teacher, student = (create_run(RECIPE, runs=tmp_path, name=name) for name in ("teacher", "a"))
    plan = (PlannedRun(RECIPE, "teacher", folder=teacher.path), PlannedRun(RECIPE, "a", 0, student.path))
    write_queue(tmp_path, QueuedRun("a", RECIPE, plan=plan, begun=True), QueuedRun("b", RECIPE))
    teacher.set_status(state=RunState.FINISHED)
    student.set_status(state=RunState.RUNNING, epoch=2)
    assert [entry.name for entry in read_queue(tmp_path)] == ["a", "b"]
    (text,) = notices(tmp_path)
    assert text == (
        "a was at work when SkinKD ended (teacher: finished, a: epoch 2 of 12). It goes on where it stood: start the "
        "waiting runs."
    )
    student.set_status(state=RunState.FINISHED)
    assert [entry.name for entry in read_queue(tmp_path)] == ["b"]
    assert notices(tmp_path)[0] == "a was finished when SkinKD ended."


def test_an_entry_whose_folder_is_gone_stays_and_says_so(tmp_path: Path) -> None:
    write_queue(tmp_path, QueuedRun("gone", folder=tmp_path / "gone"), QueuedRun("study", study=tmp_path / "studies/x"))
    assert [(run.name, run.problem) for run in read_queue(tmp_path)] == [
        ("gone", f"{tmp_path / 'gone'} is not there"),
        ("study", f"{tmp_path / 'studies/x'} is not there"),
    ]


@pytest.mark.parametrize("content", ["[{", '{"version": 1}', "[]", "\0", '{"version": "x", "entries": []}'])
def test_a_damaged_queue_is_named_and_kept_aside(content: str, tmp_path: Path) -> None:
    (tmp_path / ".queue.unread-1.json").write_text("an earlier one")
    (tmp_path / NAME).write_text(content)
    (text,) = notices(tmp_path)
    kept = tmp_path / ".queue.unread-2.json"
    assert str(kept) in text
    assert kept.read_text() == content
    write_queue(tmp_path, QueuedRun("new", RECIPE))
    assert kept.read_text() == content
    assert (tmp_path / ".queue.unread-1.json").read_text() == "an earlier one"


def test_a_bad_entry_costs_none_of_the_others_and_is_kept_aside(tmp_path: Path) -> None:
    write_queue(tmp_path, QueuedRun("newer", RECIPE), QueuedRun("good", preset(Preset.BEST)))
    file = tmp_path / NAME
    before = file.read_text().replace("[optimisation]", "[from_a_newer_version]", 1)
    file.write_text(before)
    queue = QueueFile(tmp_path)
    found = queue.load()
    assert [entry.name for entry in found.entries] == ["good"]
    assert found.notices[0].text.startswith("Of the queue, this could not be read and does not wait any more: newer (")
    queue.save(found.entries)
    queue.close()
    assert (tmp_path / ".queue.unread-1.json").read_text() == before
    for row in ("x", {"name": "n", "recipe": "", "folder": ""}, {"name": "n"}, {"recipe": 5, "name": "n"}):
        file.write_text(json.dumps({"version": VERSION, "entries": [row]}))
        assert len(notices(tmp_path)) == 1


@pytest.mark.parametrize("teacher", [0, 1, -1, "0"])
def test_a_plan_whose_teacher_is_no_earlier_run_is_not_taken(teacher: object, tmp_path: Path) -> None:
    write_queue(tmp_path, QueuedRun("a", RECIPE, plan=(PlannedRun(RECIPE, "a"),)))
    values = json.loads((tmp_path / NAME).read_text())
    values["entries"][0]["plan"][0]["teacher"] = teacher
    (tmp_path / NAME).write_text(json.dumps(values))
    assert "expected the place of an earlier run" in notices(tmp_path)[0]


def test_what_a_newer_version_wrote_stays_as_it_is(qtbot: QtBot, tmp_path: Path) -> None:
    text = json.dumps({"version": VERSION + 1, "entries": [{"of": "tomorrow"}]})
    (tmp_path / NAME).write_text(text)
    window = MainWindow(tmp_path, Stage())
    window.show()
    shown = window.train_tab.findChild(QListWidget, "noticesList")
    assert "is from a newer SkinKD and stays as it is" in shown.item(0).text()
    window.queue.add(RECIPE, "at work")
    assert "forgotten when this window closes" in shown.item(1).text()
    assert not window.queue_keeper.keeps
    window.close_without_asking()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert (tmp_path / NAME).read_text() == text
    window.deleteLater()


def test_the_first_form_of_the_queue_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "20260331-x").mkdir()
    rows = [
        {"name": "new", "recipe": recipe_to_toml(RECIPE), "folder": "", "study": ""},
        {"name": "x", "recipe": "", "folder": "20260331-x"},
    ]
    old = tmp_path / ".waiting.json"
    old.write_text(json.dumps(rows))
    assert read_queue(tmp_path) == (QueuedRun("new", RECIPE), QueuedRun("x", folder=tmp_path / "20260331-x"))
    assert not old.exists()
    assert len(read_queue(tmp_path)) == 2
    old.write_text("{")
    assert "is damaged" in notices(tmp_path)[0]
    assert (tmp_path / ".waiting.unread-1.json").read_text() == "{"


def test_one_window_at_a_time_keeps_the_queue(tmp_path: Path) -> None:
    """A second window says who keeps it, and neither starts nor overwrites what waits there."""
    mine, other = QueuedRun("mine", RECIPE), QueuedRun("other", RECIPE)
    first, second = QueueFile(tmp_path), QueueFile(tmp_path)
    assert first.load().entries == second.load().entries == ()
    first.save([mine])
    assert first.refusal == ""
    second.save([])
    assert second.refusal == ""
    second.save([other])
    assert second.refusal == (
        "the queue of this folder is kept by another window: this program itself, in another window or thread"
    )
    third = QueueFile(tmp_path)
    assert third.load().entries == ()
    assert third.barred
    first.close()
    second.save([other])  # it never read what waits there
    late = QueueFile(tmp_path)
    late.save([other])
    assert late.refusal == "another window has left what waits in this folder"
    assert read_queue(tmp_path) == (mine,)


_KILLED = """
import os, signal, sys
from pathlib import Path
from core.recipe import Preset, preset
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.queue_file import QueueFile
QueueFile(Path(sys.argv[1])).save([QueuedRun("waits", preset(Preset.QUICK))])
os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
"""


def test_a_killed_window_leaves_its_queue_to_the_next(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], check=False, timeout=60).returncode
    assert (tmp_path / ".queue.lock.by").exists()
    assert [run.name for run in read_queue(tmp_path)] == ["waits"]


def test_the_same_folder_by_another_name_goes_on_being_kept(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "runs")
    file = QueueFile(tmp_path / "runs")
    file.save([QueuedRun("waits", RECIPE)])
    assert file.move(tmp_path / "link").entries == ()  # they wait in this window already
    file.save([QueuedRun("waits", RECIPE), QueuedRun("new", RECIPE)])
    assert file.refusal == ""
    file.close()
    assert [run.name for run in read_queue(tmp_path / "runs")] == ["waits", "new"]


def test_a_full_disk_is_said_and_what_was_written_stays(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = MainWindow(tmp_path, Stage())
    window.show()
    shown = window.train_tab.findChild(QListWidget, "noticesList")
    window.queue.add(RECIPE, "at work")
    before = (tmp_path / NAME).read_text()

    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "write_text", full)
        for name in ("b", "c"):
            window.queue.add(RECIPE, name)
    texts = [shown.item(row).text() for row in range(shown.count())]
    (said,) = [text for text in texts if "No space left" in text]
    assert said.startswith("What is queued here is forgotten when this window closes")
    assert (tmp_path / NAME).read_text() == before
    assert not window.queue_keeper.keeps
    window.queue_keeper._again.timeout.emit()
    assert [row["name"] for row in json.loads((tmp_path / NAME).read_text())["entries"]] == ["at work", "b", "c"]
    assert shown.item(shown.count() - 1).text() == "The queue is on disk again."
    window.close_without_asking()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert [run.name for run in read_queue(tmp_path)] == ["at work", "b", "c"]
    window.deleteLater()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_only_be_read_is_said(tmp_path: Path) -> None:
    write_queue(tmp_path, QueuedRun("a", RECIPE))
    tmp_path.chmod(0o500)
    file = QueueFile(tmp_path)
    assert file.load().entries == ()
    assert "can not be written" in file.refusal
    tmp_path.chmod(0o700)


def test_a_second_window_says_who_keeps_the_queue(qtbot: QtBot, tmp_path: Path) -> None:
    keeper = QueueFile(tmp_path)
    keeper.save([QueuedRun("mine", RECIPE)])
    window = MainWindow(tmp_path, Stage())
    window.show()
    assert window.queue.state.waiting == ()
    shown = window.train_tab.findChild(QListWidget, "noticesList")
    assert shown.item(0).text().startswith("The queue of this folder is kept by another window: this program itself")
    for name in ("at work", "waits"):
        window.queue.add(RECIPE, name)
    texts = [shown.item(row).text() for row in range(shown.count())]
    assert sum(text.startswith("What is queued here is forgotten when this window closes") for text in texts) == 1
    window.close()
    box = window.findChild(QMessageBox, "closeQuestion")
    assert "The waiting run will be forgotten." in box.informativeText()
    box.close()
    window.close_without_asking()
    qtbot.waitUntil(lambda: not window.isVisible())
    keeper.close()
    assert [run.name for run in read_queue(tmp_path)] == ["mine"]
    window.deleteLater()


def test_an_interrupted_entry_is_shown_and_gone_on_with(qtbot: QtBot, tmp_path: Path) -> None:
    teacher = create_run(RECIPE, runs=tmp_path, name="teacher")
    teacher.set_status(state=RunState.RUNNING, epoch=3)
    plan = (PlannedRun(RECIPE, "teacher", folder=teacher.path), PlannedRun(RECIPE, "a", 0))
    write_queue(tmp_path, QueuedRun("a", RECIPE, plan=plan, begun=True), QueuedRun("b", RECIPE))
    stage = Stage()
    window = MainWindow(tmp_path, stage)
    window.show()
    waiting = window.train_tab.findChild(QListWidget, "waitingRunsList")
    assert [waiting.item(row).text() for row in range(2)] == ["a\nBegun; goes on where it stood", "b"]
    shown = window.train_tab.findChild(QListWidget, "noticesList")
    assert "a was at work when SkinKD ended (teacher: epoch 3 of 12)." in shown.item(0).text()
    window.train_tab.refresh()
    qtbot.waitUntil(lambda: not window.train_tab._listing.running)
    assert window.train_tab.unfinished_runs == ()  # it waits with its entry
    stage.finish.set()
    window.queue.start_waiting()
    qtbot.waitUntil(lambda: not window.queue.state.entries)
    assert stage.names == ["a", "b"]
    assert RunFolder(teacher.path).recipe_file.exists()
    window.close_without_asking()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert read_queue(tmp_path) == ()
    window.deleteLater()
