"""Study files: what they mean, that they survive a round trip, and that slips are named."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from core.errors import RecipeError, SkinKDError
from core.recipe import Preset, Recipe, preset, recipe_to_toml, set_values
from core.recipe.learning import DistillationRecipe
from core.recipe.schema import DataRecipe
from core.study.definition import members, recipe_of, teacher_of
from core.study.files import read_study, write_study
from core.study.paper import paper_study

GRID = """
name = "Grid"
seeds = [1, 2]
base = "quick"

[set]
"data.path" = "images"

[axes]
"distillation.method" = ["kl", "dist"]
"distillation.alpha" = [0.1, 0.5]
optimisation.learning_rate = [0.001]

[[configuration]]
key = "plain"
changes = { "distillation.method" = "none" }
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "study.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_axes_make_their_product_and_get_a_teacher(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, GRID))
    assert [item.key for item in study.configurations] == [
        "teacher",
        "plain",
        *(f"method-{method}_alpha-{alpha}_learning_rate-0.001" for method in ("kl", "dist") for alpha in (0.1, 0.5)),
    ]
    assert len(members(study)) == 1 + 5 * 2
    last = recipe_of(study, study.configurations[-1], 2)
    assert (last.distillation.alpha, last.optimisation.learning_rate, last.optimisation.seed) == (0.5, 0.001, 2)
    assert last.data.path == str(tmp_path / "images")
    assert last.student.architecture == preset(Preset.QUICK).student.architecture


def test_a_study_survives_a_round_trip(tmp_path: Path) -> None:
    base = set_values(preset(Preset.PAPER), [f"data.path={tmp_path}", "data.split=[70, 20, 10]"])
    study = paper_study(
        base,
        seeds=(0, 3),
        fine_sweep=True,
        teacher_changes=(("data.split", (0.5, 0.25, 0.25)), ("optimisation.epochs", 3)),
    )
    write_study(tmp_path / "own.toml", study)
    again = read_study(tmp_path / "own.toml")
    assert again == study
    assert (again.paper, again.seeds) == (True, (0, 3))


def test_a_base_may_be_a_recipe_file_or_a_table(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(recipe_to_toml(preset(Preset.QUICK)))
    rows = '[[configuration]]\nkey = "a"\n'
    named = read_study(written(tmp_path, f'base = "recipe.toml"\n{rows}'))
    assert named.base.student == preset(Preset.QUICK).student
    assert named.name == "study"
    table = read_study(written(tmp_path, f'[base]\ntask = "teacher"\n[base.data]\nimage_size = 96\n{rows}'))
    assert (table.base.task, table.base.data.image_size) == ("teacher", 96)


def test_each_teacher_that_the_axes_ask_for_is_trained(tmp_path: Path) -> None:
    axes = '"teacher.architecture" = ["test_resnet", "test_vit"]\n"data.image_size" = [32, 64]\n'
    text = f'base = "quick"\n[set]\n"distillation.method" = "kl"\n[axes]\n{axes}'
    study = read_study(written(tmp_path, text))
    teachers = [item for item in study.configurations if item.teacher]
    assert [item.key for item in teachers] == ["teacher", "teacher-2"]
    for item in study.configurations[2:]:
        teacher = teacher_of(study, item)
        assert teacher is not None
        assert recipe_of(study, teacher).teacher.architecture == recipe_of(study, item).teacher.architecture


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed = [1]", r"Unknown name 'seed' in the study; did you mean seeds"),
        ('[[configuration]]\nkey = "a"\nchange = {}', r"did you mean changes"),
        ('[[configuration]]\nkey = "a"\n[[configuration]]\nkey = "a"', "Several configurations have the key a"),
        ('[[configuration]]\nkey = "a b"', "not so 'a b'"),
        ('[[configuration]]\nkey = "../a"', "not so '../a'"),
        ("", "no configurations"),
        ('seeds = []\n[[configuration]]\nkey = "a"', "at least one"),
        ('seeds = [1, 1]\n[[configuration]]\nkey = "a"', "different whole numbers"),
        ('seeds = [true]\n[[configuration]]\nkey = "a"', "seeds: expected a whole number"),
        ('seeds = 3\n[[configuration]]\nkey = "a"', "seeds: expected a list"),
        ("version = 5", "reads up to 4"),
        ("version = true", "version: expected a whole number"),
        ("seeds = [9999999999]\n[[configuration]]\nkey = 'a'", "from 0 to 2,147,483,647"),
        (f"seeds = {list(range(20_000))}\n[[configuration]]\nkey = 'a'", "more than 10,000 runs"),
        (f"test_folds = 5\nseeds = {list(range(2_001))}\n[[configuration]]\nkey = 'a'", "more than 10,000 runs"),
        ("x = " + "[" * 100_000, "not valid TOML"),
        ('[axes]\n"optimisation.seed" = [1, 2]', "use the study's seeds"),
        ('[axes]\n"optimisation.epochs" = []', "has no values"),
        ("not toml", "not valid TOML"),
        ('base = "nowhere.toml"', "nowhere.toml"),
    ],
)
def test_a_slip_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match=said):
        read_study(written(tmp_path, text))


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ('"distillation.alpa" = 0.3', "a: distillation.alpa"),
        ('"distillation.alpha" = 3', "a: distillation.alpha"),
        ('"distilation.alpha" = 0.3', "a: distilation.alpha"),
        ('"version" = 2', "a: version"),
    ],
)
def test_an_unusable_change_names_configuration_and_field(change: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        read_study(written(tmp_path, f'[[configuration]]\nkey = "a"\nchanges = {{ {change} }}'))
    assert [problem.key for problem in caught.value.problems] == [key]


def test_how_a_teacher_is_asked_makes_no_other_teacher(tmp_path: Path) -> None:
    axes = '[axes]\n"teacher.views" = [4, 16]'
    for extra in ("", '[set]\n"teacher.run" = "elsewhere"\n'):
        study = read_study(written(tmp_path, f"{extra}{axes}"))
        assert [item.teacher for item in study.configurations] == ([False] * 2 if extra else [True, False, False])


def test_a_finished_teacher_can_not_be_varied(tmp_path: Path) -> None:
    axes = '[axes]\n"teacher.architecture" = ["test_resnet", "test_vit"]'
    with pytest.raises(SkinKDError, match="varies the teacher"):
        read_study(written(tmp_path, f'[base.teacher]\nrun = "/runs/teacher"\n{axes}'))


def test_studies_of_version_1_mean_the_same(tmp_path: Path) -> None:
    """Their recipes and single fields are of version 1, also where the file does not say so."""
    file = tmp_path / "old.toml"
    file.write_text(
        'version = 1\nname = "Old"\n[base]\ntask = "student"\n[base.curriculum]\norder = "teacher_confidence"\n'
        '[set]\n"curriculum.order" = "teacher_confidence"\n'
        '[axes]\n"curriculum.order" = ["none", "teacher_confidence"]\ndistillation.method = ["kl", "dist"]\n'
        '[[configuration]]\nkey = "old"\nchanges = { "curriculum.order" = "teacher_confidence" }\n',
        encoding="utf-8",
    )
    study = read_study(file)
    orders = [recipe_of(study, item).curriculum.order for item in study.configurations if not item.teacher]
    assert study.base.curriculum.order == "easy_first"
    assert orders == ["easy_first", "none", "none", "easy_first", "easy_first"]
    write_study(file, study)
    assert "version = 4" in file.read_text(encoding="utf-8")
    assert read_study(file) == study


_OLD = """
version = 1
name = "Old"
{base}
[axes]
"distillation.method" = ["none", "kl", "dist"]
"distillation.kl_direction" = ["teacher_student"]
"distillation.alpha" = [0.3]

[[configuration]]
key = "plain"
changes = {{ "distillation.method" = "none" }}

[[configuration]]
key = "as it is"
[[configuration]]
key = "other-method"
changes = {{ "distillation.method" = "dist" }}
[[configuration]]
key = "kl"
changes = {{ distillation.method = "kl", distillation.beta = 3.0 }}
"""


@pytest.mark.parametrize("kind", ["table", "preset", "file", "set"])
def test_distillation_of_version_1_means_the_same(kind: str, tmp_path: Path) -> None:
    """Version 1 kept the settings of all methods in every recipe: each configuration has those it had then."""
    settings = {"method": "kl", "alpha": 0.5, "temperature": 2.0, "kl_direction": "teacher_student", "gamma": 4.0}
    lines = "\n".join(f"{key} = {value!r}" for key, value in settings.items())
    (tmp_path / "old-recipe.toml").write_text(f"version = 1\n[distillation]\n{lines}\n", encoding="utf-8")
    bases = {
        "table": f"[base.distillation]\n{lines}",
        "preset": 'base = "best"\n[set]\n"distillation.gamma" = 4.0',
        "file": 'base = "old-recipe.toml"',
        "set": "[set]\n" + "\n".join(f'"distillation.{key}" = {value!r}' for key, value in settings.items()),
    }
    text = _OLD.format(base=bases[kind]).replace("as it is", "same")
    study = read_study(written(tmp_path, text))
    found = {
        item.key: recipe_of(study, item).distillation.model_dump(exclude={"term"}) for item in study.configurations
    }
    kl = {"method": "kl", "alpha": 0.5, "temperature": 2.0, "direction": "teacher_student"}
    dist = {"method": "dist", "alpha": 0.5, "temperature": 2.0, "beta": 1.0, "gamma": 4.0}
    assert found == {
        "teacher": {"method": "none"},
        "plain": {"method": "none"},
        "same": kl,
        "other-method": dist,
        "kl": kl,
        "method-none_kl_direction-teacher_student_alpha-0.3": {"method": "none"},
        "method-kl_kl_direction-teacher_student_alpha-0.3": kl | {"alpha": 0.3},
        "method-dist_kl_direction-teacher_student_alpha-0.3": dist | {"alpha": 0.3},
    }
    write_study(tmp_path / "new.toml", study)
    assert read_study(tmp_path / "new.toml") == study


def test_a_base_of_version_1_without_a_method_hands_its_settings_on(tmp_path: Path) -> None:
    text = 'version = 1\n[base.distillation]\nalpha = 0.9\ntemperature = 3.0\n[axes]\ndistillation.method = ["kl"]'
    study = read_study(written(tmp_path, text))
    (student,) = (item for item in study.configurations if not item.teacher)
    distillation = recipe_of(study, student).distillation.model_dump(include={"alpha", "temperature"})
    assert distillation == {"alpha": 0.9, "temperature": 3.0}


def test_further_losses_are_changes_like_any_other(tmp_path: Path) -> None:
    text = (
        '[axes]\n"distillation.term" = [[], [{ method = "dist", weight = 0.5 }]]\n'
        '[[configuration]]\nkey = "a"\nchanges = { "distillation.term" = [{ method = "kl", temperature = 4.0 }] }'
    )
    study = read_study(written(tmp_path, text))
    losses = {
        item.key: [term.method.name for term in recipe_of(study, item).loss_terms] for item in study.configurations
    }
    assert losses == {"teacher": [], "a": ["kl", "kl"], "term-none": ["kl"], "term-dist-0.5": ["kl", "dist"]}
    write_study(tmp_path / "new.toml", study)
    assert read_study(tmp_path / "new.toml") == study


@pytest.mark.parametrize("base", ['base = "best"\n', "[base.data]\ngroup_by_lesion = true\n", ""])
def test_studies_of_version_2_divide_as_they_did(base: str, tmp_path: Path) -> None:
    text = f'version = 2\n{base}[axes]\n"data.group_by_lesion" = [true, false]\n'
    study = read_study(written(tmp_path, text))
    divided = {
        (recipe.data.group_by, recipe.data.parts) for recipe in map(partial(recipe_of, study), study.configurations)
    }
    assert divided == {("lesion", "pooled"), ("image", "pooled")}
    write_study(tmp_path / "new.toml", study)
    assert read_study(tmp_path / "new.toml") == study


@pytest.mark.parametrize("base", ["", 'base = "paper"\n'])
def test_the_preset_paper_of_version_3_means_what_it_meant(tmp_path: Path, base: str) -> None:
    changes = '[set]\n"data.image_size" = 64\n' if base else ""
    text = f'version = 3\n{base}{changes}[axes]\n"distillation.alpha" = [0.1]\n'
    old = read_study(written(tmp_path, text)).base
    meant = Recipe(
        data=DataRecipe(calibration=0.0, group_by="lesion", image_size=64 if base else 224),
        distillation=DistillationRecipe.of(method="kl"),
    )
    assert old == meant
    now = read_study(written(tmp_path, text.replace("version = 3", "version = 4").replace("64", "224"))).base
    assert now == preset(Preset.PAPER)
