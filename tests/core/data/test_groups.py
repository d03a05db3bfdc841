"""Whatever ties images together, and whatever parts the data bring along: no group stands on two sides."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.classes import CLASS_SETS
from core.data.groups import group_numbers
from core.data.leakage import leakage
from core.data.own_parts import held_out, kin_of_held_out
from core.data.splitting import make_split, read_split, split_notes, write_split
from core.data.types import DataSet, ImageRecord, Part, Problem, ProblemKind, Split
from core.errors import SkinKDError
from core.recipe.schema import DataRecipe
from core.runs.tables import read_split_rows

ISIC2019 = CLASS_SETS["isic2019"]


def record(name: str, label: int = 1, **facts: Any) -> ImageRecord:
    return ImageRecord(name, None, label, **facts)


def dataset_of(records: list[ImageRecord], **more: Any) -> DataSet:
    return DataSet(Path("data"), "csv", tuple(records), classes=ISIC2019, **more)


@st.composite
def datasets(draw: st.DrawFn) -> DataSet:
    """Patients with lesions, lesions without patients, near-copies and doubled pictures, some left out; parts of the
    data's own, all, some or none."""
    count = draw(st.integers(20, 90))
    own = draw(st.sampled_from([[None], [Part.TRAIN, Part.TEST], [Part.TRAIN, Part.VALIDATION, Part.TEST, None]]))
    number = st.none() | st.integers(0, draw(st.integers(5, 60)))

    def some(letter: str) -> str | None:
        value = draw(number)
        return None if value is None else f"{letter}{value}"

    records = [
        record(f"i{index:03d}", index % 3, lesion=some("L"), patient=some("P"), part=draw(st.sampled_from(own)))
        for index in range(count)
    ]
    index = st.integers(0, count - 1).map(lambda place: f"i{place:03d}")
    pairs = tuple(draw(st.lists(st.tuples(index, index), max_size=12)))
    left, right = draw(index), draw(index)
    same = (Problem(ProblemKind.DUPLICATE, left, "same", (right,)),) if left != right else ()
    gone = draw(st.sets(index, max_size=4))
    return dataset_of(records, near_copies=pairs, problems=same).without(gone)


recipes = st.builds(
    DataRecipe,
    split=st.sampled_from([(0.7, 0.2, 0.1), (0.5, 0.25, 0.25)]),
    parts=st.sampled_from(["found", "pooled"]),
    folds=st.sampled_from([1, 3]),
    seed=st.integers(0, 3),
    calibration=st.sampled_from([0.0, 0.5]),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(datasets(), recipes)
def test_no_group_stands_on_two_sides_and_held_out_parts_stay(dataset: DataSet, recipe: DataRecipe) -> None:
    try:
        split = make_split(dataset, recipe)
    except SkinKDError:
        return  # one group holds nearly everything
    place = {index: part for part in split.made for index in split.of(part).tolist()}
    sides: dict[Any, set[Part]] = {}
    by_name = {each.name: each for each in dataset.records}
    for index, part in place.items():
        own = dataset.records[index]
        for tie in (own.lesion, own.patient):
            sides.setdefault(tie or ("alone", index), set()).add(part)
    parts = {dataset.records[index].name: part for index, part in place.items()}
    for left, right in dataset.near_copies:
        if left in parts and right in parts:
            sides.setdefault((left, right), set()).update((parts[left], parts[right]))
    kept = held_out(dataset, recipe)
    both = {frozenset((Part.TEST, Part.VALIDATION)), frozenset((Part.TEST, Part.CALIBRATION))}
    assert all(len(each) == 1 for each in sides.values()), both
    for part, members in kept.items():
        if part is Part.TEST:
            assert np.array_equal(split.test, members)
        else:
            assert set(split.validation.tolist()) | set(split.calibration.tolist()) <= set(members.tolist())
    named = {name for problem in kin_of_held_out(dataset, recipe) for name in problem.names}
    assert named == set(by_name) - set(parts)
    assert leakage(dataset, split).total.leaking == 0


def official() -> DataSet:
    """Three parts of the data's own; patient P5 is in all of them, a near-copy of a test image in training."""
    sizes = {Part.TRAIN: 40, Part.VALIDATION: 10, Part.TEST: 10}
    records = [
        record(f"{part.value}/{index}.jpg", index % 3, part=part, patient="P5" if index == 5 else f"{part}{index}")
        for part, size in sizes.items()
        for index in range(size)
    ]
    return dataset_of(records, near_copies=(("test/1.jpg", "train/7.jpg"),))


def test_official_parts_are_kept_and_training_copies_are_named() -> None:
    dataset = official()
    split = make_split(dataset, DataRecipe(calibration=0))
    assert [dataset.records[index].name for index in split.test] == [f"test/{index}.jpg" for index in range(10)]
    assert len(split.validation) == 9
    assert len(split.train) == 38
    named = [name for problem in kin_of_held_out(dataset, DataRecipe()) for name in problem.names]
    assert sorted(named) == ["train/5.jpg", "train/7.jpg", "validation/5.jpg"]
    notes = "\n".join(split_notes(dataset, split, DataRecipe()))
    assert "are kept: training 40, validation 10, test 10" in notes
    assert "3 images are in no part" in notes


def test_validation_is_made_from_training_where_there_is_none() -> None:
    dataset = official()
    dataset = replace(dataset, records=tuple(each for each in dataset.records if each.part is not Part.VALIDATION))
    split = make_split(dataset, DataRecipe(calibration=0))
    assert len(split.test) == 10
    assert len(split.validation) == pytest.approx(38 * 0.2 / 0.9, abs=1)
    assert {dataset.records[index].part for index in split.validation} == {Part.TRAIN}
    assert "Validation is made from the other images" in "\n".join(split_notes(dataset, split, DataRecipe()))


def test_pooling_is_a_choice_that_is_said() -> None:
    dataset = official()
    recipe = DataRecipe(parts="pooled", calibration=0)
    split = make_split(dataset, recipe)
    assert split.used == 60
    assert {dataset.records[index].part for index in split.test} != {Part.TEST}
    assert "are pooled and divided anew" in "\n".join(split_notes(dataset, split, recipe))
    only_test = replace(dataset, records=tuple(each for each in dataset.records if each.part is Part.TEST))
    with pytest.raises(SkinKDError, match=r"data\.parts is pooled"):
        make_split(only_test, DataRecipe())


def test_the_split_file_records_groups_and_the_parts_of_the_data(tmp_path: Path) -> None:
    dataset = official()
    split = make_split(dataset, DataRecipe())
    write_split(tmp_path / "split.csv", dataset, split)
    assert np.array_equal(read_split(tmp_path / "split.csv", dataset).train, split.train)
    rows = {row.image: row for row in read_split_rows(tmp_path / "split.csv")}
    assert rows["train/5.jpg"].part is None
    assert rows["train/5.jpg"].patient == "P5"
    assert rows["train/7.jpg"].group == rows["test/1.jpg"].group != rows["test/2.jpg"].group
    with (tmp_path / "split.csv").open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    assert (first["patient_id"], first["group"], first["part_in_data"]) == ("train0", "0", "train")


def test_the_figure_counts_test_images_with_kin_in_training() -> None:
    records = [record("a", 0, patient="P"), record("b", 0, patient="P"), record("c", 1), record("d", 1), record("e", 1)]
    dataset = dataset_of(records, near_copies=(("c", "d"),))
    split = Split(np.array([0, 2]), np.array([], np.int64), np.array([1, 3, 4]))
    found = leakage(dataset, split)
    assert [(code, each.leaking, each.test) for code, each in found.by_class] == [("MEL", 1, 1), ("NV", 1, 2)]
    assert found.total.share == pytest.approx(2 / 3)
    assert found.sentence.startswith("2 of 3 test images (67 %) have their patient, lesion or near-copy in training.")
    assert "Patients are known of 2 of 5 images only" in found.sentence
    assert leakage(dataset_of(records[2:]), Split(np.array([0]), np.array([1]), np.array([2]))).sentence == (
        "No test image has its patient, lesion or near-copy in training. Patients and lesions are not known, so images "
        "of one patient may stand on both sides unseen."
    )


def test_each_level_ties_what_it_says() -> None:
    records = [record("a", lesion="L"), record("b", lesion="L", patient="P"), record("c", patient="P"), record("d")]
    dataset = dataset_of(records, near_copies=(("c", "d"),))
    sizes = {by: len(set(group_numbers(dataset, by).tolist())) for by in ("patient", "lesion", "image")}
    assert sizes == {"patient": 1, "lesion": 3, "image": 4}


def test_isic_2019_divided_by_image_leaks(shared: Path) -> None:
    from core.data.reading import read_dataset

    dataset = read_dataset(shared / "data" / "isic2019-tables", ISIC2019)
    found = leakage(dataset, make_split(dataset, DataRecipe(group_by="image")))
    shares = {code: each.share for code, each in found.by_class}
    assert found.total.share == pytest.approx(0.59, abs=0.015)
    assert 0.70 < shares["MEL"] < 0.82
    assert 0.78 < shares["BCC"] < 0.85
