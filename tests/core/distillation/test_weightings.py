"""How much each of several teachers counts for an image."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from core.distillation.method import LossTerm
from core.distillation.methods import METHODS
from core.distillation.objective import Objective
from core.distillation.outputs import Outputs
from core.distillation.weightings import WEIGHTINGS

LABELS = torch.tensor([0, 1])
TEACHERS = (
    Outputs(torch.tensor([[math.log(3.0), 0.0], [0.0, 0.0]])),
    Outputs(torch.tensor([[0.0, math.log(3.0)], [0.0, 0.0]])),
)
"""They give the label 3/4 and 1/4 of the first image, and a half of the second."""


def test_who_is_surer_of_the_label_counts_more() -> None:
    """Cross entropies log 4/3 and log 4: their softmax is 1/4 and 3/4."""
    weights = WEIGHTINGS["by_label"].weights(TEACHERS, LABELS)
    assert weights is not None
    torch.testing.assert_close(weights, torch.tensor([[0.75, 0.5], [0.25, 0.5]]))


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_weights_sum_to_one_or_are_none(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    teachers = [Outputs(10 * torch.randn(5, 8, generator=generator)) for _ in range(3)]
    weights = WEIGHTINGS[name].weights(teachers, torch.arange(5))
    assert weights is None or (weights.shape == (3, 5) and (weights >= 0).all())
    assert weights is None or weights.sum(0).tolist() == pytest.approx([1.0] * 5)
    assert WEIGHTINGS[name].weights(teachers[:1], torch.arange(5)) is None


def test_the_objective_counts_each_teacher_as_it_is_weighted() -> None:
    student, method = Outputs(torch.tensor([[1.0, 0.0], [0.0, 2.0]])), METHODS["kl"]
    term, by_label = LossTerm(method, method.Settings()), WEIGHTINGS["by_label"]
    found = Objective((term,), 1.0, weighting=by_label)(student, LABELS, TEACHERS).total.item()

    def alone(teacher: Outputs, row: int) -> float:
        one = (slice(row, row + 1),)[0]
        parts = Objective((term,), 1.0)(student.of(one), LABELS[one], (teacher.of(one),))
        return float(parts.total)

    first, second = TEACHERS
    expected = (0.75 * alone(first, 0) + 0.25 * alone(second, 0) + (alone(first, 1) + alone(second, 1)) / 2) / 2
    assert found == pytest.approx(expected, rel=1e-6)


def test_weights_are_the_golden_ones(shared: Path) -> None:
    path = shared / "golden" / "kd_more.json"
    if not path.is_file():
        pytest.skip("the golden weights of teachers are absent")
    cases = [
        case for case in json.loads(path.read_text(encoding="utf-8"))["cases"] if case["kind"] == "teacher_weights"
    ]
    for case in cases:
        teachers = [Outputs(torch.tensor(logits)) for logits in case["teacher_logits"]]
        weights = WEIGHTINGS["by_label"].weights(teachers, torch.tensor(case["labels"]))
        torch.testing.assert_close(weights, torch.tensor(case["weights"]), rtol=2e-6, atol=2e-6)
    assert len(cases) == 2
