"""Runs and numbers in plain words."""

from __future__ import annotations

import pytest

from core.evaluation.intervals import Interval
from core.recipe import Recipe
from core.recipe.schema import CurriculumRecipe, DistillationRecipe
from core.reporting.words import area, duration, file_size, fraction, kind_of_run, million, moment, no_width


@pytest.mark.parametrize(
    ("method", "order", "words"),
    [
        ("none", "none", "Plain student"),
        ("none", "easy_first", "Plain student + curriculum"),
        ("kl", "none", "KL student"),
        ("dist", "hard_first", "DIST student + curriculum"),
    ],
)
def test_students_are_named_by_what_they_learned_from(method, order, words):
    recipe = Recipe(distillation=DistillationRecipe(method=method), curriculum=CurriculumRecipe(order=order))
    assert kind_of_run(recipe) == words
    assert kind_of_run(recipe.model_copy(update={"task": "teacher"})) == "Teacher"


def test_numbers_read_as_people_write_them():
    assert kind_of_run(None) == "Unknown"
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


def test_an_interval_without_width_is_no_certainty():
    assert no_width([None, Interval(0.1, 0.2)]) == ()
    (said,) = no_width([Interval(0.1, 0.2), Interval(0.0, 0.0)])
    assert "not that the score is certain" in said


def test_an_area_is_no_share():
    assert (area(0.51963), area(None)) == ("0.520", "undefined")
