from __future__ import annotations

import pytest

from core.data.labels import flag, is_unknown, label_index, optional_age, optional_sex, optional_text
from core.data.types import CLASS_CODES


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mel", "MEL"),
        ("Melanoma", "MEL"),
        ("melanocytic_nevi", "NV"),
        ("NEVUS", "NV"),
        ("Basal-Cell Carcinoma", "BCC"),
        ("akiec", "AK"),
        ("Actinic Keratosis", "AK"),
        ("bkl", "BKL"),
        ("Benign keratosis-like lesions", "BKL"),
        ("Seborrheic keratosis", "BKL"),
        ("df", "DF"),
        ("Vascular lesion", "VASC"),
        ("squamous  cell\tcarcinoma", "SCC"),
    ],
)
def test_codes_and_names_in_any_writing(text: str, code: str) -> None:
    assert label_index(text) == CLASS_CODES.index(code)


@pytest.mark.parametrize("text", ["", "UNK", "1", "keratosis", "carcinoma", "melanoma?nevus"])
def test_other_words_are_no_label(text: str) -> None:
    assert label_index(text) is None


def test_words_for_unknown() -> None:
    assert is_unknown("UNK")
    assert is_unknown("unknown")
    assert not is_unknown("nv")


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
    ("text", "value"), [("1.0", 1.0), ("0", 0.0), ("1,0", 1.0), ("", 0.0), ("x", None), ("nan", None)]
)
def test_one_hot_cells(text: str, value: float | None) -> None:
    assert flag(text) == value
