"""The recipe's [classes]: a set that comes with SkinKD, or one written out, and what labels found in the data mean."""

from __future__ import annotations

from functools import lru_cache

from pydantic import model_validator

from core.classes import CLASS_SETS, ClassSet, LesionClass, make_class_set
from core.documents import nearest, shown
from core.settings import SettingsSection, Text, setting

OWN = "own"
"""The name in `classes.set` that says: these, which stand in `classes.own`."""


class ClassesRecipe(SettingsSection):
    """What the model tells apart. Without this table: the eight classes of ISIC 2019."""

    set: Text = setting(
        "isic2019", "Classes", f"A class set that comes with SkinKD ({', '.join(CLASS_SETS)}), or own: those below."
    )
    own: tuple[LesionClass, ...] = setting(
        (),
        "Own classes",
        "2 to 200 tables [[classes.own]] with code, and perhaps name, group (malignant, precancerous, benign), colour, "
        "aliases, summary, text; in the order of the model's outputs.",
    )
    mapping: dict[str, str] = setting(
        {},
        "Labels",
        "What labels found in the data mean: a code of the set, or nothing for images to leave out.",
    )

    def __hash__(self) -> int:
        return hash((self.set, self.own, tuple(self.mapping.items())))

    @property
    def class_set(self) -> ClassSet:
        """The classes with the mapping of this recipe."""
        return _built(self.set, self.own, tuple(self.mapping.items()))

    @model_validator(mode="after")
    def _check(self) -> ClassesRecipe:
        _built(self.set, self.own, tuple(self.mapping.items()))
        return self


@lru_cache(maxsize=64)
def _built(name: str, own: tuple[LesionClass, ...], mapping: tuple[tuple[str, str], ...]) -> ClassSet:
    """Raises ValueError for what is no usable set."""
    if name == OWN:
        return make_class_set(OWN, own, mapping)
    if own:
        raise ValueError(f'own is used only with set = "{OWN}"; set is {shown(name)}')
    if name not in CLASS_SETS:
        raise ValueError(f"no class set is named {shown(name)}; {nearest(name, [*CLASS_SETS, OWN])}")
    return make_class_set(name, CLASS_SETS[name].classes, mapping)
