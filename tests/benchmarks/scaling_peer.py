"""One of the processes that `scaling_bench` measures (RANK, WORLD_SIZE, LOCAL_RANK and SKINKD_MEET say which).

`python tests/benchmarks/scaling_peer.py SIZE BATCH THREADS STEPS EPOCHS OUT` trains a student on noise and writes what
it took; the batch is that of all processes.
"""

from __future__ import annotations

import core  # noqa: F401  (before numpy and torch: it says how their threads wait)

# isort: split
import json
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import torch
from resident import FULL, ISIC2019, network, random_store, random_teacher, recipe_of

from core.evaluation.metrics import score
from core.process_group import ProcessGroup, process_group, working_with
from core.training.batches import FitData
from core.training.checkpoint import CheckpointFolder
from core.training.engine import join_processes
from core.training.hardware import fixed_threads, resolve
from core.training.loop import fit

_TRIES = 10


def main(size: int, batch: int, threads: int, steps: int, epochs: int, out: Path) -> None:
    """Train; the first process writes the rates (images a second of each epoch), and what the gradients take."""
    processes, images = int(os.environ["WORLD_SIZE"]), steps * batch
    changes = ("distillation.method=kl", f"data.image_size={size}", f"optimisation.epochs={epochs}")
    changes += (f"optimisation.batch_size={batch}", f"hardware.threads={threads}")
    recipe = recipe_of(FULL, *changes, "hardware.compile=off", f"hardware.devices={processes}")
    hardware = resolve(recipe.hardware)
    if processes > 1:
        join_processes(hardware, processes, 1, os.environ["SKINKD_MEET"])
    group = process_group()
    made = network(FULL.student, size)
    weights = sum(parameter.numel() for parameter in made.model.parameters())
    store, rows = random_store(images, size), torch.arange(images).numpy()
    with tempfile.TemporaryDirectory() as folder, working_with(group), fixed_threads(hardware.threads):
        result = fit(
            made.model,
            made.preprocessing,
            FitData(store, rows, rows[:2], (random_teacher(images),)),
            recipe,
            hardware=hardware,
            score=partial(score, classes=ISIC2019),
            checkpoint=CheckpointFolder(Path(folder)),
        )
        exchange = _exchange(group, weights, hardware.device)
    if group.leads:
        rates = [record.images_per_second for record in result.history]
        device = hardware.description
        found = {"rates": rates, "exchange": exchange, "bytes": 4 * weights, "device": device}
        out.write_text(json.dumps(found), encoding="utf-8")


def _exchange(group: ProcessGroup, weights: int, device: str) -> float:
    """Seconds in which so many gradients are added up; the median."""
    gradients, times = torch.zeros(weights, device=device), []
    for _ in range(_TRIES):
        begin = time.perf_counter()
        group.add([gradients])
        float(gradients[0])  # waits for a GPU
        times.append(time.perf_counter() - begin)
    return sorted(times)[_TRIES // 2]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:6]), Path(sys.argv[6]))
