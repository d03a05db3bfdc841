"""The class sets that come with SkinKD: one TOML file each in resources/class_sets, read when first asked for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache

from core.classes.class_set import ClassSet, class_set_from_document
from resources.files import resource_names, resource_text

_FOLDER, _ENDING = "class_sets", ".toml"


class _ClassSets(Mapping[str, ClassSet]):
    """Names of files without their ending to what is in them."""

    def __getitem__(self, name: str) -> ClassSet:
        if name not in _names():
            raise KeyError(name)
        return _read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_names())

    def __len__(self) -> int:
        return len(_names())


CLASS_SETS: Mapping[str, ClassSet] = _ClassSets()
"""All sets by name, alphabetically."""


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(name.removesuffix(_ENDING) for name in resource_names(_FOLDER) if name.endswith(_ENDING)))


@cache
def _read(name: str) -> ClassSet:
    values = tomllib.loads(resource_text(f"{_FOLDER}/{name}{_ENDING}"))
    return class_set_from_document({**values, "name": name})
