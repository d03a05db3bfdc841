"""A study of everything there is to choose: every loss, and every curriculum with its random control."""

from __future__ import annotations

from collections.abc import Sequence

from core.distillation.classification import CLASSIFICATION_LOSSES
from core.distillation.curricula import DIFFICULTIES, ORDERS
from core.distillation.methods import METHODS
from core.recipe import Recipe
from core.study.controls import needs_control, with_controls
from core.study.definition import TEACHER_KEY, Configuration, Study, Value, changed

_NO_CURRICULUM: tuple[tuple[str, Value], ...] = (("curriculum.order", "none"), ("curriculum.pacing", "all"))


def every_entry_study(
    base: Recipe,
    *,
    seeds: Sequence[int] = (0,),
    name: str = "Every loss and curriculum",
    teacher_changes: Sequence[tuple[str, Value]] = (),
) -> Study:
    """A teacher, the plain student, a student for each entry of `METHODS`, a plain one for each of
    `CLASSIFICATION_LOSSES`, and for each difficulty and each order that goes by one a student of the base recipe's
    method, with its control. `teacher_changes` hold for the teacher alone. What is registered is in it."""
    first = next(order for order in ORDERS.values() if order.only_sorts)
    curricula = [(first.name, difficulty) for difficulty in DIFFICULTIES]
    curricula += [(order.name, base.curriculum.difficulty) for order in ORDERS.values() if order.needs_difficulty]
    rows = (
        Configuration(TEACHER_KEY, "Teacher", tuple(teacher_changes), teacher=True),
        Configuration("plain", "Plain student", _student("none")),
        *(
            Configuration(f"loss-{name}", method.title, _student(name))
            for name, method in METHODS.items()
            if method.needs
        ),
        *(
            Configuration(f"labels-{name}", f"{loss.title}, every image once", _of_labels(name))
            for name, loss in CLASSIFICATION_LOSSES.items()
        ),
        *(
            row
            for order, difficulty in dict.fromkeys(curricula)
            if needs_control(changed(base, (row := _curriculum(base, order, difficulty)).changes))
        ),
    )
    return with_controls(Study(name, base, rows, tuple(seeds)))


def _student(method: str) -> tuple[tuple[str, Value], ...]:
    return (("task", "student"), ("distillation.method", method), *_NO_CURRICULUM)


def _of_labels(loss: str) -> tuple[tuple[str, Value], ...]:
    return (
        *_student("none"),
        ("optimisation.sampler", "shuffle"),
        ("optimisation.classification_loss", loss),
    )


def _curriculum(base: Recipe, order: str, difficulty: str) -> Configuration:
    method = base.distillation.method if base.alpha is not None else next(name for name in METHODS if name != "none")
    title = f"{METHODS[method].title}: {ORDERS[order].title.lower()} by {DIFFICULTIES[difficulty].title.lower()}"
    changes = (
        ("task", "student"),
        ("distillation.method", method),
        ("curriculum.order", order),
        ("curriculum.difficulty", difficulty),
    )
    return Configuration(f"{order}-by-{difficulty}", title, changes)
