"""The same distillation with torchdistill, run by the Python of its own environment (see torchdistill_bench.py).

`python torchdistill_peer.py TASK.json RESULT.json`: the task names files, labels, order, both networks with their
weights, and the recipe; the result holds the loss of every step and images per second after the first step.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

import peer
import timm
import torch
from safetensors.torch import load_file
from torchdistill.common.constant import def_logger
from torchdistill.core.distillation import get_distillation_box


class InOrder(torch.utils.data.Sampler[int]):
    """The given order of images."""

    def __init__(self, dataset: object, order: list[int]) -> None:
        self.order = order

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.order)

    def __len__(self) -> int:
        return len(self.order)


def main() -> None:
    """Read the task, train, write the result."""
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    def_logger.setLevel(logging.WARNING)
    images = peer.Photographs([Path(file) for file in task["files"]], task["labels"], task["size"])
    networks = [_network(task[name]) for name in ("teacher", "student")]
    networks[0].eval()
    device = torch.device(task["device"])
    box = get_distillation_box(
        *networks, {"train": images}, _configuration(task), device, None, distributed=False, lr_factor=1
    )
    losses, ends = [], []
    box.pre_epoch_process(epoch=0)
    for batch, labels, more in box.train_data_loader:
        loss = box.forward_process(batch.to(device), labels.to(device), more)
        box.post_forward_process(loss)
        losses.append(loss.item())
        ends.append(time.perf_counter())
    rate = task["batch"] * (len(ends) - 1) / (ends[-1] - ends[0])
    result = {"losses": losses, "images_per_second": rate}
    Path(sys.argv[2]).write_text(json.dumps(result), encoding="utf-8")


def _network(named: dict[str, str]) -> torch.nn.Module:
    model: torch.nn.Module = timm.create_model(named["architecture"], num_classes=8)
    model.load_state_dict(load_file(named["weights"]))
    return model


def _configuration(task: dict[str, object]) -> dict[str, object]:
    """What torchdistill's YAML files hold. Its alpha weighs the labels, ours the teacher."""
    kept = {"forward_proc": "forward_batch_only"}
    loss = {
        "key": "KDLoss",
        "kwargs": {
            "student_module_path": ".",
            "student_module_io": "output",
            "teacher_module_path": ".",
            "teacher_module_io": "output",
            "temperature": task["temperature"],
            "alpha": 1 - float(str(task["alpha"])),
            "reduction": "batchmean",
        },
    }
    rate = {"lr": task["learning_rate"], "weight_decay": 0.01}
    return {
        "num_epochs": 1,
        "train_data_loader": {
            "dataset_id": "train",
            "sampler": {"class_or_func": InOrder, "kwargs": {"order": task["order"]}},
            "kwargs": {"batch_size": task["batch"], "num_workers": 2},
        },
        "teacher": {**kept, "requires_grad": False},
        "student": {**kept, "requires_grad": True},
        "optimizer": {"key": "Adam", "kwargs": rate},
        "criterion": {"key": "WeightedSumLoss", "kwargs": {"sub_terms": {"kd": {"criterion": loss, "weight": 1.0}}}},
    }


if __name__ == "__main__":
    main()
