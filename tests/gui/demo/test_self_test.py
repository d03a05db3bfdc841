"""`skinkd --self-test`: the window's part of it, and its exit status."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.demo.self_test import SelfTest, SelfTestStep
from core.errors import SkinKDError
from core.runs.folder import RunFolder
from skinkd_gui import app
from skinkd_gui.demo import self_test
from skinkd_gui.widgets.error_dialog import show_error


def test_the_window_opens_on_the_runs_and_closes(qtbot: QtBot, finished_run: RunFolder) -> None:
    assert self_test.open_and_close(finished_run.path.parent) == "1 runs listed"


def test_a_window_that_shows_an_error_is_not_right(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(window: self_test.MainWindow) -> None:
        show_error(window, SkinKDError("SkinKD can not compute", "PyTorch is not in the bundle."))

    monkeypatch.setattr(self_test.MainWindow, "start_engine", broken)
    with pytest.raises(SkinKDError, match="not in the bundle"):
        self_test.open_and_close(tmp_path)


@pytest.mark.parametrize("good", [True, False])
def test_the_exit_status_tells_whether_all_was_right(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, good: bool
) -> None:
    def work() -> str:
        if not good:
            raise OSError("a library is missing")
        return "fine"

    monkeypatch.setattr(SelfTest, "steps", lambda self: (SelfTestStep("try", work),))
    monkeypatch.setattr(self_test, "_with_application", lambda place, runs: "opened")
    assert app.main(["--self-test", str(tmp_path / "kept")]) == (0 if good else 1)
    output = capsys.readouterr().out
    assert "OK       Open the window and close it: opened" in output
    assert ("all 2 steps are right" if good else "1 of 2 steps failed") in output
    assert (tmp_path / "kept" / "self-test.txt").is_file()
    assert app.main(["--self-test", str(tmp_path)]) == 1  # it holds something
