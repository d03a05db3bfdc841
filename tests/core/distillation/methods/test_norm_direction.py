from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from core.distillation.method import TeacherStatistics
from core.distillation.methods.norm_direction import norm_direction


def test_it_is_one_minus_the_share_of_the_larger_norm_along_the_class() -> None:
    """A student of norm 5 along its class by 4 of 5, of norm 1 towards a teacher of norm 2, and of a class unknown."""
    student = torch.tensor([[3.0, 4.0], [0.0, 1.0], [1.0, 1.0]], requires_grad=True)
    means = torch.tensor([[0.0, 2.0], [0.0, 0.0]])
    statistics = TeacherStatistics(means, torch.tensor([1.0, 2.0, 3.0]))
    loss = norm_direction(student, statistics, torch.tensor([0, 0, 1]))
    assert loss.item() == pytest.approx(((1 - 4 / 5) + (1 - 1 / 2) + 1) / 3)
    loss.backward()
    assert student.grad is not None
    assert student.grad[2].tolist() == [0.0, 0.0]


def test_values_and_gradients_are_the_golden_ones(shared: Path) -> None:
    path = shared / "golden" / "kd_more.json"
    if not path.is_file():
        pytest.skip("the golden values of norm and direction are absent")
    cases = [case for case in json.loads(path.read_text(encoding="utf-8"))["cases"] if case["kind"] == "nd"]
    for case in cases:
        student, teacher = (torch.tensor(case[f"{who}_features"]) for who in ("student", "teacher"))
        statistics = TeacherStatistics(torch.tensor(case["centers"]), torch.linalg.vector_norm(teacher, dim=1))
        student.requires_grad_()
        loss = norm_direction(student, statistics, torch.tensor(case["labels"]))
        loss.backward()
        assert loss.item() == pytest.approx(case["value"], rel=2e-6, abs=2e-6), case["name"]
        assert student.grad.norm().item() == pytest.approx(case["grad_l2"], rel=1e-4), case["name"]
        error = (student.grad[0].double() - torch.tensor(case["grad_row0"], dtype=torch.float64)).norm().item()
        assert error <= 1e-4 * case["grad_l2"], case["name"]
    assert len(cases) == 4
