"""The wizard's brain, without Qt: which page comes next, what is valid, which recipe and runs it stands for.

`WizardState` is a frozen value; every function here takes one and returns an answer or the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data.choices import Choice
from core.data.types import DataSet, LabelCount
from core.distillation.methods import METHODS
from core.errors import FieldProblem, RecipeError
from core.recipe import Preset, Recipe, has_field, preset, section_fields, value_of, with_values
from core.recipe.learning import CurriculumRecipe, DistillationRecipe, Distilled
from core.runs.folder import default_name
from core.runs.planning import PlannedRun, plan_runs, teacher_recipe
from core.runs.status import RunState, RunSummary
from core.settings import SettingsSection
from core.teachers.given_outputs import is_given

if TYPE_CHECKING:
    from core.models.catalog import ModelFacts
    from core.study.definition import Study
    from skinkd_gui.training.wizard.preview import SplitPreview


_METHOD = "distillation.method"
_DIVISION = ("split", "rounding", "group_by", "parts", "folds", "fold", "seed")
"""The fields of the section data that say which image is in which part."""
_ANSWERS = ("data.image_column", "data.label_column", "data.image_type")
"""The settings that answer what one data set leaves open."""


class WizardStep(StrEnum):
    """The pages in their order; the value is the page's title."""

    DATA = "Data"
    LABELS = "Labels and classes"
    TASK = "Task"
    TEACHER = "Teacher"
    STUDENT = "Student and distillation"
    SCHEDULE = "Schedule"
    COST = "Hardware and cost"
    REVIEW = "Review"


class Goal(StrEnum):
    """What the user wants to have at the end."""

    TEACHER = "teacher"
    PLAIN = "plain"
    DISTIL = "distil"
    WHOLE = "whole"
    STUDY = "study"


class CheckState(StrEnum):
    """How far the reading of every image has come."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class StudyChoice:
    """What is made of the paper's study: how many seeds each student is trained with, the tables beyond table 2, the
    curriculum's second reading, and whether there are two studies, divided by image and by lesion."""

    seeds: int = 1
    fine_sweep: bool = False
    both_redraws: bool = False
    both_splits: bool = False


@dataclass(frozen=True)
class WizardState:
    """Everything the wizard knows. `recipe` is always valid; what was typed and can not be used yet waits in `drafts`
    with its messages in `problems`. `labels` are those of the data, which stay while it is read again for other
    classes; `choices` is what the data leave open, `asked` that of it without which they can not be read. `excluded`
    are the images that going on leaves out; `split_problem` says why the others can not be divided, `preview` how they
    are, once that is known. `facts` and `model_problems` hold (section, what is known of its model) and (section, why
    its model can not be used). `left` are the settings of methods that were chosen before, for a return. With more than
    one of `folds` the goal is cross-validated instead of trained once; the paper's study never is. With
    `teacher_candidates` a teacher's cross-validation chooses among the paper's candidates. `cost` is what was measured
    last, in a sentence, and for what."""

    recipe: Recipe
    step: WizardStep = WizardStep.DATA
    goal: Goal = Goal.WHOLE
    preset: Preset | None = Preset.PAPER_LESION
    drafts: tuple[tuple[str, Any], ...] = ()
    problems: tuple[FieldProblem, ...] = ()
    reading: bool = False
    dataset: DataSet | None = None
    data_problem: str = ""
    labels: tuple[LabelCount, ...] = ()
    choices: tuple[Choice, ...] = ()
    asked: Choice | None = None
    excluded: frozenset[str] = frozenset()
    split_problem: str = ""
    preview: SplitPreview | None = None
    check: CheckState = CheckState.NONE
    teachers: tuple[RunSummary, ...] = ()
    facts: tuple[tuple[str, ModelFacts], ...] = ()
    model_problems: tuple[tuple[str, str], ...] = ()
    name: str = ""
    study: StudyChoice = StudyChoice()
    folds: int = 1
    teacher_candidates: bool = False
    left: tuple[DistillationRecipe, ...] = ()
    cost: tuple[Wanted, str] | None = None

    @cached_property
    def meanings(self) -> tuple[LabelCount, ...]:
        """The labels of the data with what they mean by the recipe's classes, the most frequent first."""
        classes = self.recipe.class_set
        return tuple(item.meant_by(classes) for item in self.labels)


# --- starting -----------------------------------------------------------------------------------------------------


def initial_state(recipe: Recipe | None = None, data_path: str = "") -> WizardState:
    """The state on opening: the paper's recipe, divided by lesion, or a given one. `data_path`, where not empty, wins
    over the recipe's."""
    start = recipe if recipe is not None else preset(Preset.PAPER_LESION)
    if data_path:
        start = with_values(start, {"data.path": data_path})
    return WizardState(recipe=start, goal=goal_of(start), preset=preset_of(start))


def goal_of(recipe: Recipe) -> Goal:
    """The goal that a recipe serves."""
    if recipe.task == "teacher":
        return Goal.TEACHER
    if not recipe.needs_teacher:
        return Goal.PLAIN
    return Goal.DISTIL if recipe.teacher.run else Goal.WHOLE


def preset_of(recipe: Recipe) -> Preset | None:
    """The preset whose models, method and schedule the recipe has, of several the one with its grouping or the last;
    None for one's own settings."""
    examples = {name: preset(name) for name in Preset}
    found = [
        name
        for name, example in examples.items()
        if all(getattr(recipe, section) == getattr(example, section) for section in _PRESET_SECTIONS)
    ]
    alike = [name for name in found if examples[name].data.group_by == recipe.data.group_by]
    return next(iter([*alike, *reversed(found)]), None)


_PRESET_SECTIONS = ("student", "distillation", "curriculum", "optimisation")


# --- changing values ----------------------------------------------------------------------------------------------


def set_value(state: WizardState, key: str, value: Any) -> WizardState:
    """The state after the user gave the field `key` (`section.name`) a value, usable or not.

    A usable value goes into the recipe. One that is not stays beside it as a draft, with the recipe's own message,
    until it is corrected; drafts are tried again with every edit because one field may heal another.
    """
    if key == _METHOD:
        return _choose_method(state, value)
    return _with_drafts(state, dict(state.drafts) | {key: value})


def _choose_method(state: WizardState, name: str) -> WizardState:
    """The state with another method, its settings as they were when it was chosen last; alpha and further losses
    stay."""
    present = state.recipe.distillation
    before = {section.method: section for section in (*state.left, present)}
    known, method = before.pop(name, None), METHODS[name]
    gone = {f"distillation.{key}" for key in METHODS[present.method].Settings.model_fields}
    drafts = {key: draft for key, draft in state.drafts if key not in gone}
    found: dict[str, Any] = {}
    if known is not None:
        found = {f"distillation.{key}": getattr(known, key) for key in method.Settings.model_fields}
    shares: list[SettingsSection] = [section for section in before.values() if isinstance(section, Distilled)]
    if method.needs and shares:
        found |= {f"distillation.{key}": value for key, value in shares[-1] if key in Distilled.model_fields}
    return _with_drafts(replace(state, left=tuple(before.values())), drafts | found | {_METHOD: name})


def _with_drafts(state: WizardState, drafts: dict[str, Any]) -> WizardState:
    problems: dict[str, FieldProblem] = {}
    waiting: dict[str, Any] = {}
    while True:
        usable = {name: draft for name, draft in drafts.items() if name not in waiting}
        try:
            recipe = with_values(state.recipe, usable)
        except RecipeError as error:
            if not usable:  # the recipe itself, not a draft: an entry is gone that it names
                raise
            new = {problem.key: problem for problem in error.problems if problem.key not in problems}
            problems |= new
            bad = [name for name in usable if name in new] or list(usable)
            waiting |= {name: usable[name] for name in bad}
            if set(problems).isdisjoint(waiting):
                problems |= {name: FieldProblem(name, error.problems[0].message) for name in bad}
            continue
        # What waits for a field that is gone with its entry waits in vain.
        waiting = {name: draft for name, draft in waiting.items() if has_field(recipe, name)}
        said = tuple(problem for name, problem in problems.items() if has_field(recipe, name))
        return replace(state, recipe=recipe, drafts=tuple(waiting.items()), problems=said)


def reset_value(state: WizardState, key: str) -> WizardState:
    """The state with a field back at the value it has in the chosen preset (the paper's without one)."""
    return set_value(state, key, default_of(state, key))


def default_of(state: WizardState, key: str) -> Any:
    """The value that a reset gives to the field `key`."""
    example = preset(state.preset or Preset.PAPER_LESION)
    named = {
        spec.key: value_of(state.recipe, spec.key)
        for spec in section_fields(key.partition(".")[0])
        if spec.entries and spec.key != key and value_of(state.recipe, spec.key) != value_of(example, spec.key)
    }
    return value_of(with_values(example, named) if named else example, key)


def shown_value(state: WizardState, key: str) -> Any:
    """What the field `key` shows: the user's draft where there is one, otherwise the recipe's value."""
    return dict(state.drafts).get(key, value_of(state.recipe, key))


def field_problem(state: WizardState, key: str) -> str:
    """Why the value of a field can not be used, or an empty text."""
    return next((problem.message for problem in state.problems if problem.key == key), "")


def choose_preset(state: WizardState, name: Preset) -> WizardState:
    """The state with a preset's models, method, schedule, precision, image size, calibration and grouping; the rest
    stays.

    A finished teacher stays chosen, and with it its image size and division: its answers are for images of that size,
    and others than it was trained on are to test it.
    """
    start = preset(name)
    taken = state.recipe.teacher.run
    changes = {section: getattr(start, section) for section in _PRESET_SECTIONS}
    data: dict[str, Any] = {"calibration": start.data.calibration}
    if not taken:
        changes["teacher"] = start.teacher
        data |= {name: getattr(start.data, name) for name in ("image_size", "group_by", "rounding")}
    precision = {"precision": start.hardware.precision}
    changes["hardware"] = state.recipe.hardware.model_copy(update=precision)
    changes["data"] = state.recipe.data.model_copy(update=data)
    recipe = state.recipe.model_copy(update=changes)
    clean = replace(state, recipe=recipe, preset=name, drafts=(), problems=(), model_problems=())
    return _with_method(clean)


def choose_goal(state: WizardState, goal: Goal) -> WizardState:
    """The state with another goal; whatever it does not need keeps its values for a return."""
    return _with_method(replace(state, goal=goal))


def choose_teacher(state: WizardState, teacher: RunSummary) -> WizardState:
    """The state that learns from a finished teacher run.

    Takes over the teacher's model, image size and split: divided otherwise, images that the teacher was trained on
    would stand in the student's test set, and its answers would look better than they are.
    """
    if teacher.recipe is None:
        return state
    theirs = teacher.recipe.data
    same = {name: getattr(theirs, name) for name in ("image_size", *_DIVISION)}
    recipe = state.recipe.model_copy(
        update={
            "data": state.recipe.data.model_copy(update=same),
            "teacher": teacher.recipe.teacher.model_copy(update={"run": str(teacher.folder)}),
        }
    )
    return replace(state, recipe=recipe)


def finished_teachers(runs: tuple[RunSummary, ...]) -> tuple[RunSummary, ...]:
    """The runs that a student can learn from, in the given order."""
    return tuple(
        run
        for run in runs
        if run.status.state is RunState.FINISHED and run.recipe is not None and run.recipe.task == "teacher"
    )


def chosen_teacher(state: WizardState) -> RunSummary | None:
    """The finished teacher that the recipe names by its folder or the folder's name, when it is among those found."""
    named = state.recipe.teacher.run
    return next((run for run in state.teachers if named in (str(run.folder), run.folder.name)), None)


def teacher_note(state: WizardState) -> str:
    """What choosing the finished teacher changed, or what must be known about it; empty without one."""
    teacher, named = chosen_teacher(state), Path(state.recipe.teacher.run)
    if state.goal is Goal.DISTIL and is_given(named):
        return (
            f"The student learns from the outputs in {named.name}. They are of the upright images: it sees no others. "
            "Images that this teacher was trained on may stand in the student's test set."
        )
    if state.goal is not Goal.DISTIL or teacher is None or teacher.recipe is None:
        return "" if state.goal is not Goal.DISTIL or state.teachers else NO_TEACHER
    theirs, ours = teacher.recipe.data, state.recipe.data
    if Path(theirs.path) != Path(ours.path):
        return (
            f"This teacher was trained on other images ({theirs.path}). Images that it was trained on may stand in "
            "the student's test set, which would make the student's scores look better than they are."
        )
    if any(getattr(theirs, key) != getattr(ours, key) for key in _DIVISION):
        return (
            "The images are divided otherwise than for this teacher: some that it was trained on stand in the "
            "student's test set. Choose the teacher again to divide them as it was trained."
        )
    return "The image size and the division of the images are taken over from this teacher, so that tests stay fair."


NO_TEACHER = (
    "There is no finished teacher yet. Train one first, choose to train a teacher and then a student, or open a file "
    "of another teacher's outputs."
)


def _with_method(state: WizardState) -> WizardState:
    """Distilling needs a method: without one the paper's is set."""
    recipe = state.recipe
    if state.goal in (Goal.DISTIL, Goal.WHOLE, Goal.STUDY) and not recipe.distillation.losses:
        if recipe.curriculum.entries.needs_teacher:
            return state
        papers = preset(Preset.PAPER_LESION).distillation
        return replace(state, recipe=recipe.model_copy(update={"distillation": papers}))
    return state


# --- data ---------------------------------------------------------------------------------------------------------


def start_reading(state: WizardState, path: str) -> WizardState:
    """The state while the data set at `path` is being read. What was answered about other data does not count here."""
    cleared = replace(
        state,
        reading=bool(path),
        dataset=None,
        data_problem="",
        asked=None,
        excluded=frozenset(),
        split_problem="",
        preview=None,
        check=CheckState.NONE,
    )
    if path == state.recipe.data.path:
        return cleared
    cleared = replace(cleared, labels=(), choices=())
    return _with_drafts(cleared, dict(state.drafts) | dict.fromkeys(_ANSWERS, "") | {"data.path": path})


def data_read(state: WizardState, dataset: DataSet, excluded: frozenset[str]) -> WizardState:
    """The state with a data set whose tables were read; its images are checked next."""
    return replace(
        state,
        reading=False,
        dataset=dataset,
        labels=dataset.label_counts,
        choices=_known_choices(state, dataset.choices),
        excluded=excluded,
        data_problem="",
    )


def data_failed(state: WizardState, message: str) -> WizardState:
    """The state when nothing could be read, with the reason."""
    return replace(
        state,
        reading=False,
        dataset=None,
        labels=(),
        excluded=frozenset(),
        data_problem=message,
        check=CheckState.NONE,
    )


def choice_asked(state: WizardState, choice: Choice) -> WizardState:
    """The state when the data can not be read before a choice is made."""
    return replace(data_failed(state, ""), asked=choice, choices=_known_choices(state, (choice,)))


def _known_choices(state: WizardState, left_open: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """What is left open now, and what was answered before, so that the answer can be changed."""
    now = {choice.setting for choice in left_open}
    answered = [
        replace(choice, taken=str(value))
        for choice in state.choices
        if choice.setting not in now and (value := value_of(state.recipe, choice.setting))
    ]
    return (*answered, *left_open)


def data_checked(state: WizardState, dataset: DataSet, excluded: frozenset[str]) -> WizardState:
    """The state with every image read once."""
    return replace(state, dataset=dataset, excluded=excluded, check=CheckState.DONE)


def usable_images(state: WizardState) -> int:
    """How many images can be used, as far as is known."""
    if state.dataset is None:
        return 0
    return sum(1 for record in state.dataset.records if record.path and record.name not in state.excluded)


def with_choices(state: WizardState, other: WizardState) -> WizardState:
    """The state with what the user chose in another one, shown on the page where it was chosen."""
    return replace(
        state,
        recipe=other.recipe,
        step=other.step,
        goal=other.goal,
        preset=other.preset,
        drafts=other.drafts,
        problems=other.problems,
        name=other.name,
        study=other.study,
        folds=other.folds,
        teacher_candidates=other.teacher_candidates,
        left=other.left,
    )


# --- models -------------------------------------------------------------------------------------------------------


def model_described(state: WizardState, section: str, facts: ModelFacts) -> WizardState:
    """The state that knows the size of a section's model."""
    known = tuple(item for item in state.facts if item[0] != section)
    wrong = tuple(item for item in state.model_problems if item[0] != section)
    return replace(state, facts=(*known, (section, facts)), model_problems=wrong)


def model_unusable(state: WizardState, section: str, message: str) -> WizardState:
    """The state that knows why a section's model can not be used."""
    known = tuple(item for item in state.facts if item[0] != section)
    wrong = tuple(item for item in state.model_problems if item[0] != section)
    return replace(state, facts=known, model_problems=(*wrong, (section, message)))


def facts_of(state: WizardState, section: str) -> ModelFacts | None:
    """What is known of a section's present model, or None."""
    facts = dict(state.facts).get(section)
    return facts if facts is not None and facts.architecture == getattr(state.recipe, section).architecture else None


def counted(number: int, thing: str) -> str:
    """`1 image`, `25,331 images`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def set_name(state: WizardState, name: str) -> WizardState:
    """The state with a name for the run; an empty one leaves the naming to SkinKD."""
    return replace(state, name=name)


# --- what it stands for -------------------------------------------------------------------------------------------


def recipe_of(state: WizardState) -> Recipe:
    """The recipe that the wizard stands for: the state's, without what the goal does not use.

    A teacher alone gets the very recipe that it would have within the whole job, so that it is found and used again.
    """
    recipe = state.recipe
    if state.goal is Goal.TEACHER:
        return teacher_recipe(recipe)
    changes: dict[str, Any] = {"task": "student"}
    if state.goal is Goal.PLAIN:
        changes["distillation"] = DistillationRecipe()
        if recipe.curriculum.entries.needs_teacher:
            changes["curriculum"] = CurriculumRecipe()
    if state.goal is not Goal.DISTIL and recipe.teacher.run:
        changes["teacher"] = recipe.teacher.model_copy(update={"run": ""})
    return recipe.model_copy(update=changes)


Wanted = tuple[Recipe, Goal, StudyChoice, int, bool]
"""What `wanted` gives, to tell whether it has changed."""


def wanted(state: WizardState) -> Wanted:
    """What costs and plans depend on."""
    return recipe_of(state), state.goal, state.study, state.folds, state.teacher_candidates


def studies_of(state: WizardState) -> tuple[Study, ...]:
    """The studies that the wizard stands for; none for every goal that is single runs. Raises `SkinKDError` for a
    recipe that can not be cross-validated."""
    if state.goal is not Goal.STUDY:
        return _cross_validation(state)
    from core.study.paper import REDRAWN, both_splits, paper_study

    choice, redraws = state.study, tuple(REDRAWN)
    study = paper_study(
        recipe_of(state),
        fine_sweep=choice.fine_sweep,
        seeds=tuple(range(choice.seeds)),
        name=name_of(state),
        redraws=redraws if choice.both_redraws else redraws[:1],
    )
    return both_splits(study) if choice.both_splits else (study,)


def comparisons_of(state: WizardState) -> int:
    """How many configurations a study compares with its plain student; 1 when the goal is not such a study."""
    compared = [study for study in studies_of(state) if not study.withholds_test]
    return max((sum(item.repeats for item in study.configurations) - 1 for study in compared), default=1)


def _cross_validation(state: WizardState) -> tuple[Study, ...]:
    if state.folds == 1:
        return ()
    from core.study.folds import TEACHER_AXES, cross_validated, teacher_candidates

    recipe, name = recipe_of(state), name_of(state)
    if compares_teachers(state):
        return (cross_validated(teacher_candidates(recipe), folds=state.folds, vary=TEACHER_AXES, name=name),)
    return (cross_validated(recipe, folds=state.folds, name=name),)


def compares_teachers(state: WizardState) -> bool:
    """Whether the paper's teachers are cross-validated instead of the one that was chosen."""
    return state.goal is Goal.TEACHER and state.folds > 1 and state.teacher_candidates


def study_runs(state: WizardState) -> int:
    """How many runs the studies make; 0 when the goal is not a study."""
    from core.study.definition import members

    return sum(len(members(study)) for study in studies_of(state))


def name_of(state: WizardState) -> str:
    """The user's name for the run (the last one) or the study, or what SkinKD would call it."""
    return state.name.strip() or default_name_of(state)


def default_name_of(state: WizardState) -> str:
    """The name without one from the user."""
    if state.goal is Goal.STUDY:
        return "Paper study"
    name = "the paper's teachers" if compares_teachers(state) else default_name(recipe_of(state))
    return name if state.folds == 1 else f"Cross-validation of {name}"


def plan(state: WizardState, runs_root: Path) -> tuple[PlannedRun, ...]:
    """The runs that Start puts into the queue, in order; of a study its teacher and one of its students.

    Reads the runs folder: call it in a worker.
    """
    return plan_runs(recipe_of(state), runs_root)
