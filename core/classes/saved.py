"""Class sets that the user saved under a name, to be used again: beside those that come with SkinKD."""

from __future__ import annotations

import tomllib
from pathlib import Path

import tomlkit

from core import atomic
from core.classes.class_set import ClassSet, class_set_from_document, class_set_to_document
from core.classes.registry import CLASS_SETS
from core.documents import nearest, read_text, shown
from core.errors import SkinKDError
from core.paths import class_sets_root, make_private

_ENDING = ".toml"


def saved_class_sets() -> tuple[str, ...]:
    """The names of the saved sets, alphabetically."""
    folder = class_sets_root()
    return tuple(sorted(path.stem for path in folder.glob(f"*{_ENDING}"))) if folder.is_dir() else ()


def load_class_set(name: str) -> ClassSet:
    """The set of a name, saved or one that comes with SkinKD. Raises `SkinKDError` for an unknown name or a damaged
    file."""
    if name in CLASS_SETS:
        return CLASS_SETS[name]
    if name not in saved_class_sets():
        raise SkinKDError(
            "Unknown class set",
            f"There is no class set {shown(name)}; {nearest(name, [*CLASS_SETS, *saved_class_sets()])}.",
        )
    path = _file(name)
    try:
        return class_set_from_document({**tomllib.loads(read_text(path)), "name": name})
    except (OSError, ValueError) as error:
        raise SkinKDError("The class set can not be read", f"{path} is damaged: {error}.") from error


def save_class_set(classes: ClassSet, name: str) -> Path:
    """Save a set under a name, its mapping too, in place of one of that name. Raises `SkinKDError` for a name that no
    file can have, or that a set of SkinKD has."""
    if name in CLASS_SETS or not name.replace("-", "").replace("_", "").isalnum():
        raise SkinKDError(
            "The name can not be used",
            f"A class set's name is letters, digits, '-' and '_', and none of {', '.join(CLASS_SETS)}; it is "
            f"{shown(name)}. Choose another.",
        )
    values = {key: value for key, value in class_set_to_document(classes).items() if key != "name"}
    path = _file(name)
    try:
        make_private(path.parent)
        atomic.write_text(path, tomlkit.dumps(values))
    except OSError as error:
        raise SkinKDError("The class set can not be saved", f"{path}: {error.strerror}.") from error
    return path


def _file(name: str) -> Path:
    return class_sets_root() / f"{name}{_ENDING}"
