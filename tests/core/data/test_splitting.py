from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.classes import CLASS_SETS
from core.data.allocation import allocate
from core.data.leakage import leakage, lesions_on_both_sides
from core.data.reading import read_dataset
from core.data.splitting import make_split, parts_of, read_split, split_notes, write_split
from core.data.types import DataSet, ImageRecord, Part, Problem, ProblemKind, Split
from core.errors import SkinKDError
from core.recipe.schema import DataRecipe
from core.runs.tables import read_split_rows

ISIC2019 = CLASS_SETS["isic2019"]


def made_of(split: Split) -> list[tuple[Part, NDArray[np.int64]]]:
    return [(part, split.of(part)) for part in split.made]


three_parts = partial(DataRecipe, calibration=0.0)


def _dataset(labels: list[int], lesions: list[int | None], problems: tuple[Problem, ...] = ()) -> DataSet:
    records = tuple(
        ImageRecord(f"i{number:05d}", None, label, None if lesion is None else f"L{lesion}")
        for number, (label, lesion) in enumerate(zip(labels, lesions, strict=True))
    )
    return DataSet(Path("data"), "csv", records, problems, classes=ISIC2019)


@st.composite
def datasets(draw: st.DrawFn) -> DataSet:
    """Few or many images, thin classes, lesions of one or several labels, some unknown."""
    count = draw(st.integers(12, 150))
    labels = draw(st.lists(st.integers(0, draw(st.integers(0, 7))), min_size=count, max_size=count))
    lesion = st.none() | st.integers(0, draw(st.integers(8, 120)))
    lesions = draw(st.lists(lesion, min_size=count, max_size=count))
    dataset = _dataset(labels, lesions)
    copies = draw(st.lists(st.lists(st.integers(0, count - 1), min_size=2, max_size=3, unique=True), max_size=2))
    problems = tuple(
        Problem(ProblemKind.DUPLICATE, f"i{group[0]:05d}", "same", tuple(f"i{index:05d}" for index in group[1:]))
        for group in copies
    )
    return replace(dataset, problems=problems)


@st.composite
def recipes(draw: st.DrawFn) -> DataRecipe:
    folds = draw(st.sampled_from([1, 1, 2, 5]))
    test_folds = draw(st.sampled_from([1, 1, 1, 3]))
    return DataRecipe(
        test_folds=test_folds,
        test_fold=draw(st.integers(1, test_folds)),
        split=draw(st.sampled_from([(0.7, 0.2, 0.1), (0.5, 0.25, 0.25), (0.8, 0.2, 0.0), (5.0, 3.0, 2.0)])),
        group_by=draw(st.sampled_from(["patient", "lesion", "image"])),
        folds=folds,
        fold=draw(st.integers(1, folds)),
        seed=draw(st.integers(0, 5)),
        calibration=draw(st.sampled_from([0.0, 0.3, 0.5, 0.9])),
    )


def _try_split(dataset: DataSet, recipe: DataRecipe) -> Split | None:
    try:
        return make_split(dataset, recipe)
    except SkinKDError:
        # Possible only where one lesion holds nearly everything.
        return None


@settings(max_examples=100, deadline=None, derandomize=True)
@given(datasets(), recipes())
def test_splits_are_disjoint_complete_and_keep_together_what_belongs_together(
    dataset: DataSet, recipe: DataRecipe
) -> None:
    split = _try_split(dataset, recipe)
    if split is None:
        assert recipe.group_by != "image" or dataset.problems
        return
    indices = [index for _, part in parts_of(split) for index in part.tolist()]
    assert len(indices) == len(set(indices))
    if sum(recipe.split) <= 1.001:
        assert sorted(indices) == list(range(len(dataset.records)))
    for _, part in parts_of(split):
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()
    if recipe.group_by != "image":
        assert lesions_on_both_sides(dataset, split) == 0
    place = {dataset.records[index].name: name for name, part in parts_of(split) for index in part.tolist()}
    for problem in dataset.problems:
        assert len({place.get(name) for name in (problem.subject, *problem.names)}) == 1


@settings(max_examples=50, deadline=None, derandomize=True)
@given(datasets(), recipes(), st.randoms(use_true_random=False))
def test_a_split_depends_on_the_images_and_not_on_their_order(
    dataset: DataSet, recipe: DataRecipe, random: object
) -> None:
    assert hasattr(random, "shuffle")
    split = _try_split(dataset, recipe)
    records = list(dataset.records)
    random.shuffle(records)
    shuffled = replace(dataset, records=tuple(records))
    again = _try_split(shuffled, recipe)
    assert (split is None) == (again is None)
    if split is not None and again is not None:
        assert _names(dataset, split) == _names(shuffled, again)


def _names(dataset: DataSet, split: Split) -> list[set[str]]:
    return [{dataset.records[index].name for index in part.tolist()} for _, part in parts_of(split)]


def _isic_like(grouped: bool = True) -> DataSet:
    """About the proportions and lesion sizes of ISIC 2019, at a tenth of its size."""
    generator = np.random.default_rng(0)
    labels: list[int] = []
    lesions: list[int | None] = []
    for label, count in enumerate((452, 1287, 332, 87, 262, 24, 25, 63)):
        while count:
            size = min(count, int(generator.choice([1, 1, 2, 3, 5, 9])))
            lesion = len(labels) if grouped and generator.random() > 0.1 else None
            labels += [label] * size
            lesions += [lesion] * size
            count -= size
    return _dataset(labels, lesions)


@pytest.mark.parametrize("by_lesion", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_class_shares_are_close_to_the_wanted_ones(by_lesion: bool, seed: int) -> None:
    dataset = _isic_like()
    split = make_split(dataset, three_parts(group_by="lesion" if by_lesion else "image", seed=seed))
    totals = np.bincount(dataset.labels, minlength=8)
    for share, (_, part) in zip((0.7, 0.2, 0.1), made_of(split), strict=True):
        counts = np.bincount(dataset.labels[part], minlength=8)
        # By image the counts are exact up to rounding twice; lesions of up to nine images cost a few more.
        assert np.abs(counts - totals * share).max() <= (1 + 0.005 * totals.max() if by_lesion else 1.5)
        assert abs(part.size - share * totals.sum()) <= (3 if by_lesion else 1)


def test_exact_counts_of_the_paper(shared: Path) -> None:
    dataset = read_dataset(shared / "data" / "isic2019-tables", ISIC2019)
    wanted = (17728.0, 5062.0, 2541.0)
    for by_lesion in (False, True):
        split = make_split(dataset, three_parts(split=wanted, group_by="lesion" if by_lesion else "image"))
        assert tuple(part.size for _, part in made_of(split)) == wanted
        assert (lesions_on_both_sides(dataset, split) == 0) is by_lesion
        for share, (_, part) in zip(wanted, made_of(split), strict=True):
            counts = np.bincount(dataset.labels[part]) / np.bincount(dataset.labels)
            assert counts == pytest.approx(np.full(8, share / 25331), abs=0.006)


def test_exact_counts_below_the_total_leave_images_out() -> None:
    dataset = _isic_like()
    recipe = three_parts(split=(100.0, 30.0, 20.0))
    split = make_split(dataset, recipe)
    assert [part.size for _, part in made_of(split)] == [100, 30, 20]
    assert f"not used {len(dataset.records) - 150:,}" in split_notes(dataset, split, recipe)[0]
    with pytest.raises(SkinKDError, match="asks for 9,150 images"):
        make_split(dataset, three_parts(split=(9000.0, 100.0, 50.0)))


def test_each_image_is_in_the_test_part_of_one_test_fold() -> None:
    dataset = _isic_like()
    folds = [make_split(dataset, DataRecipe(test_folds=5, test_fold=fold, group_by="lesion")) for fold in range(1, 6)]
    tested = np.concatenate([split.test for split in folds])
    assert sorted(tested.tolist()) == list(range(len(dataset.records)))
    whole = np.bincount(dataset.labels, minlength=8)
    for split in folds:
        assert lesions_on_both_sides(dataset, split) == 0
        # Every class is divided evenly, as far as lesions of up to nine images allow.
        assert (np.abs(np.bincount(dataset.labels[split.test], minlength=8) - whole / 5) <= 9).all()
        held = split.validation.size + split.calibration.size
        assert held / (held + split.train.size) == pytest.approx(0.2 / 0.9, abs=0.01)
    assert split_notes(dataset, folds[1], DataRecipe(test_folds=5, test_fold=2))[1].startswith("Test fold 2 of 5 is")


def test_test_folds_pool_the_parts_that_the_data_bring_along() -> None:
    dataset = _isic_like()
    records = tuple(
        replace(record, part=Part.TEST if index % 4 == 0 else Part.TRAIN)
        for index, record in enumerate(dataset.records)
    )
    dataset = replace(dataset, records=records)
    recipe = DataRecipe(test_folds=4, test_fold=1)
    split = make_split(dataset, recipe)
    parts = {dataset.records[index].part for index in split.test.tolist()}
    assert parts == {Part.TEST, Part.TRAIN}
    assert any("pooled and divided anew" in note for note in split_notes(dataset, split, recipe))


def test_folds_divide_training_and_validation_and_keep_the_test_part() -> None:
    dataset = _isic_like()
    single = make_split(dataset, three_parts())
    folds = [make_split(dataset, three_parts(folds=5, fold=fold)) for fold in range(1, 6)]
    validating = np.concatenate([split.validation for split in folds])
    assert np.array_equal(np.sort(validating), np.sort(np.concatenate([single.train, single.validation])))
    for split in folds:
        assert np.array_equal(split.test, single.test)
        assert lesions_on_both_sides(dataset, split) == 0
        counts = np.bincount(dataset.labels[split.validation], minlength=8)
        assert (counts >= np.bincount(dataset.labels[validating], minlength=8) // 5 - 9).all()
        assert counts.min() > 0


def test_seeds_give_other_splits() -> None:
    dataset = _isic_like()
    tests = {tuple(make_split(dataset, three_parts(seed=seed)).test.tolist()) for seed in range(5)}
    assert len(tests) == 5


def test_large_lesions_go_to_every_part() -> None:
    """Were large lesions always learnt, the test part would be easier or harder than the rest."""
    labels = [1] * 900 + [0] * 900
    lesions: list[int | None] = [index // 6 if index % 900 < 450 else index + 1000 for index in range(1800)]
    dataset = _dataset(labels, lesions)
    split = make_split(dataset, three_parts())
    large = [np.mean([(lesions[index] or 0) < 1000 for index in part.tolist()]) for _, part in made_of(split)]
    assert large == pytest.approx([0.5, 0.5, 0.5], abs=0.08)


def _thin() -> Iterator[tuple[int, list[int | None], str]]:
    yield 1, [None], "no validation and no test"
    yield 2, [None, None], "no test"
    yield 3, [7, 7, 7], "no validation and no test"


@pytest.mark.parametrize(("count", "lesions", "text"), list(_thin()))
def test_classes_of_a_few_images_are_noted(count: int, lesions: list[int | None], text: str) -> None:
    dataset = _dataset([1] * 60 + [5] * count, [None] * 60 + lesions)
    split = make_split(dataset, three_parts())
    assert 5 in dataset.labels[split.train]
    notes = "\n".join(split_notes(dataset, split))
    assert f"DF (Dermatofibroma) has {text} image" in notes
    assert "There is no image of MEL (Melanoma), BCC" in notes
    assert "rough guesses: NV (" in notes


def test_three_lesions_of_a_class_go_to_three_parts() -> None:
    dataset = _dataset([1] * 60 + [5] * 3, [None] * 63)
    for _, part in made_of(make_split(dataset, three_parts())):
        assert 5 in dataset.labels[part]


def test_too_few_images_are_said() -> None:
    with pytest.raises(SkinKDError, match="Too few images"):
        make_split(_dataset([1, 1], [None, None]), three_parts())
    with pytest.raises(SkinKDError, match="different patients or lesions"):
        make_split(_dataset([1] * 20, [3] * 20), three_parts())
    with pytest.raises(SkinKDError, match="5 folds"):
        make_split(_dataset([1] * 20, [i // 10 for i in range(20)]), three_parts(folds=5))


def test_an_image_level_split_says_what_it_costs() -> None:
    dataset = _isic_like()
    split = make_split(dataset, three_parts(group_by="image"))
    leaks = leakage(dataset, split)
    training = {dataset.records[index].lesion for index in split.train} - {None}
    tested = [dataset.records[index] for index in split.test]
    assert leaks.total.leaking == sum(record.lesion in training for record in tested) > 50
    assert leaks.total.test == len(tested) == sum(each.test for _, each in leaks.by_class)
    assert leaks.warning.startswith(f"{leaks.sentence} Scores will come out higher")
    assert leakage(dataset, make_split(dataset, three_parts())).warning == ""


def test_a_split_is_written_and_read_back(tmp_path: Path) -> None:
    dataset = _isic_like()
    split = make_split(dataset, three_parts(split=(800.0, 200.0, 100.0)))
    write_split(tmp_path / "split.csv", dataset, split)
    text = (tmp_path / "split.csv").read_text(encoding="utf-8").splitlines()
    assert text[0] == "image,label,lesion_id,part,age,sex,site,patient_id,group,part_in_data,skin_type"
    reordered = replace(dataset, records=tuple(reversed(dataset.records)))
    for data in (dataset, reordered):
        assert _names(data, read_split(tmp_path / "split.csv", data)) == _names(dataset, split)


def test_a_split_tells_whose_the_images_are(tmp_path: Path) -> None:
    dataset = _isic_like()
    first = replace(dataset.records[0], age=55.0, sex="female", site='"upper", back')
    dataset = replace(dataset, records=(first, *(replace(record, age=None) for record in dataset.records[1:])))
    write_split(tmp_path / "split.csv", dataset, make_split(dataset, three_parts()))
    rows = read_split_rows(tmp_path / "split.csv")
    assert (rows[0].age, rows[0].sex, rows[0].site) == (55.0, "female", '"upper", back')
    assert {(row.age, row.sex, row.site) for row in rows[1:]} == {
        (None, record.sex, record.site) for record in dataset.records[1:]
    }


def test_a_split_of_older_versions_is_read(tmp_path: Path) -> None:
    dataset = _isic_like()
    split = make_split(dataset, three_parts())
    path = tmp_path / "split.csv"
    write_split(path, dataset, split)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(",".join(line.split(",")[:4]) for line in lines) + "\n", encoding="utf-8")
    assert _names(dataset, read_split(path, dataset)) == _names(dataset, split)
    assert {(row.age, row.sex, row.site) for row in read_split_rows(path)} == {(None, None, None)}


def test_names_are_read_back_as_they_are(tmp_path: Path) -> None:
    dataset = _isic_like()
    odd = (" before", "after ", 'a,b;"c', "=1+1", "two\nlines")
    records = [replace(record, name=name) for record, name in zip(dataset.records, odd, strict=False)]
    dataset = replace(dataset, records=(*records, *dataset.records[len(odd) :]))
    split = make_split(dataset, three_parts())
    write_split(tmp_path / "split.csv", dataset, split)
    assert _names(dataset, read_split(tmp_path / "split.csv", dataset)) == _names(dataset, split)


def test_changed_images_are_refused(tmp_path: Path) -> None:
    dataset = _isic_like()
    path = tmp_path / "split.csv"
    write_split(path, dataset, make_split(dataset, three_parts()))
    with pytest.raises(SkinKDError, match="1 no longer there"):
        read_split(path, replace(dataset, records=dataset.records[1:]))
    with pytest.raises(SkinKDError, match="1 new"):
        read_split(path, replace(dataset, records=(*dataset.records, ImageRecord("x", None, 0))))
    with pytest.raises(SkinKDError, match="1 labelled otherwise"):
        read_split(path, replace(dataset, records=(replace(dataset.records[0], label=7), *dataset.records[1:])))
    path.write_text("image,label\na,MEL\n")
    with pytest.raises(SkinKDError, match="must have the columns"):
        read_split(path, dataset)


@given(
    st.lists(st.integers(0, 300), min_size=8, max_size=8),
    st.floats(0, 1),
    st.lists(st.integers(0, 3), min_size=8, max_size=8),
)
def test_allocation_meets_its_total_within_half_an_item_of_proportion(
    sizes: list[int], share: float, lower: list[int]
) -> None:
    counts = np.array(sizes)
    total = round(share * counts.sum())
    given_ = allocate(counts, total, np.minimum(lower, counts), counts)
    assert given_.sum() == total
    assert (given_ >= 0).all()
    assert (given_ <= counts).all()
    if not any(lower):
        assert np.abs(given_ - counts * (total / max(counts.sum(), 1))).max() < 1
