"""The teacher's answers to images, in batches of several sizes: whether the product's own size is a good one."""

from __future__ import annotations

import core  # noqa: F401  (before numpy and torch: it says how their threads wait)

# isort: split
from time import perf_counter

import numpy as np
import torch
from ratios import Ratio, Settings, say
from resident import device, network, random_store, scale

from core.models.batchnorm_fusion import fuse_batchnorm
from core.models.forward import forward_logits, inference_batch

GOAL = 0.9
_SECONDS = 3.0
"""Of each size, about."""


def measure(settings: Settings) -> list[Ratio]:
    """The rate at the product's size of a batch, against the best of all sizes."""
    own, place = scale(), device()
    made = network(own.teacher, own.size)
    teacher = fuse_batchnorm(made.model, own.size)
    store = random_store(own.asked, own.size)
    default = inference_batch(torch.device(place.device))
    rows, rates = np.arange(len(store)), dict[int, float]()
    for size in sorted({default, 64, 128, 256, 512} if own.asked > 100 else {default, 4}):

        def ask(count: int, size: int = size) -> float:
            begin = perf_counter()
            forward_logits(
                teacher,
                made.preprocessing,
                store,
                rows[:count],
                device=place.device,
                precision=place.inference_precision,
                batch_size=size,
            )
            return count / (perf_counter() - begin)

        ask(min(size, len(rows)))  # the first one prepares
        pace = ask(min(size, len(rows)))
        rates[size] = ask(max(size, min(len(rows), round(_SECONDS * pace / size) * size)))
        say(f"  batches of {size}: {rates[size]:.4g} images/s")
    best = max(rates, key=lambda size: rates[size])
    note = f"{own.teacher}, {own.size} px, precision {place.inference_precision}; best: {best}; "
    note += ", ".join(f"{size}: {rate:.4g}" for size, rate in rates.items())
    return [
        Ratio(
            f"teacher's answers in batches of {default} / best",
            rates[default],
            rates[best],
            "images/s",
            GOAL,
            note=note,
        )
    ]
