"""Loading what computes: PyTorch and its kin take seconds to import, so a thread does it after the first paint.

What Classify needs comes first. PyTorch's compiler is the largest part, though nobody compiles here: torchvision (which
the model library needs) and PyTorch's optimizers both import it.
"""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Event, Notice
from core.program import repair_hint
from skinkd_gui.workers.collector import loading

if TYPE_CHECKING:
    from core.training.hardware import DeviceFacts

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Engine:
    """What was found: the devices that torch sees (the CPU last) and how long loading took, in seconds."""

    devices: tuple[DeviceFacts, ...]
    seconds: float

    @property
    def device(self) -> DeviceFacts:
        """The device that a run with device = auto takes."""
        return next(facts for facts in self.devices if facts.works)


@dataclass(frozen=True)
class ModelsReady(Event):
    """Models can be loaded now without a wait; the rest is still being loaded."""


def load_tabs(emit: Emit, token: CancelToken) -> None:
    """Import what the window's other tabs are made of."""
    with loading():
        for name in ("core.recipe", *(f"skinkd_gui.{tab}.{tab}_tab" for tab in ("classify", "results", "data"))):
            token.check()
            _load(name)


def load_engine(emit: Emit, token: CancelToken) -> Engine:
    """Import everything heavy and try the devices; safe to run while a training imports the same.

    Raises `SkinKDError` when a library is missing or broken, `Cancelled` between two libraries.
    """
    from core.atomic import remove_leftovers
    from core.paths import own_folders
    from core.sessions.pasted import clear_pasted
    from core.training.hardware import list_devices

    begin = time.monotonic()
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("scores", _compute_once),
        ("figures", _draw_once),
        ("PyTorch", lambda: _load("torch")),
        ("the image library", lambda: _load("torchvision")),
        ("the model library", lambda: _load_models(emit)),
        ("the training loop", _load_training),
    )
    with loading():
        for number, (name, step) in enumerate(steps, start=1):
            token.check()
            emit(Notice(f"Loading {name} ({number} of {len(steps)})..."))
            try:
                step()
            except ImportError as error:
                text = f"Loading {name} failed, so nothing can be trained or classified. To mend it, {repair_hint()}."
                raise SkinKDError("SkinKD can not compute", text, f"{type(error).__name__}: {error}") from error
    remove_leftovers(own_folders())
    clear_pasted()
    token.check()
    emit(Notice("Looking for a GPU..."))
    engine = Engine(list_devices(), time.monotonic() - begin)
    _log.info("engine ready after %.1f s: %s", engine.seconds, engine.devices)
    return engine


def _load(*names: str) -> None:
    for name in names:
        importlib.import_module(name)


def _compute_once() -> None:
    """Before PyTorch: to tell whose array it was given scipy looks at what is imported, and falls over a PyTorch that
    is only half there. What it found it remembers, so who looks at a run meanwhile is not shown that as an error."""
    _load("scipy.optimize")
    import numpy as np
    from scipy.special import log_softmax, logsumexp

    logsumexp(np.zeros(2))
    log_softmax(np.zeros(2))


def _load_models(emit: Emit) -> None:
    _load("timm", "core.inference.classifier")
    emit(ModelsReady())


def _load_training() -> None:
    _load("lightning_fabric", "core.runs.execute")
    _warm_up()


def _draw_once() -> None:
    """The first figure of a process looks for fonts and imports as it draws; better here than in the window."""
    _load("core.reporting.figures", "matplotlib.backends.backend_qtagg")
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from core.events import EpochRecord, LossParts
    from core.reporting.figures import FigureStyle, loss_curves

    record = EpochRecord(1, LossParts(1.0, 1.0), 0.5, 1.0, 0.5, 0.5, 0.5, 1e-3, 1.0, 1.0, best=True)
    FigureCanvasAgg(loss_curves((record,), FigureStyle())).draw()  # type: ignore[no-untyped-call]


def _warm_up() -> None:
    """One step of a tiny model: the first optimizer of a process imports hundreds of modules and stalls the window."""
    import torch

    layer = torch.nn.Linear(2, 2)
    for make in (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD):
        optimizer = make(layer.parameters(), lr=0.0)
        layer(torch.zeros(1, 2)).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
