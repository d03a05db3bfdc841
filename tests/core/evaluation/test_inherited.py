"""Shared errors are counted image by image, not by the sizes of cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.classes import CLASS_SETS
from core.evaluation.comparison import LabelledLogits
from core.evaluation.inherited import Inheritance, inheritance

ISIC2019 = CLASS_SETS["isic2019"]
MEL, NV, BCC, DF = (ISIC2019.codes.index(code) for code in ("MEL", "NV", "BCC", "DF"))


def said(names: str, labels: Sequence[int], answers: Sequence[int]) -> LabelledLogits:
    logits = np.eye(8, dtype=np.float32)[list(answers)]
    return LabelledLogits(tuple(names), np.array(labels), logits, ("",) * len(names), ISIC2019)


def compared(teacher: LabelledLogits, student: LabelledLogits) -> Inheritance:
    found = inheritance(teacher, student)
    assert found is not None
    return found


def test_the_same_wrong_class_on_the_same_image_is_shared() -> None:
    labels = [NV, NV, NV, MEL, MEL, BCC]
    teacher = said("abcdef", labels, [DF, DF, NV, NV, MEL, MEL])
    student = said("fedcba", labels[::-1], [DF, NV, NV, DF, NV, DF])
    found = compared(teacher, student)
    assert (found.images, found.teacher_errors, found.student_errors) == (6, 4, 5)
    assert found.shared == 2
    assert found.fraction == 0.5
    first = found.confusions[0]
    assert (first.truth, first.said, first.teacher, first.student, first.both) == ("NV", "DF", 2, 2, ("a",))
    cells = {(pair.truth, pair.said): pair for pair in found.confusions}
    assert cells["MEL", "NV"].both == ("d",)
    assert (cells["BCC", "MEL"].teacher, cells["BCC", "MEL"].student) == (1, 0)
    assert (cells["BCC", "DF"].teacher, cells["BCC", "DF"].student) == (0, 1)
    assert sum(pair.teacher for pair in found.confusions) == found.teacher_errors
    assert sum(pair.student for pair in found.confusions) == found.student_errors
    assert sum(len(pair.both) for pair in found.confusions) == found.shared


def test_only_common_images_count() -> None:
    teacher, student = said("ab", [NV, NV], [DF, DF]), said("bc", [NV, NV], [DF, DF])
    found = compared(teacher, student)
    assert (found.images, found.shared, found.confusions[0].both) == (1, 1, ("b",))
    assert inheritance(teacher, said("xy", [NV, NV], [DF, DF])) is None


def test_a_perfect_teacher_hands_nothing_down() -> None:
    found = compared(said("a", [NV], [NV]), said("a", [NV], [DF]))
    assert found.fraction is None
    assert found.confusions[0].student == 1
