"""Study files (TOML): a base recipe, axes whose product is taken, named configurations, and seeds.

    version = 4
    name = "Alpha and temperature"
    seeds = [0, 1, 2]              # each repeats every student with this optimisation.seed; default [0]
    base = "paper"                 # a preset or a recipe file beside this one; or a table:

    [base.data]                    # `[base.section]` tables hold the recipe itself; missing keys take their defaults
    path = "images"                # relative to this file

    [axes]                         # every combination is a configuration
    "distillation.method" = ["kl", "dist"]
    "distillation.alpha" = [0.1, 0.5]

    [[configuration]]              # any number, besides axes or alone
    key = "plain"                  # short and unique: names the row
    title = "Plain student"        # default: the key
    changes = { "distillation.method" = "none" }

    [[configuration]]
    key = "teacher"
    teacher = true                 # the students learn from it; it is trained once, whatever the seeds
    changes = { "optimisation.learning_rate" = 3e-4 }

A curriculum that goes by difficulty gets a control by itself where the file has none: the same with its images in
random order (with `controls = false` it does not, and is never said to help). Further keys: `paper` (compare with the
published numbers, by keys as in the paper's study), and `once` of a configuration (do not repeat it for every seed).
Students that learn from a teacher get one by themselves where the file has none; `teacher.run` in the base recipe names
a finished one instead. A base of a preset or a file can be changed with `[set]`, such as `"data.path" = "images"`. All
runs use one and the same split. `primary_score` is "weighted_f1" (default) or "balanced_accuracy": what configurations
are compared on; it is chosen before the test part is looked at. `folds = 5` makes it a cross-validation: each
configuration is trained once for each fold, and the test part is withheld until one is chosen (`skinkd-cli study NAME
--test KEY`). `test_folds = 5` makes every run once for each of five test folds instead, so that every image is tested
once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from core import atomic
from core.documents import one_line, read_text, shown, up_to_date
from core.errors import SkinKDError
from core.evaluation.families import PRIMARY_SCORES
from core.recipe import Preset, Recipe, inline_value, parse_recipe, preset, read_recipe, recipe_to_toml
from core.runs.folder import LONGEST_NAME
from core.study.controls import with_controls
from core.study.definition import Configuration, Study, changed, check_study, with_teachers
from core.study.folds import with_folds
from core.study.migrations import migrations
from core.study.out_of_fold import across_test_folds
from core.study.tables import MOST_RUNS, changes_in, check_keys, grid_of, problem, typed
from core.user_paths import expanded, full_path
from core.visible_text import writable

STUDY_VERSION = 4
_KEYS = (
    *("version", "name", "seeds", "base", "set", "axes", "configuration", "paper", "primary_score"),
    *("folds", "test_folds", "controls"),
)
_CONFIGURATION_KEYS = ("key", "title", "changes", "teacher", "once", "candidate")


def read_study(path: Path) -> Study:
    """The study in a TOML file. Raises `SkinKDError`, or `RecipeError` naming the configuration and the field."""
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise SkinKDError("The study can not be read", f"{path} could not be opened as text.", str(error)) from error
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SkinKDError("The study is not valid TOML", f"{path}: {str(error)[:300]}.") from error
    return parse_study(values, path.parent, path.stem)


def parse_study(values: Mapping[str, Any], folder: Path, name: str = "Study") -> Study:
    """The study of nested values as read from TOML; relative paths start at `folder`. Raises as `read_study`."""
    try:
        values = up_to_date(values, "The study", STUDY_VERSION, migrations(folder), absent=STUDY_VERSION)
    except ValueError as error:
        raise problem(f"{error}.") from error
    check_keys(values, _KEYS, "the study")
    base = changed(_base(values.get("base", "paper"), folder), changes_in(values.get("set", {}), "set"), "set")
    configurations = [_configuration(item) for item in typed(values.get("configuration", []), list, "configuration")]
    configurations += grid_of(typed(values.get("axes", {}), dict, "axes"))
    study = Study(
        name=one_line(typed(values.get("name", name), str, "name"))[:LONGEST_NAME],
        base=_with_paths(base, folder),
        configurations=tuple(configurations),
        seeds=tuple(typed(seed, int, "seeds") for seed in typed(values.get("seeds", [0]), list, "seeds")),
        paper=typed(values.get("paper", False), bool, "paper"),
        primary_score=typed(values.get("primary_score", PRIMARY_SCORES[0]), str, "primary_score"),
        folds=typed(values.get("folds", 1), int, "folds"),
        controls=typed(values.get("controls", True), bool, "controls"),
    )
    study = with_folds(with_teachers(with_controls(study)))
    tested = typed(values.get("test_folds", 1), int, "test_folds")
    if tested > 1 and study.folds > 1:
        raise problem("It has folds and test_folds: the first withholds the test part, the second tests every image.")
    study = across_test_folds(study, tested)
    if len(study.configurations) * len(study.seeds) > MOST_RUNS:
        raise problem(f"Configurations, folds and seeds make more than {MOST_RUNS:,} runs.")
    return check_study(study)


def study_to_toml(study: Study) -> str:
    """The study as TOML that `read_study` reads back: every configuration named, the base recipe in full.

    Raises `SkinKDError` where it names what is no UTF-8.
    """
    document = tomlkit.document()
    document.add(tomlkit.comment("A study: every configuration below is one run for each seed, a teacher one run."))
    document.add(tomlkit.comment("Change, add or remove configurations; skinkd-cli study --help describes the format."))
    document.add("version", tomlkit.item(STUDY_VERSION))
    document.add("name", tomlkit.item(writable(study.name)))
    document.add("seeds", tomlkit.item(list(study.seeds)))
    document.add("paper", tomlkit.item(study.paper))
    document.add("primary_score", tomlkit.item(study.primary_score))
    document.add("folds", tomlkit.item(study.folds))
    document.add("controls", tomlkit.item(study.controls))
    base = tomlkit.table(is_super_table=True)
    for key, value in tomlkit.parse(recipe_to_toml(study.base, comments=False)).items():
        base.add(key, value)
    document.add("base", base)
    rows = tomlkit.aot()
    for configuration in study.configurations:
        rows.append(_table(configuration))
    document.add("configuration", rows)
    text = tomlkit.dumps(document)
    if writable(text) != text:
        raise SkinKDError(
            "The study can not be written",
            "A folder or file that it names has bytes in its name that are no UTF-8, and TOML has no way to write "
            "them. Rename it.",
        )
    return text


def write_study(path: Path, study: Study) -> None:
    """Write a study file, whole or not at all."""
    atomic.write_text(path, study_to_toml(study))


def _table(configuration: Configuration) -> Any:
    table = tomlkit.table()
    table.add("key", configuration.key)
    table.add("title", configuration.title)
    for flag in ("teacher", "once"):
        if getattr(configuration, flag):
            table.add(flag, True)
    if configuration.candidate:
        table.add("candidate", configuration.candidate)
    changes = tomlkit.inline_table()
    for name, value in configuration.changes:
        # A quoted key: with a bare one the dot would open a table.
        changes.add(tomlkit.key([name]), inline_value(value))
    table.add("changes", changes)
    return table


def _base(value: Any, folder: Path) -> Recipe:
    if isinstance(value, dict):
        return parse_recipe(value)
    if value in list(Preset):
        return preset(Preset(value))
    return read_recipe(folder / typed(value, str, "base"))


def _with_paths(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with its data folder and files of weights relative to the study file's folder."""

    def at(path: str) -> str:
        return str(full_path(folder / expanded(path))) if path else path

    def weights(text: str) -> str:
        return text if text in {"hub", "none"} else at(text)

    teacher, student = recipe.teacher, recipe.student
    return recipe.model_copy(
        update={
            "data": recipe.data.model_copy(update={"path": at(recipe.data.path)}),
            "teacher": teacher.model_copy(update={"weights": weights(teacher.weights)}),
            "student": student.model_copy(update={"weights": weights(student.weights)}),
        }
    )


def _configuration(values: Any) -> Configuration:
    table = typed(values, dict, "configuration")
    key = table.get("key", "")
    check_keys(table, _CONFIGURATION_KEYS, f"configuration {shown(key)}")
    return Configuration(
        key=typed(key, str, "configuration.key"),
        title=one_line(typed(table.get("title", key), str, f"{key}: title")),
        changes=changes_in(table.get("changes", {}), key),
        teacher=typed(table.get("teacher", False), bool, f"{key}: teacher"),
        once=typed(table.get("once", False), bool, f"{key}: once"),
        candidate=typed(table.get("candidate", ""), str, f"{key}: candidate"),
    )
