"""What departs from the paper is said, field by field, and nothing only when nothing departs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.recipe import FieldSpec, Preset, Recipe, possible_fields, preset, set_values, value_of, with_values
from core.settings import SettingsSection
from core.study.definition import Study
from core.study.departures import (
    NO_DEPARTURE,
    READINGS,
    Departure,
    departures,
    headline,
    study_departures,
)
from core.study.out_of_fold import across_test_folds
from core.study.paper import paper_study

SECTIONS = [name for name, info in Recipe.model_fields.items() if isinstance(info.default, SettingsSection)]
FIELDS = [spec for name in SECTIONS for spec in possible_fields(name)]


def paper(*changes: str) -> Recipe:
    return set_values(preset(Preset.PAPER), ["data.path=/images", *changes])


def said(found: tuple[Departure, ...]) -> dict[str, tuple[str, str]]:
    return {item.what: (item.paper, item.here) for item in found}


def other(spec: FieldSpec, value: Any) -> Any:
    """Another value that the field takes."""
    if spec.key == "classes.own":
        return [{"code": "A"}, {"code": "B"}]
    if spec.key == "classes.set":
        return "benign-malignant"
    if spec.key == "classes.mapping":
        return {"naevus": "NV"}
    if spec.key == "distillation.term":
        return [{"method": "dist"}]
    if spec.kind == "choice":
        return next(choice for choice in spec.choices if choice != value)
    if spec.kind == "switch":
        return not value
    if spec.kind == "integer":
        return value - 1 if value == spec.maximum else value + 1
    if spec.kind in ("number", "rate"):
        number = value if isinstance(value, float) else 0.0
        low, high = spec.minimum or 0.0, spec.maximum or 1e9
        return next(new for new in (number / 2, number * 1.5, 0.25) if new != number and low < new < high)
    return {"text": "other", "shares": (0.6, 0.2, 0.2), "texts": ("other",)}[spec.kind]


def with_other(spec: FieldSpec) -> tuple[Recipe, Recipe]:
    """The paper's recipe, with the entry chosen that brings the field along, and the same with another value."""
    base, needs = paper(), {}
    if spec.key == "data.fold":
        needs = {"data.folds": 5}
    if spec.key == "data.test_fold":
        needs = {"data.test_folds": 5}
    section = spec.key.partition(".")[0]
    if spec.key.partition(".")[2] not in type(getattr(base, section)).model_fields:
        choosing = [one for one in possible_fields(section) if one.entries]
        needs = next(
            {one.key: entry.name}
            for one in choosing
            for entry in one.entries
            if spec.key.partition(".")[2] in entry.Settings.model_fields  # type: ignore[attr-defined]
        )
    base = with_values(base, needs)
    more = {"classes.set": "own"} if spec.key == "classes.own" else {}
    return base, with_values(base, {**more, spec.key: other(spec, value_of(base, spec.key))})


@pytest.mark.parametrize("spec", FIELDS, ids=[spec.key for spec in FIELDS])
def test_every_field_is_a_departure_or_has_a_reason_not_to_be(spec: FieldSpec) -> None:
    base, changed = with_other(spec)
    before, after = departures(base, 25331), departures(changed, 25331)
    new = [item for item in after if item not in before]
    if spec.key in NO_DEPARTURE:
        assert new == []
    else:
        assert new
        assert all(item.paper != item.here for item in new)


def test_reasons_are_of_fields_that_there_are() -> None:
    assert set(NO_DEPARTURE) <= {"task", *(spec.key for spec in FIELDS)}


def test_the_papers_own_study_departs_nowhere() -> None:
    assert departures(paper(), 25331) == departures(paper(), None) == ()
    assert study_departures(paper_study(paper()), 25331) == ()
    assert headline(()) == "Data and recipe are the paper's, as far as the paper tells them."
    exact = paper("data.split=[17728, 5062, 2541]", "data.rounding=nearest", "data.seed=7", "optimisation.seed=3")
    assert departures(exact, 25331) == departures(exact, None) == ()


def test_its_honest_twin_departs_in_the_split_alone() -> None:
    twin = with_values(preset(Preset.PAPER_LESION), {"data.path": "/images"})
    assert said(study_departures(paper_study(twin), 25331)) == {
        "Split": ("by image", "by lesion (where these are known)")
    }


def test_shares_do_not_give_the_papers_numbers_of_images() -> None:
    nearest = said(departures(paper("data.rounding=nearest"), 25331))
    assert nearest == {"Training, validation, test": ("17,728 : 5,062 : 2,541", "17,732 : 5,066 : 2,533")}
    fewer = said(departures(paper(), 1000))
    assert fewer == {
        "Images": ("25,331", "1,000"),
        "Training, validation, test": ("17,728 : 5,062 : 2,541", "700 : 200 : 100"),
    }


def test_the_defaults_of_a_recipe_are_not_the_papers() -> None:
    recipe = set_values(Recipe(), ["data.path=/images", "distillation.method=kl"])
    found = said(departures(recipe, 25331))
    assert found["Teacher starting weights"] == (
        "ImageNet's alone",
        "timm's default ones, learned with further images",
    )
    assert found["Teacher dropout"] == ("0.5", "as timm builds the network")
    assert found["Teacher drop-connect"] == ("0.2", "as timm builds the network")
    assert found["Student dropout"] == ("0.2", "as timm builds the network")
    assert found["Precision"] == ("32-bit", "bf16 or fp16 where the GPU has it")
    assert found["Split"] == ("by image", "by patient, lesion and near-copy (where these are known)")
    assert set(found) == {
        *("Teacher starting weights", "Teacher dropout", "Teacher drop-connect", "Student dropout", "Precision"),
        *("Split", "Calibration", "Training, validation, test"),
    }


def test_departures_are_said_in_words() -> None:
    recipe = paper(
        *("data.image_size=64", "student.architecture=mobilenetv2_050", "student.weights=none"),
        *("optimisation.learning_rate=0.001", "distillation.alpha=0.9", "teacher.weights=/a/file.safetensors"),
    )
    found = said(departures(recipe, 1544, synthetic=True, corrections=3))
    assert found["Images"] == ("25,331", "1,544")
    assert found["Image size"] == ("224 pixels", "64 pixels")
    assert found["Student architecture"] == ("mobilenetv2_100", "mobilenetv2_050")
    assert found["Student starting weights"] == ("pretrained", "random")
    assert found["Teacher starting weights"][1] == "those of a file"
    assert found["Pictures"][1] == "synthetic"
    assert found["Labels"] == ("as published", "3 images corrected")
    sentence = headline(departures(recipe, 1544))
    assert sentence.startswith("NOT a reproduction: images 1,544 instead of 25,331; training, validation, test 1,081")


def test_the_teachers_own_settings_are_told_apart() -> None:
    changes = (("optimisation.learning_rate", 3e-4), ("teacher.weights", "none"))
    found = said(study_departures(paper_study(paper(), teacher_changes=changes), 25331))
    assert found["Learning rate (teacher)"] == ("1e-05", "0.0003")
    assert found["Teacher starting weights"] == ("ImageNet's alone", "random")
    assert set(found) == {"Learning rate (teacher)", "Teacher starting weights"}


def test_a_given_teacher_is_described_by_its_own_recipe() -> None:
    study = paper_study(paper("teacher.run=/runs/given"))
    given = paper("task=teacher", "teacher.architecture=resnetv2_50", "teacher.weights=none", "data.path=/others")
    found = said(study_departures(study, 25331, teacher=given))
    assert found["Teacher architecture"][1] == "resnetv2_50"
    assert found["Images (teacher)"] == ("those of the students", "others")
    unknown = said(study_departures(study, 25331))
    assert set(unknown) == {"Teacher"}
    assert "not known how it was trained" in unknown["Teacher"][1]


def changed_row(study: Study, key: str, *changes: tuple[str, Any]) -> Study:
    rows = [replace(row, changes=(*row.changes, *changes)) if row.key == key else row for row in study.configurations]
    return replace(study, configurations=tuple(rows))


def test_another_reading_of_the_curriculum_is_named_once_for_all_its_students() -> None:
    found = study_departures(paper_study(paper(), redraws=("each_epoch",)), 25331)
    assert said(found) == {
        "Drawing (KL 0.1 + curriculum, drawn anew for each epoch, KL 0.3 + curriculum, drawn anew for each epoch, "
        "KL 0.5 + curriculum, drawn anew for each epoch and 9 more)": ("Once for all epochs", "Anew for each epoch")
    }
    assert study_departures(paper_study(paper(), redraws=("once", "each_epoch")), 25331) == ()


def test_a_single_configuration_that_was_edited_is_named() -> None:
    study = changed_row(paper_study(paper()), "kl-0.3", ("optimisation.epochs", 40), ("distillation.alpha", 0.31))
    assert said(study_departures(study, 25331)) == {
        "Epochs (KL 0.3)": ("25", "40"),
        "Alpha (KL 0.3)": ("0.3", "0.31"),
    }


def test_what_the_paper_leaves_open_is_declared() -> None:
    readings = {item.what: item.sentence for item in READINGS}
    assert "once" in readings["Curriculum"]
    assert len(readings) == len(READINGS)
    assert all(text.endswith(".") for text in readings.values())


def test_of_several_test_folds_their_number_departs_not_each_fold() -> None:
    study = across_test_folds(paper_study(paper()), 5)
    assert said(study_departures(study, 25331)) == {"Test folds": ("1", "5")}
    (one,) = (item for item in study.configurations if item.chosen_as == "kl-0.3" and item.key.endswith("2"))
    edited = changed_row(study, one.key, ("optimisation.epochs", 40))
    assert study_departures(edited, 25331)[-1] == Departure(f"Epochs ({one.title})", "25", "40")
