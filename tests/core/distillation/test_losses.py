from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from core.distillation.losses import dist, distillation_objective, kl_divergence
from core.recipe.schema import DistillationRecipe

Loss = Callable[[Tensor, Tensor], Tensor]

LOSSES: dict[str, Loss] = {
    "paper": kl_divergence,
    "hinton": lambda s, t: kl_divergence(s, t, temperature=4.0, direction="teacher_student"),
    "cold": lambda s, t: kl_divergence(s, t, temperature=0.1),
    "dist": dist,
    "dist warm": lambda s, t: dist(s, t, temperature=4.0),
    "dist cold": lambda s, t: dist(s, t, temperature=0.1),
}


def _logits(limit: float) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    values = st.one_of(
        st.floats(-limit, limit, width=32),
        st.sampled_from([0.0, 1.0, -1.0, 50.0, -limit, limit]),
    )
    shapes = st.tuples(st.integers(1, 5), st.integers(2, 8))
    return shapes.flatmap(lambda s: st.tuples(*[hnp.arrays(np.float32, s, elements=values)] * 2))


HIGHEST = float(np.finfo(np.float32).max)


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=120, deadline=None)
@given(pair=st.one_of(_logits(10.0), _logits(1e4), _logits(HIGHEST)))
def test_value_and_gradient_are_finite_on_every_finite_input(name: str, pair: tuple[np.ndarray, np.ndarray]) -> None:
    student = torch.from_numpy(pair[0].copy()).requires_grad_()
    loss = LOSSES[name](student, torch.from_numpy(pair[1].copy()))
    loss.backward()
    assert math.isfinite(loss.item())
    assert student.grad is not None
    assert student.grad.isfinite().all()
    assert loss.item() >= -1e-5


@settings(max_examples=60, deadline=None)
@given(pair=_logits(20.0), shift=st.floats(-50, 50, width=16))
def test_shifting_all_logits_of_a_sample_changes_nothing(pair: tuple[np.ndarray, np.ndarray], shift: float) -> None:
    student, teacher = (torch.from_numpy(array.astype(np.float64)).float() for array in pair)
    for loss in (kl_divergence, LOSSES["hinton"]):
        assert loss(student + shift, teacher).item() == pytest.approx(loss(student, teacher).item(), rel=1e-3, abs=1e-3)


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


def test_dist_literal_values() -> None:
    """The teacher's probabilities are the student's mirrored: samples and classes are perfectly anticorrelated."""
    student = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert dist(student, student.flip(1)).item() == pytest.approx(4.0, rel=1e-6)
    assert dist(student, student.flip(1), beta=0.5, gamma=0.0, temperature=2.0).item() == pytest.approx(4.0, rel=1e-6)
    assert dist(student, student).item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", ["paper", "hinton", "dist"])
def test_identical_logits_cost_nothing(name: str) -> None:
    logits = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))
    assert LOSSES[name](logits, logits).item() == pytest.approx(0.0, abs=1e-6)


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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_type_is_computed_and_returned_in_float32(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    student = (4 * torch.randn(8, 8, generator=generator)).to(dtype)
    teacher = (4 * torch.randn(8, 8, generator=generator)).to(dtype)
    for loss in LOSSES.values():
        value = loss(student, teacher)
        assert value.dtype == torch.float32
        assert value.item() == loss(student.float(), teacher.float()).item()


def test_autocast_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 8, 8, generator=generator)
    labels = torch.arange(8)
    for method in ("kl", "dist"):
        recipe = DistillationRecipe(method=method, alpha=0.5)
        plain = distillation_objective(student, labels, teacher, recipe).total
        with torch.autocast("cpu", dtype=torch.bfloat16):
            cast = distillation_objective(student, labels, teacher, recipe).total
        assert cast.dtype == torch.float32
        assert cast.item() == plain.item()


def test_the_teacher_gets_no_gradient() -> None:
    student = torch.randn(4, 8, requires_grad=True)
    teacher = torch.randn(4, 8, requires_grad=True)
    for loss in LOSSES.values():
        loss(student, teacher).backward()
    assert teacher.grad is None


def test_a_logit_that_is_no_number_stays_visible() -> None:
    student = torch.zeros(2, 8)
    student[0, 0] = math.nan
    teacher = torch.randn(2, 8)
    for loss in LOSSES.values():
        assert math.isnan(loss(student, teacher).item())


def test_objective_is_the_weighted_sum_of_its_parts() -> None:
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 6, 8, generator=generator)
    labels = torch.tensor([0, 1, 2, 3, 4, 5])
    for method in ("kl", "dist"):
        parts = distillation_objective(student, labels, teacher, DistillationRecipe(method=method, alpha=0.3))
        assert parts.distillation is not None
        assert parts.classification.item() == pytest.approx(torch.nn.functional.cross_entropy(student, labels).item())
        expected = 0.3 * parts.distillation.item() + 0.7 * parts.classification.item()
        assert parts.total.item() == pytest.approx(expected, rel=1e-6)


def test_objective_uses_every_setting_of_the_recipe() -> None:
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 6, 8, generator=generator)
    labels = torch.zeros(6, dtype=torch.int64)
    kl = DistillationRecipe(method="kl", temperature=3.0, kl_direction="teacher_student")
    part = distillation_objective(student, labels, teacher, kl).distillation
    assert part is not None
    assert part.item() == kl_divergence(student, teacher, temperature=3.0, direction="teacher_student").item()
    correlated = DistillationRecipe(method="dist", temperature=3.0, beta=0.5, gamma=2.0)
    part = distillation_objective(student, labels, teacher, correlated).distillation
    assert part is not None
    assert part.item() == dist(student, teacher, beta=0.5, gamma=2.0, temperature=3.0).item()


def test_plain_student_and_label_smoothing() -> None:
    student = torch.tensor([[2.0, 0.0]])
    labels = torch.tensor([0])
    parts = distillation_objective(student, labels, None, DistillationRecipe(), label_smoothing=0.2)
    right, wrong = math.log(1 + math.exp(-2)), math.log(1 + math.exp(2))
    assert parts.distillation is None
    assert parts.total.item() == pytest.approx(0.9 * right + 0.1 * wrong, rel=1e-6)
    assert parts.total is parts.classification


def test_a_method_without_teacher_logits_is_refused() -> None:
    with pytest.raises(ValueError, match="teacher"):
        distillation_objective(torch.zeros(1, 8), torch.tensor([0]), None, DistillationRecipe(method="kl"))
