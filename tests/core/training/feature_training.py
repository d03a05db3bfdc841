"""A training that learns from pooled features: a small network with features, and methods that are nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.distillation.method import LossContext, LossTerm, Need
from core.distillation.outputs import Outputs
from core.recipe import Recipe
from core.settings import SettingsSection
from core.teachers.sources import StoredTeacher, class_means
from core.teachers.stored_outputs import StoredOutputs
from core.training.batches import FitData

from .small_training import small_data

WIDTH, TEACHER_WIDTH = 6, 5


class Halved(nn.Module):
    """timm's way of being two halves; with `normalised` it also has what makes resuming hard."""

    def __init__(self, normalised: bool) -> None:
        super().__init__()
        layers = [nn.BatchNorm2d(WIDTH), nn.Dropout(0.3)] if normalised else []
        self.stem = nn.Sequential(nn.Conv2d(3, WIDTH, 5, stride=4), *layers, nn.Tanh())
        self.fc = nn.Linear(WIDTH, 8)

    def get_classifier(self) -> nn.Module:
        return self.fc

    def forward_features(self, images: Tensor) -> Tensor:
        maps: Tensor = self.stem(images)
        return maps

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        pooled = maps.mean(dim=(2, 3))
        return pooled if pre_logits else self.fc(pooled)

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images))


def halved_model(normalised: bool = False) -> Halved:
    """Always the same weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Halved(normalised)


class Settings(SettingsSection):
    """None."""


@dataclass
class Relations:
    """A method with a projector whose loss compares the samples of a batch with one another, and so mixes them."""

    name: str = "relations"
    title: str = "Relations"
    help: str = "made up"
    source: str = ""
    Settings: type[SettingsSection] = Settings
    needs: frozenset[Need] = frozenset({Need.LOGITS, Need.FEATURES})
    couples_batch: bool = True
    contexts: list[LossContext] = field(default_factory=list)

    def loss(self, student: Outputs, teachers: Sequence[Outputs], labels: Tensor, context: LossContext) -> Tensor:
        self.contexts.append(context)
        assert student.features is not None
        assert context.modules is not None
        projected = context.modules(student.features)
        losses = []
        for teacher in teachers:
            assert teacher.features is not None
            losses.append((_likeness(projected) - _likeness(teacher.features)).square().mean())
            losses.append((student.logits.softmax(0) - teacher.logits.softmax(0)).square().sum())
        return torch.stack(losses).sum()

    def modules(self, settings: SettingsSection, student_dim: int, teacher_dims: Sequence[int]) -> nn.Module:
        return nn.Sequential(nn.Linear(student_dim, teacher_dims[0]), nn.Tanh(), nn.Linear(teacher_dims[0], 4))


def _likeness(features: Tensor) -> Tensor:
    return features @ features.T


def use(monkeypatch: pytest.MonkeyPatch, *terms: LossTerm) -> None:
    """Let every recipe's L_KD be these terms."""
    monkeypatch.setattr(Recipe, "loss_terms", property(lambda recipe: terms))


def feature_data(teachers: int = 1, views: int = 1) -> FitData:
    """The small data, with teachers that have features."""
    plain, generator = small_data(), np.random.default_rng(5)
    count, labels = len(plain.store), plain.store.labels
    sources = []
    for _ in range(teachers):
        logits = generator.normal(size=(views, count, 8)).astype(np.float32)
        features = tuple(generator.normal(size=(views, count, TEACHER_WIDTH)).astype(np.float32))
        means = class_means(features[0], labels, plain.train, 8)
        sources.append(StoredTeacher(StoredOutputs(logits, features), means))
    return FitData(plain.store, plain.train, plain.validation, tuple(sources))
