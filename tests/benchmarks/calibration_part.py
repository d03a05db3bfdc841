"""What a calibration part is worth: how often prediction sets hold what they promise, with and without one.

    python -m tests.benchmarks.calibration_part DATA WEIGHTS.safetensors [--size 64] [--epochs 10]

A MobileNetV2 is trained on 60 % of the lesions, and what it says of the others is kept for every epoch. The others are
then divided again and again, by lesion, into images that choose the epoch, images that calibrate and images
that test: once with the first two being the same, as with `data.calibration = 0`, once with half of them for each.
Coverage is of sets of the groups malignant and benign (Mondrian, as `core.evaluation.prediction_sets`), by group.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp

from core.classes import CLASS_SETS
from core.data.checking import check_images, excluded_names
from core.data.reading import read_dataset
from core.data.store import ImageStore, open_store
from core.data.types import DataSet
from core.evaluation.calibration import fit_temperature
from core.evaluation.prediction_sets import PredictionSets, sets_at
from core.models.factory import create_model
from core.models.forward import forward_logits
from core.models.preprocessing import normalise

ISIC2019 = CLASS_SETS["isic2019"]

LEVELS = (0.90, 0.95, 0.97)
MALIGNANT = ("MEL", "BCC", "AK", "SCC")
DIVISIONS = 200


def main() -> None:
    """Train, divide again and again, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=10)
    asked = parser.parse_args()
    dataset = check_images(read_dataset(asked.data, ISIC2019))
    dataset = dataset.without(excluded_names(dataset.problems) | {r.name for r in dataset.records if r.path is None})
    lesions = np.unique([record.lesion or record.name for record in dataset.records], return_inverse=True)[1]
    learns = np.random.default_rng(0).permutation(lesions.max() + 1)[lesions] < 0.6 * (lesions.max() + 1)
    store = open_store(dataset, asked.size)
    train, held = np.flatnonzero(learns), np.flatnonzero(~learns)
    logits = _by_epoch(store, train, held, asked.weights, asked.epochs)
    accuracies = ", ".join(f"{(epoch.argmax(1) == store.labels[held]).mean():.3f}" for epoch in logits)
    lines = [
        f"{len(train):,} images to learn from, {len(held):,} others; accuracy on these by epoch: {accuracies}",
        "| calibration | " + " | ".join(f"promised {level:.0%}" for level in LEVELS) + " |",
        "|---" * (len(LEVELS) + 1) + "|",
    ]
    for share in (0.0, 0.5):
        found = [_coverage(logits, dataset, held, lesions[held], share, seed) for seed in range(DIVISIONS)]
        cells = [f"{100 * row.mean():.1f} ({100 * row.std() / DIVISIONS**0.5:.1f})" for row in np.array(found).T]
        lines.append(f"| {share:g} | " + " | ".join(cells) + " |")
    sys.stdout.write("\n".join(lines) + "\n")


def _by_epoch(
    store: ImageStore, train: NDArray[np.int64], held: NDArray[np.int64], weights: Path, epochs: int
) -> list[NDArray[np.float32]]:
    """Logits (held, classes) after every epoch of a plain training."""
    created = create_model("mobilenetv2_100", weights=str(weights), image_size=store.image_size, classes=ISIC2019)
    model, found = created.model, []
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-4)
    labels = torch.from_numpy(np.asarray(store.labels, np.int64))
    for epoch in range(epochs):
        model.train()
        order = np.random.default_rng(epoch).permutation(train)
        for start in range(0, len(order) - 1, 32):
            rows = order[start : start + 32]
            images = normalise(torch.from_numpy(store.gather(rows)), created.preprocessing)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images), labels[rows]).backward()
            optimizer.step()
        found.append(forward_logits(model, created.preprocessing, store, held, device="cpu"))
    return found


def _coverage(
    logits: list[NDArray[np.float32]],
    dataset: DataSet,
    held: NDArray[np.int64],
    lesions: NDArray[np.int64],
    share: float,
    seed: int,
) -> list[float]:
    """The share of test images whose group is in their set, the mean of both groups, for every level."""
    codes = tuple(dataset.counts)
    malignant = np.array([code in MALIGNANT for code in codes])
    labels = dataset.labels[held]
    numbers = np.unique(lesions)
    place = np.empty(lesions.max() + 1)
    place[numbers] = np.random.default_rng(seed).permutation(len(numbers)) / len(numbers)
    at = place[lesions]
    chooses = at < (0.5 - 0.5 * share)
    calibrates = chooses if not share else (at >= 0.5 - 0.5 * share) & (at < 0.5)
    tests = at >= 0.5
    best = max(logits, key=lambda epoch: float((epoch[chooses].argmax(1) == labels[chooses]).mean()))
    temperature = fit_temperature(labels[calibrates], best[calibrates])
    scaled = best.astype(np.float64) / temperature
    grouped = np.stack([logsumexp(scaled[:, ~malignant], axis=1), logsumexp(scaled[:, malignant], axis=1)], axis=1)
    groups = malignant[labels].astype(np.int64)
    values = PredictionSets(groups[calibrates], grouped[calibrates]).p_values(grouped[tests])
    truth = groups[tests]
    holds = [sets_at(values, level)[np.arange(len(truth)), truth] for level in LEVELS]
    return [float(np.mean([row[truth == group].mean() for group in (0, 1)])) for row in holds]


if __name__ == "__main__":
    main()
