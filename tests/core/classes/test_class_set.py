"""Sets of anybody's own."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.classes import (
    ClassSet,
    LesionClass,
    Malignancy,
    class_set_from_document,
    class_set_to_document,
    make_class_set,
)
from core.classes.class_set import MOST


def own(*codes: str, **mapping: str) -> ClassSet:
    return make_class_set("own", [LesionClass(code=code) for code in codes], mapping)


def test_names_and_colours_are_filled_in() -> None:
    classes = own("ACNE", "ECZ", "PSO")
    assert classes.names == classes.codes == ("ACNE", "ECZ", "PSO")
    assert len(set(classes.colours)) == 3
    assert [item.title for item in classes.classes] == ["ACNE", "ECZ", "PSO"]
    assert classes.melanoma is None
    assert classes.of_group(Malignancy.MALIGNANT) == ()
    assert class_set_from_document(class_set_to_document(classes)) == classes


def test_a_mapping_goes_before_codes_names_and_aliases() -> None:
    acne = LesionClass(code="ACNE", aliases=("pimples",))
    classes = make_class_set("own", [acne, LesionClass(code="ECZ")], {"Acne": "ECZ", "pimples": "", "Akne": "ACNE"})
    assert [classes.index_of(label) for label in ("acne", "PIMPLES", "akne", "ecz", "else")] == [1, None, 0, 1, None]
    assert classes.is_left_out("Pimples")
    assert not classes.is_left_out("else")


def test_a_class_may_be_called_as_what_is_unknown_elsewhere() -> None:
    classes = own("MEL", "OTHER")
    assert classes.index_of("other") == 1
    assert not classes.is_unknown("other")
    assert classes.is_unknown("UNK")


@pytest.mark.parametrize(
    ("code", "name", "found"),
    [("MEL", "", True), ("X", "Melanom", True), ("Melanoma", "", True), ("X", "No melanoma", False), ("NV", "", False)],
)
def test_melanoma_is_found_by_code_or_name(code: str, name: str, found: bool) -> None:
    classes = make_class_set("own", [LesionClass(code="A"), LesionClass(code=code, name=name)])
    assert (classes.melanoma == 1) is found


def test_an_alias_makes_no_melanoma() -> None:
    classes = make_class_set("own", [LesionClass(code="BEN"), LesionClass(code="MAL", aliases=("melanoma",))])
    assert classes.index_of("melanoma") == 1
    assert classes.melanoma is None


def test_the_same_classes_are_the_same_codes_in_the_same_order() -> None:
    assert own("A", "B").same_classes(own("A", "B", x="A"))
    assert not own("A", "B").same_classes(own("B", "A"))
    assert not own("A", "B").same_classes(own("A", "B", "C"))


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ([{"code": "A"}], "2 to 200 classes; there are 1"),
        ([{"code": f"C{number}"} for number in range(MOST + 1)], "2 to 200 classes; there are 201"),
        ([{"code": "A"}, {"code": "a"}], "a code of its own"),
        ([{"code": "A", "name": "One"}, {"code": "B", "aliases": ["one"]}], "'one' means both A and B"),
        ([{"code": "A", "colour": "#102030"}, {"code": "B", "colour": "#102031"}], "colours of A and B look alike"),
    ],
)
def test_sets_that_can_not_be(classes: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        class_set_from_document({"name": "own", "class": classes})


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"x": "Q"}, "which is no code"),
        ({"?!": "A"}, "nothing can be recognised"),
        ({"x": "A", "X ": "B"}, "two writings"),
    ],
)
def test_mappings_that_can_not_be(mapping: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make_class_set("own", [LesionClass(code="A"), LesionClass(code="B")], mapping)


@pytest.mark.parametrize(
    "values",
    [
        {"code": ""},
        {"code": "two words"},
        {"code": "=1+1"},
        {"code": "-A"},
        {"code": "A" * 25},
        {"code": "image"},
        {"code": "Label"},
        {"code": "A\u202eB"},
        {"code": "A", "name": "a\nb"},
        {"code": "A", "colour": "red"},
        {"code": "A", "colour": "#12345"},
        {"code": "A", "group": "bad"},
        {"code": "A", "aliases": [""]},
        {"code": "A", "nmae": "x"},
    ],
)
def test_classes_that_can_not_be(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LesionClass.model_validate({**values, "aliases": tuple(values.get("aliases", ()))})


def test_the_codes_of_many_writings_are_fine() -> None:
    assert own("Ψωρίαση", "湿疹", "L40.0", "B-cell+", "1").codes[1] == "湿疹"
