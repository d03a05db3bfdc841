from __future__ import annotations

import pytest

from core.data.labels import flag, optional_age, optional_sex, optional_text


@pytest.mark.parametrize(
    ("text", "years"),
    [("55", 55.0), ("55.0", 55.0), ("85+", 85.0), ("", None), ("unknown", None), ("-5", None), ("999", None)],
)
def test_ages(text: str, years: float | None) -> None:
    assert optional_age(text) == years


def test_sex_and_text() -> None:
    assert [optional_sex(text) for text in ("F", "male", "Unknown", "", "Diverse")] == [
        "female",
        "male",
        None,
        None,
        "diverse",
    ]
    assert [optional_text(text) for text in (" back ", "N/A", "unknown", "0")] == ["back", None, None, "0"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.0", 1.0),
        ("0", 0.0),
        ("1,0", 1.0),
        ("", 0.0),
        ("x", 1.0),
        ("Ja", 1.0),
        ("no", 0.0),
        ("2 cm", None),
        ("nan", None),
    ],
)
def test_one_hot_cells(text: str, value: float | None) -> None:
    assert flag(text) == value
