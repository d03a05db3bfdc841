"""The teacher that a recipe names is found, also after the folder of the runs was moved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.types import DataSet, ImageRecord, Part, Split
from core.errors import SkinKDError
from core.runs.tables import SplitRow
from core.runs.teachers import Teacher, find_teacher, teacher_leaks, unseen_classes


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


def test_a_teacher_that_learned_other_images_of_test_patients_is_said() -> None:
    classes = CLASS_SETS["isic2019"]
    patients = ("P1", "P1", "P2", None, None)
    records = tuple(ImageRecord(f"{k}.jpg", None, k % 2, patient=patient) for k, patient in enumerate(patients))
    dataset = DataSet(Path(), "folders", records, near_copies=(("3.jpg", "4.jpg"),), classes=classes)
    split = Split(np.array([2]), np.array([], np.int64), np.array([0, 4]))
    rows = tuple(SplitRow(f"{k}.jpg", "MEL", "", Part.TRAIN if k in (1, 3) else Part.TEST) for k in range(5))
    (note,) = teacher_leaks(Teacher("big", Path(), Path(), rows), dataset, split)
    assert note.startswith("Leak: 2 of the 2 test images are of patients, or nearly the same")
    assert "0.jpg, 4.jpg" in note
    apart = tuple(SplitRow(f"{k}.jpg", "MEL", "", Part.TRAIN if k == 2 else Part.TEST) for k in range(5))
    assert teacher_leaks(Teacher("big", Path(), Path(), apart), dataset, split) == ()
