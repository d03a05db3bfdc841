"""What becomes of the labels that stand in the data: the wizard's state with other classes or meanings. Knows no Qt.

Functions that make classes raise ValueError, in words for people, for a set that can not be.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from core.classes import CLASS_SETS, GUESSES, ClassSet, How, LesionClass, make_class_set, normalised, own_classes
from core.data.mapping import fitting_sets
from core.data.types import DataSet, LabelCount, Problem, ProblemKind, undecided
from core.documents import some
from core.recipe import with_values
from core.recipe.classes import OWN, ClassesRecipe
from core.study.paper import has_papers_classes
from skinkd_gui.training.wizard.state import Goal, WizardState, counted

_NAMED = 5


@dataclass(frozen=True)
class Outcome:
    """What can become of a label: a class by its `code`, "" for left out, None for a class of its own."""

    title: str
    code: str | None


@dataclass(frozen=True)
class Sums:
    """How many images and classes there will be to learn from, and how many images are left out."""

    images: int
    classes: int
    left_out: int


def guesses(labels: Iterable[LabelCount]) -> tuple[LabelCount, ...]:
    """The labels that are understood, but by another name or a part of it."""
    return tuple(item for item in labels if item.how in GUESSES)


def sums_of(labels: Sequence[LabelCount]) -> Sums:
    """What will be learned from."""
    used = [item for item in labels if item.code]
    images = sum(item.count for item in used)
    return Sums(images, len({item.code for item in used}), sum(item.count for item in labels) - images)


def outcomes(classes: ClassSet) -> tuple[Outcome, ...]:
    """All that a label can become."""
    known = (Outcome(item.title, item.code) for item in classes.classes)
    return (*known, Outcome("A class of its own", None), Outcome("Left out", ""))


def needs_labels(state: WizardState) -> bool:
    """Whether somebody should look at what the labels mean: not all are codes or names of the classes."""
    labels = state.meanings
    plain = all(item.says_none or item.how in (How.CODE, How.NAME) for item in labels)
    return bool(labels) and (not plain or sums_of(labels).classes < 2)


def label_message(state: WizardState) -> str:
    """What must still be said of the labels before anything can be learned; empty when all is said."""
    labels = state.meanings
    if left := undecided(labels):
        return f"Say what each label becomes: {described_open(left)}."
    if labels and sums_of(labels).classes < 2:
        return "A model tells apart at least two classes; these labels give only one."
    return ""


def described_open(left: Sequence[LabelCount]) -> str:
    """`2 labels with 7 pictures are not understood`."""
    pictures = counted(sum(item.count for item in left), "picture")
    return f"{counted(len(left), 'label')} with {pictures} {'is' if len(left) == 1 else 'are'} not understood"


def other_problems(dataset: DataSet) -> tuple[Problem, ...]:
    """What is wrong with the data beside labels that nobody explained, which are asked for by themselves."""
    left = {item.label for item in undecided(dataset.label_counts)}
    return tuple(
        problem
        for problem in dataset.problems
        if problem.kind is not ProblemKind.UNKNOWN_LABEL or problem.subject not in left
    )


def named_labels(labels: Sequence[LabelCount]) -> str:
    """`acne (4), wart (4) and 3 more`."""
    return some([f"{item.label} ({item.count:,})" for item in labels], _NAMED)


def fitting(state: WizardState, saved: Iterable[ClassSet]) -> tuple[ClassSet, ...]:
    """The sets, saved ones first, that understand every label, where the present one does not."""
    if not undecided(state.meanings):
        return ()
    sets = [*saved, *CLASS_SETS.values()]
    names = fitting_sets(state.labels, sets)
    return tuple(known for known in sets if known.name in names and known.classes != state.recipe.class_set.classes)


# --- changing -----------------------------------------------------------------------------------------------------


def use_set(state: WizardState, classes: ClassSet) -> WizardState:
    """The state with another set. What was said of labels stays where the set has that class, or knows nothing of the
    label."""
    said = {label: code for label, code in state.recipe.classes.mapping.items() if _holds(classes, label, code)}
    return _with_classes(state, classes.name, classes.classes, said | dict(classes.mapping))


def _holds(classes: ClassSet, label: str, code: str) -> bool:
    return code in classes.codes if code else classes.meaning(label) is None


def decide(state: WizardState, labels: Iterable[str], code: str | None) -> WizardState:
    """The state where these labels mean a class, or nothing (""), or each one a class of its own (None)."""
    labels = tuple(labels)
    if code is None:
        return _add_own(state, labels)
    classes = state.recipe.class_set
    return _with_classes(state, classes.name, classes.classes, _said(classes, dict.fromkeys(labels, code)))


def confirm_guesses(state: WizardState) -> WizardState:
    """The state where every guess is said to be right."""
    classes = state.recipe.class_set
    right = {item.label: item.code or "" for item in guesses(state.meanings)}
    return _with_classes(state, classes.name, classes.classes, _said(classes, right))


def each_its_own(state: WizardState) -> WizardState:
    """The state where every label is a class."""
    labels = [item.label for item in state.labels]
    made = own_classes(labels)
    return _with_classes(state, OWN, list(made.values()), _codes_of(labels, made))


def _add_own(state: WizardState, labels: tuple[str, ...]) -> WizardState:
    """The classes that other labels mean stay, those of a set that comes with SkinKD only if they do."""
    classes, chosen = state.recipe.class_set, {normalised(label) for label in labels}
    used = {item.code for item in state.meanings if normalised(item.label) not in chosen}
    stay = [_without_words(item, chosen) for item in classes.classes if classes.name == OWN or item.code in used]
    fresh = own_classes(labels, stay)
    made = [*stay, *fresh.values()]
    codes = {item.code for item in made}
    said = {label: code for label, code in _said(classes, {}).items() if not code or code in codes}
    said = {label: code for label, code in said.items() if normalised(label) not in chosen}
    return _with_classes(state, OWN, made, said | _codes_of(labels, fresh))


def _codes_of(labels: Iterable[str], made: Mapping[str, LesionClass]) -> dict[str, str]:
    return {label: made[key].code for label in labels if (key := normalised(label)) in made}


def _without_words(item: LesionClass, words: set[str]) -> LesionClass:
    return item.model_copy(update={"aliases": tuple(word for word in item.aliases if normalised(word) not in words)})


def edit_class(state: WizardState, code: str, what: str, value: str) -> WizardState:
    """The state where a field of a class (code, name, group, colour) has another value; its labels still mean it, and
    the set is the user's own."""
    classes = state.recipe.class_set
    try:
        edited = [
            LesionClass.model_validate_json(json.dumps(item.model_dump(mode="json") | {what: value}))
            if item.code == code
            else item
            for item in classes.classes
        ]
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    renamed = {code: value} if what == "code" else {}
    said = {item.label: item.code for item in state.meanings if item.code == code}
    mapping = {label: renamed.get(meant, meant) for label, meant in _said(classes, said).items()}
    return _with_classes(state, OWN, edited, mapping)


def remove_class(state: WizardState, code: str) -> WizardState:
    """The state without a class; its labels are open again, and the set is the user's own."""
    classes = state.recipe.class_set
    left = [item for item in classes.classes if item.code != code]
    return _with_classes(state, OWN, left, {label: meant for label, meant in classes.mapping if meant != code})


def _said(classes: ClassSet, more: dict[str, str]) -> dict[str, str]:
    """The mapping of a set with more of it, which counts for the same label in another writing too."""
    words = {normalised(label) for label in more}
    return {label: code for label, code in classes.mapping if normalised(label) not in words} | more


def _with_classes(
    state: WizardState, name: str, classes: Sequence[LesionClass], mapping: dict[str, str]
) -> WizardState:
    """The state with these classes. The columns that labels were read from stay, whatever the classes would find."""
    known = name in CLASS_SETS
    made = make_class_set(name, classes, mapping)
    section = ClassesRecipe(set=name if known else OWN, own=() if known else made.classes, mapping=mapping)
    taken = {choice.setting: choice.taken for choice in state.choices if choice.taken}
    recipe = with_values(state.recipe, taken).model_copy(update={"classes": section})
    goal = state.goal
    if goal is Goal.STUDY and not has_papers_classes(recipe):
        goal = Goal.WHOLE
    return replace(state, recipe=recipe, goal=goal)
