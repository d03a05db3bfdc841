"""Calibrate a run's model, or a model file, on labelled images of one's own clinic, and keep that beside the file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from core.data.choices import NO_CHOICES, Choices
from core.data.types import DataSet
from core.events import CancelToken, Emit
from core.inference.classifier import model_file_of
from core.inference.local_calibration import LocalCalibration, write_local
from core.inference.local_fitting import calibrate_locally
from core.runs.evaluating import leak_notes
from core.runs.folder import RunFolder


def calibrate_on_own(
    source: Path, data: Path, emit: Emit, token: CancelToken, *, choices: Choices = NO_CHOICES, device: str = "auto"
) -> LocalCalibration:
    """Calibrate the model of a run folder or model file on `data`, as `core.inference.local_fitting` does it, and write
    it beside the model file, in place of an earlier one. The model file and the run's scores stay as they are.

    Raises `SkinKDError` as `calibrate_locally` and `write_local` do; `Cancelled`. Then nothing was changed.
    """
    local = calibrate_locally(
        source, data, choices=choices, device=device, remarks=partial(_leaks, source), emit=emit, token=token
    )
    token.check()
    write_local(model_file_of(source), local)
    return local


def _leaks(source: Path, dataset: DataSet) -> tuple[str, ...]:
    """Whether the run learned from these images."""
    if not source.is_dir():
        return ()
    return leak_notes(dataset, np.arange(len(dataset.records)), RunFolder(source).split_rows)
