"""The peer: the paper's training as one would write it in plain PyTorch. The thing to beat, and the reference.

A DataLoader decodes and resizes the JPEGs in every epoch, the teacher answers every batch, nothing is kept, tensors
have torch's default memory format. Nothing here comes from SkinKD: the losses are written from the papers' formulas,
so that our first steps can be held against these. It also runs in torchdistill's environment, which has no SkinKD.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler
from torchvision import transforms

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Batches = Iterable[tuple[Tensor, Tensor]]
"""Normalised images (n, 3, H, W) with their labels (n,)."""


class Photographs(Dataset[tuple[Tensor, int]]):
    """JPEG files with labels, decoded and squashed to `size` x `size` whenever they are asked for."""

    def __init__(self, files: Sequence[Path], labels: Sequence[int], size: int) -> None:
        self.files, self.labels = list(files), [int(label) for label in labels]
        self.transform = transforms.Compose(
            [transforms.Resize((size, size)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        with Image.open(self.files[index]) as image:
            return self.transform(image.convert("RGB")), self.labels[index]


@dataclass(frozen=True)
class Method:
    """What the student learns from besides the labels: `name` none, kl (the paper's), hinton or dist."""

    name: str = "none"
    alpha: float = 0.1
    temperature: float = 1.0


def weighted(labels: Sequence[int]) -> WeightedRandomSampler:
    """Draws as many images as there are, every class equally likely."""
    counts = torch.bincount(torch.tensor(labels))
    return WeightedRandomSampler((1 / counts[torch.tensor(labels)].double()).tolist(), len(labels))


def batches(
    images: Photographs, order: Iterable[int] | None = None, batch_size: int = 32, workers: int = 2
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Batches of the images in `order`; weighted random ones where none is given."""
    return DataLoader(images, batch_size, sampler=order or weighted(images.labels), num_workers=workers)


def optimizer_of(student: nn.Module, learning_rate: float = 1e-5) -> torch.optim.Adam:
    """The paper's."""
    return torch.optim.Adam(student.parameters(), lr=learning_rate, weight_decay=0.01)


def train(
    student: nn.Module,
    teacher: nn.Module | None,
    loader: Batches,
    optimizer: torch.optim.Optimizer,
    method: Method,
) -> list[float]:
    """One epoch; the total loss of every step."""
    student.train()
    if teacher is not None:
        teacher.eval()
    device, losses = next(student.parameters()).device, []
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        logits = student(images)
        loss = functional.cross_entropy(logits, labels)
        if teacher is not None and method.name != "none":
            with torch.no_grad():
                answers = teacher(images)
            loss = method.alpha * distillation(logits, answers, method) + (1 - method.alpha) * loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@torch.no_grad()
def classify(model: nn.Module, loader: Batches) -> Tensor:
    """Logits of validation or test images."""
    model.eval()
    device = next(model.parameters()).device
    return torch.cat([model(images.to(device)).cpu() for images, _ in loader])


def surest_first(teacher: nn.Module, images: Photographs, drawn: Sequence[int], batch_size: int = 32) -> list[int]:
    """The drawn images in the curriculum's order: by falling confidence of the teacher, which is asked here once more.

    Paper, section 4.3.
    """
    sure = classify(teacher, batches(images, drawn, batch_size, workers=0)).double().softmax(1).amax(1)
    return [drawn[place] for place in torch.argsort(sure, descending=True, stable=True).tolist()]


def distillation(student: Tensor, teacher: Tensor, method: Method) -> Tensor:
    """The distillation loss of a method from the two models' logits (n, classes)."""
    p = (student / method.temperature).softmax(1)
    q = (teacher / method.temperature).softmax(1)
    if method.name == "kl":  # paper, figure 5: sum P log(P / Q), P the student's
        value = (p * (p / q).log()).sum(1).mean()
    elif method.name == "hinton":
        value = (q * (q / p).log()).sum(1).mean()
    else:
        value = dist(p, q)
    return value * method.temperature**2


def dist(p: Tensor, q: Tensor) -> Tensor:
    """DIST (Huang et al. 2022, equations 7 to 9): one minus Pearson's correlation, over each sample and each class."""
    between = 1 - correlation(p, q).mean()
    within = 1 - correlation(p.T, q.T).mean()
    return between + within


def correlation(a: Tensor, b: Tensor) -> Tensor:
    """Pearson's, of every row of `a` with that of `b`."""
    return functional.cosine_similarity(a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True), dim=1, eps=1e-8)
