"""`make bench`: a few ratios that should stay where they are, each measured in one run on this machine.

Compared things take turns, and the best of the turns counts: other programs only ever make a turn slower.
Absolute times depend on the machine; the ratios hardly do. Writes .benchmarks/latest.json.
"""

from __future__ import annotations

import core  # noqa: F401  (before numpy and torch: it says how their threads wait)

# isort: split
import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from core.data.reading import read_dataset
from core.data.sample_set import write_sample_set
from core.data.store import ImageStore, open_store
from core.data.types import DataSet
from core.distillation.knowledge import teacher_logits
from core.evaluation.comparison import LabelledLogits, compare
from core.evaluation.metrics import score
from core.models.factory import create_model
from core.models.files import save_model
from core.models.info import ModelInfo
from core.models.preprocessing import normalise
from core.recipe import Recipe, set_values
from core.training.batches import FitData
from core.training.checkpoint import CheckpointFolder
from core.training.hardware import resolve
from core.training.loop import fit

OUT = Path(".benchmarks") / "latest.json"
BATCH = 32


@dataclass(frozen=True)
class Ratio:
    """`measured` / `reference` of two rates or times; `expected` says where the ratio should lie."""

    name: str
    measured: float
    reference: float
    unit: str
    expected: str

    @property
    def ratio(self) -> float:
        """How many times the reference."""
        return self.measured / self.reference


@dataclass(frozen=True)
class Bench:
    """What every measurement works on."""

    dataset: DataSet
    store: ImageStore
    recipe: Recipe
    folder: Path
    turns: int

    @property
    def train(self) -> np.ndarray:
        """All images but the first batch."""
        return np.arange(BATCH, len(self.store), dtype=np.int64)


def main() -> None:
    """Measure, print the table, write the JSON."""
    arguments = parsed()
    say(f"{platform.platform()}, {platform.processor() or platform.machine()}, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as name:
        bench = prepare(Path(name), arguments)
        ratios = [*measure_training(bench), measure_decoding(bench), measure_comparison(arguments.turns)]
        ratios += measure_classifying(bench)
    say(f"{'':52}{'measured':>12}{'reference':>12}{'ratio':>8}  expected")
    for item in ratios:
        say(
            f"{item.name:52}{item.measured:12.1f}{item.reference:12.1f}{item.ratio:8.2f}  {item.expected} ({item.unit})"
        )
    OUT.parent.mkdir(exist_ok=True)
    document = {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "arguments": vars(arguments),
        "ratios": [{**asdict(item), "ratio": item.ratio} for item in ratios],
    }
    OUT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    say(f"Written to {OUT}")


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--architecture", default="mobilenetv2_100")
    parser.add_argument("--teacher", default="resnet18")
    parser.add_argument("--image-size", type=int, default=128)
    parser.add_argument("--images", type=int, default=352, help="of the sample set, at least 64")
    parser.add_argument("--turns", type=int, default=3)
    return parser.parse_args()


def prepare(folder: Path, arguments: argparse.Namespace) -> Bench:
    """Write the sample set, decode it, and fix what is trained."""
    data = write_sample_set(folder / "data", images=arguments.images, seed=0, size=256)
    dataset = read_dataset(data)
    recipe = set_values(
        Recipe(),
        [
            f"data.image_size={arguments.image_size}",
            f"student.architecture={arguments.architecture}",
            "student.weights=none",
            f"teacher.architecture={arguments.teacher}",
            "teacher.weights=none",
            f"optimisation.batch_size={BATCH}",
            "optimisation.patience=0",
            "optimisation.epochs=2",
        ],
    )
    store = open_store(dataset, arguments.image_size, cache=folder / "cache")
    return Bench(dataset, store, recipe, folder, arguments.turns)


def measure_training(bench: Bench) -> list[Ratio]:
    """Our epoch against a bare loop on ready tensors, and an epoch with KL against one without."""
    known = knowledge(bench)
    distilled = set_values(bench.recipe, ["distillation.method=kl"])
    bare, plain, learned, ordered = turns(
        bench.turns,
        lambda: bare_rate(bench),
        lambda: epoch_rate(bench, bench.recipe, None),
        lambda: epoch_rate(bench, distilled, known),
        lambda: epoch_rate(bench, set_values(distilled, ["curriculum.order=teacher_confidence"]), known),
    )
    unit = "images/s"
    return [
        Ratio("our epoch, images included / bare step on a tensor", plain, bare, unit, "0.9 or more"),
        Ratio("epoch with KL / plain epoch", learned, plain, unit, "0.95 or more"),
        Ratio("epoch with KL and curriculum / plain epoch", ordered, plain, unit, "0.95 or more"),
    ]


def measure_decoding(bench: Bench) -> Ratio:
    """Decoding with all cores against one."""

    def rate(threads: int) -> float:
        with tempfile.TemporaryDirectory(dir=bench.folder) as cache:
            begin = time.perf_counter()
            open_store(bench.dataset, bench.store.image_size, cache=Path(cache), threads=threads)
            return len(bench.store) / (time.perf_counter() - begin)

    one, every = turns(bench.turns, lambda: rate(1), lambda: rate(0))
    return Ratio("decoding with all cores / with one", every, one, "images/s", "near the number of cores")


def measure_classifying(bench: Bench) -> list[Ratio]:
    """Files to recorded verdicts, against decoding or forward alone, and against both where they share the cores."""
    from classifying import classifying_rates

    files = [record.path for record in bench.dataset.records if record.path is not None]
    measures = classifying_rates(bench.recipe.student.architecture, bench.store, files, bench.folder)
    decode, forward, classify = turns(bench.turns, *measures)
    unit = "images/s"
    return [
        Ratio("classifying files / the slower of decode and forward", classify, min(decode, forward), unit, "0.9"),
        Ratio("classifying files / both on the same cores", classify, 1 / (1 / decode + 1 / forward), unit, "0.9"),
    ]


def measure_comparison(count: int) -> Ratio:
    """Two runs with 25,000 predictions of 12,500 lesions and 2,000 resamples, against the 2 s that a person waits."""
    rng = np.random.default_rng(0)
    images = 25_000
    labels = np.repeat(rng.choice(8, images // 2, p=np.array([18, 51, 13, 3, 10, 1, 1, 3]) / 100), 2)
    names = tuple(f"image {row}" for row in range(images))
    lesions = tuple(f"lesion {row // 2}" for row in range(images))

    def predicted(margin: float) -> LabelledLogits:
        logits = rng.normal(size=(images, 8)).astype(np.float32)
        logits[np.arange(images), labels] += margin
        return LabelledLogits(names, labels, logits, lesions)

    first, second = predicted(2.0), predicted(2.1)

    def rate() -> float:
        begin = time.perf_counter()
        compare(first, second, resamples=2000)
        return 1 / (time.perf_counter() - begin)

    (measured,) = turns(count, rate)
    return Ratio("comparisons of two runs, 25,000 images", measured, 0.5, "1/s", "1 or more: under 2 s")


def turns(count: int, *measures: Callable[[], float]) -> tuple[float, ...]:
    """The best rate of each measure, taking turns `count` times."""
    rounds = [[measure() for measure in measures] for _ in range(count)]
    return tuple(max(values) for values in zip(*rounds, strict=True))


def bare_rate(bench: Bench) -> float:
    """Images per second of forward, backward and step on one tensor that is ready: nothing can be faster."""
    created = create_model(bench.recipe.student.architecture, weights="none", image_size=bench.store.image_size)
    model = created.model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-5)
    images = normalise(torch.from_numpy(bench.store.gather(bench.train[:BATCH])), created.preprocessing)
    labels = torch.from_numpy(bench.store.labels[bench.train[:BATCH]])
    steps = len(bench.train) // BATCH

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    step()
    begin = time.perf_counter()
    for _ in range(steps):
        step()
    return steps * BATCH / (time.perf_counter() - begin)


def epoch_rate(bench: Bench, recipe: Recipe, known: np.ndarray | None) -> float:
    """Images per second of the second epoch of the product's loop; the first one warms up."""
    created = create_model(recipe.student.architecture, weights="none", image_size=bench.store.image_size)
    data = FitData(bench.store, bench.train, np.arange(BATCH, dtype=np.int64), known)
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        result = fit(
            created.model,
            created.preprocessing,
            data,
            recipe,
            hardware=resolve(recipe.hardware, lambda event: None),
            score=score,
            checkpoint=CheckpointFolder(Path(folder)),
        )
    return result.history[-1].images_per_second


def knowledge(bench: Bench) -> np.ndarray:
    """The logits of a teacher that knows nothing: the cost is the same."""
    recipe = bench.recipe
    created = create_model(recipe.teacher.architecture, weights="none", image_size=bench.store.image_size)
    file = bench.folder / "teacher.safetensors"
    save_model(file, created.model, ModelInfo(recipe.teacher.architecture, created.preprocessing))
    every = np.arange(len(bench.store), dtype=np.int64)
    return teacher_logits(file, bench.store, every, device="cpu", precision="32", cache=bench.folder / "cache")


def say(text: str) -> None:
    """A line for the person who watches."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
