from __future__ import annotations

import pytest
import torch

from core.distillation.methods.dist import dist


def test_dist_literal_values() -> None:
    """The teacher's probabilities are the student's mirrored: samples and classes are perfectly anticorrelated."""
    student = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert dist(student, student.flip(1)).item() == pytest.approx(4.0, rel=1e-6)
    assert dist(student, student.flip(1), beta=0.5, gamma=0.0, temperature=2.0).item() == pytest.approx(4.0, rel=1e-6)
    assert dist(student, student).item() == pytest.approx(0.0, abs=1e-6)


def test_constant_student_gets_no_gradient_from_dist() -> None:
    student = torch.zeros(4, 8, requires_grad=True)
    teacher = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    loss = dist(student, teacher)
    loss.backward()
    assert loss.item() == 2.0
    assert student.grad is not None
    assert not student.grad.any()


def test_one_sample_still_learns_between_classes() -> None:
    generator = torch.Generator().manual_seed(0)
    student = torch.randn(1, 8, generator=generator).requires_grad_()
    loss = dist(student, torch.randn(1, 8, generator=generator), beta=0.0)
    loss.backward()
    assert loss.item() == 1.0
    assert student.grad is not None
    assert not student.grad.any()


def test_small_differences_are_not_lost_to_rounding() -> None:
    """Probabilities that differ by 1e-6 of their size, as after a zero-initialised head."""
    student = torch.tensor([[1e-6, 0.0, -1e-6], [2e-6, -1e-6, 0.0]])
    exact = torch.softmax(student.double(), 1)
    teacher = torch.tensor([[1.0, 0.0, -1.0], [2.0, -1.0, 0.0]])
    centred = exact - exact.mean(1, keepdim=True)
    target = torch.softmax(teacher.double(), 1)
    target = target - target.mean(1, keepdim=True)
    correlation = ((centred * target).sum(1) / (centred.norm(dim=1) * target.norm(dim=1) + 1e-8)).mean()
    assert dist(student, teacher, gamma=0.0).item() == pytest.approx(1 - correlation.item(), abs=1e-5)
