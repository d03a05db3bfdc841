"""What holds for every method with a loss, whatever it is called."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from core.distillation.method import OF_FEATURES, LossContext, LossTerm, Method, Need, TeacherStatistics
from core.distillation.methods import METHODS
from core.distillation.objective import Objective
from core.distillation.outputs import Outputs

Loss = Callable[[Tensor, Tensor], Tensor]

_WITH_A_LOSS = [name for name, method in METHODS.items() if method.needs]


def _context(name: str, teachers: Sequence[Tensor], student: Tensor, **values: Any) -> LossContext:
    """Losses of features take the logits as features, through a projector that leaves them."""
    method: Method = METHODS[name]
    settings, width = method.Settings(**values), student.shape[1]
    modules = method.modules(settings, width, [width] * len(teachers))
    for weight in modules.parameters() if modules else ():
        torch.nn.init.eye_(weight)
    means = torch.randn(width, width, generator=torch.Generator().manual_seed(1))
    statistics = tuple(
        TeacherStatistics(means, torch.linalg.vector_norm(teacher.double(), dim=1)) for teacher in teachers
    )
    return LossContext(settings, modules, 1, torch.ones(width), statistics)


def _of_both(name: str, student: Tensor, *teachers: Tensor, weights: Tensor | None = None, **values: Any) -> Tensor:
    kind = student if student.dtype.itemsize >= 4 else student.float()  # as the objective gives it
    context = replace(_context(name, teachers, student, **values), weights=weights)
    labels = torch.zeros(len(student), dtype=torch.int64)
    return METHODS[name].loss(Outputs(kind, kind), [Outputs(teacher, teacher) for teacher in teachers], labels, context)


def _loss(name: str, **values: Any) -> Loss:
    return lambda student, teacher: _of_both(name, student, teacher, **values)


LOSSES: dict[str, Loss] = {
    **{name: _loss(name) for name in _WITH_A_LOSS},
    "kl hinton": _loss("kl", temperature=4.0, direction="teacher_student"),
    "kl cold": _loss("kl", temperature=0.1),
    "dist warm": _loss("dist", temperature=4.0),
    "dist cold": _loss("dist", temperature=0.1),
    "standardised_kl cold": _loss("standardised_kl", temperature=0.1),
    "dkd cold": _loss("dkd", temperature=0.1),
    "dkd standardised": _loss("dkd", standardise=True),
}
LOGITS_ALONE = [name for name in LOSSES if METHODS[name.split()[0]].needs == {Need.LOGITS}]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_what_it_is(name: str) -> None:
    method = METHODS[name]
    assert method.title
    assert method.help[0].islower()
    assert not method.help.endswith(".")
    assert bool(method.source) == bool(method.needs)
    assert all(info.title and info.description for info in method.Settings.model_fields.values())
    assert (method.modules(method.Settings(), 8, (16,)) is not None) is bool(method.needs & OF_FEATURES)


@pytest.mark.parametrize("name", _WITH_A_LOSS)
def test_a_method_that_does_not_couple_the_batch_is_a_mean_over_samples(name: str) -> None:
    """A batch in parts gives the batch's loss exactly where the method says that it does not mix the samples."""
    student, teacher = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(0))
    loss = _loss(name)
    parts = (loss(student[:2], teacher[:2]) * 2 + loss(student[2:], teacher[2:]) * 4) / 6
    assert (parts.item() == pytest.approx(loss(student, teacher).item(), rel=1e-5)) is not METHODS[name].couples_batch


@pytest.mark.parametrize("name", _WITH_A_LOSS)
def test_several_teachers_count_equally_or_as_they_are_weighted(name: str) -> None:
    student, one, other = torch.randn(3, 6, 8, generator=torch.Generator().manual_seed(0))
    loss = _loss(name)
    first, second = loss(student, one).item(), loss(student, other).item()
    assert _of_both(name, student, one, other).item() == pytest.approx((first + second) / 2, rel=1e-6)
    uneven = torch.tensor([[0.25], [0.75]]).expand(2, 6)
    weighted = _of_both(name, student, one, other, weights=uneven).item()
    assert weighted == pytest.approx(0.25 * first + 0.75 * second, rel=1e-6)


@pytest.mark.parametrize("name", _WITH_A_LOSS)
def test_each_image_counts_as_its_teacher_does_there(name: str) -> None:
    """Of the mean of 6 images, the 2 that the one teacher is asked about, and the 4 of the other."""
    student, one, other = torch.randn(3, 6, 8, generator=torch.Generator().manual_seed(0))
    loss, first = _loss(name), torch.tensor([1.0, 1, 0, 0, 0, 0])
    found = _of_both(name, student, one, other, weights=torch.stack([first, 1 - first])).item()
    alone = (2 * loss(student[:2], one[:2]) + 4 * loss(student[2:], other[2:])).item() / 6
    assert (found == pytest.approx(alone, rel=1e-5)) is not METHODS[name].couples_batch


def test_the_authors_weights_are_alpha_and_the_standard_weight() -> None:
    """Sun et al.: 9 * T^2 * KL + 0.1 * cross entropy at T 2."""
    student, teacher = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(0))
    method, labels = METHODS["standardised_kl"], torch.arange(6)
    total = Objective((LossTerm(method, method.Settings()),), 0.9)(Outputs(student), labels, (Outputs(teacher),)).total
    ours = (student - student.mean(1, keepdim=True)) / student.std(1, keepdim=True)
    theirs = (teacher - teacher.mean(1, keepdim=True)) / teacher.std(1, keepdim=True)
    divergence = torch.nn.functional.kl_div((ours / 2).log_softmax(1), (theirs / 2).softmax(1), reduction="batchmean")
    labelled = torch.nn.functional.cross_entropy(student, labels)
    assert total.item() == pytest.approx((9 * 4 * divergence + 0.1 * labelled).item(), rel=1e-5)


def test_the_decoupled_loss_grows_over_its_warm_up() -> None:
    student, teacher = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(0))
    whole, labels = _loss("dkd")(student, teacher).item(), torch.zeros(6, dtype=torch.int64)
    context = _context("dkd", [teacher], student, dkd_warmup=4)
    for epoch, share in ((1, 0.25), (3, 0.75), (4, 1.0), (9, 1.0)):
        found = METHODS["dkd"].loss(Outputs(student), [Outputs(teacher)], labels, replace(context, epoch=epoch))
        assert found.item() == pytest.approx(share * whole, rel=1e-6)


def _logits(limit: float) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray]]:
    values = st.one_of(
        st.floats(-limit, limit, width=32),
        st.sampled_from([0.0, 1.0, -1.0, 50.0, -limit, limit]),
    )
    shapes = st.tuples(st.integers(1, 5), st.integers(2, 8))
    return shapes.flatmap(lambda s: st.tuples(*[hnp.arrays(np.float32, s, elements=values)] * 2))


HIGHEST = float(np.finfo(np.float32).max)


NEARLY_NOTHING = np.full((1, 2), 1.813e-42, np.float32)
"""Subnormal: one over its length is more than float32 holds."""


@pytest.mark.parametrize("name", LOSSES)
@settings(max_examples=120, deadline=None)
@given(pair=st.one_of(_logits(10.0), _logits(1e4), _logits(HIGHEST)))
@example(pair=(np.zeros_like(NEARLY_NOTHING), NEARLY_NOTHING))
@example(pair=(NEARLY_NOTHING, np.float32([[1, 0]])))
def test_value_and_gradient_are_finite_on_every_finite_input(name: str, pair: tuple[np.ndarray, np.ndarray]) -> None:
    student = torch.from_numpy(pair[0].copy()).requires_grad_()
    loss = LOSSES[name](student, torch.from_numpy(pair[1].copy()))
    loss.backward()
    assert math.isfinite(loss.item())
    assert student.grad is not None
    assert student.grad.isfinite().all()
    assert loss.item() >= -1e-5


@pytest.mark.parametrize("name", [*_WITH_A_LOSS, "kl hinton"])
def test_identical_logits_cost_nothing(name: str) -> None:
    logits = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))
    if name == "norm_direction":  # there it is another thing that costs nothing: to be the mean of one's class
        logits = _context(name, [logits], logits).statistics[0].class_means[:1].expand(16, 8)
    assert LOSSES[name](logits, logits).item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_type_is_computed_and_returned_in_float32(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    student = (4 * torch.randn(8, 8, generator=generator)).to(dtype)
    teacher = (4 * torch.randn(8, 8, generator=generator)).to(dtype)
    for name in LOGITS_ALONE:
        loss = LOSSES[name]
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
