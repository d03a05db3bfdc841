"""Under which recipes, and from which teacher, a training was done so far: what a checkpoint knows of its own past.

Known without torch, because reports and lists read it too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from core.documents import NewerVersionError
from core.errors import SkinKDError
from core.recipe import Recipe, parse_recipe, recipe_hash
from core.recipe.changes import recipe_changes

UNKNOWN = "?"
"""Stands for the hash of a recipe that nobody recorded: checkpoints of older versions name none."""


@dataclass(frozen=True)
class Leg:
    """A part of a training under one recipe, from step `batch` (from 0) of `epoch` (from 1) up to the next leg.

    `recipe` is None and `hash` "?" where an older version trained, which did not record it; `hash` is that of
    `core.recipe.recipe_hash` when the leg began. `teacher` is the SHA-256 of the teacher's model file in hex digits, ""
    without a teacher.
    """

    epoch: int
    batch: int
    recipe: Recipe | None
    hash: str = UNKNOWN
    teacher: str = ""

    @classmethod
    def under(cls, recipe: Recipe, teacher: str, epoch: int = 1, batch: int = 0) -> Leg:
        """The leg that begins here."""
        return cls(epoch, batch, recipe, recipe_hash(recipe), teacher)


def hashes_of_epoch(legs: Sequence[Leg], epoch: int) -> str:
    """The hash of the recipe that an epoch was trained under; joined with "+" where it changed within the epoch."""
    ends = [(leg.epoch, leg.batch) for leg in legs[1:]]
    begun = [leg for leg in legs if leg.epoch <= epoch]
    lasting = [leg for leg, end in zip(begun, ends, strict=False) if end > (epoch, 0)]
    if len(begun) > len(ends):
        lasting.append(begun[-1])
    return "+".join(dict.fromkeys(leg.hash for leg in lasting))


def beginning_of(leg: Leg) -> str:
    """Where a leg begins, for a person: "epoch 3" or "epoch 3, batch 5"."""
    return f"epoch {leg.epoch}, batch {leg.batch + 1}" if leg.batch else f"epoch {leg.epoch}"


def changes_text(last: Leg, new: Leg) -> str:
    """What changed from one leg to the next, in one line."""
    if last.recipe is None or new.recipe is None:
        return "not recorded before"
    return "; ".join(change.line for change in recipe_changes(last.recipe, new.recipe))


def legs_to_values(legs: Sequence[Leg]) -> list[dict[str, Any]]:
    """The legs as values for JSON, each with its whole recipe."""
    return [
        {
            "epoch": leg.epoch,
            "batch": leg.batch,
            "hash": leg.hash,
            "teacher": leg.teacher,
            "recipe": None if leg.recipe is None else leg.recipe.model_dump(mode="json"),
        }
        for leg in legs
    ]


def legs_from_values(values: Any) -> tuple[Leg, ...]:
    """What `legs_to_values` gave, with recipes of older versions brought up to date. Raises ValueError when it is
    something else, `NewerVersionError` for recipes of a newer version."""
    if not isinstance(values, list) or not values:
        raise ValueError("there is no list of recipes")
    return tuple(_leg(item) for item in values)


def legs_to_text(legs: Sequence[Leg]) -> str:
    """The legs as one JSON text."""
    return json.dumps(legs_to_values(legs), ensure_ascii=False)


def legs_from_text(text: str) -> tuple[Leg, ...]:
    """What `legs_to_text` gave. Raises as `legs_from_values`."""
    return legs_from_values(json.loads(text))


def _leg(values: Any) -> Leg:
    if not isinstance(values, dict):
        raise ValueError("a recipe of the record is no table")
    epoch, batch, found = values.get("epoch"), values.get("batch"), values.get("recipe")
    hashed, teacher = values.get("hash"), values.get("teacher")
    if not (type(epoch) is int and type(batch) is int and 0 < epoch < 10**9 and 0 <= batch < 10**9):
        raise ValueError("a recipe of the record has no place")
    if not (_is_digits(hashed, extra=UNKNOWN) and _is_digits(teacher)):
        raise ValueError("a recipe of the record has no hash")
    return Leg(epoch, batch, None if found is None else _recipe(found), hashed, teacher)


def _recipe(values: Any) -> Recipe:
    if not isinstance(values, dict):
        raise ValueError("a recipe of the record is no table")
    try:
        return parse_recipe(values)
    except NewerVersionError:
        raise
    except SkinKDError as error:
        raise ValueError(f"a recipe of the record can not be used: {error.summary}") from error


def _is_digits(text: Any, extra: str = "") -> TypeGuard[str]:
    return isinstance(text, str) and len(text) <= 64 and set(text) <= set("0123456789abcdef" + extra)
