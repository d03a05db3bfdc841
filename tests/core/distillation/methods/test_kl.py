from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.distillation.methods.kl import Direction, kl_divergence


@settings(max_examples=60, deadline=None)
@given(
    pair=hnp.arrays(np.float32, (2, 3, 8), elements=st.floats(-20, 20, width=32)), shift=st.floats(-50, 50, width=16)
)
def test_shifting_all_logits_of_a_sample_changes_nothing(pair: np.ndarray, shift: float) -> None:
    student, teacher = (torch.from_numpy(array.astype(np.float64)).float() for array in pair)
    for direction in get_args(Direction):
        moved = kl_divergence(student + shift, teacher, direction=direction).item()
        assert moved == pytest.approx(kl_divergence(student, teacher, direction=direction).item(), rel=1e-3, abs=1e-3)


def test_kl_literal_values() -> None:
    """P = (1/2, 1/2), Q = (3/4, 1/4)."""
    student = torch.zeros(1, 2)
    teacher = torch.tensor([[math.log(3.0), 0.0]])
    forward = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    reverse = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert kl_divergence(student, teacher).item() == pytest.approx(forward, rel=1e-6)
    assert kl_divergence(student, teacher, direction="teacher_student").item() == pytest.approx(reverse, rel=1e-6)
    squared = kl_divergence(student, 2 * teacher, temperature=2.0, direction="teacher_student")
    assert squared.item() == pytest.approx(4 * reverse, rel=1e-6)
