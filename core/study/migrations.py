"""Study files of older versions, brought up to date."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.documents import Migration, read_text
from core.recipe import Preset
from core.recipe.migrations import DISTILLATION_IN_1, GROUPING_IN_2, change_from_1, change_from_2, settings_in_1
from core.study.tables import axes_in, changes_in, grid_of

Values = dict[str, Any]

_PRESETS_IN_1: dict[str, Values] = {
    Preset.PAPER: {"method": "kl"},
    Preset.QUICK: {"method": "kl"},
    Preset.BEST: {"method": "kl", "alpha": 0.5, "temperature": 2.0, "kl_direction": "teacher_student"},
}
"""What the presets of version 1 said of the distillation."""


_KL_IN_1: Values = {
    "distillation.method": "kl",
    "distillation.temperature": 2.0,
    "distillation.direction": "teacher_student",
}
"""The method of the preset `best` of version 1, in the words of version 2."""


def migrations(folder: Path) -> Mapping[int, Migration]:
    """From the values of version n of a study file in the folder `folder` to those of version n + 1."""
    return {1: lambda values: _to_2(values, folder), 2: _to_3, 3: _to_4}


def _to_2(values: Values, folder: Path) -> Values:
    """Recipes and changes of version 1 become those of version 2: a change of the method takes the settings of the
    former along, where each recipe of version 1 had the settings of all methods."""
    base, found = _distillation_of(values.get("base", Preset.PAPER), folder), dict(values)
    if isinstance(values.get("base"), dict):
        found["base"] = {"version": 1, **values["base"]}
    general = changes_in(values.get("set", {}), "set")
    found["set"] = _changes_from_1(base, general)
    base |= _of_distillation(general)
    if values.get("base") == Preset.BEST:
        another = "distillation.method" in found["set"]  # which takes none of these settings but alpha
        found["set"] = {"distillation.alpha": 0.5} | ({} if another else _KL_IN_1) | found["set"]
    if values.get("base") in [Preset.QUICK, Preset.BEST]:
        found["set"] = {"data.calibration": 0.0, **found["set"]}  # version 1 calibrated on the validation images
    rows = values.get("configuration", [])
    if isinstance(rows, list):
        found["configuration"] = [_row(base, row) for row in rows]
    lattice = values.get("axes")
    if isinstance(lattice, dict) and isinstance(rows, list):
        if any(name.startswith("distillation.") for name in axes_in(lattice)):
            found.pop("axes")
            made = [{"key": item.key, "title": item.title, "changes": dict(item.changes)} for item in grid_of(lattice)]
            found["configuration"] += [_row(base, row) for row in made]
        else:
            pairs = [[change_from_1(name, value) for value in items] for name, items in axes_in(lattice).items()]
            found["axes"] = {items[0][0]: [value for _, value in items] for items in pairs}
    return found


def _to_3(values: Values) -> Values:
    """Presets of version 2 knew neither patients nor near-copies, and divided a data set's own parts anew."""
    found = dict(values)
    base, general = values.get("base", Preset.PAPER), _changes_from_2(values.get("set", {}), "set")
    if isinstance(base, dict):
        found["base"] = {"version": 2, **base}
    elif base in list(Preset):
        general = {**GROUPING_IN_2, **general}
    if general:
        found["set"] = general
    rows = values.get("configuration")
    if isinstance(rows, list):
        found["configuration"] = [
            {**row, "changes": _changes_from_2(row["changes"], str(row.get("key", "")))}
            if isinstance(row, dict) and isinstance(row.get("changes"), dict)
            else row
            for row in rows
        ]
    lattice = values.get("axes")
    if isinstance(lattice, dict):
        pairs = [[change_from_2(name, value) for value in items] for name, items in axes_in(lattice).items()]
        found["axes"] = {items[0][0]: [value for _, value in items] for items in pairs}
    return found


_PAPER_IN_3: Values = {
    "data.rounding": "nearest",
    "teacher.architecture": "tf_efficientnet_b7",
    "teacher.drop_rate": "own",
    "teacher.drop_path_rate": "own",
    "student.drop_rate": "own",
    "hardware.precision": "auto",
}
"""What the preset `paper` of version 3 said otherwise than `paper-lesion` does."""


def _to_4(values: Values) -> Values:
    """Studies of version 3 had no controls but those that they name; the preset `paper` kept lesions together, and had
    neither the paper's dropout nor its numbers."""
    values = {"controls": False, **values}
    if values.get("base", Preset.PAPER) != Preset.PAPER:
        return values
    general = {**_PAPER_IN_3, **dict(changes_in(values.get("set", {}), "set"))}
    return {**values, "base": str(Preset.PAPER_LESION), "set": general}


def _changes_from_2(values: Any, key: str) -> Values:
    return dict(change_from_2(name, value) for name, value in changes_in(values, key))


def _distillation_of(base: Any, folder: Path) -> Values:
    """The distillation of version 1 that a study's base stands for."""
    if isinstance(base, str) and base not in _PRESETS_IN_1:
        try:
            base = tomllib.loads(read_text(folder / base))
        except (OSError, ValueError, RecursionError):
            base = {}  # whoever reads it next says what is wrong
    section = _PRESETS_IN_1.get(base) if isinstance(base, str) else None
    if isinstance(base, dict):
        section = base.get("distillation")
    section = section if isinstance(section, dict) else {}
    renamed = {"kl_direction": section["direction"]} if "direction" in section else {}
    return {**DISTILLATION_IN_1, **section, **renamed}


def _row(base: Values, row: Any) -> Any:
    if not isinstance(row, dict) or not isinstance(row.get("changes"), dict):
        return row
    return {**row, "changes": _changes_from_1(base, changes_in(row["changes"], str(row.get("key", ""))))}


def _changes_from_1(base: Values, changes: Iterable[tuple[str, Any]]) -> Values:
    """Changes of version 1, on top of a distillation of version 1, as changes of version 2."""
    changes = list(changes)
    own = _of_distillation(changes)
    after = {**base, **own}
    kept = {name: value for name, value in changes if not name.startswith("distillation.")}
    changed: Values = {"method": own["method"]} if "method" in own else {}
    for name in settings_in_1(after["method"]):
        lasts = after["method"] == base["method"] or (name == "alpha" and name in settings_in_1(base["method"]))
        if name in own or after[name] != (base[name] if lasts else DISTILLATION_IN_1[name]):
            changed[name] = after[name]
    unknown = {name: value for name, value in own.items() if name not in DISTILLATION_IN_1}
    new = {f"distillation.{name}": value for name, value in {**changed, **unknown}.items()}
    return dict(change_from_1(name, value) for name, value in {**kept, **new}.items())


def _of_distillation(changes: Iterable[tuple[str, Any]]) -> Values:
    return {name.partition(".")[2]: value for name, value in changes if name.startswith("distillation.")}
