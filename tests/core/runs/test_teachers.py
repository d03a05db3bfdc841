"""The teacher that a recipe names is found, also after the folder of the runs was moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.errors import SkinKDError
from core.runs.teachers import find_teacher


def test_a_moved_teacher_is_found_by_its_folder(write_run: Callable[..., Path], tmp_path: Path) -> None:
    teacher = write_run("teacher", np.arange(40) % 8, np.arange(40) % 8)
    (teacher / "model.safetensors").touch()
    assert find_teacher(str(teacher), tmp_path).path == teacher
    moved = tmp_path / "elsewhere"
    teacher.parent.rename(moved)
    assert find_teacher(str(teacher), moved).path == moved / teacher.name
    with pytest.raises(SkinKDError, match="neither a run folder"):
        find_teacher(str(teacher) + "-2", moved)
