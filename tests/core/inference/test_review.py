from __future__ import annotations

from pathlib import Path

import pytest

from core.classes import CLASS_SETS
from core.inference.results import Classification
from core.inference.review import NO_REVIEW, Opinion, Review, opinion_of, reviewed_so_far

ISIC2019 = CLASS_SETS["isic2019"]


def result(code: str | None, classes: object = ISIC2019) -> Classification:
    probabilities = None if code is None else (1 / 8,) * 8
    return Classification(Path("a.jpg"), probabilities, code, classes=classes)  # type: ignore[arg-type]


def diagnosed(code: str) -> Review:
    return Review(True, code, ISIC2019.name_of(code))


def test_whether_the_reader_agrees_is_told_anew_for_each_model() -> None:
    review = diagnosed("MEL")
    assert opinion_of(review, result("MEL")) is Opinion.AGREED
    assert opinion_of(review, result("NV")) is Opinion.OVERRULED
    assert opinion_of(review, None) is Opinion.REVIEWED
    assert opinion_of(review, result(None)) is Opinion.REVIEWED
    assert opinion_of(Review(True), result("MEL")) is Opinion.REVIEWED
    assert opinion_of(Review(note="dark"), result("MEL")) is Opinion.NOT_REVIEWED


def test_a_diagnosis_that_the_model_does_not_tell_apart_counts_for_nothing() -> None:
    same_code = Review(True, "MEL", "Something else of this code")
    for review in (same_code, Review(True, "XYZ", "Unheard of")):
        assert opinion_of(review, result("MEL")) is Opinion.REVIEWED
        assert reviewed_so_far([(review, result("MEL"))]).compared == 0


def test_reviews_are_counted_with_the_serious_ones_that_were_missed() -> None:
    pairs = [
        (diagnosed("MEL"), result("NV")),  # missed
        (diagnosed("MEL"), result("BCC")),  # another diagnosis, as serious
        (diagnosed("AK"), result("AK")),  # precancerous
        (diagnosed("NV"), result("NV")),
        (Review(True), result("NV")),
        (NO_REVIEW, result("MEL")),
        (diagnosed("NV"), None),
    ]
    so_far = reviewed_so_far(pairs)
    assert (so_far.reviewed, so_far.compared, so_far.agreed) == (6, 4, 2)
    assert (so_far.serious, so_far.missed) == (3, 1)
    assert so_far.agreement == 0.5
    assert so_far.interval is not None
    assert (so_far.interval.low, so_far.interval.high) == pytest.approx((0.150, 0.850), abs=0.001)  # Wilson, 2 of 4


def test_nothing_reviewed_has_no_share() -> None:
    so_far = reviewed_so_far([(NO_REVIEW, result("MEL"))])
    assert (so_far.agreement, so_far.interval) == (None, None)
    assert not NO_REVIEW
    assert Review(note="x")
