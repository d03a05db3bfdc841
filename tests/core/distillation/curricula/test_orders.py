from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.sampling import epoch_order
from core.distillation.curricula import DIFFICULTIES, ORDERS, Drawn
from core.settings import SettingsSection

from .facts import DRAWN, IMAGES, LABELS, RIGHT_FIRST, RIGHT_LAST, SUREST_FIRST, SUREST_LAST

NONE = SettingsSection()


def drawn(difficulty: list[float], seed: int = 0, epoch: int = 1, rows: list[int] | None = None) -> Drawn:
    places = np.arange(len(difficulty)) if rows is None else np.asarray(rows, np.int64)
    return Drawn(places, places * 0, np.asarray(difficulty, np.float64), 50, epoch, seed)


def shown(order: str, difficulty: str) -> list[int]:
    values = DIFFICULTIES[difficulty].of(IMAGES, NONE)[DRAWN]
    places = ORDERS[order].arranged(Drawn(DRAWN, LABELS[DRAWN], values, 10, 1, 0), NONE)
    return [int(row) for row in DRAWN[places]]


@pytest.mark.parametrize(
    ("order", "difficulty", "expected"),
    [
        ("easy_first", "teacher_confidence", SUREST_FIRST),
        ("hard_first", "teacher_confidence", SUREST_LAST),
        ("easy_first", "teacher_true_class", RIGHT_FIRST),
        ("hard_first", "teacher_true_class", RIGHT_LAST),
        ("none", "teacher_confidence", DRAWN.tolist()),
    ],
)
def test_orders_are_the_computed_ones(order: str, difficulty: str, expected: list[int]) -> None:
    assert shown(order, difficulty) == expected


@pytest.mark.parametrize("order", ["easy_first", "hard_first"])
def test_equals_stay_as_drawn(order: str) -> None:
    alike = drawn([1.0] * 40)
    assert ORDERS[order].arranged(alike, NONE).tolist() == list(range(40))
    pairs = ORDERS[order].arranged(drawn([0.0, 1.0] * 20), NONE)
    assert (np.diff(pairs[:20]) > 0).all()
    assert (np.diff(pairs[20:]) > 0).all()


@given(difficulty=st.lists(st.floats(-1, 0), max_size=40))
def test_hard_first_falls_and_easy_first_rises(difficulty: list[float]) -> None:
    case, values = drawn(difficulty), np.asarray(difficulty, np.float64)
    assert (np.diff(values[ORDERS["easy_first"].arranged(case, NONE)]) >= 0).all()
    assert (np.diff(values[ORDERS["hard_first"].arranged(case, NONE)]) <= 0).all()


@pytest.mark.parametrize("order", list(ORDERS))
def test_every_order_gives_each_place_once(order: str) -> None:
    rows = [7, 3, 3, 0, 49, 7, 12]
    places = ORDERS[order].arranged(drawn([0.1, 0.5, 0.5, 0.2, 0.9, 0.1, 0.4], rows=rows), NONE)
    assert sorted(places.tolist()) == list(range(7))
    assert ORDERS[order].arranged(drawn([]), NONE).tolist() == []


def test_classes_take_turns_with_their_easiest_and_copies_wait() -> None:
    """Class 0 has images 0 (twice) and 1, class 1 images 2 and 3 (three times); 3 is the easiest of all."""
    rows = np.array([0, 2, 3, 1, 3, 0, 3])
    difficulty = np.array([0.2, 0.5, 0.9, 0.1])[rows]
    case = Drawn(rows, np.array([0, 0, 1, 1])[rows], difficulty, 4, 1, 0)
    shown = rows[ORDERS["class_interleaved"].arranged(case, NONE)].tolist()
    assert shown == [3, 0, 2, 1, 3, 0, 3]


def test_classes_take_turns_as_google_lets_them(shared: Path) -> None:
    path = shared / "golden" / "curriculum_metrics.json"
    if not path.is_file():
        pytest.skip("the golden values of the curriculum are absent")
    golden = json.loads(path.read_text(encoding="utf-8"))["google_balance_order"]
    order, labels = np.array(golden["order"]), np.array(golden["labels"])
    rows = np.arange(len(order))
    case = Drawn(rows, labels, np.argsort(order).astype(np.float64), len(rows), 1, 0)
    assert ORDERS["class_interleaved"].arranged(case, NONE).tolist() == golden["result"]


@pytest.mark.parametrize(("order", "different"), [("none", 31.88), ("easy_first", 14.29), ("class_interleaved", 31.99)])
def test_how_many_different_images_a_batch_of_the_weighted_sampler_holds(order: str, different: float) -> None:
    """On the training part of ISIC 2019 (80 %), in batches of 32: sorted, the copies of rare images are neighbours."""
    counts = [3618, 10300, 2658, 694, 2099, 191, 202, 502]
    labels = np.repeat(np.arange(8), counts)
    rows = epoch_order(labels, sampler="weighted", seed=0, epoch=1)
    # Rare classes are as sure as common ones here; what matters is that copies are equally difficult.
    difficulty = np.random.default_rng(0).random(len(labels))
    case = Drawn(rows, labels[rows], difficulty[rows], len(labels), 1, 0)
    shown = rows[ORDERS[order].arranged(case, NONE)]
    batches = shown[: len(shown) // 32 * 32].reshape(-1, 32)
    assert np.mean([len(np.unique(batch)) for batch in batches]) == pytest.approx(different, abs=0.75)


def test_a_random_rank_stays_with_its_image_and_follows_the_seed() -> None:
    """Copies are neighbours and the order is the same in every epoch, whatever is drawn: as by difficulty."""
    order = ORDERS["random"]

    def rows(case: Drawn) -> list[int]:
        return [int(row) for row in case.rows[order.arranged(case, NONE)]]

    everything = rows(drawn([0.0] * 50))
    assert everything == rows(drawn([1.0] * 50, epoch=9))
    assert everything != rows(drawn([0.0] * 50, seed=1))
    assert everything != sorted(everything)
    some = rows(drawn([0.0] * 6, rows=[7, 31, 7, 2, 31, 7]))
    assert some == sorted(some, key=everything.index)
