"""The teacher that a recipe names is found, also after the folder of the runs was moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.types import DataSet, ImageRecord, Part
from core.errors import SkinKDError
from core.runs.tables import SplitRow
from core.runs.teachers import Teacher, find_teacher, unseen_classes


def test_a_moved_teacher_is_found_by_its_folder(write_run: Callable[..., Path], tmp_path: Path) -> None:
    teacher = write_run("teacher", np.arange(40) % 8, np.arange(40) % 8)
    (teacher / "model.safetensors").touch()
    assert find_teacher(str(teacher), tmp_path).path == teacher
    moved = tmp_path / "elsewhere"
    teacher.parent.rename(moved)
    assert find_teacher(str(teacher), moved).path == moved / teacher.name
    with pytest.raises(SkinKDError, match="neither a run folder"):
        find_teacher(str(teacher) + "-2", moved)


def test_a_teacher_that_never_saw_a_class_is_said() -> None:
    known = CLASS_SETS["isic2019"]
    records = tuple(ImageRecord(f"{number}.jpg", None, number % 3) for number in range(9))
    dataset = DataSet(Path(), "folders", records, classes=known)
    rows = [
        SplitRow("a", "MEL", "", Part.TRAIN),
        SplitRow("b", "NV", "", Part.TRAIN),
        SplitRow("c", "BCC", "", Part.TEST),
    ]
    (note,) = unseen_classes(Teacher("big", Path(), Path(), tuple(rows)), dataset)
    assert "never saw Basal cell carcinoma (BCC)" in note
    learned = SplitRow("c", "BCC", "", Part.TRAIN)
    assert unseen_classes(Teacher("big", Path(), Path(), (*rows, learned)), dataset) == ()
    assert unseen_classes(Teacher("file", Path(), Path(), ()), dataset) == ()
