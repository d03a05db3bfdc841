"""What the Data page asks about the present data, with what each answer would mean. Knows no Qt."""

from __future__ import annotations

from core.data.choices import Choice, Option
from core.data.types import ProblemKind
from core.recipe import field
from skinkd_gui.training.wizard.state import WizardState, counted
from skinkd_gui.training.wizard.texts import split_text

ON, OFF = "on", "off"
"""How a switch is answered."""

_PARTS, _PATIENTS = "data.parts", "data.patient_folders"
ASKED = ("data.image_column", "data.label_column", "data.image_type", _PARTS, _PATIENTS)
"""The fields that are asked for here and stand in no form."""


def questions(state: WizardState) -> tuple[Choice, ...]:
    """What the data leave open, whether their own parts are kept, and whether folders are patients."""
    return (*state.choices, *_parts(state), *_patients(state))


def field_value(setting: str, value: str) -> str | bool:
    """The value of the field that an option stands for."""
    return value == ON if field(setting).kind == "switch" else value


def _parts(state: WizardState) -> tuple[Choice, ...]:
    own = state.dataset.own_parts if state.dataset else {}
    if len(own) < 2:
        return ()
    data = state.recipe.data
    listed = ", ".join(f"{part.word} {count:,}" for part, count in own.items())
    options = (
        Option("found", f"{listed}; what the data keep for testing is not learned from"),
        Option("pooled", f"all {counted(sum(own.values()), 'image')} are divided {split_text(data.split)}"),
    )
    return (Choice(_PARTS, "What becomes of the parts that the data come with", options, data.parts),)


def _patients(state: WizardState) -> tuple[Choice, ...]:
    chosen = state.recipe.data.patient_folders
    problems = state.dataset.problems if state.dataset else ()
    found = any(problem.kind is ProblemKind.PATIENT_FOLDERS for problem in problems)
    if not found and not (chosen and state.dataset):
        return ()
    options = (
        Option(ON, "the images of one folder stay together, in training or in the test"),
        Option(OFF, "the images of one folder may stand on both sides"),
    )
    return (Choice(_PATIENTS, "Is each folder below those of the classes a patient", options, ON if chosen else OFF),)
