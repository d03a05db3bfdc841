"""What an epoch shows, from all four choices together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.distillation.curricula import Curriculum, Drawn, TrainingImages
from core.recipe import Recipe, set_values
from core.settings import SettingsSection

from .facts import DRAWN, IMAGES, SUREST_FIRST

PACED = ("pacing=linear", "pacing_start=0.25", "pacing_epochs=3")


def curriculum(*changes: str) -> Curriculum:
    return set_values(Recipe(), [f"curriculum.{change}" for change in changes]).curriculum.entries


def draw(number: int) -> NDArray[np.int64]:
    """Twelve of ten images, others in each draw."""
    return (DRAWN + number - 1) % 10


def rows(epoch: int, *changes: str, images: TrainingImages = IMAGES) -> list[int]:
    return [int(row) for row in curriculum(*changes).rows(epoch, images, draw, seed=3)]


def test_without_one_an_epoch_is_as_drawn() -> None:
    assert rows(1) == draw(1).tolist()
    assert rows(2, images=TrainingImages(IMAGES.labels)) == draw(2).tolist()


def test_the_papers_shows_the_surest_first() -> None:
    assert rows(1, "order=easy_first") == SUREST_FIRST


def test_pacing_shows_the_first_of_the_order() -> None:
    """A quarter of twelve, then a quarter more with each epoch."""
    found = [rows(epoch, "order=easy_first", "redraw=once", *PACED) for epoch in (1, 2, 3, 4, 5)]
    assert found == [SUREST_FIRST[:size] for size in (3, 6, 9, 12, 12)]


@pytest.mark.parametrize("order", ["none", "random", "hard_first"])
def test_controls_have_the_same_sizes(order: str) -> None:
    for epoch in range(1, 6):
        theirs = rows(epoch, "order=easy_first", *PACED)
        assert len(rows(epoch, f"order={order}", *PACED)) == len(theirs)
        assert rows(epoch, f"order={order}", *PACED) != theirs


def test_once_is_one_draw_and_each_epoch_draws_for_itself() -> None:
    assert rows(1, "redraw=once") == rows(7, "redraw=once") == draw(1).tolist()
    assert rows(7) == draw(7).tolist()
    assert rows(7, "redraw=once", "order=easy_first") == SUREST_FIRST


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ((), False),
        (("order=easy_first",), True),
        (("order=hard_first", "difficulty=teacher_true_class"), True),
        (("order=random", *PACED), False),
        (("redraw=once", *PACED), False),
    ],
)
def test_a_teacher_is_needed_where_it_is_asked(changes: tuple[str, ...], needed: bool) -> None:
    assert curriculum(*changes).needs_teacher is needed
    silent = TrainingImages(IMAGES.labels)
    if needed:
        with pytest.raises(ValueError, match="needs the teacher's logits"):
            rows(1, *changes, images=silent)
    else:
        assert rows(1, *changes, images=silent)


@pytest.mark.parametrize(("share", "drawn", "shown"), [(0.001, 100, 2), (0.5, 7, 4), (2.0, 7, 7), (0.1, 1, 1)])
def test_an_epoch_has_two_images_at_least_and_no_more_than_drawn(share: float, drawn: int, shown: int) -> None:
    class Fixed:
        name, title, help, source, Settings = "fixed", "", "", "", SettingsSection

        def share(self, epoch: int, settings: SettingsSection) -> float:
            return share

    assert replace(curriculum(), pacing=Fixed()).images_in(1, drawn) == shown


def test_an_order_that_loses_images_is_found_out() -> None:
    @dataclass(frozen=True)
    class Lossy:
        name: str = "lossy"
        title: str = ""
        help: str = ""
        source: str = ""
        Settings: type[SettingsSection] = SettingsSection
        needs_difficulty: bool = False
        only_sorts: bool = False

        def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
            places: NDArray[Any] = np.arange(len(drawn.rows))
            places[0] = places[1]
            return places

    with pytest.raises(ValueError, match="lossy does not give each"):
        replace(curriculum(), order=Lossy()).rows(1, IMAGES, draw, seed=3)
