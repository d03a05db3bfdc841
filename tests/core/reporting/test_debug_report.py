"""The debug report has what is needed to mend a fault, and no name of a person or a picture."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.cli.main import run
from core.errors import SkinKDError
from core.paths import log_root
from core.reporting.debug_report import debug_report, save_debug_report
from core.runs.folder import RunFolder

LABELS = np.arange(16) % 8


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder whose owner's name must not be told, with a log in it."""
    place = tmp_path / "Ada Lovelace"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("USERPROFILE", str(place))
    monkeypatch.setattr(getpass, "getuser", lambda: "alovelace")
    monkeypatch.setattr(platform, "node", lambda: "ward-seven")
    monkeypatch.setenv("XDG_STATE_HOME", str(place / "state"))
    return place


def write_log(name: str, *lines: str) -> None:
    log_root().mkdir(parents=True, exist_ok=True)
    (log_root() / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_it_holds_what_is_needed(home: Path, write_run: Callable[..., Path], tmp_path: Path) -> None:
    folder = RunFolder(write_run("a run", LABELS, LABELS, "optimisation.learning_rate=0.0123"))
    folder.log_file.write_text("epoch 7 of 9\n")
    write_log("skinkd.log", *(f"line {number}" for number in range(1000)), "RuntimeError: it broke")
    report = debug_report(tmp_path / "runs", {"theme": "dark"})
    for words in (
        platform.python_version(),
        "cpu: ",
        "GiB free",
        "theme = dark",
        "finished, epoch",
        "learning_rate = 0.0123",
        "epoch 7 of 9",
        "RuntimeError: it broke",
        "torch 2",
    ):
        assert words in report
    assert "line 10\n" not in report


def test_it_names_nobody(home: Path, write_run: Callable[..., Path], tmp_path: Path) -> None:
    folder = RunFolder(
        write_run(
            "Mrs Smith",
            LABELS,
            LABELS,
            f"data.path={home / 'Jane Doe'}",
            train=[("Jane Doe left arm", ""), ("smith_07", "")],
        )
    )
    folder.log_file.write_text(
        f"Missing: smith_07, Jane Doe left arm\nread {home}/Jane Doe/a.png\n{home}/Jane Doe is gone\n"
    )
    write_log(
        "skinkd.log",
        f"could not read {home}/pictures/Bob Ross.jpg",
        f'File "{home}/patients/Bob Ross/notes.txt", line 3',
        "held by ward-seven, alovelace",
        "C:\\Users\\Bob Ross\\mole.DCM is damaged",
        "'/data/Bob Ross/x' was not found, nor /srv/bobross/y",
        "Bob Ross back.jpeg: truncated",
        'File "/usr/lib/nowhere.py", line 12, in open',
    )
    report = debug_report(tmp_path / "runs", {"runs_folder": str(home / "runs")})
    for name in (
        "Ada",
        "Lovelace",
        "alovelace",
        "ward-seven",
        "Jane",
        "Doe",
        "smith",
        "Bob",
        "Ross",
        "bobross",
        "mole",
        "Mrs",
    ):
        assert name not in report, name
    assert "~/runs" in report
    assert "[data folder] is gone" in report
    assert "truncated" in report


def test_the_lines_of_the_program_stay(home: Path, tmp_path: Path) -> None:
    import core.errors

    write_log("skinkd.log", f'File "{core.errors.__file__}", line 12, in open', f'File "{np.__file__}", line 1')
    report = debug_report(tmp_path / "runs")
    assert 'errors.py", line 12, in open' in report
    assert "numpy/__init__.py" in report.replace("\\", "/")


def test_a_damaged_run_and_no_log_are_said_in_their_place(
    home: Path, write_run: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_run("a run", LABELS, LABELS)
    (folder / "recipe.toml").write_text("no = [toml")
    report = debug_report(tmp_path / "runs")
    assert "could not be found out: FileNotFoundError" in report
    assert "== Packages ==" in report


def test_doctor_saves_it(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "report.txt"
    run(["doctor", "--report", str(out)])
    assert out.read_text(encoding="utf-8").startswith("SkinKD debug report")
    assert str(out) in capsys.readouterr().out


def test_a_place_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="can not be written"):
        save_debug_report(tmp_path / "nowhere" / "x.txt", "text")
