"""The wizard's words: choices, goals and findings in the language of its users. Knows no Qt."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.groups import together
from core.data.leakage import Leakage
from core.documents import some
from core.models.catalog import ModelFacts
from core.quantities import file_size, in_digits, whole_percent
from core.recipe import FieldSpec, Preset, field
from core.recipe.schema import Recipe
from core.reporting.words import curriculum_words, losses_words
from core.study.departures import corrections_in_use, headline, study_departures
from core.study.paper import study_words
from core.teachers.given_outputs import is_given
from skinkd_gui.training.wizard.state import (
    Goal,
    WizardState,
    counted,
    name_of,
    recipe_of,
    studies_of,
    study_runs,
    usable_images,
    wanted,
)

if TYPE_CHECKING:
    from core.runs.planning import PlannedRun
    from core.study.definition import Study
    from core.training.hardware import DeviceFacts

PRESET_TITLES = {
    Preset.PAPER: "As in the paper, divided by image",
    Preset.PAPER_LESION: "As in the paper, divided by lesion",
    Preset.QUICK: "Quick try",
    Preset.BEST: "Best result, on a GPU",
    Preset.BEST_CPU: "Best result, on a CPU",
}

GOAL_TITLES = {
    Goal.WHOLE: "Train a teacher, then distil a student from it",
    Goal.TEACHER: "Train a teacher only",
    Goal.DISTIL: "Distil a student from a finished teacher",
    Goal.PLAIN: "Train a small model without a teacher",
    Goal.STUDY: "Reproduce the paper",
}

GOAL_HELP = {
    Goal.WHOLE: "The whole job in two runs, one after the other. The student is the model you will use.",
    Goal.TEACHER: "The large model: the most accurate one, slow to train and to use. Students can learn from it later.",
    Goal.DISTIL: "The small model learns from the labels and from the answers of a teacher that you trained before.",
    Goal.PLAIN: "The small model learns from the labels alone. This is what distillation is compared with.",
    Goal.STUDY: (
        "The paper's whole study: a teacher, the plain student, and students of its methods at five weights, with and "
        "without the curriculum: 22 runs, and 2 in random order to compare that with. Your results stand beside the "
        "paper's. It can be stopped and gone on with."
    ),
}


TOO_HIGH = "The scores come out too high."
"""What a leak does."""


def choice_text(spec: FieldSpec, value: str) -> str:
    """What the user reads for a choice of a field: its title; the recipe's own word where it has none."""
    return dict(spec.titles).get(value, value)


def help_text(spec: FieldSpec) -> str:
    """A field's help with fields and choices called as the form calls them."""
    section = spec.key.partition(".")[0]
    text = re.sub(r"`(\w+)`", lambda match: f"“{field(f'{section}.{match[1]}').title}”", spec.help)
    for value in spec.choices:
        shown, name = choice_text(spec, value), re.escape(value)
        anywhere = rf"|\b{name}\b" if "_" in value else ""
        text = re.sub(rf"\b{name}(?=:)|(?<=: ){name}\b{anywhere}", shown, text)
    return text[:1].upper() + text[1:]


def choice_help(spec: FieldSpec, value: object) -> str:
    """What the chosen entry does, in a sentence; a field's own help where it names no entries."""
    entry = next((entry for entry in spec.entries if entry.name == value), None)
    return help_text(spec) if entry is None else _sentence(entry.help)


def all_choices_help(spec: FieldSpec) -> str:
    """A field's help, and a line for each entry that it can name: what it does, and where it comes from."""
    lines = [f"{entry.title}: {entry.help}{f' ({entry.source})' if entry.source else ''}." for entry in spec.entries]
    return "\n".join([help_text(spec), *lines])


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."


def alpha_sentence(alpha: float) -> str:
    """How the two teachers of the student, labels and large model, share its attention."""
    return f"The teacher's answers count {whole_percent(alpha)}, the labels {whole_percent(1 - alpha)}."


def summary_lines(state: WizardState) -> tuple[tuple[str, str], ...]:
    """The wizard's choices in plain words, as (what, choice)."""
    recipe = recipe_of(state)
    lines = [("Goal", GOAL_TITLES[state.goal]), ("Images", _images(state)), ("Classes", _classes(state))]
    if state.goal in (Goal.WHOLE, Goal.TEACHER, Goal.STUDY):
        lines.append(("Teacher", _model(recipe.teacher)))
    if state.goal is Goal.DISTIL:
        run = recipe.teacher.run
        finished = f"{recipe.teacher.architecture}, the finished run in {run}"
        lines.append(("Teacher", f"the outputs in {run}" if is_given(Path(run)) else finished))
    if state.goal is not Goal.TEACHER:
        lines.append(("Student", _model(recipe.student)))
    if state.goal is Goal.STUDY:
        lines.append(("Distillation", study_words()))
        lines.append(("Curriculum", _redraws(state)))
    elif recipe.needs_teacher:
        lines.append(("Distillation", losses_words(recipe) or "from the labels only"))
    if state.goal is not Goal.STUDY and recipe.applied_curriculum.unusual:
        lines.append(("Curriculum", curriculum_words(recipe)))
    lines.append(("Training", _schedule(recipe)))
    lines.append(("Cost", _cost(state)))
    if state.goal is Goal.STUDY:
        lines.append(("The paper", _departures(state)))
    return tuple(lines)


def _departures(state: WizardState) -> str:
    """How each study departs from the paper; of two with their names."""
    if state.dataset is None:
        return ""
    studies, facts = studies_of(state), (usable_images(state), state.dataset.synthetic)
    said = [_departures_of(study, *facts) for study in studies]
    if len(studies) == 1:
        return said[0]
    return "\n".join(f"{study.name}: {text}" for study, text in zip(studies, said, strict=True))


def _departures_of(study: Study, images: int, synthetic: bool) -> str:
    corrections = corrections_in_use(study.base)
    return headline(study_departures(study, images, synthetic=synthetic, corrections=corrections))


def _images(state: WizardState) -> str:
    data = state.recipe.data
    used = usable_images(state)
    what = "generated sample images" if state.dataset and state.dataset.synthetic else "images"
    left_out = f", {len(state.excluded):,} left out" if state.excluded else ""
    apart = f", {whole_percent(data.calibration)} of the validation images to calibrate on" if data.calibration else ""
    size = f"{data.image_size} × {data.image_size} pixels"
    by = together(data.group_by)
    if state.goal is Goal.STUDY and state.study.both_splits:
        by = "by image and, in a second study, by lesion"
    return f"{used:,} {what}{left_out}, {size}, divided {split_text(data.split)} {by}{apart}"


def _redraws(state: WizardState) -> str:
    """How students of the study with the curriculum draw their images."""
    both = "once for all epochs, and in twelve more configurations anew for each epoch"
    return f"by the teacher's confidence, {both if state.study.both_redraws else 'drawn once for all epochs'}"


def coverage_text(state: WizardState) -> str:
    """Which share of the training images one draw of the curriculum shows; empty while that is not known."""
    return "" if state.preview is None else state.preview.coverage.sentence


def split_text(split: Sequence[float]) -> str:
    """Shares or counts of training, validation and test: '70 % : 20 % : 10 %'."""
    return " : ".join(f"{share:g}" if share > 1 else whole_percent(share) for share in split)


def leakage_text(leaks: Leakage) -> str:
    """How much of the test is half known, and what helps."""
    if not leaks.total.leaking:
        return leaks.sentence
    spec = field("data.group_by")
    helps = f"“{spec.title}: {choice_text(spec, 'patient')}” below avoids that."
    return f"{leaks.sentence} {TOO_HIGH} {helps}"


def _classes(state: WizardState) -> str:
    classes, left = state.recipe.class_set, sum(item.count for item in state.meanings if item.code == "")
    out = f"; {counted(left, 'image')} with other labels left out" if left else ""
    return f"{len(classes)}: {some(classes.names, 12)}{out}"


def _model(section: Any) -> str:
    weights = {"hub": "pretrained weights from the internet", "none": "untrained weights"}
    start = weights.get(section.weights, f"weights from {section.weights}")
    frozen = f", the first {whole_percent(section.freeze)} frozen" if section.freeze else ""
    rates = (("dropout", section.drop_rate), ("drop-connect", section.drop_path_rate))
    dropped = "".join(f", {name} {rate:g}" for name, rate in rates if not isinstance(rate, str))
    return f"{section.architecture}, starting from {start}{frozen}{dropped}"


def _schedule(recipe: Recipe) -> str:
    settings = recipe.optimisation
    stop = f", stops after {settings.patience} without a new best" if settings.patience else ""
    optimizer = choice_text(field("optimisation.optimizer"), settings.optimizer)
    return (
        f"at most {settings.epochs} epochs{stop}; {optimizer}, learning rate {number_text(settings.learning_rate)}, "
        f"{settings.batch_size} images per step"
    )


def facts_text(facts: ModelFacts, image_size: int) -> str:
    """The size of a network in one line."""
    parts = [f"{_large(facts.parameters)} parameters", f"{facts.megabytes:.1f} MB on disk"]
    if facts.multiply_adds is not None:
        parts.append(f"{_large(facts.multiply_adds)} multiply-adds at {image_size} × {image_size} pixels")
    return ", ".join(parts)


def size_comparison(teacher: ModelFacts | None, student: ModelFacts | None) -> str:
    """How much smaller the student is than the teacher; empty while either is unknown."""
    if teacher is None or student is None:
        return ""
    ratio = teacher.parameters / student.parameters
    if ratio <= 1:
        return f"This student is not smaller than the teacher ({teacher.architecture})."
    text = f"{ratio:.1f} times smaller than the teacher ({teacher.architecture})"
    if teacher.multiply_adds and student.multiply_adds:
        text += f", with {teacher.multiply_adds / student.multiply_adds:.1f} times less to compute"
    return f"{text}."


def devices_text(devices: Sequence[DeviceFacts]) -> str:
    """What this computer can compute on, in a sentence or two."""
    parts: list[str] = []
    for facts in devices:
        memory = f", {file_size(facts.memory_bytes)} of memory" if facts.memory_bytes else ""
        kind = "processor" if facts.device == "cpu" else facts.device
        broken = "" if facts.works else f"; does not work: {facts.reason}"
        parts.append(f"{facts.name} ({kind}{memory}{broken})")
    none = "" if any(facts.device != "cpu" for facts in devices) else " There is no GPU that SkinKD can use."
    return f"This computer has: {'; '.join(parts)}.{none}"


def plan_text(planned: Sequence[PlannedRun], state: WizardState) -> str:
    """Which runs are made, by name; the user's name is the last one's."""
    if state.goal is Goal.STUDY:
        titles = " and ".join(f"“{study.name}”" for study in studies_of(state))
        what = f"The study {titles} makes" if not state.study.both_splits else f"The studies {titles} make"
        return f"{what} {study_runs(state)} runs, one after the other, beginning with the teacher."
    if state.folds > 1:
        return (
            f"{study_runs(state)} runs are made, one after the other: the images outside the test part are divided "
            f"into {state.folds} folds, each of which validates once. No model sees the test part until you choose one "
            "in the results of the study."
        )
    names = [*(run.name for run in planned[:-1]), name_of(state)]
    if len(planned) > 1:
        listed = ", then ".join(f"“{name}”" for name in names)
        return f"{len(planned)} runs are made, one after the other: {listed}."
    reused = planned[0].recipe.teacher.run
    if state.goal is Goal.WHOLE and reused:
        return (
            f"One run is made: “{names[0]}”. Its teacher is finished already, with exactly these settings, and "
            f"is used again: {reused}."
        )
    return f"One run is made: “{names[0]}”."


def _cost(state: WizardState) -> str:
    measured, words = state.cost or (None, "")
    return words if measured == wanted(state) else "not measured for these settings; “Hardware and cost” measures it"


def _large(number: int) -> str:
    for unit, name in ((1e9, "billion"), (1e6, "million")):
        if number >= unit:
            return f"{number / unit:.1f} {name}"
    return f"{number:,}"


def parsed_number(text: str) -> float | str:
    """The number that a text stands for (in the digits of any script, with a point or a comma), or the text itself."""
    try:
        number = float(in_digits(text.strip()))
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def number_text(value: Any) -> str:
    """A number without exponent and superfluous zeros: 0.00001, 25, 0.7."""
    if isinstance(value, int | float):
        return str(np.format_float_positional(value, trim="-"))
    return str(value)
