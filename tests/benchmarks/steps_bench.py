"""Steps of student and teacher in the product's loop against the bare step on tensors that lie on the device."""

from __future__ import annotations

import core  # noqa: F401  (before numpy and torch: it says how their threads wait)

# isort: split
from collections.abc import Callable
from functools import partial
from time import perf_counter

import torch
from ratios import Ratio, Settings, middle, rounds, say
from relay import Runner
from resident import Scale, device, network, random_store, recipe_of, scale, train

from core.data.store import ImageStore
from core.recipe import Recipe
from core.training.optimisation import create_optimizer

GOAL = 0.9
_HALF = {"32": None, "bf16": torch.bfloat16, "16": torch.float16}


def measure(settings: Settings) -> list[Ratio]:
    """Student and teacher against their bare steps, none of them compiled."""
    own = scale()
    found = []
    for name, task, batches in (("student", "student", 48), ("teacher", "teacher", 12)):
        store = random_store(own.batch * (batches if own.epoch > 100 else 6), own.size)
        recipe = recipe_of(own, f"task={task}", "distillation.method=none", "hardware.compile=off")
        ours, bare = _paces(store, recipe, own, settings.turns)
        say(f"  {name}: {ours:.4g} of {bare:.4g} images/s")
        note = f"{recipe.trained.architecture}, {own.size} px, batches of {own.batch}, {device().description}"
        found.append(Ratio(f"{name} step / bare step, resident", ours, bare, "images/s", GOAL, note=note))
    return found


def _paces(store: ImageStore, recipe: Recipe, own: Scale, turns: int) -> tuple[float, float]:
    runner = Runner(partial(train, store, recipe))
    measures = (runner.epoch, _bare(store, recipe, own))
    try:
        rounds(1, *measures)  # the first one prepares
        return middle(rounds(turns, *measures), 0, 1)
    finally:
        runner.end()


def _bare(store: ImageStore, recipe: Recipe, own: Scale) -> Callable[[], float]:
    """Images per second of the training step alone, on random tensors on the device."""
    place = device()
    half = _HALF[place.precision]
    architecture = recipe.trained.architecture
    made = network(architecture, own.size).model.to(place.device).to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    optimizer = create_optimizer(made.parameters(), recipe.optimisation, place.device)
    kind = torch.device(place.device)
    batches = [
        (
            torch.randn(own.batch, 3, own.size, own.size, device=kind).to(memory_format=torch.channels_last),
            torch.randint(0, 8, (own.batch,), device=kind),
        )
        for _ in range(2)
    ]
    scaler = torch.amp.GradScaler(kind.type, enabled=place.precision == "16")

    def epoch() -> float:
        steps = len(store) // own.batch
        torch.backends.cudnn.benchmark, before = True, torch.backends.cudnn.benchmark
        begin = perf_counter()
        for step in range(steps):
            images, labels = batches[step % 2]
            with torch.autocast(kind.type, half, enabled=half is not None):
                logits = made(images)
            loss = torch.nn.functional.cross_entropy(logits.float(), labels)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        loss.item()
        torch.backends.cudnn.benchmark = before
        return steps * own.batch / (perf_counter() - begin)

    return epoch
