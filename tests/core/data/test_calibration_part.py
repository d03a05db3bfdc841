"""The share of the validation images that only temperature, thresholds and prediction sets see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from core.data.splitting import make_split, parts_of, read_split, split_notes, write_split
from core.data.types import FITTED, DataSet, Part, Split, calibrating_part
from core.errors import SkinKDError
from core.recipe.schema import DataRecipe
from core.runs.tables import read_split_rows
from tests.core.data.test_splitting import _dataset, datasets, recipes


def _lesions(count: int, images: int, classes: int) -> DataSet:
    """`count` lesions of `images` pictures each, the classes in turn."""
    rows = [(lesion % classes, lesion) for lesion in range(count) for _ in range(images)]
    return _dataset([label for label, _ in rows], [lesion for _, lesion in rows])


def _lesions_in(dataset: DataSet, split: Split, part: Part) -> set[str | None]:
    return {dataset.records[index].lesion for index in split.of(part).tolist()}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(datasets(), recipes())
def test_it_is_taken_from_the_validation_images_and_changes_no_other_part(dataset: DataSet, recipe: DataRecipe) -> None:
    try:
        split = make_split(dataset, recipe)
        whole = make_split(dataset, recipe.model_copy(update={"calibration": 0.0}))
    except SkinKDError:
        return
    assert not len(whole.calibration)
    assert split.train.tolist() == whole.train.tolist()
    assert split.test.tolist() == whole.test.tolist()
    assert sorted([*split.validation.tolist(), *split.calibration.tolist()]) == whole.validation.tolist()
    assert len(split.validation)


@pytest.mark.parametrize("classes", [2, 3, 8])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_the_share_is_reached_in_every_class_and_no_lesion_is_on_two_sides(share: float, classes: int) -> None:
    dataset = _lesions(40 * classes, 3, classes)
    split = make_split(dataset, DataRecipe(calibration=share))
    held = len(split.validation) + len(split.calibration)
    assert abs(len(split.calibration) - share * held) <= 3 * classes
    by_class = [np.bincount(dataset.labels[split.of(part)], minlength=classes) for part in FITTED - {Part.TRAIN}]
    assert all((counts > 0).all() for counts in by_class)
    lesions = [_lesions_in(dataset, split, part) for part in Part]
    assert sum(len(part) for part in lesions) == len(set().union(*lesions))


def test_a_class_with_two_lesions_to_validate_has_one_on_either_side_and_a_lone_one_stays_in_validation() -> None:
    dataset = _dataset([0] * 60 + [1] * 10 + [2] * 4, [*range(60), *range(100, 110), *range(200, 204)])
    split = make_split(dataset, DataRecipe(split=(0.5, 0.4, 0.1), calibration=0.5))
    validation, calibration = (
        np.bincount(dataset.labels[part], minlength=3) for part in (split.validation, split.calibration)
    )
    both = validation + calibration
    assert both[1] >= 2
    assert validation[1]
    assert calibration[1]
    assert (validation[both == 1] == 1).all()


def test_folds_are_divided_each_on_its_own() -> None:
    dataset = _lesions(90, 2, 3)
    recipe = DataRecipe(folds=3, calibration=0.5)
    splits = [make_split(dataset, recipe.model_copy(update={"fold": fold})) for fold in (1, 2, 3)]
    held = [sorted([*split.validation.tolist(), *split.calibration.tolist()]) for split in splits]
    assert len(set().union(*map(set, held))) == sum(map(len, held))
    for split in splits:
        assert abs(len(split.validation) - len(split.calibration)) <= 6


def test_exact_counts_speak_of_both_together_and_the_seed_decides() -> None:
    dataset = _lesions(100, 1, 2)
    recipe = DataRecipe(split=(50.0, 30.0, 20.0), calibration=0.4)
    split = make_split(dataset, recipe)
    assert [len(indices) for _, indices in parts_of(split)] == [50, 18, 12, 20]
    assert make_split(dataset, recipe).calibration.tolist() == split.calibration.tolist()
    other = make_split(dataset, recipe.model_copy(update={"seed": 1}))
    assert other.calibration.tolist() != split.calibration.tolist()


def test_one_validating_lesion_is_not_divided_and_the_notes_say_what_there_is() -> None:
    dataset = _dataset([0, 1] * 8, [0, 1] * 2 + [2] * 6 + [3] * 6)
    split = make_split(dataset, DataRecipe(split=(0.6, 0.4, 0.0), calibration=0.5))
    if len({*_lesions_in(dataset, split, Part.VALIDATION)}) == 1:
        assert not len(split.calibration)
    notes = split_notes(dataset, split)
    assert ("calibration" in notes[0]) == bool(len(split.calibration))
    assert split.calibrates is (Part.CALIBRATION if len(split.calibration) else Part.VALIDATION)


def test_it_survives_the_file_and_older_files_are_read_as_they_were(tmp_path: Path) -> None:
    dataset = _lesions(60, 1, 2)
    split = make_split(dataset, DataRecipe(calibration=0.5))
    file = tmp_path / "split.csv"
    write_split(file, dataset, split)
    again = read_split(file, dataset)
    assert [part.tolist() for _, part in parts_of(again)] == [part.tolist() for _, part in parts_of(split)]
    assert calibrating_part(row.part for row in read_split_rows(file)) is Part.CALIBRATION
    older = tmp_path / "older.csv"
    older.write_text(file.read_text().replace(",calibration,", ",validation,"))
    found = read_split(older, dataset)
    assert found.calibrates is Part.VALIDATION
    assert len(found.validation) == len(split.validation) + len(split.calibration)
    assert calibrating_part(row.part for row in read_split_rows(older)) is Part.VALIDATION


def test_a_part_that_is_forgotten_anywhere_is_noticed() -> None:
    split = Split(*(np.array([place]) for place in range(3)), calibration=np.array([3]))
    assert [split.of(part).tolist() for part in Part] == [[0], [1], [3], [2]]
    assert split.used == 4
    assert split.made == tuple(Part)
    assert replace(split, calibration=np.zeros(0, np.int64)).made == (Part.TRAIN, Part.VALIDATION, Part.TEST)
