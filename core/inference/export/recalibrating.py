"""Temperature and calibration statistics of an 8-bit network: its answers and features are not quite the original's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.data.types import Part
from core.events import CancelToken, Emit, Phase, Progress
from core.inference.calibrating import MOST_KNOWN, PartOutputs, balanced_sample, stored_appearance, with_lesions
from core.inference.export.material import Material
from core.inference.network import Network
from core.inference.out_of_distribution import Descriptors, fit_statistics
from core.models.calibration_statistics import CalibrationStatistics
from core.models.info import ModelInfo

_BATCH = 32


def sample(material: Material, most: int, seed: int = 0) -> NDArray[np.int64]:
    """At most `most` training images, alike many of each class as far as they go; sorted indices (n,)."""
    return balanced_sample(material.store.labels[material.train], material.train, most, seed)


def recalibrate(
    network: Network, info: ModelInfo, material: Material, emit: Emit, token: CancelToken
) -> tuple[ModelInfo, CalibrationStatistics]:
    """The description with the network's own temperature, and its calibration statistics, from calibrating and training
    images, and from test images where it is these that exports are checked on.

    A temperature of 1 stays: the original was not calibrated, for a reason. Raises `Cancelled`.
    """
    from core.evaluation.calibration import fit_temperature

    known = sample(material, MOST_KNOWN)
    tests = material.check if material.part == Part.TEST.value else material.check[:0]
    classes, total = len(info.classes), len(known) + len(material.calibration) + len(tests)
    done, outputs = 0, []
    for indices in (material.calibration, known, tests):
        outputs.append(_infer(network, classes, material, indices, (done, total), emit, token))
        done += len(indices)
    (logits, calibrating), (_, training), (tested, _) = outputs
    labels = material.store.labels
    calibrated = PartOutputs(Part.CALIBRATION, material.calibration, labels[material.calibration], logits, None)
    if info.temperature != 1.0:
        info = replace(info, temperature=fit_temperature(calibrated.labels, logits))
    statistics = fit_statistics(logits, calibrated.labels, calibrating, training)
    test = PartOutputs(Part.TEST, tests, labels[tests], tested, None)
    return info, with_lesions(statistics, calibrated, test, material.lesions, seed=0)


def _infer(
    network: Network,
    classes: int,
    material: Material,
    indices: NDArray[np.int64],
    progress: tuple[int, int],
    emit: Emit,
    token: CancelToken,
) -> tuple[NDArray[np.float32], Descriptors]:
    """The logits of images, and what the out-of-distribution score is computed from. `progress`: images done before,
    and in all."""
    logits, features = [np.zeros((0, classes), np.float32)], []
    for start in range(0, len(indices), _BATCH):
        token.check()
        emit(Progress(Phase.CALIBRATING, progress[0] + start, progress[1]))
        found = network.infer(material.store.gather(indices[start : start + _BATCH]), token)
        logits.append(found[0])
        if found[1] is not None:
            features.append(found[1])
    descriptors = Descriptors(
        np.concatenate(features) if features else None, stored_appearance(material.store, indices, token)
    )
    return np.concatenate(logits), descriptors
