"""Numbers as people read them."""

from __future__ import annotations

import pytest

from core.quantities import area, duration, file_size, fraction, million, moment, p_value, probability, signed


def test_numbers_read_as_people_write_them():
    assert (fraction(0.12349), fraction(0.0), fraction(None)) == ("12.3 %", "0.0 %", "undefined")
    assert (million(63_807_448), million(2_234_120), million(41_200), million(None)) == (
        "63.81 M",
        "2.23 M",
        "41 k",
        "–",
    )
    assert (file_size(999), file_size(9_100_000), file_size(5_100_000_000)) == ("999 bytes", "9.1 MB", "5.1 GB")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (273_600, "3 d 4 h")],
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_moments(monkeypatch):
    assert moment("not a time") == "not a time"
    assert len(moment("2026-03-31T12:05:00+00:00")) == 16


def test_an_area_is_no_share():
    assert (area(0.51963), area(None)) == ("0.520", "undefined")


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.0, "< 0.1 %"), (1.0, "> 99.9 %"), (0.999, "99.9 %"), (0.1234, "12.3 %")]
)
def test_no_probability_looks_certain(value, text):
    assert probability(value) == text


def test_differences_and_p_values():
    assert (signed(0.0213), signed(-0.004), signed(-0.0001)) == ("+2.1", "−0.4", "0.0")
    assert (p_value(0.0231), p_value(0.0004)) == ("p = 0.023", "p < 0.001")
