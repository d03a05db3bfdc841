"""Scores by age band, sex and site."""

from __future__ import annotations

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.skin_tone import TONE_BANDS
from core.evaluation.intervals import bootstrap_scores
from core.evaluation.metrics import score
from core.evaluation.subgroups import SMALL_SUPPORT, Person, age_band, subgroup_scores

ISIC2019 = CLASS_SETS["isic2019"]


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (0.0, "under 30"),
        (29.9, "under 30"),
        (30.0, "30 to 44"),
        (45.0, "45 to 59"),
        (60.0, "60 to 74"),
        (74.0, "60 to 74"),
        (75.0, "75 and over"),
        (120.0, "75 and over"),
        (None, "not known"),
        (float("nan"), "not known"),
    ],
)
def test_age_bands(age: float | None, band: str) -> None:
    assert age_band(age) == band


def test_groups_are_scored_by_themselves() -> None:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 3, 90), rng.integers(0, 3, 90)
    people = [Person(20 + row % 60, "female" if row % 3 else None, None) for row in range(90)]
    groups = [f"lesion {row // 2}" for row in range(90)]
    found = subgroup_scores(labels, predicted, ISIC2019, people, groups, resamples=50)
    for item in found:
        rows = [
            row
            for row, person in enumerate(people)
            if item.name == (age_band(person.age) if item.kind == "age" else person.sex or "not known")
        ]
        scores = score(labels[rows], np.eye(8)[predicted[rows]], ISIC2019)
        assert item.images == len(rows)
        assert (item.accuracy, item.weighted_f1) == (scores.accuracy, scores.weighted_f1)
        assert item.balanced_accuracy == scores.balanced_accuracy
        lesions = [groups[row] for row in rows]
        assert (
            item.interval
            == bootstrap_scores(labels[rows], predicted[rows], ISIC2019, lesions, resamples=50).weighted_f1
        )
    assert [item.name for item in found if item.kind == "sex"] == ["female", "not known"]
    assert sum(item.images for item in found if item.kind == "age") == 90


def test_order_spelling_and_marks() -> None:
    people = (
        [Person(80.0, "male", "back")] * 2
        + [Person(None, "female", " Anterior  Torso")] * 25
        + [Person(10.0, None, "anterior torso")] * 2
    )
    labels = np.zeros(29, np.int64)
    found = subgroup_scores(labels, labels, ISIC2019, people, resamples=10)
    assert [(item.kind, item.name, item.images) for item in found] == [
        ("age", "under 30", 2),
        ("age", "75 and over", 2),
        ("age", "not known", 25),
        ("sex", "female", 25),
        ("sex", "male", 2),
        ("sex", "not known", 2),
        ("site", "anterior torso", 27),
        ("site", "back", 2),
    ]
    assert [item.small for item in found[:3]] == [True, True, False]
    assert SMALL_SUPPORT == 20


def test_nothing_known_is_no_group() -> None:
    labels = np.zeros(3, np.int64)
    assert subgroup_scores(labels, labels, ISIC2019, [Person()] * 3) == ()
    with pytest.raises(ValueError, match="3 persons expected"):
        subgroup_scores(labels, labels, ISIC2019, [Person()])


def test_skin_types_go_from_one_to_six_and_estimated_tones_from_light_to_dark() -> None:
    labels = np.array([0, 1] * 6)
    noted = [Person(skin_type=kind) for kind in (6, 6, 2, 2, 1, 1)] + [Person()] * 6
    found = subgroup_scores(labels, labels, ISIC2019, noted, resamples=20)
    assert [(item.kind, item.name, item.images) for item in found] == [
        *(("skin", "I", 2), ("skin", "II", 2), ("skin", "VI", 2), ("skin", "not known", 6)),
    ]
    light, dark = TONE_BANDS[0], TONE_BANDS[-1]
    tones = [Person(tone=dark)] * 8 + [Person(tone=light)] * 4
    found = subgroup_scores(labels, labels, ISIC2019, tones, resamples=20)
    assert [(item.kind, item.name, item.images) for item in found] == [("tone", light, 4), ("tone", dark, 8)]
