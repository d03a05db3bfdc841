"""Does a student make its teacher's errors? Beside the teacher, and beside a plain student as the control."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation.inherited import Inheritance
from core.reporting import cells
from core.reporting.table import Column, ResultsTable

MOST_CONFUSIONS = 10
"""So many pairs of classes are shown, the teacher's most frequent."""


def inheritance_table(students: Sequence[tuple[str, Inheritance]]) -> ResultsTable:
    """For each student (title, its errors beside its teacher's): how many of the teacher's errors it makes too."""
    columns = (
        Column("Student", words=True),
        Column("Test images"),
        Column("Teacher's errors"),
        Column("Student's errors"),
        Column("Shared", "Images that both get wrong with the same class"),
        Column("Of the teacher's", "Which share of the teacher's errors the student makes too"),
    )
    rows = tuple(
        (
            cells.words(title),
            cells.count(item.images),
            cells.count(item.teacher_errors),
            cells.count(item.student_errors),
            cells.count(item.shared),
            cells.share(item.fraction),
        )
        for title, item in students
    )
    note = (
        "Shared: the same image, the same wrong class. Hard images mislead every model: what a student without a "
        "teacher shares is not inherited."
    )
    return ResultsTable("Errors that students share with their teacher", columns, rows, (note,))


def confusions_table(title: str, item: Inheritance, plain: tuple[str, Inheritance] | None = None) -> ResultsTable:
    """The teacher's most frequent confusions beside those of one student, and of the `plain` one (title, its errors)
    beside the same teacher's."""
    control = {} if plain is None else {(pair.truth, pair.said): pair for pair in plain[1].confusions}
    columns = [
        Column("Truth", words=True),
        Column("Taken for", words=True),
        Column("Teacher", "Images that the teacher takes so"),
        Column("Student", "Images that the student takes so"),
        Column("Both", "The same images, by both"),
    ]
    columns += [] if plain is None else [Column(f"{plain[0]} too", "Of the teacher's, those that it takes so too")]
    rows = tuple(
        (
            cells.words(pair.truth),
            cells.words(pair.said),
            cells.count(pair.teacher),
            cells.count(pair.student),
            cells.count(len(pair.both)),
            *(
                []
                if plain is None
                else [cells.count(len(other.both) if (other := control.get((pair.truth, pair.said))) else 0)]
            ),
        )
        for pair in item.confusions[:MOST_CONFUSIONS]
    )
    return ResultsTable(f"The teacher's confusions beside those of {title}", tuple(columns), rows, (same_first(item),))


def same_first(item: Inheritance) -> str:
    """Whether teacher and student take the same class for the same other most often, as the paper found of its best KL
    student (NV for DF)."""
    if not item.teacher_errors or not item.student_errors:
        return "One of the two makes no error on these images."
    first = item.confusions[0]
    own = max(item.confusions, key=lambda pair: pair.student)
    ours, theirs = f"{own.truth} for {own.said}", f"{first.truth} for {first.said}"
    if own.student == first.student:
        return f"Both take {theirs} most often ({first.teacher:,} and {first.student:,} images)."
    return f"The teacher takes {theirs} most often ({first.teacher:,}), the student {ours} ({own.student:,})."
