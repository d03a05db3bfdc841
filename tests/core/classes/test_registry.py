"""The sets that come with SkinKD."""

from __future__ import annotations

import pytest

from core.classes import CLASS_SETS, Malignancy, class_set_from_document, class_set_to_document

ISIC2019 = CLASS_SETS["isic2019"]


def test_the_sets_are_the_files_of_resources() -> None:
    assert list(CLASS_SETS) == sorted(CLASS_SETS)
    assert {"isic2019", "benign-malignant"} <= set(CLASS_SETS)
    assert len(CLASS_SETS) == len(list(CLASS_SETS))
    with pytest.raises(KeyError):
        CLASS_SETS["../classes/isic2019"]


@pytest.mark.parametrize("name", list(CLASS_SETS))
def test_every_class_is_described(name: str) -> None:
    classes = CLASS_SETS[name]
    assert classes.name == name
    for item in classes.classes:
        assert item.group is not Malignancy.UNSPECIFIED
        assert item.summary.endswith(".")
        assert len(item.text) > 60
        assert "\n" not in item.text
    assert class_set_from_document(class_set_to_document(classes)) == classes


def test_isic2019_is_what_older_runs_and_models_have() -> None:
    assert ISIC2019.codes == ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")
    assert ISIC2019.names[0] == "Melanoma"
    assert ISIC2019.melanoma == 0
    malignant = [ISIC2019.codes[place] for place in ISIC2019.of_group(Malignancy.MALIGNANT)]
    assert malignant == ["MEL", "BCC", "SCC"]
    assert [ISIC2019.codes[place] for place in ISIC2019.of_group(Malignancy.PRECANCEROUS)] == ["AK"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mel", "MEL"),
        ("Melanoma", "MEL"),
        ("melanocytic_nevi", "NV"),
        ("NEVUS", "NV"),
        ("Nävus", "NV"),
        ("Basal-Cell Carcinoma", "BCC"),
        ("akiec", "AK"),
        ("Actinic Keratosis", "AK"),
        ("bkl", "BKL"),
        ("Benign keratosis-like lesions", "BKL"),
        ("Seborrheic keratosis", "BKL"),
        ("df", "DF"),
        ("Vascular lesion", "VASC"),
        ("squamous  cell\tcarcinoma", "SCC"),
        ("Plattenepithelkarzinom", "SCC"),
    ],
)
def test_codes_and_names_in_any_writing(text: str, code: str) -> None:
    assert ISIC2019.index_of(text) == ISIC2019.codes.index(code)


@pytest.mark.parametrize("text", ["", "UNK", "1", "keratosis", "carcinoma", "melanoma?nevus"])
def test_other_words_are_no_label(text: str) -> None:
    assert ISIC2019.index_of(text) is None


def test_words_for_unknown() -> None:
    assert ISIC2019.is_unknown("UNK")
    assert ISIC2019.is_unknown("unknown")
    assert not ISIC2019.is_unknown("nv")
