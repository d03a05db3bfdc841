from __future__ import annotations

from dataclasses import dataclass

import pytest

from core.registry import Registry


@dataclass(frozen=True)
class Fruit:
    name: str
    title: str = "A fruit"
    help: str = "Grows on trees."
    source: str = ""


def basket() -> Registry[Fruit]:
    return Registry("fruit", (Fruit("pear"), Fruit("apple")))


def test_entries_are_found_by_name_in_their_order() -> None:
    fruits = basket()
    assert list(fruits) == ["pear", "apple"]
    assert fruits["apple"] == Fruit("apple")
    assert "plum" not in fruits


def test_an_unknown_name_is_told_the_nearest() -> None:
    assert basket().unknown("aple") == "there is no fruit 'aple'; did you mean apple?"
    assert basket().unknown("x") == "there is no fruit 'x'; known are pear, apple"


def test_entries_come_and_go_also_when_something_fails() -> None:
    fruits = basket()
    with fruits.registered(Fruit("plum"), Fruit("fig")):
        assert list(fruits) == ["pear", "apple", "plum", "fig"]
    assert list(fruits) == ["pear", "apple"]
    with pytest.raises(ValueError, match="already"), fruits.registered(Fruit("plum"), Fruit("pear")):
        pass
    assert list(fruits) == ["pear", "apple"]
    fruits.register(Fruit("plum"))
    assert list(fruits) == ["pear", "apple", "plum"]


@pytest.mark.parametrize("name", ["", "two words", "a.b", "a-b", "1st"])
def test_a_name_that_no_recipe_can_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="letters, digits and underscores"):
        basket().register(Fruit(name))
