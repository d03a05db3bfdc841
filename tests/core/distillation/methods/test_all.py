"""What holds for every method with a loss, whatever it is called."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from core.distillation.method import LossContext, Method
from core.distillation.methods import METHODS
from core.distillation.outputs import Outputs

Loss = Callable[[Tensor, Tensor], Tensor]


def _loss(name: str, **values: Any) -> Loss:
    method: Method = METHODS[name]
    context = LossContext(method.Settings(**values), None, 1, torch.ones(8))
    return lambda student, teacher: method.loss(
        Outputs(student), (Outputs(teacher),), torch.zeros(len(student), dtype=torch.int64), context
    )


LOSSES: dict[str, Loss] = {
    "paper": _loss("kl"),
    "hinton": _loss("kl", temperature=4.0, direction="teacher_student"),
    "cold": _loss("kl", temperature=0.1),
    "dist": _loss("dist"),
    "dist warm": _loss("dist", temperature=4.0),
    "dist cold": _loss("dist", temperature=0.1),
}


def test_every_method_with_a_loss_is_tested_here() -> None:
    methods = {name for name, method in METHODS.items() if method.needs}
    assert {"kl" if name in ("paper", "hinton", "cold") else name.split()[0] for name in LOSSES} == methods


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_what_it_is(name: str) -> None:
    method = METHODS[name]
    assert method.title
    assert method.help[0].islower()
    assert not method.help.endswith(".")
    assert bool(method.source) == bool(method.needs)
    assert all(info.title and info.description for info in method.Settings.model_fields.values())
    assert method.modules(method.Settings(), 8, (16,)) is None


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.needs])
def test_a_method_that_does_not_couple_the_batch_is_a_mean_over_samples(name: str) -> None:
    """A batch in parts gives the batch's loss exactly where the method says that it does not mix the samples."""
    student, teacher = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(0))
    loss = _loss(name)
    parts = (loss(student[:2], teacher[:2]) * 2 + loss(student[2:], teacher[2:]) * 4) / 6
    assert (parts.item() == pytest.approx(loss(student, teacher).item(), rel=1e-5)) is not METHODS[name].couples_batch


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.needs])
def test_several_teachers_count_equally(name: str) -> None:
    method = METHODS[name]
    student, one, other = torch.randn(3, 6, 8, generator=torch.Generator().manual_seed(0))
    context = LossContext(method.Settings(), None, 1, torch.ones(8))
    both = method.loss(Outputs(student), (Outputs(one), Outputs(other)), torch.zeros(6, dtype=torch.int64), context)
    loss = _loss(name)
    assert both.item() == pytest.approx((loss(student, one).item() + loss(student, other).item()) / 2, rel=1e-6)


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


@pytest.mark.parametrize("name", ["paper", "hinton", "dist"])
def test_identical_logits_cost_nothing(name: str) -> None:
    logits = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))
    assert LOSSES[name](logits, logits).item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_type_is_computed_and_returned_in_float32(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    student = (4 * torch.randn(8, 8, generator=generator)).to(dtype)
    teacher = (4 * torch.randn(8, 8, generator=generator)).to(dtype)
    for loss in LOSSES.values():
        value = loss(student, teacher)
        assert value.dtype == torch.float32
        assert value.item() == loss(student.float(), teacher.float()).item()


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
