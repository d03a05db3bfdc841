"""The data sets of ../shared/cases, in the layouts in which people have them: what is read of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.classes import CLASS_SETS, ClassSet, make_class_set, own_class_set
from core.data.choices import ChoiceNeededError, Choices
from core.data.mapping import inspect_labels
from core.data.reading import read_dataset
from core.data.types import ProblemKind, undecided
from core.errors import SkinKDError

ISIC2019 = CLASS_SETS["isic2019"]
BINARY = CLASS_SETS["benign-malignant"]


@dataclass(frozen=True)
class Case:
    """What should come of a folder: images used, labels that somebody must explain, parts, patients, lesions."""

    used: int
    undecided: tuple[str, ...] = ()
    parts: tuple[int, ...] = ()
    patients: int = 0
    lesions: int = 0
    classes: int = 0
    terms: str = ""
    kinds: frozenset[ProblemKind] = frozenset()
    choices: Choices = field(default_factory=Choices)
    of: ClassSet = field(default_factory=lambda: ISIC2019)


CASES = {
    "01b": Case(30, ("lentigo NOS", "atypical melanocytic proliferation"), (), 7, 18, 8, "CC-0"),
    "02-": Case(28, classes=7, lesions=14),
    "02b": Case(28, classes=7, lesions=14),
    "04": Case(49, parts=(28, 7, 14), classes=7, lesions=15),
    "07": Case(30, patients=6, lesions=18, classes=6),
    "08": Case(18, classes=2),
    "09": Case(30, ("lentigo", "melanosis", "miscellaneous"), classes=6, choices=Choices(image_column="derm")),
    "10": Case(24, ("psoriasis", "vitiligo"), classes=7),
    "11": Case(32, lesions=16, classes=8),
    "12": Case(48, ("BEN_OTH", "INF", "MAL_OTH"), lesions=24, classes=8, terms="CC-BY-NC"),
    "14": Case(22, parts=(16, 6), classes=2, of=BINARY),
    "15-": Case(0, ("discharge", "excise", "follow-up")),
    "16-": Case(16, ("1. Eczema 1677", "7. Psoriasis pictures Lichen Planus and related diseases - 2k"), classes=4),
    "16b": Case(32, classes=8),
    "16c": Case(32, classes=8),
    "16d": Case(28, classes=7),
    "16e": Case(24, classes=6),
    "17-": Case(16, ("neither melanoma nor seborrheic_keratosis",), classes=2),
    "17b": Case(24, classes=2, of=BINARY),
    "18": Case(28, classes=7, lesions=14),
    "19": Case(28, parts=(15, 6, 7), classes=3),
    "21": Case(80, parts=(48, 32), classes=8, kinds=frozenset({ProblemKind.UNKNOWN_LABEL})),
    "22": Case(24, classes=2, kinds=frozenset({ProblemKind.MASK})),
    "24-": Case(24, classes=3, lesions=12),
    "24b": Case(24, classes=3),
    "25": Case(24, ("Benign",), patients=4, lesions=16, classes=3, choices=Choices(label_column="iddx_3")),
    "26": Case(48, classes=3, patients=12),
    "27": Case(32, classes=2, lesions=16, kinds=frozenset({ProblemKind.LOCAL_NUMBERS})),
    "28": Case(90, classes=3),
    "31": Case(30, parts=(24, 6), classes=3),
    "32": Case(24, classes=8),
    "33": Case(24, classes=2, lesions=12),
    "35": Case(12, classes=3),
    "36": Case(0, ("0", "1", "2"), kinds=frozenset({ProblemKind.MASK})),
}


def _folder(shared: Path, name: str) -> Path:
    found = [path for path in sorted((shared / "cases").glob(f"{name}*")) if path.is_dir()]
    if not found:
        pytest.skip("there is no such case here")
    return found[0]


@pytest.mark.parametrize("name", CASES)
def test_what_is_read(name: str, shared: Path) -> None:
    folder, case = _folder(shared, name), CASES[name]
    dataset = read_dataset(folder, case.of, case.choices)
    assert len(dataset.records) == case.used
    assert {item.label for item in undecided(dataset.label_counts)} == set(case.undecided)
    parts = Counter(record.part.value for record in dataset.records if record.part)
    assert tuple(parts[part] for part in ("train", "validation", "test") if parts[part]) == case.parts
    assert len({record.patient for record in dataset.records if record.patient}) == case.patients
    assert len({record.lesion for record in dataset.records if record.lesion}) == case.lesions
    assert sum(count > 0 for count in dataset.counts.values()) == case.classes
    assert dataset.terms == case.terms
    assert case.kinds <= {problem.kind for problem in dataset.problems}
    files = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in (".jpg", ".png", ".bmp")
    }
    named = [name for problem in dataset.problems for name in problem.names]
    other = () if case.choices.image_column != "derm" else files - {record.name for record in dataset.records}
    assert {record.name for record in dataset.records} | set(named) | set(other) == files


@pytest.mark.parametrize("name", ["15-", "15b", "14", "10", "16-", "36"])
def test_every_label_can_be_a_class_of_ones_own(name: str, shared: Path) -> None:
    folder = _folder(shared, name)
    found = inspect_labels(folder, None)
    own = own_class_set([item.label for item in found.labels])
    dataset = read_dataset(folder, own)
    assert len(dataset.records) == sum(item.count for item in found.labels)
    assert undecided(dataset.label_counts) == ()
    assert all(item.examples for item in found.labels)


@pytest.mark.parametrize(
    ("name", "setting", "options"),
    [("09", "data.image_column", {"clinic", "derm"}), ("25", "data.label_column", {"target", "iddx_3"})],
)
def test_what_is_open_is_asked(name: str, setting: str, options: set[str], shared: Path) -> None:
    with pytest.raises(ChoiceNeededError) as caught:
        read_dataset(_folder(shared, name), ISIC2019)
    assert caught.value.choice.setting == setting
    assert options <= {option.value for option in caught.value.choice.options}
    assert setting in caught.value.summary


def test_kinds_of_pictures_and_targets_are_chosen(shared: Path) -> None:
    folder = _folder(shared, "12")
    (choice,) = [item for item in read_dataset(folder, ISIC2019).choices if item.setting == "data.image_type"]
    assert {option.value for option in choice.options} == {"clinical: close-up", "dermoscopic"}
    left = read_dataset(folder, ISIC2019, Choices(image_type="dermoscopic"))
    assert len(left.records) == 24
    (problem,) = [item for item in left.problems if item.kind is ProblemKind.NOT_CHOSEN]
    assert len(problem.names) == 33
    target = make_class_set("t", BINARY.classes, {"0": "BEN", "1": "MAL"})
    dataset = read_dataset(_folder(shared, "25"), target, Choices(label_column="target"))
    assert dataset.counts == {"BEN": 16, "MAL": 16}


def test_an_unreadable_workbook_is_named_with_the_way_out(shared: Path) -> None:
    with pytest.raises(SkinKDError, match=r"labels\.xlsx.*Save it as CSV"):
        read_dataset(_folder(shared, "23"), ISIC2019)


def test_numbers_of_two_tables_are_one_where_the_user_says_so(shared: Path) -> None:
    dataset = read_dataset(_folder(shared, "27"), ISIC2019, Choices(same_numbers=True))
    assert len({record.lesion for record in dataset.records}) == 8
    assert dataset.problems == ()
