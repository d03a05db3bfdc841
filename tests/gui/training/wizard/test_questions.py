"""What is asked about the data, with numbers, and what an answer means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.classes import CLASS_SETS
from core.data.choices import Choice, Option
from core.data.types import DataSet, ImageRecord, Part, Problem, ProblemKind
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.questions import OFF, ON, field_value, questions
from skinkd_gui.training.wizard.state import WizardState

ISIC2019 = CLASS_SETS["isic2019"]


def _state(parts: tuple[Part | None, ...] = (), problems: tuple[Problem, ...] = ()) -> WizardState:
    records = tuple(
        ImageRecord(f"i{number}", Path(f"i{number}.jpg"), number % 8, part=part) for number, part in enumerate(parts)
    )
    dataset = DataSet(Path("data"), "folders", records, problems, classes=ISIC2019)
    return wizard_state.data_read(
        wizard_state.start_reading(wizard_state.initial_state(), "data"), dataset, frozenset()
    )


def test_the_data_s_own_parts_are_asked_about_with_their_numbers() -> None:
    state = _state((Part.TRAIN,) * 5 + (Part.TEST,) * 2)
    (asked,) = questions(state)
    assert asked.taken == "found"
    kept, pooled = asked.options
    assert kept.about.startswith("training 5, test 2")
    assert "all 7 images" in pooled.about
    pool = wizard_state.set_value(state, asked.setting, field_value(asked.setting, "pooled"))
    assert pool.recipe.data.parts == "pooled"
    assert questions(pool)[0].taken == "pooled"


def test_one_part_or_none_asks_nothing() -> None:
    assert questions(_state((Part.TRAIN,) * 5)) == ()
    assert questions(_state((None,) * 5)) == ()


def test_folders_that_may_be_patients_are_asked_about() -> None:
    problem = Problem(ProblemKind.PATIENT_FOLDERS, "folders", "12 folders", excludes=False)
    state = _state((None,), (problem,))
    (asked,) = questions(state)
    assert asked.taken == OFF
    said = wizard_state.set_value(state, asked.setting, field_value(asked.setting, ON))
    assert said.recipe.data.patient_folders is True
    assert questions(replace(said, dataset=_state((None,)).dataset))[0].taken == ON


def test_what_the_data_leave_open_comes_first() -> None:
    choice = Choice("data.image_column", "Which column", (Option("derm", ""), Option("clinic", "")))
    state = replace(_state((Part.TRAIN, Part.TEST)), choices=(choice,))
    assert [asked.setting for asked in questions(state)] == ["data.image_column", "data.parts"]
    assert field_value("data.image_column", "derm") == "derm"
