from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.evaluation.operating_point import applied, missed_per_1000, operating_point, referrals_per_1000, wilson

ISIC2019 = CLASS_SETS["isic2019"]

MEL, NV = ISIC2019.codes.index("MEL"), ISIC2019.codes.index("NV")
LABELS = np.array([MEL] * 4 + [NV] * 6)
SHARES = np.array([0.9, 0.6, 0.4, 0.1, 0.7, 0.3, 0.3, 0.2, 0.05, 0.0])


def test_the_numbers_of_a_case_done_by_hand() -> None:
    point = operating_point(LABELS == MEL, SHARES, 0.75)
    assert point.threshold == 0.4
    assert (point.sensitivity, point.specificity) == (0.75, pytest.approx(5 / 6))
    assert (point.melanomas, point.others) == (4, 6)
    assert referrals_per_1000(point, 0.02) == pytest.approx(1000 * (0.02 * 0.75 + 0.98 / 6))
    assert missed_per_1000(point, 0.02) == pytest.approx(5)


@pytest.mark.parametrize(("wanted", "threshold"), [(0.01, 0.9), (0.25, 0.9), (0.26, 0.6), (0.5, 0.6), (1.0, 0.1)])
def test_the_threshold_is_the_highest_that_is_sensitive_enough(wanted: float, threshold: float) -> None:
    assert operating_point(LABELS == MEL, SHARES, wanted).threshold == threshold


@given(seed=st.integers(0, 1000), wanted=st.floats(0.01, 1.0))
def test_it_lies_on_sklearns_roc_curve(seed: int, wanted: float) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 8, 80)
    labels[:2] = MEL, NV
    shares = generator.random(80).round(1)  # with ties
    point = operating_point(labels == MEL, shares, wanted)
    assert point.sensitivity >= wanted - 1e-9
    false, true, thresholds = roc_curve(labels == MEL, shares, drop_intermediate=False)
    (place,) = np.flatnonzero(thresholds == point.threshold)
    assert (true[place], 1 - false[place]) == pytest.approx((point.sensitivity, point.specificity))
    assert true[place - 1] < wanted  # the next stricter threshold would miss too many


def test_wilson_agrees_with_scipy() -> None:
    from scipy.stats import binomtest

    for hits, count in ((0, 5), (3, 7), (40, 50), (12, 12)):
        expected = binomtest(hits, count).proportion_ci(method="wilson")
        assert wilson(hits, count).low == pytest.approx(expected.low, abs=1e-12)
        assert wilson(hits, count).high == pytest.approx(expected.high, abs=1e-12)


def test_what_has_no_operating_point_says_so() -> None:
    for code in (MEL, NV):
        with pytest.raises(SkinKDError, match="melanomas and other images"):
            operating_point(np.full(5, code) == MEL, np.full(5, 0.5), 0.9)
    for wanted in (0.0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="sensitivity"):
            operating_point(LABELS == MEL, SHARES, wanted)
    with pytest.raises(ValueError, match="prevalence"):
        referrals_per_1000(operating_point(LABELS == MEL, SHARES, 0.5), 1.5)


def test_a_threshold_from_elsewhere_is_measured_as_it_is() -> None:
    point = operating_point(LABELS == MEL, SHARES, 0.75)
    assert applied(point.threshold, LABELS == MEL, SHARES) == point
    other = applied(0.65, LABELS == MEL, SHARES)
    assert (other.sensitivity, other.specificity) == (0.25, pytest.approx(5 / 6))
    with pytest.raises(SkinKDError, match="melanomas and other images"):
        applied(0.5, np.array([True]), np.array([0.9]))
