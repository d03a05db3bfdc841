from __future__ import annotations

import pytest

from core.classes.colours import JUST_NOTICEABLE, alike, distance, filled


def test_distances_are_those_of_oklab() -> None:
    assert distance("#000000", "#FFFFFF") == pytest.approx(1, abs=1e-6)
    assert distance("#336699", "#336699") == 0
    assert distance("#FF0000", "#00FF00") == pytest.approx(0.5198, abs=1e-3)  # by the published matrices


@pytest.mark.parametrize("count", [2, 3, 8, 12, 200])
def test_chosen_colours_can_be_told_apart(count: int) -> None:
    found = filled([""] * count)
    assert len(set(found)) == count
    assert alike(found) is None
    assert found == filled([""] * count)


def test_given_colours_stay_and_others_keep_away_from_them() -> None:
    found = filled(["#0072B2", "", "#C65200", ""])
    assert (found[0], found[2]) == ("#0072B2", "#C65200")
    assert alike(found) is None
    assert all(distance(found[1], other) > 4 * JUST_NOTICEABLE for other in (found[0], found[2], found[3]))


def test_what_looks_alike_is_named() -> None:
    assert alike(["#FF0000", "#00FF00", "#FE0101"]) == (0, 2)
    assert alike([]) is None
