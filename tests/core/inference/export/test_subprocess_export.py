from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, CancelToken
from core.inference.classifier import Classifier
from core.inference.export.onnx_bytes import IMAGES, LOGITS
from core.inference.onnx_session import open_session
from core.runs.folder import RunFolder
from tests.exports import write_in_another_process


def test_the_other_process_writes_the_network(finished_run: RunFolder, tmp_path: Path) -> None:
    model = write_in_another_process(finished_run.model_file, tmp_path, CancelToken())
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
    session = open_session(model.SerializeToString(), ["CPUExecutionProvider"], 1)
    expected = Classifier.load(finished_run.path, "cpu").logits(images)
    np.testing.assert_allclose(session.run([LOGITS], {IMAGES: images})[0], expected, rtol=1e-4, atol=1e-4)


def test_its_errors_come_back(tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nothing")
    with pytest.raises(SkinKDError, match=r"broken\.safetensors"):
        write_in_another_process(broken, tmp_path, CancelToken())


def test_it_stops_at_once(finished_run: RunFolder, tmp_path: Path) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        write_in_another_process(finished_run.model_file, tmp_path, source.token)
    assert not (tmp_path / "written.onnx").exists()


PROGRAM = """
import multiprocessing, time
from core.inference.child_process import end_with_parent

def work(ready):
    end_with_parent()
    ready.set()
    time.sleep(300)

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=work, args=(ready,), daemon=True)
    other.start()
    ready.wait()
    print(other.pid, flush=True)
    time.sleep(300)
"""


def test_it_ends_with_a_program_that_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        other = int(program.stdout.readline())
        assert _runs(other)
        program.kill()
    deadline = time.monotonic() + 60
    while _runs(other) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(other)


def _runs(process: int) -> bool:
    """Whether it is at work; one that ended may wait for ever to be asked how, where nobody asks."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
