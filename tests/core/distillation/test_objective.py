"""The sum of the losses: alpha, further terms, label smoothing, and the modules that are trained along."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from core.distillation.method import LossContext, LossTerm, Need
from core.distillation.methods import METHODS
from core.distillation.methods.dist import DistSettings, dist
from core.distillation.methods.kl import KlSettings, kl_divergence
from core.distillation.objective import Objective
from core.distillation.outputs import Outputs
from core.settings import SettingsSection

KL = LossTerm(METHODS["kl"], KlSettings(temperature=3.0, direction="teacher_student"))
DIST = LossTerm(METHODS["dist"], DistSettings(temperature=3.0, beta=0.5, gamma=2.0), weight=0.25)
LABELS = torch.arange(6)


def logits(seed: int = 0) -> tuple[Tensor, Tensor]:
    student, teacher = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(seed))
    return student, teacher


class Hint:
    """A feature method: the student's features, projected, are to be the teacher's."""

    name, title, help, source = "hint", "Hint", "match the teacher's features", "FitNets"
    Settings = SettingsSection
    needs = frozenset({Need.FEATURES})
    couples_batch = False

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        assert context.modules is not None
        assert student.features is not None
        assert teachers[0].features is not None
        projected: Tensor = context.modules(student.features)
        return (projected - teachers[0].features).square().mean() + 0 * context.class_counts.sum() + context.epoch

    def modules(self, settings: SettingsSection, student_dim: int, teacher_dims: Sequence[int]) -> nn.Module:
        return nn.Linear(student_dim, teacher_dims[0])


def test_the_objective_is_the_weighted_sum_of_its_parts() -> None:
    student, teacher = logits()
    for term in (KL, DIST):
        parts = Objective((term,), 0.3)(Outputs(student), LABELS, (Outputs(teacher),))
        assert parts.classification.item() == pytest.approx(torch.nn.functional.cross_entropy(student, LABELS).item())
        expected = 0.3 * parts.distillation.item() + 0.7 * parts.classification.item()
        assert parts.total.item() == pytest.approx(expected, rel=1e-6)


def test_every_setting_and_weight_counts() -> None:
    student, teacher = logits()
    divergence = kl_divergence(student, teacher, temperature=3.0, direction="teacher_student").item()
    correlated = dist(student, teacher, beta=0.5, gamma=2.0, temperature=3.0).item()
    found = Objective((KL,), 0.1)(Outputs(student), LABELS, (Outputs(teacher),)).distillation
    assert found.item() == divergence
    found = Objective((KL, DIST), 0.1)(Outputs(student), LABELS, (Outputs(teacher),)).distillation
    assert found.item() == pytest.approx(divergence + 0.25 * correlated, rel=1e-6)


def test_a_plain_student_and_label_smoothing() -> None:
    parts = Objective((), 0.0, label_smoothing=0.2)(Outputs(torch.tensor([[2.0, 0.0]])), torch.tensor([0]))
    right, wrong = math.log(1 + math.exp(-2)), math.log(1 + math.exp(2))
    assert parts.distillation is None
    assert parts.total.item() == pytest.approx(0.9 * right + 0.1 * wrong, rel=1e-6)
    assert parts.total is parts.classification


def test_a_method_without_a_teacher_is_refused() -> None:
    with pytest.raises(ValueError, match="teacher"):
        Objective((KL,), 0.1)(Outputs(torch.zeros(1, 8)), torch.tensor([0]))


def test_autocast_and_half_precision_change_nothing() -> None:
    student, teacher = logits()
    objective = Objective((KL, DIST, LossTerm(Hint(), SettingsSection())), 0.5, student_dim=8, teacher_dims=(8,))
    outputs = Outputs(student, student), LABELS, (Outputs(teacher, teacher),)
    plain = objective(*outputs).total
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = objective(*outputs).total
    assert cast.dtype == torch.float32
    assert cast.item() == plain.item()
    half, other = student.bfloat16(), teacher.bfloat16()
    rounded = Objective((KL, DIST), 0.5)(Outputs(half), LABELS, (Outputs(other),)).total
    assert rounded.dtype == torch.float32
    exact = Objective((KL, DIST), 0.5)(Outputs(half.float()), LABELS, (Outputs(other.float()),)).total
    assert rounded.item() == exact.item()


def test_modules_are_trained_and_kept_with_the_objective() -> None:
    objective = Objective((KL, LossTerm(Hint(), SettingsSection())), 0.5, student_dim=4, teacher_dims=(5,))
    assert sorted(objective.state_dict()) == ["trained.1.bias", "trained.1.weight"]
    assert objective.needs == {Need.LOGITS, Need.FEATURES}
    assert not objective.couples_batch
    assert Objective((KL, DIST), 0.5).couples_batch
    student, teacher = logits()
    features = torch.ones(6, 4, requires_grad=True)
    parts = objective(Outputs(student, features), LABELS, (Outputs(teacher, torch.zeros(6, 5)),), epoch=7)
    parts.total.backward()
    assert parts.distillation.item() > 7  # the epoch reaches the method
    assert all(parameter.grad is not None for parameter in objective.parameters())
    assert features.grad is not None
