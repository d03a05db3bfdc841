"""The window: its first paint, Classify ready, and how late its timers fire while a run trains on all cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from ratios import Ratio, Settings, turns

from core.classes import CLASS_SETS

ISIC2019 = CLASS_SETS["isic2019"]

_HERE = Path(__file__).parent
_FIRST_PAINT = 0.5  # seconds over a bare window
_P99, _MAX = 20.0, 100.0  # milliseconds


def measure(settings: Settings) -> list[Ratio]:
    """The three of them."""
    return [*_opening(settings), *_lateness(settings)]


def asked(script: str, *arguments: str) -> str:
    """The last line that a script of this folder prints, with a screen or without."""
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    command = [sys.executable, str(_HERE / script), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if result.returncode:
        raise RuntimeError(f"{script} {' '.join(arguments)}: {result.stderr[-1000:]}")
    return result.stdout.splitlines()[-1]


def seconds(what: str, path: Path) -> float:
    """One measurement of opening.py."""
    return float(asked("opening.py", what, str(path)))


def _opening(settings: Settings) -> list[Ratio]:
    model = _model(settings.folder)
    measures = [partial(seconds, what, model) for what in ("empty", "window", "alone", "ready")]
    empty, window, alone, ready = turns(settings.turns, *measures, best=min)
    note = f"{window:.2f} s, a bare window {empty:.2f} s"
    return [
        Ratio("first paint, beyond a bare window's", window - empty, _FIRST_PAINT, "s", 1.0, False, note),
        Ratio("Classify ready, against the libraries alone", ready, alone, "s", None, False, "from the start"),
    ]


def _lateness(settings: Settings) -> list[Ratio]:
    span = "8" if settings.quick else "25"
    found = json.loads(asked("lateness.py", "window", str(settings.folder), span))
    noise = json.loads(asked("lateness.py", "empty", str(settings.folder), span))
    note = f"{found['ticks']} ticks; beside an empty window p99 {noise['p99']:.1f}, longest {noise['max']:.0f} ms"
    work = "of its own computing at a time"
    return [
        Ratio("lateness while a run trains, 99 of 100 ticks", found["p99"], _P99, "ms", 1.0, False, note),
        Ratio("lateness while a run trains, longest", found["max"], _MAX, "ms", 1.0, False),
        Ratio("what the window computes itself, longest", found["own_max"], _MAX, "ms", None, False, work),
    ]


def _model(folder: Path) -> Path:
    """A model that knows nothing: loading it takes as long."""
    from core.models.factory import create_model
    from core.models.files import save_model
    from core.models.info import ModelInfo

    created = create_model("mobilenetv2_100", weights="none", image_size=224, classes=ISIC2019)
    file = folder / "window.safetensors"
    save_model(file, created.model, ModelInfo("mobilenetv2_100", created.preprocessing, classes=ISIC2019))
    return file
