"""Sections whose further settings are those of the entries that they name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from core.registry import Registry
from core.settings import Choosing, ChosenSettings, NameOf, SettingsSection, setting


class Sugar(SettingsSection):
    grams: float = setting(5.0, "Sugar", "How much.", unit="g", ge=0, le=50)
    lumps: tuple[int, int] = setting((1, 2), "Lumps", "Smallest and largest number.")


class Milk(SettingsSection):
    fat: float = setting(0.035, "Fat", "Share of it.", ge=0, le=1)


class Cream(SettingsSection):
    grams: float = setting(1.0, "Cream", "How much.")


@dataclass(frozen=True)
class Extra:
    name: str
    Settings: type[SettingsSection] = SettingsSection
    title: str = ""
    help: str = ""
    source: str = ""


SWEET = Registry("sweetener", (Extra("without"), Extra("sugar", Sugar)))
WHITE = Registry("whitener", (Extra("black"), Extra("milk", Milk), Extra("cream", Cream)))


class Coffee(Choosing):
    """What is drunk."""

    sweet: Annotated[str, NameOf(SWEET)] = setting("without", "Sweetener", "What makes it sweet.")
    white: Annotated[str, NameOf(WHITE)] = setting("black", "Whitener", "What makes it white.")

    @property
    def is_plain(self) -> bool:
        return self == Coffee()


class Order(SettingsSection):
    coffee: Annotated[Coffee, ChosenSettings()] = Coffee()


def read(**coffee: Any) -> Order:
    return Order.model_validate_json(json.dumps({"coffee": coffee}))


def test_settings_exist_where_their_entry_is_chosen() -> None:
    coffee = read(sweet="sugar", white="milk", lumps=[3, 4]).coffee
    assert isinstance(coffee, Coffee)
    assert isinstance(coffee, Sugar)
    assert isinstance(coffee, Milk)
    assert list(type(coffee).model_fields) == ["sweet", "white", "grams", "lumps", "fat"]
    assert (coffee.grams, coffee.lumps, coffee.fat) == (5.0, (3, 4), 0.035)
    assert not coffee.is_plain
    assert type(read().coffee) is Coffee
    assert read().coffee.is_plain


def test_all_settings_are_written_and_read_back() -> None:
    order = read(sweet="sugar", grams=7)
    written = order.model_dump(mode="json")
    assert written == {"coffee": {"sweet": "sugar", "white": "black", "grams": 7.0, "lumps": [1, 2]}}
    assert Order.model_validate_json(json.dumps(written)) == order
    assert order.model_copy(update={"coffee": order.coffee.model_copy(update={"grams": 8.0})}) != order


def test_a_section_made_in_python_gets_its_settings() -> None:
    order = Order(coffee=Coffee(sweet="sugar"))
    assert isinstance(order.coffee, Sugar)
    assert order == read(sweet="sugar")


@pytest.mark.parametrize(
    ("coffee", "place", "said"),
    [
        ({"grams": 1.0}, "grams", "Extra inputs"),  # of an entry that is not chosen
        ({"sweet": "sugar", "grams": 51.0}, "grams", "less than or equal to 50"),
        ({"sweet": "sugr"}, "sweet", "there is no sweetener 'sugr'; did you mean sugar?"),
        ({"sweet": 3}, "sweet", "valid string"),
    ],
)
def test_wrong_values_are_named_by_their_place(coffee: dict[str, Any], place: str, said: str) -> None:
    with pytest.raises(ValidationError, match="1 validation error") as caught:
        read(**coffee)
    (problem,) = caught.value.errors()
    assert problem["loc"] == ("coffee", place)
    assert said in problem["msg"]


def test_two_settings_of_one_name_are_a_mistake_of_the_entries() -> None:
    with pytest.raises(TypeError, match="Sugar and Cream both have a setting grams"):
        read(sweet="sugar", white="cream")
    with WHITE.registered(Extra("foam", Sugar)):  # the very same settings are shared
        assert read(sweet="sugar", white="foam", grams=2).model_dump()["coffee"]["grams"] == 2


def test_an_entry_of_ones_own_is_a_choice_like_any_other() -> None:
    with WHITE.registered(Extra("oat", Milk)):
        coffee = read(white="oat", fat=0.1).coffee
        assert isinstance(coffee, Milk)
    with pytest.raises(ValidationError, match="there is no whitener 'oat'"):
        read(white="oat")
