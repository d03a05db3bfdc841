"""Nothing inside an epoch waits for the device: on a GPU every wait leaves it idle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from core.data.augmentation.entries import AUGMENTATIONS
from core.data.store import ImageStore
from core.distillation.classification import CLASSIFICATION_LOSSES, LabelTerm
from core.distillation.method import OF_FEATURES, LossTerm, TeacherStatistics
from core.distillation.methods import METHODS
from core.distillation.objective import Objective
from core.distillation.outputs import Outputs
from core.distillation.weightings import WEIGHTINGS
from core.models.preprocessing import normalise
from core.training import loop
from core.training.placement import StagedImages, StoreLocation
from core.training.step import Learner, StepInput

from .feature_training import feature_data, halved_model
from .small_training import PREPROCESSING, small_recipe, train

WAITING = ("cpu", "item", "tolist", "numpy", "__bool__", "__float__", "__int__", "__index__", "pin_memory")


class Reads(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes what torch computes that has to know a value on the host, or sends a new one to the device."""

    NAMES = ("_local_scalar_dense", "item", "is_nonzero", "equal", "nonzero", "lift_fresh", "masked_select")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._overloadpacket.__name__
        # A mask as an index has to be counted first.
        masked = name == "index" and any(index is not None and index.dtype == torch.bool for index in args[1])
        if name in self.NAMES or masked:
            self.found.append(str(func))
        return func(*args, **(kwargs or {}))


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What inside the block waits for the device, by name."""
    reads = Reads()
    with monkeypatch.context() as patch, reads:
        for name in WAITING:
            patch.setattr(Tensor, name, noting(name, getattr(Tensor, name), reads.found))
        yield reads.found


def noting(name: str, original: Callable[..., Any], found: list[str]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        found.append(name)
        return original(*args, **kwargs)

    return call


@pytest.mark.parametrize("method", [name for name, entry in METHODS.items() if entry.needs])
@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_a_step_waits_for_nothing(method: str, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the images on the device, as on a GPU. The constants of the normalisation are sent without waiting."""
    from dataclasses import replace

    from . import small_training

    inside: list[list[str]] = []
    step = Learner.step

    def watched_step(self: Learner, batch: StepInput) -> None:
        with watched(monkeypatch) as found:
            step(self, batch)
        inside.append(found)

    monkeypatch.setattr(Learner, "step", watched_step)
    monkeypatch.setattr(loop, "stage_images", on_the_device)
    monkeypatch.setattr(small_training, "CPU", replace(small_training.CPU, precision=precision))
    recipe = small_recipe(f"distillation.method={method}", "optimisation.epochs=2")
    of_features = bool(METHODS[method].needs & OF_FEATURES)
    train(recipe, tmp_path, model=halved_model() if of_features else None, data=feature_data() if of_features else None)
    assert len(inside) == 12
    assert {name for found in inside for name in found} <= {"aten.lift_fresh.default"}
    assert max(found.count("aten.lift_fresh.default") for found in inside) == 2  # mean and std


def on_the_device(store: ImageStore, place: StoreLocation, device: str, emit: object) -> StagedImages:
    return StagedImages(torch.from_numpy(store.images.copy()), torch.device(device), "device")


def test_an_epoch_reads_the_device_only_to_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two reports a quarter of a second apart, preparing and making the steps reads nothing back."""
    monkeypatch.setattr("core.training.meter._REPORT_SECONDS", 1e9)
    monkeypatch.setattr(loop, "stage_images", on_the_device)
    reads: list[int] = []
    read = Learner.read_sums

    def counted(self: Learner) -> Any:
        reads.append(1)
        return read(self)

    monkeypatch.setattr(Learner, "read_sums", counted)
    train(small_recipe("optimisation.epochs=1"), tmp_path)
    # At the epoch's beginning, after its first batch (the first report is always due), and at its end.
    assert len(reads) == 3


def test_the_watch_sees_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    values = torch.tensor([1.0, 2.0])
    with watched(monkeypatch) as found:
        float(values[0])
        bool(values.sum() > 1)
        values.cpu()
        values[values > 1]
    assert {"__float__", "__bool__", "cpu"} <= set(found)
    assert "aten.index.Tensor" in found


@pytest.mark.parametrize("method", [name for name, entry in METHODS.items() if entry.needs])
def test_losses_ask_for_no_value(method: str) -> None:
    """On torch's meta device nothing has a value: whatever needs one raises."""
    student = torch.zeros(6, 8, device="meta", requires_grad=True)
    teacher, labels = torch.zeros(6, 8, device="meta"), torch.zeros(6, dtype=torch.int64, device="meta")
    entry = METHODS[method]
    objective = Objective(
        (LossTerm(entry, entry.Settings()),), 0.1, label_smoothing=0.1, student_dim=8, teacher_dims=(8, 8)
    ).to("meta")
    statistics = TeacherStatistics(torch.zeros(8, 8, device="meta"), torch.zeros(6, device="meta"))
    teachers = (Outputs(teacher, teacher),) * 2
    parts = objective(Outputs(student, student), labels, teachers, statistics=(statistics,) * 2)
    parts.total.backward()  # type: ignore[no-untyped-call]
    assert student.grad is not None


@pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_losses_for_labels_and_weights_of_teachers_ask_for_no_value(loss: str, weighting: str) -> None:
    student = torch.zeros(6, 8, device="meta", requires_grad=True)
    teacher, labels = torch.zeros(6, 8, device="meta"), torch.zeros(6, dtype=torch.int64, device="meta")
    kl, entry = METHODS["kl"], CLASSIFICATION_LOSSES[loss]
    objective = Objective(
        (LossTerm(kl, kl.Settings()),),
        0.1,
        class_counts=torch.ones(8, dtype=torch.int64, device="meta"),
        weighting=WEIGHTINGS[weighting],
        label_term=LabelTerm(entry, entry.Settings()),
    )
    objective(Outputs(student), labels, (Outputs(teacher),) * 2).total.backward()  # type: ignore[no-untyped-call]
    assert student.grad is not None


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_images_are_prepared_without_asking_for_a_value(name: str) -> None:
    images = torch.zeros(3, 16, 16, 3, dtype=torch.uint8, device="meta")
    placed = StagedImages(images, torch.device("meta"), "device")
    batch = placed.batch(np.arange(20) % 3, torch.arange(20, device="meta") % 3)
    entry = AUGMENTATIONS[name]
    changed = entry.images(batch, np.arange(20), np.arange(20) + 5, entry.Settings())
    assert normalise(changed, PREPROCESSING).shape == (20, 3, 16, 16)
