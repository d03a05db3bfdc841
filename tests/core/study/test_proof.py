"""The studies of docs/proof are what their document says: written down once, and never changed while folds are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.recipe import Preset, preset
from core.study.definition import members, recipe_of, teacher_of
from core.study.files import read_study

FILE = Path(__file__).parents[3] / "docs" / "proof" / "study.toml"


def test_plain_and_best_learn_with_three_seeds_in_five_folds_from_the_teacher_of_their_fold() -> None:
    study = read_study(FILE)
    assert len(members(study)) == 5 * (1 + 2 * 3 + 2)  # a teacher, two with three seeds, two with one
    for item in study.configurations:
        recipe = recipe_of(study, item)
        epochs = 6 if item.teacher else 4
        assert (recipe.data.test_folds, recipe.data.group_by, recipe.optimisation.epochs) == (5, "patient", epochs)
        teacher = teacher_of(study, item)
        if teacher is not None:
            assert recipe_of(study, teacher).data.test_fold == recipe.data.test_fold
            assert recipe_of(study, teacher).data == recipe.data


@pytest.mark.parametrize(("file", "student"), [("study", "best"), ("second", "standardised")])
def test_plain_and_distilled_differ_by_the_teacher_alone(file: str, student: str) -> None:
    study = read_study(FILE.with_name(f"{file}.toml"))
    plain, best = (recipe_of(study, study.configuration(f"{key}-test-fold-1")) for key in ("plain", student))
    assert plain.model_copy(update={"distillation": best.distillation}) == best
    assert best.optimisation == preset(Preset.BEST_CPU).optimisation.model_copy(update={"epochs": 4})
    assert best.data.image_size == preset(Preset.BEST_CPU).data.image_size


def test_the_preset_is_the_student_of_the_second_study_and_of_the_parts() -> None:
    for file, key in (("second", "standardised-test-fold-1"), ("parts", "standardised")):
        study = read_study(FILE.with_name(f"{file}.toml"))
        assert recipe_of(study, study.configuration(key)).distillation == preset(Preset.BEST_CPU).distillation
