"""The command line that does what the wizard does. Knows no Qt."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from core.paths import runs_root as default_root
from core.recipe import Preset, Recipe, fields_of, inline_value, preset, value_of, with_values
from core.recipe.learning import CurriculumRecipe
from core.settings import SettingsSection
from skinkd_gui.training.wizard.state import Goal, WizardState, compares_teachers, recipe_of


def wizard_command(state: WizardState, runs_root: Path) -> str:
    """The command for what the wizard stands for."""
    if state.goal is not Goal.STUDY and state.folds > 1:
        more = ["--folds", str(state.folds)] + ["--teacher-candidates"] * compares_teachers(state)
        return _command("cross-validate", state.preset or Preset.PAPER, recipe_of(state), runs_root, state.name, more)
    if state.goal is not Goal.STUDY:
        return train_command(recipe_of(state), state.preset, runs_root, state.name)
    choice, recipe = state.study, recipe_of(state)
    # The study says itself when its students draw their images.
    sections: dict[str, SettingsSection] = {"curriculum": recipe.curriculum.model_copy(update={"redraw": _REDRAW})}
    split = "both" if choice.both_splits else recipe.data.group_by
    if split in ("lesion", "both"):
        sections["data"] = recipe.data.model_copy(update={"group_by": preset(Preset.PAPER).data.group_by})
    recipe = recipe.model_copy(update=sections)
    more = ["--split", split] * ("data" in sections) + ["--redraw", "both"] * choice.both_redraws
    more += ["--fine-sweep"] * choice.fine_sweep
    if choice.seeds > 1:
        more += ["--seeds", ",".join(str(seed) for seed in range(choice.seeds))]
    return _command("study", Preset.PAPER, recipe, runs_root, state.name, more)


_REDRAW = CurriculumRecipe().redraw


def train_command(recipe: Recipe, start: Preset | None, runs_root: Path, name: str = "") -> str:
    """`skinkd-cli train PRESET --data … --set …`: the preset and whatever differs from it, quoted for this system."""
    return _command("train", start or Preset.PAPER, recipe, runs_root, name)


def _command(verb: str, base: Preset, recipe: Recipe, runs_root: Path, name: str, more: Sequence[str] = ()) -> str:
    words = ["skinkd-cli", verb, base.value, "--data", recipe.data.path, *more]
    for assignment in differences(recipe, preset(base)):
        words += ["--set", assignment]
    if runs_root.absolute() != default_root().absolute():
        words += ["--runs", str(runs_root.absolute())]
    if name.strip():
        words += ["--name", name.strip()]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def differences(recipe: Recipe, base: Recipe) -> tuple[str, ...]:
    """`section.key=value` for every value that differs from `base`, data path aside; values as `--set` reads them.

    Another method brings its own settings along: those of the same name are written where they differ
    from its defaults.
    """
    sections = [name for name in type(recipe).model_fields if isinstance(getattr(recipe, name), SettingsSection)]
    chosen = [spec.key for name in sections for spec in fields_of(recipe, name) if spec.entries]
    named = {key: value_of(recipe, key) for key in chosen}
    named = {key: name for key, name in named.items() if name != value_of(base, key)}
    found = [f"{key}={name}" for key, name in named.items()]
    ours, theirs = recipe.model_dump(mode="json"), with_values(base, named).model_dump(mode="json")
    for section, values in ours.items():
        if not isinstance(values, dict):
            if values != theirs[section]:
                found.append(f"{section}={values}")
            continue
        for key, value in values.items():
            if value != theirs[section].get(key) and (section, key) != ("data", "path"):
                found.append(f"{section}.{key}={_written(value)}")
    return tuple(found)


def _written(value: object) -> str:
    return value if isinstance(value, str) else str(inline_value(value).as_string())
