"""A class set made from the labels that somebody's data have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count

from core.classes.class_set import ClassSet, make_class_set
from core.classes.labels import normalised
from core.classes.lesion_class import LONGEST_CODE, LONGEST_NAME, RESERVED_CODES, LesionClass, Malignancy
from core.classes.registry import CLASS_SETS
from core.documents import one_line


def own_class_set(labels: Iterable[str], name: str = "own") -> ClassSet:
    """A class for every label, in their order, as `own_classes`. Raises ValueError as `make_class_set`, for fewer than
    2 or more than 200 of them."""
    labels = list(labels)
    made = own_classes(labels)
    found = [(label, made[key]) for label in labels if (key := normalised(label)) in made]
    longer = {label: item.code for label, item in found if normalised(item.name) != normalised(label)}
    return make_class_set(name, list(made.values()), longer)


def own_classes(labels: Iterable[str], beside: Iterable[LesionClass] = ()) -> dict[str, LesionClass]:
    """A class for every label, by the label as `normalised`, in their order: its code and name are the label's (the
    beginning of one that is longer than any name), its group that of a known diagnosis of this name, else unspecified.
    Labels that differ only in writing are one class. No code is that of a class `beside` them."""
    made: dict[str, LesionClass] = {}
    codes = {normalised(item.code) for item in beside}
    for label in labels:
        key = normalised(label)
        if key and key not in made:
            code = _code(label, codes)
            codes.add(normalised(code))
            title = one_line(label)[:LONGEST_NAME].strip()
            made[key] = LesionClass(code=code, name=title, group=group_of(label))
    return made


def group_of(label: str) -> Malignancy:
    """How serious a diagnosis of this name is in the sets that come with SkinKD; unspecified where none knows it."""
    for known in CLASS_SETS.values():
        place = known.index_of(label)
        if place is not None:
            return known.classes[place].group
    return Malignancy.UNSPECIFIED


def _code(label: str, taken: set[str]) -> str:
    """A code that is left, from the letters of a label."""
    plain = re.sub(r"[^\w.+-]+", "_", label.strip()).strip("_.+-")[:LONGEST_CODE] or "class"
    plain = plain.lstrip("_.+-") or "class"
    if normalised(plain) not in taken and normalised(plain) and plain.lower() not in RESERVED_CODES:
        return plain
    return next(code for number in count(2) if normalised(code := f"{plain[: LONGEST_CODE - 4]}_{number}") not in taken)
