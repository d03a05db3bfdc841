"""What may be computed while PyTorch is being imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import builtins, sys, threading
import numpy as np
from scipy.special import log_softmax, logsumexp
from skinkd_gui.workers import preload

if sys.argv[2] == "prepared":
    preload._compute_once()
sys.path.insert(0, sys.argv[1])
builtins.begun, builtins.go_on = threading.Event(), threading.Event()
threading.Thread(target=__import__, args=("torch",)).start()
begun.wait()
try:
    logsumexp(np.zeros((2, 2)), axis=1), log_softmax(np.zeros((2, 2), np.float32), axis=1)
    print("computed")
except AttributeError:
    print("fell over it")
finally:
    go_on.set()
"""
"""Once scipy does not fall over it unprepared, the step can go."""


@pytest.mark.parametrize(("prepared", "said"), [("prepared", "computed"), ("unprepared", "fell over it")])
def test_torch_may_be_half_imported(prepared: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("begun.set()\ngo_on.wait(60)\n\nclass Tensor: pass\n")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), prepared]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout.strip() == said, ended.stderr
