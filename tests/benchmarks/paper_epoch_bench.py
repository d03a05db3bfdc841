"""An epoch of a student of the paper: 17,728 images of 224 pixels on the device, KL from a teacher's stored answers."""

from __future__ import annotations

import core  # noqa: F401  (before numpy and torch: it says how their threads wait)

# isort: split
from functools import partial

import torch
from ratios import Ratio, Settings
from relay import Runner
from resident import PAPER_TRAIN, device, random_store, random_teacher, recipe_of, scale, train

EPOCHS = 25


def measure(settings: Settings) -> list[Ratio]:
    """Images per second of the whole epoch, as the recipe's `auto` computes it, and of one that is not compiled."""
    own = scale()
    store, teacher = random_store(own.epoch, own.size), random_teacher(own.epoch)
    rates = {}
    for compiled in ("auto", "off"):
        recipe = recipe_of(own, "distillation.method=kl", f"hardware.compile={compiled}")
        runner = Runner(partial(train, store, recipe, teacher=teacher))
        runner.epoch()  # prepares
        rates[compiled] = runner.epoch()
        runner.end()
    seconds = PAPER_TRAIN / rates["auto"]
    note = f"{own.student}, {device().description}; {EPOCHS} epochs of {PAPER_TRAIN:,}: {EPOCHS * seconds / 60:.1f} min"
    if device().device.startswith("cuda"):
        note += f"; at most {torch.cuda.max_memory_allocated() / 1e9:.1f} GB of the GPU"
    return [Ratio("KL epoch / not compiled", rates["auto"], rates["off"], "images/s", note=note)]
