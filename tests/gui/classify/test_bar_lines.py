"""Which classes have a line among the probability bars, for sets of any size, with a malignant group and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.classes import CLASS_SETS, ClassSet, LesionClass, Malignancy, make_class_set
from core.inference.results import Classification
from skinkd_gui.classify.bar_lines import MOST_CLASSES, lines_of


def answered(classes: ClassSet, seed: int = 0) -> Classification:
    shares = np.random.default_rng(seed).dirichlet(np.ones(len(classes)))
    code = classes.codes[int(shares.argmax())]
    return Classification(Path("a"), tuple(shares.tolist()), code, classes=classes)


def own(count: int, group: Malignancy = Malignancy.UNSPECIFIED) -> ClassSet:
    return make_class_set("own", [LesionClass(code=f"C{number}", group=group) for number in range(count)])


def test_the_malignant_group_comes_first_with_its_total() -> None:
    lines = lines_of([answered(CLASS_SETS["isic2019"])])
    said = [line.code or line.label for line in lines]
    assert said == [
        *("Malignant together", "MEL", "BCC", "SCC", "AK"),
        *("Benign together", "NV", "BKL", "DF", "VASC"),
    ]
    assert lines[4].label == "Actinic keratosis (precancerous)"
    assert lines[0].value({"MEL": 0.2, "SCC": 0.3, "AK": 0.5}) == 0.5
    assert lines[0].value({}) is None
    assert "pigment cells" in lines[1].tip


def test_without_groups_there_are_no_totals() -> None:
    assert [line.code for line in lines_of([answered(own(3))])] == ["C0", "C1", "C2"]


def test_of_many_classes_the_likeliest_have_a_line_and_the_rest_one_together() -> None:
    result = answered(own(200))
    lines = lines_of([result])
    shares = dict(zip(result.classes.codes, result.probabilities or (), strict=True))
    listed = [line.code for line in lines if not line.heading]
    assert len(listed) == MOST_CLASSES
    assert min(shares[code] for code in listed) >= max(shares[code] for code in shares if code not in listed)
    assert lines[-1].label == "176 other classes together"
    values = [line.value(shares) or 0 for line in lines]
    assert abs(sum(values) - 1) < 1e-9


def test_two_models_of_other_classes_have_all_lines() -> None:
    both = lines_of([answered(own(2, Malignancy.BENIGN)), answered(CLASS_SETS["benign-malignant"])])
    assert [line.code for line in both] == ["", "MAL", "", "C0", "C1", "BEN"]
    assert both[1].value({"C0": 1.0}) is None


def test_texts_of_own_classes_are_no_commands() -> None:
    classes = make_class_set("own", [LesionClass(code="A", text="<b>x</b>"), LesionClass(code="B")])
    assert "&lt;b&gt;" in lines_of([answered(classes)])[0].tip
