"""A run, a study, decoded images and a teacher's answers that another process works on: who holds them is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import SkinKDError
from core.recipe import Preset, preset
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.listing import list_runs
from core.runs.status import RunState
from core.study.execute import run_study
from core.study.folder import create_study
from core.study.paper import paper_study

_KEEPER = """
import sys
from pathlib import Path
from core.runs.folder import RunFolder
from core.study.folder import StudyFolder
sys.argv[0] = "skinkd-cli"
folder = {"run": RunFolder, "study": StudyFolder}[sys.argv[1]](Path(sys.argv[2]))
with folder.locked():
    sys.stdout.write("locked\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""


@contextmanager
def kept(kind: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _KEEPER, kind, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_a_run_of_another_process_is_refused_by_name_and_free_when_that_is_killed(tmp_path: Path) -> None:
    run = create_run(preset(Preset.QUICK), runs=tmp_path)
    run.set_status(state=RunState.RUNNING)
    with kept("run", run.path) as other:
        assert list_runs(tmp_path)[0].status.state is RunState.RUNNING
        with pytest.raises(SkinKDError) as caught:
            execute(run)
        assert f"skinkd-cli, process {other.pid} on the computer" in caught.value.summary
        os.kill(other.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        other.wait(30)
        assert list_runs(tmp_path)[0].status.state is RunState.STOPPED
        with run.locked():
            assert RunFolder(run.path).is_locked


def test_a_study_of_another_process_is_refused_by_name(tmp_path: Path) -> None:
    study = create_study(paper_study(preset(Preset.QUICK)), tmp_path)
    with kept("study", study.path) as other, pytest.raises(SkinKDError, match=f"process {other.pid} on the computer"):
        run_study(study)
