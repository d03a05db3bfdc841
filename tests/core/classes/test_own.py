from __future__ import annotations

from pathlib import Path

import pytest

from core.classes import CLASS_SETS, Malignancy, own_class_set
from core.classes.class_set import How
from core.classes.saved import load_class_set, save_class_set, saved_class_sets
from core.errors import SkinKDError


def test_every_label_becomes_a_class_that_it_means() -> None:
    labels = ["Acne vulgaris (mild)", "eczema", "Melanom", "age", "x" * 100, "Éczéma", "...", "acne_vulgaris_mild"]
    own = own_class_set(labels)
    assert own.codes[:4] == ("Acne_vulgaris_mild", "eczema", "Melanom", "age_2")
    assert [own.index_of(label) for label in labels] == [0, 1, 2, 3, 4, 1, None, 0]
    assert own.classes[2].group is Malignancy.MALIGNANT
    assert {item.group for item in own.classes[:2]} == {Malignancy.UNSPECIFIED}


def test_from_two_to_two_hundred_of_them() -> None:
    assert len(own_class_set(f"label {number}" for number in range(200))) == 200
    for count in (1, 201):
        with pytest.raises(ValueError, match="expected 2 to 200"):
            own_class_set(f"label {number}" for number in range(count))


@pytest.mark.parametrize(
    ("label", "code", "how"),
    [
        ("mel", "MEL", How.CODE),
        ("Basal Cell Carcinoma", "BCC", How.NAME),
        ("queratosis actínica", "AK", How.ALIAS),
        ("queratosis actinica", "AK", How.ALIAS),
        ("ceratose seborreica", "BKL", How.ALIAS),
        ("carcinome spinocellulaire", "SCC", How.ALIAS),
        ("lesione vascolare", "VASC", How.ALIAS),
        ("Nävus", "NV", How.ALIAS),
        ("0_nv", "NV", How.PART),
        ("4. Basal Cell Carcinoma (BCC) 3323", "BCC", How.PART),
        ("2. Melanoma 15.75k", "MEL", How.PART),
    ],
)
def test_labels_are_understood_and_it_is_said_how(label: str, code: str, how: How) -> None:
    known = CLASS_SETS["isic2019"]
    meaning = known.meaning(label)
    assert meaning is not None
    assert (known.code_at(meaning.index), meaning.how) == (code, how)


@pytest.mark.parametrize("label", ["eczema", "", "7", "nevus (melanoma)", "lentigo NOS"])
def test_what_is_not_known_or_says_two_things_means_nothing(label: str) -> None:
    assert CLASS_SETS["isic2019"].meaning(label) is None


def test_a_set_is_saved_under_a_name_and_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKINKD_STATE", str(tmp_path))
    own = own_class_set(["discharge", "follow-up", "excise"])
    path = save_class_set(own, "clinic")
    assert saved_class_sets() == ("clinic",)
    assert load_class_set("clinic").classes == own.classes
    assert load_class_set("isic2019") is CLASS_SETS["isic2019"]
    for name in ("isic2019", "../x", ""):
        with pytest.raises(SkinKDError, match="another"):
            save_class_set(own, name)
    with pytest.raises(SkinKDError, match="did you mean clinic"):
        load_class_set("clinics")
    path.write_text("class = 3")
    with pytest.raises(SkinKDError, match="damaged"):
        load_class_set("clinic")
