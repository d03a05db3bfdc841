from __future__ import annotations

import numpy as np
import pytest

from core.data.curves import bent_line


def test_a_line_begins_and_ends_where_it_should_and_bends_half_way_towards_its_middle() -> None:
    begin, middle, end = np.array([0.0, 0.0]), np.array([1.0, 2.0]), np.array([2.0, 0.0])
    found = bent_line(begin, middle, end, np.array([[0.0], [0.5], [1.0]]))
    assert found == pytest.approx(np.array([[0, 0], [1, 1], [2, 0]]))
