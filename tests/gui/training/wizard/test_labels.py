"""What becomes of labels, walked without a display."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from core.classes import CLASS_SETS, Malignancy, make_class_set, own_class_set
from core.classes.lesion_class import LesionClass
from core.data.choices import Choice, Option
from core.data.types import DataSet, LabelCount, Problem, ProblemKind, undecided
from skinkd_gui.training.wizard import flow
from skinkd_gui.training.wizard import labels as wizard_labels
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.state import Goal, WizardState, WizardStep

HOSPITAL = ("melanoma", "nevus", "psoriasis", "eczema")


def _state(labels: Iterable[str], choices: tuple[Choice, ...] = ()) -> WizardState:
    """Data with these labels, the first on ten pictures, the others on one less each."""
    found = tuple(LabelCount(label, 10 - place, (), None) for place, label in enumerate(labels))
    state = wizard_state.start_reading(wizard_state.initial_state(), "data")
    classes = state.recipe.class_set
    known = tuple(item.meant_by(classes) for item in found)
    dataset = DataSet(Path("data"), "folders", (), label_counts=known, choices=choices, classes=classes)
    return wizard_state.data_read(state, dataset, frozenset())


def _meant(state: WizardState) -> dict[str, str | None]:
    return {item.label: item.code for item in state.meanings}


class TestWhatIsSaid:
    def test_labels_that_are_codes_and_names_need_no_look(self) -> None:
        state = _state(("MEL", "nv", "Basal cell carcinoma"))
        assert not wizard_labels.needs_labels(state)
        assert flow.next_step(state) is WizardStep.TASK
        assert WizardStep.LABELS in flow.steps(state)  # it can be opened all the same

    def test_guesses_need_a_look_and_do_not_block(self) -> None:
        state = _state(("nevo", "melanoma"))
        assert [item.label for item in wizard_labels.guesses(state.meanings)] == ["nevo"]
        assert flow.next_step(state) is WizardStep.LABELS
        assert wizard_labels.label_message(state) == ""

    def test_what_is_not_understood_blocks_with_numbers(self) -> None:
        state = _state(HOSPITAL)
        message = flow.message_for(state, WizardStep.LABELS)
        assert "2 labels with 15 pictures are not understood" in message
        assert flow.message_for(state, WizardStep.DATA) == ""
        assert flow.next_step(state) is WizardStep.LABELS
        assert not flow.can_open(state, WizardStep.TASK)

    def test_one_class_is_not_enough(self) -> None:
        assert "at least two classes" in flow.message_for(_state(("melanoma", "MEL")), WizardStep.LABELS)

    def test_signs_without_a_letter_say_that_nothing_is_known(self) -> None:
        assert undecided(_state(("melanoma", "nv", "?", "-")).meanings) == ()

    def test_problems_of_open_labels_stand_with_the_labels(self) -> None:
        problems = (
            Problem(ProblemKind.UNKNOWN_LABEL, "acne", "4 images", ("a",)),
            Problem(ProblemKind.UNKNOWN_LABEL, "unknown", "2 images", ("b",)),
            Problem(ProblemKind.MASK, "m", "a mask"),
        )
        classes = CLASS_SETS["isic2019"]
        labels = tuple(LabelCount(label, 4, (), None).meant_by(classes) for label in ("acne", "unknown"))
        dataset = DataSet(Path("data"), "folders", (), problems, label_counts=labels, classes=classes)
        assert wizard_labels.other_problems(dataset) == problems[1:]


class TestDeciding:
    def test_labels_become_a_class_or_are_left_out(self) -> None:
        state = wizard_labels.decide(_state(HOSPITAL), ["psoriasis"], "BKL")
        state = wizard_labels.decide(state, ["eczema"], "")
        assert state.recipe.classes.mapping == {"psoriasis": "BKL", "eczema": ""}
        assert wizard_labels.label_message(state) == ""
        assert wizard_labels.sums_of(state.meanings) == wizard_labels.Sums(27, 3, 7)

    def test_guesses_are_confirmed_at_once(self) -> None:
        state = wizard_labels.confirm_guesses(_state(("nevo", "queratosis actínica", "melanoma")))
        assert state.recipe.classes.mapping == {"nevo": "NV", "queratosis actínica": "AK"}
        assert not wizard_labels.guesses(state.meanings)

    def test_the_rest_become_classes_of_their_own_beside_those_in_use(self) -> None:
        state = wizard_labels.decide(_state(HOSPITAL), ["psoriasis", "eczema"], None)
        assert state.recipe.class_set.codes == ("MEL", "NV", "psoriasis", "eczema")
        assert undecided(state.meanings) == ()
        again = wizard_labels.decide(state, ["nevus"], None)
        assert _meant(again)["nevus"] == "nevus"
        assert again.recipe.class_set.codes[-1] == "nevus"

    def test_every_label_becomes_a_class(self) -> None:
        state = wizard_labels.each_its_own(_state(("excise", "follow-up", "discharge")))
        assert _meant(state) == {"excise": "excise", "follow-up": "follow-up", "discharge": "discharge"}
        assert wizard_labels.label_message(state) == ""

    @pytest.mark.parametrize("labels", [("acne",), tuple(f"d{number}" for number in range(201))])
    def test_too_few_and_too_many_are_said(self, labels: tuple[str, ...]) -> None:
        with pytest.raises(ValueError, match="expected 2 to 200 classes"):
            wizard_labels.each_its_own(_state(labels))

    def test_columns_that_were_read_stay_whatever_the_classes(self) -> None:
        choice = Choice("data.label_column", "Which", (Option("dx", ""), Option("target", "")), "dx")
        state = wizard_labels.each_its_own(_state(HOSPITAL, (choice,)))
        assert state.recipe.data.label_column == "dx"

    def test_the_paper_is_not_reproduced_with_other_classes(self) -> None:
        state = wizard_state.choose_goal(_state(HOSPITAL), Goal.STUDY)
        assert wizard_labels.decide(state, ["psoriasis", "eczema"], "").goal is Goal.STUDY
        assert wizard_labels.each_its_own(state).goal is Goal.WHOLE


class TestClasses:
    def test_a_class_is_edited_and_keeps_its_labels(self) -> None:
        state = wizard_labels.each_its_own(_state(HOSPITAL))
        state = wizard_labels.edit_class(state, "psoriasis", "code", "PSO")
        for what, value in (("group", "benign"), ("name", "Plaque psoriasis"), ("colour", "#123456")):
            state = wizard_labels.edit_class(state, "PSO", what, value)
        edited = state.recipe.class_set.find("PSO")
        assert edited is not None
        assert (edited.name, edited.group, edited.colour) == ("Plaque psoriasis", Malignancy.BENIGN, "#123456")
        assert _meant(state)["psoriasis"] == "PSO"

    def test_an_impossible_class_is_refused_in_words(self) -> None:
        state = wizard_labels.each_its_own(_state(HOSPITAL))
        with pytest.raises(ValueError, match="blanks"):
            wizard_labels.edit_class(state, "eczema", "code", "two words")
        with pytest.raises(ValueError, match="code of its own"):
            wizard_labels.edit_class(state, "eczema", "code", "nevus")

    def test_a_class_that_is_removed_leaves_its_labels_open(self) -> None:
        state = wizard_labels.remove_class(wizard_labels.each_its_own(_state(HOSPITAL)), "eczema")
        assert [item.label for item in undecided(state.meanings)] == ["eczema"]

    def test_a_set_that_fits_is_offered_and_what_was_said_stays_where_it_can(self) -> None:
        state = wizard_labels.decide(_state(("benign", "malignant", "unclear")), ["unclear"], "")
        assert wizard_labels.fitting(state, ()) == ()
        state = _state(("benign", "malignant"))
        ward = make_class_set("ward", own_class_set(("benign", "malignant", "rest")).classes)
        assert [known.name for known in wizard_labels.fitting(state, (ward,))] == ["ward", "benign-malignant"]
        used = wizard_labels.use_set(state, ward)
        assert (used.recipe.classes.set, used.recipe.class_set.codes) == ("own", ("benign", "malignant", "rest"))
        back = wizard_labels.use_set(used, CLASS_SETS["benign-malignant"])
        assert (back.recipe.classes.set, back.recipe.classes.own) == ("benign-malignant", ())

    def test_left_out_labels_come_back_with_a_set_that_knows_them(self) -> None:
        state = wizard_labels.decide(_state(("melanoma", "nevus", "acne")), ["acne"], "")
        known = make_class_set("ward", [LesionClass(code="MEL"), LesionClass(code="NV"), LesionClass(code="acne")])
        assert _meant(wizard_labels.use_set(state, known))["acne"] == "acne"


class TestChoices:
    CHOICE = Choice("data.image_column", "Which column", (Option("derm", ""), Option("clinic", "")))

    def test_an_open_choice_blocks_until_it_is_answered_and_can_be_changed(self) -> None:
        state = wizard_state.start_reading(wizard_state.initial_state(), "data")
        state = wizard_state.choice_asked(state, self.CHOICE)
        assert "question" in flow.message_for(state, WizardStep.DATA)
        state = wizard_state.set_value(state, "data.image_column", "derm")
        state = wizard_state.start_reading(state, "data")
        dataset = DataSet(Path("data"), "tables", (), classes=state.recipe.class_set)
        state = wizard_state.data_read(state, dataset, frozenset())
        assert [(item.setting, item.taken) for item in state.choices] == [("data.image_column", "derm")]

    def test_answers_about_other_data_do_not_count(self) -> None:
        state = wizard_state.set_value(_state(HOSPITAL), "data.image_column", "derm")
        state = wizard_state.start_reading(state, "elsewhere")
        assert (state.recipe.data.path, state.recipe.data.image_column) == ("elsewhere", "")
        assert state.labels == ()
