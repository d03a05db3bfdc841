"""Which page of the wizard comes next, and what is still missing on each. Knows no Qt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import assert_never

from core.data.types import undecided
from core.documents import some
from core.teachers.given_outputs import is_given
from skinkd_gui.training.wizard.labels import label_message, needs_labels
from skinkd_gui.training.wizard.state import (
    CheckState,
    Goal,
    WizardState,
    WizardStep,
    chosen_teacher,
    counted,
    facts_of,
    recipe_of,
    usable_images,
)


def steps(state: WizardState) -> tuple[WizardStep, ...]:
    """The pages that this goal needs, in order."""
    unneeded = {
        Goal.TEACHER: {WizardStep.STUDENT},
        Goal.PLAIN: {WizardStep.TEACHER},
        Goal.DISTIL: {WizardStep.TEACHER},
        Goal.WHOLE: set[WizardStep](),
        Goal.STUDY: set[WizardStep](),
    }[state.goal]
    return tuple(step for step in WizardStep if step not in unneeded)


def next_step(state: WizardState) -> WizardStep | None:
    """The page that Next opens; None on the last."""
    return _neighbour(state, 1)


def previous_step(state: WizardState) -> WizardStep | None:
    """The page that Back opens; None on the first."""
    return _neighbour(state, -1)


def go_to(state: WizardState, step: WizardStep) -> WizardState:
    """The state on another page, when it can be opened; otherwise unchanged."""
    return replace(state, step=step) if can_open(state, step) else state


def can_open(state: WizardState, step: WizardStep) -> bool:
    """Whether a page can be gone to: all needed pages before it are in order (going back is always possible)."""
    needed = steps(state)
    if step not in needed:
        return False
    before = needed[: needed.index(step)]
    return not any(message_for(state, earlier) for earlier in before) or _index(step) <= _index(state.step)


def message_for(state: WizardState, step: WizardStep) -> str:
    """What must still be done on a page before Next, in plain words; empty when the page is in order."""
    if step is WizardStep.DATA:
        return _data_message(state)
    if step is WizardStep.LABELS:
        return label_message(state) or _data_message(state)  # other meanings are read anew
    if step is WizardStep.TASK:
        return _task_message(state)
    if step is WizardStep.TEACHER:
        return _model_message(state, "teacher") or _field_message(state, "teacher")
    if step is WizardStep.STUDENT:
        return _student_message(state)
    if step is WizardStep.SCHEDULE:
        return _field_message(state, "optimisation")
    if step is WizardStep.COST:
        return _field_message(state, "hardware")
    if step is WizardStep.REVIEW:
        return _review_message(state)
    assert_never(step)


def can_start(state: WizardState) -> bool:
    """Whether the runs can be started."""
    return not message_for(state, WizardStep.REVIEW)


def _neighbour(state: WizardState, distance: int) -> WizardStep | None:
    """Labels that are all codes or names of the classes need no look, though their page can be opened."""
    needed = [step for step in steps(state) if step in (state.step, WizardStep.DATA) or _asks(state, step)]
    position = needed.index(state.step) + distance if state.step in needed else 0
    return needed[position] if 0 <= position < len(needed) else None


def _asks(state: WizardState, step: WizardStep) -> bool:
    return step is not WizardStep.LABELS or needs_labels(state)


def _index(step: WizardStep) -> int:
    return list(WizardStep).index(step)


def _data_message(state: WizardState) -> str:
    if not state.recipe.data.path:
        return "Choose the folder with your images, or use the built-in sample images."
    if state.reading:
        return "The data set is being read."
    if state.asked is not None:
        return "Answer the question about your data."
    if state.dataset is None:
        return _first_sentence(state.data_problem) or "The data set has not been read yet."
    if undecided(state.meanings):  # they are asked for on their own page, and nothing is known of the rest yet
        return ""
    if usable_images(state) == 0:
        return "None of these images can be used."
    if state.excluded and not state.recipe.data.skip_problems:
        return f"{counted(len(state.excluded), 'image')} can not be used: tick “Go on without”, or correct the data."
    return _field_message(state, "data") or state.split_problem


def _first_sentence(text: str) -> str:
    """What is wrong, in one line: the page itself shows the whole."""
    first, dot, _ = text.partition(". ")
    return first + dot.rstrip()


def _task_message(state: WizardState) -> str:
    if state.goal is not Goal.DISTIL:
        return ""
    if not state.recipe.teacher.run:
        return "Choose the finished teacher to learn from." if state.teachers else "There is no finished teacher yet."
    teacher = chosen_teacher(state)
    if teacher is not None and teacher.recipe is not None:
        theirs = teacher.recipe.class_set
        if not theirs.same_classes(state.recipe.class_set):
            return f"This teacher tells apart other classes ({some(theirs.codes, 4)}); choose another teacher."
    named = Path(state.recipe.teacher.run)
    if is_given(named):
        return "" if named.is_file() else f"The file of the teacher's outputs does not exist: {named}"
    if teacher is None and not (named / "model.safetensors").is_file():
        return "The chosen teacher's folder holds no finished model; choose another."
    return ""


def _student_message(state: WizardState) -> str:
    if state.goal in (Goal.DISTIL, Goal.WHOLE):
        if not recipe_of(state).needs_teacher:
            return "Choose a method, or an order by the teacher's opinion; without both the teacher would not be used."
        problem = _field_message(state, "distillation") or _field_message(state, "curriculum")
        if problem:
            return problem
    return _model_message(state, "student") or _field_message(state, "student")


def _model_message(state: WizardState, section: str) -> str:
    return dict(state.model_problems).get(section, "") or weights_message(state, section)


def weights_message(state: WizardState, section: str) -> str:
    """Why a section's starting weights can not be used; empty when they can, as far as is known."""
    weights = getattr(state.recipe, section).weights
    if weights == "none":
        return ""
    if weights == "hub":
        facts = facts_of(state, section)
        missing = facts is not None and not facts.has_pretrained
        return "There are no pretrained weights for this network; choose another start." if missing else ""
    if weights == ".safetensors" or Path(weights).suffix != ".safetensors":
        return "Choose the .safetensors file with the starting weights."
    return "" if Path(weights).is_file() else f"The file with the starting weights does not exist: {weights}"


def _field_message(state: WizardState, section: str) -> str:
    bad = [problem for problem in state.problems if problem.key.partition(".")[0] == section]
    if not bad:
        return ""
    return "One value must be corrected." if len(bad) == 1 else f"{len(bad)} values must be corrected."


def _review_message(state: WizardState) -> str:
    for step in steps(state):
        message = "" if step is WizardStep.REVIEW else message_for(state, step)
        if message:
            return f"{step.value}: {message}"
    if state.check is CheckState.RUNNING:
        return "The images are still being checked; wait, or stop the check on the Data page."
    return ""
