"""What a training step minimises: L = alpha * L_KD + (1 - alpha) * L_CLS.

L_CLS is the loss for the labels (the cross entropy or another of `classification`), L_KD the method's loss plus weight
times the loss of every further term. Everything is computed in float32 or better, also under autocast. Source: Davidi
and Park, "Novel Knowledge Distillation Techniques for Visual Skin Disease Detection", figure 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.distillation.classification import CLASSIFICATION_LOSSES, LabelTerm
from core.distillation.method import OF_FEATURES, LossContext, LossTerm, Need, TeacherStatistics
from core.distillation.outputs import Outputs
from core.distillation.softmax import at_least_float32
from core.distillation.weightings import Weighting

_PLAIN = CLASSIFICATION_LOSSES["cross_entropy"]


@dataclass(frozen=True)
class ObjectiveParts:
    """What a step minimises and its parts, scalars with gradient in float32 or better; `distillation` is None without
    a teacher."""

    total: Tensor
    classification: Tensor
    distillation: Tensor | None = None

    def mixed_with(self, other: ObjectiveParts, share: float) -> ObjectiveParts:
        """`share` of these parts and the rest of the other's, each by itself."""
        distillation = None
        if self.distillation is not None and other.distillation is not None:
            distillation = share * self.distillation + (1 - share) * other.distillation
        return ObjectiveParts(
            share * self.total + (1 - share) * other.total,
            share * self.classification + (1 - share) * other.classification,
            distillation,
        )


class Objective(nn.Module):
    """The sum of the losses, with the modules that they train along with the student (`parameters`, `state_dict`).

    `terms` are empty for a plain student or a teacher in training: then the total is the cross entropy. `class_counts`
    (classes,) are the training images of each class. The dimensions are those of the pooled features; they matter only
    where a method needs features. `weighting` says how much each of several teachers counts (None: all equally),
    `label_term` what L_CLS is (None: the cross entropy).
    """

    class_counts: Tensor

    def __init__(
        self,
        terms: Sequence[LossTerm],
        alpha: float,
        *,
        label_smoothing: float = 0.0,
        class_counts: Tensor | None = None,
        student_dim: int = 0,
        teacher_dims: Sequence[int] = (),
        weighting: Weighting | None = None,
        label_term: LabelTerm | None = None,
    ) -> None:
        super().__init__()
        self.terms = tuple(terms)
        self.alpha = alpha
        self.label_smoothing = label_smoothing
        self.weighting = weighting
        self.label_term = label_term or LabelTerm(_PLAIN, _PLAIN.Settings())
        self.register_buffer("class_counts", torch.zeros(0) if class_counts is None else class_counts, persistent=False)
        made = [term.method.modules(term.settings, student_dim, teacher_dims) for term in self.terms]
        self.trained = nn.ModuleDict({f"{place}": module for place, module in enumerate(made) if module is not None})

    @property
    def needs(self) -> frozenset[Need]:
        """What the methods ask of the teachers (and of the student, for features)."""
        return frozenset(need for term in self.terms for need in term.method.needs)

    @property
    def needs_features(self) -> bool:
        """Whether the pooled features of teachers and student are needed beside their logits."""
        return bool(self.needs & OF_FEATURES)

    @property
    def couples_batch(self) -> bool:
        """Whether a loss mixes the samples of a batch, which then must be whole."""
        return any(term.method.couples_batch for term in self.terms)

    def forward(
        self,
        student: Outputs,
        labels: Tensor,
        teachers: Sequence[Outputs] = (),
        *,
        epoch: int = 1,
        statistics: tuple[TeacherStatistics, ...] = (),
    ) -> ObjectiveParts:
        """The objective of a batch: labels (n,) are class indices, int64; `statistics` holds one entry a teacher.

        Raises ValueError when there are terms and no teachers.
        """
        # Once, so that the parts' gradients are not rounded before they are added.
        features = None if student.features is None else at_least_float32(student.features)
        student = Outputs(at_least_float32(student.logits), features)
        logits = student.logits
        losses = self.label_term.loss.losses
        with _without_autocast(logits.device.type):
            classification = losses(
                logits, labels, self.class_counts, self.label_smoothing, self.label_term.settings
            ).mean()
        if not self.terms:
            return ObjectiveParts(classification, classification)
        if not teachers:
            raise ValueError(f"method {self.terms[0].method.name} needs the teacher's outputs")
        weights = None if self.weighting is None else self.weighting.weights(teachers, labels)
        with _without_autocast(logits.device.type):
            contexts = [self._context(place, epoch, statistics, weights) for place in range(len(self.terms))]
            parts = [
                term.weight * term.method.loss(student, teachers, labels, context)
                for term, context in zip(self.terms, contexts, strict=True)
            ]
        distillation = parts[0] if len(parts) == 1 else torch.stack(parts).sum()
        return ObjectiveParts(
            self.alpha * distillation + (1 - self.alpha) * classification, classification, distillation
        )

    def _context(
        self, index: int, epoch: int, statistics: tuple[TeacherStatistics, ...], weights: Tensor | None
    ) -> LossContext:
        name = f"{index}"
        module = self.trained[name] if name in self.trained else None  # noqa: SIM401 (it has no get)
        return LossContext(self.terms[index].settings, module, epoch, self.class_counts, statistics, weights)


def _without_autocast(device: str) -> AbstractContextManager[None]:
    available = torch.amp.is_autocast_available(device)
    return torch.autocast(device, enabled=False) if available else nullcontext()
