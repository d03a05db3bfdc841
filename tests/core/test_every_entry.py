"""Every entry of every registry that a training asks goes through a whole run, and stopped in the middle of an epoch
ends with the numbers of one that was not: whoever adds an entry has it tested here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.augmentation.entries import AUGMENTATIONS
from core.data.augmentation.mixtures import MIXTURES
from core.distillation.classification import CLASSIFICATION_LOSSES
from core.distillation.curricula import DIFFICULTIES, ORDERS, PACINGS, REDRAWS
from core.distillation.methods import METHODS
from core.distillation.weightings import WEIGHTINGS
from core.runs.folder import RunFolder
from tests.core.tiny_runs import run

RECIPE = """
data = {{path = '{data}', image_size = 32, split = [0.5, 0.3, 0.2]}}
classes = {{set = "own", own = [{{code = "acne"}}, {{code = "eczema"}}, {{code = "psoriasis"}}]}}
teacher = {{architecture = "test_resnet", weights = "none", run = '{teacher}'{teaching}}}
student = {{architecture = "test_efficientnet", weights = "none"}}
optimisation = {{learning_rate = 0.003, batch_size = 8, epochs = 3{optimising}}}
hardware = {{device = "cpu", threads = 1}}
"""

_CURRICULUM = 'curriculum = {{difficulty = "{}", order = "easy_first", pacing = "linear"}}'
_LOSSES = [name for name, method in METHODS.items() if method.needs]


def _terms(method: str) -> str:
    """A method with every other one as a further loss."""
    further = ", ".join(f'{{method = "{name}", weight = 0.1}}' for name in _LOSSES if name != method)
    return f'distillation = {{method = "{method}", alpha = 0.5, term = [{further}]}}'


CASES: dict[str, Mapping[str, str]] = {
    **{f"method {name}": {"rest": f'distillation = {{method = "{name}"}}'} for name in METHODS},
    "norm and direction in views": {
        "optimising": ', augmentation = "light"',
        "teaching": ", views = 3",
        "rest": 'distillation = {method = "norm_direction", alpha = 0.5}',
    },
    **{f"every loss on {name}": {"rest": _terms(name)} for name in ("kl", "dist")},
    **{
        f"weighting {name}": {
            "teaching": f", also = ['{{teacher}}'], weighting = \"{name}\"",
            "rest": 'distillation = {method = "kl", alpha = 0.5}',
        }
        for name in WEIGHTINGS
    },
    **{
        f"loss for the labels {name}": {"optimising": f', sampler = "shuffle", classification_loss = "{name}"'}
        for name in CLASSIFICATION_LOSSES
    },
    **{
        f"augmentation {name}": {
            "optimising": f', augmentation = "{name}"',
            "teaching": ", views = 3",
            "rest": 'distillation = {method = "kl", alpha = 0.5}',
        }
        for name in AUGMENTATIONS
    },
    **{
        f"mixture {name}, teacher {source}": {
            "optimising": f', mixture = "{name}"',
            "teaching": f', source = "{source}"',
            "rest": 'distillation = {method = "kl", alpha = 0.5}',
        }
        for name in MIXTURES
        for source in ("stored", "online")
    },
    "adjusted afterwards": {"optimising": ', sampler = "shuffle", adjust_logits = 1.0'},
    "average, layers, head first": {"optimising": ", ema = 0.9, layer_decay = 0.7, head_epochs = 1"},
    **{f"difficulty {name}": {"rest": _CURRICULUM.format(name)} for name in DIFFICULTIES},
    **{f"order {name}": {"rest": f'curriculum = {{order = "{name}", pacing = "linear"}}'} for name in ORDERS},
    **{f"pacing {name}": {"rest": f'curriculum = {{order = "random", pacing = "{name}"}}'} for name in PACINGS},
    **{f"redraw {name}": {"rest": f'curriculum = {{redraw = "{name}"}}'} for name in REDRAWS},
}


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Images in three folders, and a finished teacher of theirs."""
    data, generator = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for number in range(60):
        folder = data / ("acne", "eczema", "psoriasis")[number % 3]
        folder.mkdir(exist_ok=True)
        pixels = np.clip(generator.normal(60 + 70 * (number % 3), 60, (32, 32, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    teacher = run(tmp_path_factory.mktemp("runs"), 'task = "teacher"\n' + _recipe({"data": data, "teacher": ""}))
    return {"data": data, "teacher": teacher.path}


def _recipe(paths: Mapping[str, Any], case: Mapping[str, str] = {}) -> str:
    parts = {key: case.get(key, "").format(**paths) for key in ("teaching", "optimising")}
    return RECIPE.format(**paths, **parts) + case.get("rest", "")


def _said(folder: RunFolder) -> tuple[object, ...]:
    return [row.train_loss for row in folder.history()], folder.predictions().logits.tolist()


@pytest.mark.parametrize("case", CASES)
def test_an_entry_goes_through_a_whole_run_stopped_or_not(
    case: str, paths: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.training.meter._REPORT_SECONDS", 0.0)
    whole, parts = (run(tmp_path, _recipe(paths, CASES[case]), stop_in) for stop_in in (0, 2))
    assert len(whole.history()) == 3
    assert _said(parts) == _said(whole)
