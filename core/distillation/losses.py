"""The losses a student learns from, and their sum.

Logits are (batch, classes) of any floating type. Everything is computed in float32, also under autocast, and returned
as a float32 scalar that shrinks when better: the mean over the samples of a sum over the classes. Values and gradients
are finite for every finite logit; a logit that is not a number stays visible as such in the loss. No gradient ever
reaches the teacher.

Method and alpha: Davidi and Park, "Novel Knowledge Distillation Techniques for Visual Skin Disease Detection",
figures 4 to 6. DIST: Huang et al., "Knowledge Distillation from A Stronger Teacher", 2022. Temperature: Hinton et al.,
"Distilling the Knowledge in a Neural Network", 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from core.recipe.schema import DistillationRecipe

Direction = Literal["student_teacher", "teacher_student"]

_FARTHEST = -1e30
"""No class is farther below the best one than this: far beyond where its probability is 0, and sums stay finite."""

_EPSILON = 1e-8
"""Added to the product of the norms in DIST's correlation, as its authors do."""

_ROUNDING = 4 * 2.0**-23
"""A vector whose values differ by no more than this share of the largest is constant but for float32 rounding."""


@dataclass(frozen=True)
class ObjectiveParts:
    """What a step minimises and its parts, float32 scalars with gradient; `distillation` is None without a teacher."""

    total: Tensor
    classification: Tensor
    distillation: Tensor | None = None


def kl_divergence(
    student_logits: Tensor,
    teacher_logits: Tensor,
    *,
    temperature: float = 1.0,
    direction: Direction = "student_teacher",
) -> Tensor:
    """Kullback-Leibler divergence between the two models' probabilities, >= 0, times temperature squared.

    `student_teacher` is the paper's: sum P log(P / Q) with P the student and Q the teacher. `teacher_student` is
    Hinton's: sum Q log(Q / P). The temperature (> 0) divides all logits; its square keeps the size of the gradient
    about the same at every temperature, in both directions.
    """
    student = functional.log_softmax(_below_best(student_logits, temperature), dim=1)
    teacher = functional.log_softmax(_below_best(teacher_logits.detach(), temperature), dim=1)
    # F.kl_div with the student as log-target gives a NaN gradient once a probability underflows; this does not.
    first, second = (student, teacher) if direction == "student_teacher" else (teacher, student)
    return (first.exp() * (first - second)).sum(dim=1).mean() * temperature**2


def dist(
    student_logits: Tensor,
    teacher_logits: Tensor,
    *,
    beta: float = 1.0,
    gamma: float = 1.0,
    temperature: float = 1.0,
) -> Tensor:
    """DIST: how far the two models' probabilities are from correlating, 0 to 2 * (beta + gamma), times temperature^2.

    temperature^2 * (beta * (1 - mean correlation over samples) + gamma * (1 - mean correlation over classes)), with
    correlation = <a, b> / (|a| |b| + 1e-8) of the centred vectors. A vector without variance (one sample, a head
    that was just initialised) correlates with nothing: 0, and no gradient through it.
    """
    student = _deviations(student_logits, temperature)
    teacher = _deviations(teacher_logits.detach(), temperature)
    between = 1 - _correlation(student, teacher, dim=1).mean()
    within = 1 - _correlation(student, teacher, dim=0).mean()
    return (beta * between + gamma * within) * temperature**2


def distillation_objective(
    student_logits: Tensor,
    labels: Tensor,
    teacher_logits: Tensor | None,
    recipe: DistillationRecipe,
    label_smoothing: float = 0.0,
) -> ObjectiveParts:
    """alpha * L_KD + (1 - alpha) * L_CLS (paper, figure 4) and its parts; L_CLS is cross entropy.

    `labels` are class indices, int64, shape (batch,). With method `none` the teacher is not looked at and the total is
    the cross entropy. Raises ValueError when another method comes without teacher logits.
    """
    student_logits = student_logits.float()  # once, so that the parts' gradients are not rounded before they are added
    classification = functional.cross_entropy(_below_best(student_logits, 1.0), labels, label_smoothing=label_smoothing)
    if recipe.method == "none":
        return ObjectiveParts(classification, classification)
    if teacher_logits is None:
        raise ValueError(f"method {recipe.method} needs the teacher's logits")
    if recipe.method == "kl":
        distillation = kl_divergence(
            student_logits, teacher_logits, temperature=recipe.temperature, direction=recipe.kl_direction
        )
    else:
        distillation = dist(
            student_logits, teacher_logits, beta=recipe.beta, gamma=recipe.gamma, temperature=recipe.temperature
        )
    total = recipe.alpha * distillation + (1 - recipe.alpha) * classification
    return ObjectiveParts(total, classification, distillation)


def _below_best(logits: Tensor, temperature: float) -> Tensor:
    """Logits over temperature, shifted so that each sample's largest is 0; float32. Softmax does not see the shift."""
    values = logits.float()
    shifted = (values - values.detach().amax(dim=1, keepdim=True)) / temperature
    return shifted.clamp(min=_FARTHEST)


def _deviations(logits: Tensor, temperature: float) -> Tensor:
    """Softmax probabilities minus 1 / classes, shape (batch, classes).

    Computed from exp(z) - 1, so that nearly equal probabilities keep their differences: subtracting the mean of
    float32 probabilities would leave only rounding noise, which DIST's norm then blows up.
    """
    excess = torch.expm1(_below_best(logits, temperature))
    classes = excess.shape[1]
    return (excess - excess.mean(dim=1, keepdim=True)) / (classes + excess.sum(dim=1, keepdim=True))


def _correlation(student: Tensor, teacher: Tensor, dim: int) -> Tensor:
    """Correlation of probabilities (given minus 1 / classes) along `dim`; 0 where either does not vary."""
    classes = student.shape[1]
    student_centred, student_varies = _centred(student, 1 / classes, dim)
    teacher_centred, teacher_varies = _centred(teacher, 1 / classes, dim)
    varies = student_varies & teacher_varies
    # Constant vectors leave the sums here, not after the division: their gradient must be 0, not 0 times infinity.
    a = torch.where(varies, student_centred, torch.zeros_like(student_centred))
    b = torch.where(varies, teacher_centred, torch.zeros_like(teacher_centred))
    norms = _norm(a, dim) * _norm(b, dim)
    return (a * b).sum(dim=dim) / (norms + _EPSILON)


def _centred(deviations: Tensor, offset: float, dim: int) -> tuple[Tensor, Tensor]:
    """The vectors along `dim` minus their mean, and (kept dimension) whether each varies beyond rounding."""
    centred = deviations - deviations.mean(dim=dim, keepdim=True)
    spread = centred.detach().abs().amax(dim=dim, keepdim=True)
    largest = (deviations.detach() + offset).abs().amax(dim=dim, keepdim=True)
    # "not constant" rather than "spread >": a NaN must stay in the loss.
    return centred, ~(spread <= _ROUNDING * largest)


def _norm(vectors: Tensor, dim: int) -> Tensor:
    """Euclidean norm along `dim` whose squares can not underflow, and whose gradient at 0 is 0."""
    scale = vectors.detach().abs().amax(dim=dim, keepdim=True)
    is_zero = scale == 0
    scale = torch.where(is_zero, torch.ones_like(scale), scale.clamp(min=torch.finfo(torch.float32).tiny))
    squares = (vectors / scale).square().sum(dim=dim, keepdim=True)
    root = torch.where(is_zero, torch.ones_like(squares), squares).sqrt()
    return torch.where(is_zero, torch.zeros_like(root), root * scale).squeeze(dim)
