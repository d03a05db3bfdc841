"""What a person waits for with much data: the table of 1,000 runs, a data set of 25,331 images, a comparison."""

from __future__ import annotations

import csv
import json
import os
import time
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from ratios import Ratio, Settings, turns
from window_bench import seconds

from core.classes import CLASS_SETS
from core.evaluation.comparison import LabelledLogits, compare
from core.evaluation.metrics import score, scores_to_json
from core.recipe import Recipe, recipe_to_toml, set_values

ISIC2019 = CLASS_SETS["isic2019"]

RUNS, IMAGES, COMPARED = 1000, 25_331, 25_000
_TABLE, _WIZARD, _COMPARISON = 1.0, 3.0, 2.0  # seconds that a person is allowed to wait
_SHARES = np.array([18, 51, 13, 3, 10, 1, 1, 3]) / 100  # of the classes of ISIC 2019, about


def measure(settings: Settings) -> list[Ratio]:
    """The three waits."""
    runs, data = _many_runs(settings.folder / "runs"), _many_images(settings.folder / "isic")
    table, wizard, comparison = turns(
        settings.turns, partial(seconds, "table", runs), partial(seconds, "wizard", data), _comparison(), best=min
    )
    from_click = "from the click on Results to the filled table; no run was read before"
    from_path = "from naming the folder to the table of its parts, while the images are being checked"
    return [
        Ratio(f"the table of {RUNS:,} runs opens", table, _TABLE, "s", 1.0, False, from_click),
        Ratio(f"a data set of {IMAGES:,} images in the assistant", wizard, _WIZARD, "s", 1.0, False, from_path),
        Ratio(f"two runs compared, {COMPARED:,} images", comparison, _COMPARISON, "s", 1.0, False, "2,000 resamples"),
    ]


def _many_runs(root: Path) -> Path:
    """Finished runs with a recipe of their own each, as listed: their models and predictions are not there."""
    rng = np.random.default_rng(0)
    for number in range(RUNS):
        folder = root / f"20260101-{number:06d}-run-{number}"
        folder.mkdir(parents=True)
        recipe = set_values(Recipe(), [f"optimisation.seed={number}", "distillation.method=kl"])
        (folder / "recipe.toml").write_text(recipe_to_toml(recipe), encoding="utf-8")
        created = f"2026-01-01T00:{number // 60 % 60:02d}:{number % 60:02d}.000+00:00"
        status = {"state": "finished", "name": f"run {number}", "created": created, "updated": created, "epoch": 25}
        (folder / "status.json").write_text(json.dumps({**status, "epochs": 25}), encoding="utf-8")
        (folder / "environment.json").write_text(json.dumps({"parameters": 2_234_120}), encoding="utf-8")
        scores = scores_to_json(score(rng.choice(8, 200, p=_SHARES), rng.normal(size=(200, 8)), ISIC2019))
        (folder / "metrics.json").write_text(
            json.dumps({"classes": list(ISIC2019.codes), "validation": scores, "test": scores}), encoding="utf-8"
        )
        os.utime(folder)
    return root


def _many_images(root: Path) -> Path:
    """The tables of ISIC 2019 with as many images, which are one small picture under many names."""
    pictures = root / "ISIC_2019_Training_Input"
    pictures.mkdir(parents=True)
    first = root / "picture.jpg"
    Image.new("RGB", (64, 64), (200, 150, 130)).save(first)
    labels = np.random.default_rng(0).choice(8, IMAGES, p=_SHARES)
    names = [f"ISIC_{number:07d}" for number in range(IMAGES)]
    for name in names:
        (pictures / f"{name}.jpg").hardlink_to(first)
    truths = [
        [name, *(f"{float(label == k)}" for k in range(8)), "0.0"] for name, label in zip(names, labels, strict=True)
    ]
    _write(root / "ISIC_2019_Training_GroundTruth.csv", ["image", *ISIC2019.codes, "UNK"], truths)
    facts = [[name, "45", "anterior torso", f"IL_{number // 2:07d}", "female"] for number, name in enumerate(names)]
    header = ["image", "age_approx", "anatom_site_general", "lesion_id", "sex"]
    _write(root / "ISIC_2019_Training_Metadata.csv", header, facts)
    return root


def _write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def _comparison() -> partial[float]:
    """Two runs with 25,000 predictions of 12,500 lesions."""
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.choice(8, COMPARED // 2, p=_SHARES), 2)
    names = tuple(f"image {row}" for row in range(COMPARED))
    lesions = tuple(f"lesion {row // 2}" for row in range(COMPARED))

    def predicted(margin: float) -> LabelledLogits:
        logits = rng.normal(size=(COMPARED, 8)).astype(np.float32)
        logits[np.arange(COMPARED), labels] += margin
        return LabelledLogits(names, labels, logits, lesions, ISIC2019)

    return partial(_compared, predicted(2.0), predicted(2.1))


def _compared(first: LabelledLogits, second: LabelledLogits) -> float:
    begin = time.perf_counter()
    compare(first, second, resamples=2000)
    return time.perf_counter() - begin
