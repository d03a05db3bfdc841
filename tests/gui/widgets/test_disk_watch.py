"""Changes on the disk are noticed: of data sets, and of runs that are being copied in."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from skinkd_gui.widgets import disk_watch
from skinkd_gui.widgets.data_paths import data_paths
from skinkd_gui.widgets.disk_watch import DiskWatch
from skinkd_gui.widgets.runs_watch import RunsWatch


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_watch, "_DELAY_MILLISECONDS", 1)


def test_a_data_set_is_its_folders_and_tables(tmp_path: Path) -> None:
    (tmp_path / "MEL" / "old").mkdir(parents=True)
    table = tmp_path / "labels.csv"
    table.write_text("")
    (tmp_path / "MEL" / "a.jpg").write_bytes(b"")
    assert set(data_paths(tmp_path)) == {tmp_path, table, tmp_path / "MEL", tmp_path / "MEL" / "old"}
    assert set(data_paths(table)) == set(data_paths(tmp_path))


def test_a_file_that_is_replaced_is_noticed_each_time(qtbot: QtBot, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("a")
    watch = DiskWatch()
    watch.watch_paths([table])
    for text in ("b", "c"):
        with qtbot.waitSignal(watch.changed):
            (tmp_path / "new").write_text(text)
            (tmp_path / "new").replace(table)
    assert watch.differs()
    watch.stop()


def test_a_run_that_is_being_copied_is_watched_until_it_is_whole(qtbot: QtBot, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    watch = RunsWatch()
    watch.watch(tmp_path, {old})
    with qtbot.waitSignal(watch.changed):
        (tmp_path / "new").mkdir()
    watch.watch(tmp_path, {old})
    with qtbot.waitSignal(watch.changed):
        (tmp_path / "new" / "status.json").write_text("{}")
    watch.stop()
