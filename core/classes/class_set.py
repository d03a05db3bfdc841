"""A set of classes: the order of every label, logit column and confusion matrix, and how labels are recognised."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from core.classes.colours import alike, filled
from core.classes.labels import UNKNOWN_WORDS, normalised, variants
from core.classes.lesion_class import LONGEST_NAME, LesionClass, Malignancy
from core.documents import nearest, one_line, shown

FEWEST, MOST = 2, 200
"""How many classes a set has."""

_MELANOMA = frozenset({"mel", "melanoma", "melanom", "melanome", "mélanome"})


class How(StrEnum):
    """How a label was understood, for people."""

    MAPPED = "as the mapping says"
    CODE = "its code"
    NAME = "its name"
    ALIAS = "another name"
    PART = "a part of it, without numbers and brackets"


GUESSES = (How.ALIAS, How.PART)
"""What is shown as a guess: nobody said so, and the label is neither code nor name of the class."""


@dataclass(frozen=True)
class Meaning:
    """The number of the class that a label means, None for images to leave out; and how that is known."""

    index: int | None
    how: How


@dataclass(frozen=True)
class ClassSet:
    """`classes` in the order of all label numbers, made by `make_class_set`.

    `mapping` holds pairs of a label as found in data and the code that it means, "" for a label whose images are left
    out; it goes before codes, names and aliases.
    """

    name: str
    classes: tuple[LesionClass, ...]
    mapping: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.classes)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The codes, in order."""
        return tuple(item.code for item in self.classes)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The plain names, in order."""
        return tuple(item.name for item in self.classes)

    @cached_property
    def colours(self) -> tuple[str, ...]:
        """The colours as #RRGGBB, in order."""
        return tuple(item.colour for item in self.classes)

    def find(self, code: str) -> LesionClass | None:
        """The class with exactly this code; None where there is none."""
        place = self._indices.get(code)
        return None if place is None else self.classes[place]

    def title_of(self, code: str) -> str:
        """'Melanoma (MEL)' for a code; a code of no class as it is."""
        found = self.find(code)
        return code if found is None else found.title

    def name_of(self, code: str) -> str:
        """The plain name of a code; a code of no class as it is."""
        found = self.find(code)
        return code if found is None else found.name

    def group_of(self, code: str) -> Malignancy:
        """How serious the class with a code is; unspecified for a code of no class."""
        found = self.find(code)
        return Malignancy.UNSPECIFIED if found is None else found.group

    def index_of(self, label: str) -> int | None:
        """The number of the class that a label means: mapped, a code, a name or another name, in any writing."""
        meaning = self.meaning(label)
        return None if meaning is None else meaning.index

    def meaning(self, label: str) -> Meaning | None:
        """What a label means here; None where nothing is known of it, or where its parts say different things."""
        text = normalised(label)
        if text in self._labels:
            return self._labels[text]
        found = [self._labels[word] for word in variants(label) if word in self._labels]
        places = {item.index for item in found}
        return Meaning(found[0].index, How.PART) if len(places) == 1 and None not in places else None

    def code_at(self, index: int | None) -> str:
        """The code of the class with a number; "" for None, as labels have that are left out."""
        return "" if index is None else self.codes[index]

    def is_left_out(self, label: str) -> bool:
        """Whether the mapping says that images with this label are not used."""
        meaning = self.meaning(label)
        return meaning is not None and meaning.index is None

    def is_unknown(self, label: str) -> bool:
        """Whether a label says "none of these" (the challenge's UNK) and is no class here."""
        text = normalised(label)
        return text in UNKNOWN_WORDS and text not in self._labels

    def of_group(self, group: Malignancy) -> tuple[int, ...]:
        """The numbers of the classes of a group, in order; empty where the set has none."""
        return tuple(place for place, item in enumerate(self.classes) if item.group is group)

    @cached_property
    def melanoma(self) -> int | None:
        """The number of the class melanoma, found by its code or name; None where the set has none."""
        for place, item in enumerate(self.classes):
            if not _MELANOMA.isdisjoint({normalised(item.code), normalised(item.name)}):
                return place
        return None

    def same_classes(self, other: ClassSet) -> bool:
        """Whether label numbers and logits mean the same in both: the same codes in the same order."""
        return self.codes == other.codes

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {code: place for place, code in enumerate(self.codes)}

    @cached_property
    def _labels(self) -> dict[str, Meaning]:
        """Normalised label to what it means."""
        found: dict[str, Meaning] = {}
        for place, item in enumerate(self.classes):
            words = [(How.CODE, item.code), (How.NAME, item.name), *((How.ALIAS, alias) for alias in item.aliases)]
            for how, text in words:
                if word := normalised(text):
                    found.setdefault(word, Meaning(place, how))
        for label, code in self.mapping:
            found[normalised(label)] = Meaning(self._indices[code] if code else None, How.MAPPED)
        return found


def make_class_set(
    name: str, classes: Sequence[LesionClass], mapping: Mapping[str, str] | Sequence[tuple[str, str]] = ()
) -> ClassSet:
    """A set of 2 to 200 classes, with names where they were empty and colours where there were none.

    Raises ValueError, saying what is wrong, for codes or words that two classes share, colours that look alike, and a
    mapping to what is no code.
    """
    if not FEWEST <= len(classes) <= MOST:
        raise ValueError(f"expected {FEWEST} to {MOST} classes; there are {len(classes)}")
    _check_words(classes)
    _check_colours([item for item in classes if item.colour])
    colours = filled([item.colour for item in classes])
    made = tuple(
        item.model_copy(update={"name": item.name or item.code, "colour": colour})
        for item, colour in zip(classes, colours, strict=True)
    )
    pairs = tuple(mapping.items()) if isinstance(mapping, Mapping) else tuple(mapping)
    _check_mapping(pairs, [item.code for item in classes])
    return ClassSet(name, made, pairs)


def class_set_to_document(classes: ClassSet) -> dict[str, Any]:
    """Plain values that `class_set_from_document` reads: as in the TOML files of resources, with `name`."""
    items = [item.model_dump(mode="json") for item in classes.classes]
    return {"name": classes.name, "class": items, "mapping": dict(classes.mapping)}


def class_set_from_document(values: Mapping[str, Any]) -> ClassSet:
    """The set that plain values describe: `name`, `class` (a list of classes) and perhaps `mapping`. Raises ValueError,
    naming the value, for anything that `class_set_to_document` would not have written."""
    name, items, mapping = values.get("name"), values.get("class"), values.get("mapping", {})
    unknown = set(values) - {"name", "class", "mapping"}
    named = isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name == one_line(name)
    if unknown or not isinstance(name, str) or not named or not isinstance(items, list):
        raise ValueError("a class set has a name and a list of classes, and nothing else")
    if not isinstance(mapping, dict) or not all(isinstance(code, str) for code in mapping.values()):
        raise ValueError("the mapping of a class set is a table of labels and codes")
    try:
        classes = [LesionClass.model_validate_json(json.dumps(item)) for item in items[: MOST + 1]]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where} of a class: {first['msg'][:200]}") from error
    return make_class_set(name, classes, mapping)


def _words(item: LesionClass) -> list[str]:
    """The words that mean a class, each once."""
    return list(dict.fromkeys(word for text in (item.code, item.name, *item.aliases) if (word := normalised(text))))


def _check_words(classes: Sequence[LesionClass]) -> None:
    codes = Counter(normalised(item.code) for item in classes)
    doubled = [item.code for item in classes if codes[normalised(item.code)] > 1]
    if doubled:
        raise ValueError(f"every class needs a code of its own; these are alike: {', '.join(doubled[:4])}")
    owner: dict[str, str] = {}
    for item in classes:
        for word in _words(item):
            first = owner.setdefault(word, item.code)
            if first != item.code:
                raise ValueError(f"{shown(word)} means both {first} and {item.code}; take it from one of them")


def _check_colours(coloured: Sequence[LesionClass]) -> None:
    found = alike([item.colour for item in coloured])
    if found is not None:
        first, second = (coloured[place].code for place in found)
        raise ValueError(f"the colours of {first} and {second} look alike; change or omit one")


def _check_mapping(pairs: Sequence[tuple[str, str]], codes: Sequence[str]) -> None:
    meant: dict[str, str] = {}
    for label, code in pairs:
        if not normalised(label):
            raise ValueError(f"the mapping has the label {shown(label)}, in which nothing can be recognised")
        if code and code not in codes:
            raise ValueError(
                f"the mapping takes {shown(label)} to {shown(code)}, which is no code; {nearest(code, codes)}"
            )
        if meant.setdefault(normalised(label), code) != code:
            raise ValueError(f"the mapping has {shown(label)} in two writings with different codes")
