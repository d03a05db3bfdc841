"""Small trainings that one process makes alone, or several together: `python -m tests.core.training.group_training OUT`
is one of several (RANK, WORLD_SIZE and SKINKD_MEET say which)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.data.store import ImageStore
from core.errors import Cancelled, SkinKDError
from core.events import EpochRecord
from core.process_group import process_group, working_with
from core.teachers.sources import StoredTeacher
from core.teachers.stored_outputs import StoredOutputs
from core.training.batches import FitData
from core.training.loop import Observer
from tests.core.training.small_training import StopAt, small_recipe, train

ROOT = Path(__file__).parents[3]
SINGLE = "optimisation.batch_size=7"  # the last of 22 images is a batch by itself: one process has none
CASES: dict[str, tuple[str, ...]] = {
    "plain": (SINGLE, "optimisation.sampler=shuffle"),
    "weighted": ("optimisation.batch_size=5",),
    "kl": ("distillation.method=kl", "optimisation.batch_size=5"),
    "dist": ("distillation.method=dist", SINGLE),
    "curriculum": ("distillation.method=kl", "curriculum.order=easy_first", "optimisation.batch_size=5"),
    "mixed": ("distillation.method=kl", "optimisation.mixture=mixup", "optimisation.batch_size=5"),
    "averaged": ("optimisation.ema=0.9", "optimisation.augmentation=turns", "optimisation.batch_size=5"),
}
IN_32_BITS = {
    "kl": CASES["kl"],
    "nd": ("distillation.method=norm_direction", "optimisation.batch_size=5"),  # its projection has 32 bits
}
STOPPED = "stopped"
"""A case that its leader's token stops in the middle of an epoch, and that then goes on."""


GIVEN_UP = "given up"
"""A case in which the leader alone fails; what each process was told."""


class _FullDisk(Observer):
    """Fails at the end of the first epoch."""

    def epoch_finished(self, history: tuple[EpochRecord, ...]) -> None:
        raise SkinKDError("The disk is full", "Free some space.")


class Small(nn.Module):
    """A network without batch normalisation and dropout, with pooled features before its head, in 64 bits."""

    def __init__(self, kind: torch.dtype) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.body = nn.Sequential(nn.Conv2d(3, 6, 5, stride=4), nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
            self.head = nn.Linear(24, 8)
        self.to(kind)

    def get_classifier(self) -> nn.Module:
        return self.head

    def forward_features(self, images: Tensor) -> Tensor:
        found: Tensor = self.body(images.to(self.head.weight.dtype))
        return found

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        return maps if pre_logits else self.head(maps)

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images))


def data() -> FitData:
    """22 training images, 18 of validation, a teacher's logits and features."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, 40)
    images = (generator.integers(0, 120, (40, 32, 32, 3)) + labels[:, None, None, None] * 40).clip(0, 255)
    logits = generator.normal(size=(1, 40, 8)) + 2 * np.eye(8)[labels]
    features = generator.normal(size=(40, 12)).astype(np.float32)
    means = np.stack([features[labels == code].mean(axis=0) if code < 4 else np.zeros(12) for code in range(8)])
    teacher = StoredTeacher(StoredOutputs(logits.astype(np.float32), (features,)), means.astype(np.float32))
    store = ImageStore(images.astype(np.uint8), labels, {}, "key", 32)
    return FitData(store, np.arange(22), np.arange(22, 40), (teacher,))


def trained(
    out: Path,
    changes: tuple[str, ...],
    kind: torch.dtype = torch.float64,
    stop: int = 0,
    observer: Observer | None = None,
) -> dict[str, Any]:
    """What a recipe comes to, in the present group; its leader is stopped at its `stop`-th check."""
    group = process_group()
    token = StopAt(stop) if stop and group.leads else None
    with working_with(group):
        outcome = train(small_recipe(*changes), out, token=token, model=Small(kind), data=data(), observer=observer)
    history = [(row.train_loss.total, row.train_accuracy, row.validation_loss) for row in outcome.result.history]
    return {"weights": outcome.weights, "history": history}


def main(out: Path) -> None:
    """All cases; the leader writes them down."""
    torch.set_num_threads(1)
    place, rank, size = (os.environ[name] for name in ("SKINKD_MEET", "RANK", "WORLD_SIZE"))
    torch.distributed.init_process_group("gloo", init_method=f"file://{place}", rank=int(rank), world_size=int(size))
    own = out / rank  # a follower writes nothing, and reads what the leader tells it
    found = {case: trained(own / case, changes) for case, changes in CASES.items()}
    found |= {f"{case} 32": trained(own / f"{case} 32", changes, torch.float32) for case, changes in IN_32_BITS.items()}
    try:
        trained(own / "given up", CASES["kl"], observer=_FullDisk() if rank == "0" else None)
    except (SkinKDError, Cancelled) as error:
        found[GIVEN_UP] = process_group().exchange(type(error).__name__)
    try:
        trained(own / STOPPED, CASES["kl"], stop=8)
    except Cancelled:
        found[STOPPED] = trained(own / STOPPED, CASES["kl"])
    if rank == "0":
        torch.save(found, out / "found.pt")
    elif any(own.rglob("*")):
        raise AssertionError("a follower wrote")


def trained_by(processes: int, out: Path) -> dict[str, Any]:
    """What so many processes together come to."""
    group = {"WORLD_SIZE": str(processes), "SKINKD_MEET": str(out / "meet"), "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, "-m", __name__, str(out)]
    started = [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **group, "RANK": str(rank)}) for rank in range(processes)
    ]
    try:
        codes = [process.wait(timeout=150) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert codes == [0] * processes
    return dict(torch.load(out / "found.pt"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
