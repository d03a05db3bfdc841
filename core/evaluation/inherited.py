"""Whether a student makes its teacher's errors: the same images, given the same wrong class.

The paper's best KL student shared the teacher's most frequent confusion, NV taken for DF, and the plain student did not
(section 5.5.2). Counts can agree on different images, and hard images mislead every model: so the images are compared,
and the plain student is the control.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.evaluation.comparison import LabelledLogits


@dataclass(frozen=True)
class SharedConfusion:
    """Images of `truth` given the class `said`: by the teacher, by the student, and by `both` (names of images)."""

    truth: str
    said: str
    teacher: int
    student: int
    both: tuple[str, ...]


@dataclass(frozen=True)
class Inheritance:
    """The errors of a teacher and a student on the images that both were tested on. `shared` are the teacher's errors
    that the student makes too, with the same wrong class; `confusions` all pairs of classes, the teacher's most
    frequent first."""

    images: int
    teacher_errors: int
    student_errors: int
    shared: int
    confusions: tuple[SharedConfusion, ...]

    @property
    def fraction(self) -> float | None:
        """Of the teacher's errors, the fraction that the student makes too; None where it makes none."""
        return self.shared / self.teacher_errors if self.teacher_errors else None


def inheritance(teacher: LabelledLogits, student: LabelledLogits) -> Inheritance | None:
    """Compare what both say of their common images, by name. None without any, or where the classes differ."""
    if not teacher.classes.same_classes(student.classes):
        return None
    rows = {name: row for row, name in enumerate(teacher.names)}
    pairs = [(rows[name], row) for row, name in enumerate(student.names) if name in rows]
    if not pairs:
        return None
    codes = student.classes.codes
    theirs, mine = (np.array(column) for column in zip(*pairs, strict=True))
    order = [teacher.classes.codes.index(code) for code in codes]
    said = teacher.logits[theirs][:, order].argmax(axis=1), student.logits[mine].argmax(axis=1)
    labels = student.labels[mine]
    names = [student.names[row] for row in mine.tolist()]
    wrong = said[0] != labels, said[1] != labels
    same = wrong[0] & (said[0] == said[1])
    found = []
    for truth, answer in sorted({(int(t), int(s)) for each in said for t, s in zip(labels, each, strict=True)}):
        if truth == answer:
            continue
        cell = labels == truth
        both = np.flatnonzero(cell & same & (said[0] == answer))
        counts = [int((cell & (each == answer)).sum()) for each in said]
        shared = tuple(names[row] for row in both.tolist())
        found.append(SharedConfusion(codes[truth], codes[answer], counts[0], counts[1], shared))
    found.sort(key=lambda item: (-item.teacher, -item.student, item.truth, item.said))
    return Inheritance(len(names), int(wrong[0].sum()), int(wrong[1].sum()), int(same.sum()), tuple(found))
