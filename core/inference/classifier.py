"""Classify lesion images with one model file: the training's own decoding and normalisation, in batches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.augmentation.augmentation import POSITIONS
from core.data.decoding import Decoded, decode_noted, describe_failure
from core.digests import file_digest, unchanged
from core.errors import SkinKDError
from core.evaluation.decision_levels import BENIGN_LEVEL
from core.events import CancelToken, Emit, Level, Notice, Phase, Progress, ignore
from core.inference.collect import expand_paths
from core.inference.decision_rule import DecisionRule, check_level
from core.inference.export.onnx_file import read_onnx_info, read_onnx_statistics
from core.inference.local_calibration import LocalCalibration, read_local
from core.inference.network import BATCH, Network, TorchNetwork, worker_count, workers_for
from core.inference.results import Classification
from core.inference.test_time import NOT_CALIBRATED_AVERAGED, AveragedNetwork
from core.inference.trust import DEFAULT_LEVEL, Assessment
from core.models.calibration_statistics import CalibrationStatistics
from core.models.files import read_model_info
from core.models.info import ModelInfo
from core.progress import ProgressMeter, in_order

MODEL_FILE = "model.safetensors"

__all__ = [
    "BATCH",
    "Classification",
    "Classifier",
    "expand_paths",
    "info_of",
    "is_exported",
    "model_file_of",
    "usable_local",
]


def model_file_of(path: Path) -> Path:
    """The model file at `path`: a run folder's `model.safetensors`, or the file itself. Raises `SkinKDError`."""
    if path.is_dir():
        if (path / MODEL_FILE).is_file():
            return path / MODEL_FILE
        raise SkinKDError(
            "This run has no model yet",
            f"{path} holds no {MODEL_FILE}. A run writes it when it ends; resume the run, or choose another.",
        )
    if not path.is_file():
        raise SkinKDError(
            "The model was not found", f"{path} does not exist. Give a model.safetensors file or the folder of a run."
        )
    return path


def is_exported(path: Path) -> bool:
    """Whether a model file is one for onnxruntime, by its name."""
    return path.suffix.lower() == ".onnx"


def info_of(file: Path) -> ModelInfo:
    """What a model file of either kind says of itself, from its header alone. Raises `SkinKDError`."""
    if is_exported(file):
        return read_onnx_info(file)
    return read_model_info(file)


def usable_local(source: Path, info: ModelInfo, emit: Emit = ignore) -> LocalCalibration | None:
    """The calibration on the user's own images beside a model file; one that can not be used is reported."""
    try:
        return read_local(source, info.classes)
    except SkinKDError as error:
        emit(Notice(f"{error.title}, and the model's own counts. {error.summary}", Level.WARNING))
        return None


class Classifier:
    """A loaded model that turns images into verdicts and class probabilities. Use from one thread at a time.

    `level`, that of the prediction sets, and `benign_level` may be set. Without `statistics` every verdict is
    `UNKNOWN`. `averaged` asks for test-time augmentation (`core.inference.test_time`), which a model that was
    calibrated with it has in any case; one that was not has no verdicts then. `info` is what the file says of itself,
    with the positions taken. `digest` is the SHA-256 of the file that was loaded: another may lie there by now.
    """

    def __init__(
        self,
        network: Network,
        info: ModelInfo,
        device: str,
        source: Path,
        statistics: CalibrationStatistics | None = None,
        *,
        averaged: bool = False,
        local: LocalCalibration | None = None,
        digest: str = "",
    ) -> None:
        if local is not None:
            info, statistics = replace(info, temperature=local.temperature), local.statistics
        self.local, self.digest = local, digest
        self.network = network
        calibrated_so = info.positions > 1
        self.averaged = averaged or calibrated_so
        in_the_graph = is_exported(source) and calibrated_so
        self._asked = AveragedNetwork(network) if self.averaged and not in_the_graph else network
        self.info = replace(info, positions=POSITIONS if self.averaged else 1)
        self.device = device
        self.source = source
        self.decision_rule = (
            DecisionRule(statistics, info)
            if self.averaged == calibrated_so
            else DecisionRule(None, info, NOT_CALIBRATED_AVERAGED)
        )
        self._level = DEFAULT_LEVEL
        self._benign_level = BENIGN_LEVEL

    @property
    def level(self) -> float:
        """The level of the prediction sets. Setting one outside `LEVELS` raises `SkinKDError`."""
        return self._level

    @level.setter
    def level(self, level: float) -> None:
        check_level(level)
        self._level = level

    @property
    def benign_level(self) -> float:
        """The share of malignant lesions that are not to be called benign. Setting one outside `LEVELS` raises
        `SkinKDError`."""
        return self._benign_level

    @benign_level.setter
    def benign_level(self, level: float) -> None:
        check_level(level)
        self._benign_level = level

    @classmethod
    def load(
        cls,
        path: Path,
        device: str = "auto",
        emit: Emit = ignore,
        token: CancelToken | None = None,
        *,
        averaged: bool = False,
        local: bool = True,
    ) -> Classifier:
        """The model of a run folder or a model file, ready on `device` (auto, cpu, cuda, mps), with test-time
        augmentation if `averaged`. A calibration on the user's own images that lies beside the file counts, unless
        `local` is False; one that can not be used is reported, and the model's own counts.

        Imports torch, unless it is an exported .onnx file, which another process opens. Raises `SkinKDError` when there
        is no such file, or it is not one of SkinKD's models, and `Cancelled`.
        """
        source = model_file_of(path)
        emit(Progress(Phase.LOADING, 0, 1))
        with unchanged(source):
            load = cls._load_exported if is_exported(source) else cls._load_own
            return load(source, device, emit, token, averaged, local)

    @classmethod
    def _load_own(
        cls, source: Path, device: str, emit: Emit, token: CancelToken | None, averaged: bool, local: bool
    ) -> Classifier:
        from core.models.batchnorm_fusion import fuse_batchnorm
        from core.models.files import load_model, load_statistics
        from core.recipe.schema import HardwareRecipe
        from core.training.hardware import resolve

        hardware = resolve(HardwareRecipe.model_validate({"device": device, "precision": "32"}), emit)
        model, info = load_model(source)
        model = fuse_batchnorm(model, info.preprocessing.image_size).to(hardware.device)
        emit(Progress(Phase.LOADING, 1, 1))
        network = TorchNetwork(model, info.preprocessing, hardware.device)
        own = usable_local(source, info, emit) if local else None
        return cls(
            network,
            info,
            hardware.device,
            source,
            load_statistics(source, emit, checked=True),
            averaged=averaged,
            local=own,
            digest=file_digest(source),
        )

    @classmethod
    def _load_exported(
        cls, source: Path, device: str, emit: Emit, token: CancelToken | None, averaged: bool, local: bool
    ) -> Classifier:
        from core.inference.onnx_network import load_onnx

        network, info = load_onnx(source, device, emit=emit, token=token)
        emit(Progress(Phase.LOADING, 1, 1))
        own = usable_local(source, info, emit) if local else None
        statistics = read_onnx_statistics(source, emit, checked=True)
        return cls(
            network,
            info,
            network.device,
            source,
            statistics,
            averaged=averaged,
            local=own,
            digest=network.sha256,
        )

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits of decoded images: uint8 (n, S, S, 3) with S the model's image size -> float32 (n, classes)."""
        return self.outputs(images)[0]

    def outputs(
        self, images: NDArray[np.uint8], token: CancelToken | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Logits (n, classes) and features (n, d) or None that verdicts are made of: means, with test-time
        augmentation."""
        return self._asked.infer(images, token)

    def features(
        self, images: NDArray[np.uint8], token: CancelToken | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Logits and pooled features (n, d) of the upright images, from one forward; features None where unknown."""
        return self.network.infer(images, token)

    def classify(
        self, paths: Iterable[Path], emit: Emit = ignore, token: CancelToken | None = None
    ) -> Iterator[Classification]:
        """Each file's classification, in order, as batches get done; one that can not be read carries its reason.

        Reports `Progress(CLASSIFYING)`. Raises `Cancelled` within a batch of being asked to stop.
        """
        token = token or CancelToken()
        files = list(paths)
        meter = ProgressMeter(Phase.CLASSIFYING, len(files), emit)
        for batch in self._classified(files, token):
            yield from batch
            meter.add(len(batch))
            token.check()

    def _classified(self, files: list[Path], token: CancelToken) -> Iterator[list[Classification]]:
        """Batches of answers in the order of the files.

        Each worker takes a batch all the way from files to verdicts on its share of the cores. Threads that share one
        forward pass wait for each other at every layer, and all the longer while other threads decode beside them.
        """
        if len(files) == 1:  # a thread would cost more than it saves
            yield self._classify_files(files, token)
            return
        workers = worker_count()
        most = BATCH // workers if self.device == "cpu" else BATCH  # a GPU wants many at once
        size = max(1, min(most, math.ceil(len(files) / workers)))
        parts = (files[start : start + size] for start in range(0, len(files), size))
        work = partial(self._classify_files, token=token)
        with (
            workers_for(self.network, self.device, workers) as pool,
            closing(in_order(pool, work, parts, 2 * workers + 1)) as batches,
        ):
            yield from batches

    def _classify_files(self, files: list[Path], token: CancelToken) -> list[Classification]:
        """One batch. Raises `Cancelled` between two files."""
        batch: list[tuple[Path, Decoded | str]] = []
        for file in files:
            token.check()
            batch.append((file, self._decode(file)))
        return list(self._classify_batch(batch, token))

    def _decode(self, path: Path) -> Decoded | str:
        try:
            return decode_noted(path, self.info.preprocessing.image_size)
        except Exception as error:  # whatever a damaged file makes a decoder raise is that file's reason
            return describe_failure(error)

    def _classify_batch(self, batch: list[tuple[Path, Decoded | str]], token: CancelToken) -> Iterator[Classification]:
        images = [decoded.pixels for _, decoded in batch if not isinstance(decoded, str)]
        rows = iter(self._infer(np.stack(images), token) if images else ())
        for path, decoded in batch:
            if isinstance(decoded, str):
                yield Classification(path, None, None, decoded, classes=self.info.classes)
            else:
                yield replace(self._classification(path, *next(rows)), note=decoded.note)

    def _infer(
        self, images: NDArray[np.uint8], token: CancelToken
    ) -> list[tuple[NDArray[np.float32], Assessment | None]]:
        """Logits and assessment of each image; no assessment where the logits are not finite."""
        logits, features = self._asked.infer(images, token)
        usable = np.array([bool(np.isfinite(row).all()) for row in logits])
        if features is not None:
            usable &= np.array([bool(np.isfinite(row).all()) for row in features])
        seen = None if features is None else features[usable]
        levels = self._level, self._benign_level
        assessed = iter(self.decision_rule.assess(logits[usable], seen, images[usable], *levels))
        return [(row, next(assessed) if good else None) for row, good in zip(logits, usable, strict=True)]

    def _classification(self, path: Path, logits: NDArray[np.float32], assessment: Assessment | None) -> Classification:
        if assessment is None:
            reason = "the model gave no usable numbers for this image; it may be damaged"
            return Classification(path, None, None, reason, classes=self.info.classes)
        from scipy.special import softmax

        probabilities = tuple(softmax(logits.astype(np.float64) / self.info.temperature).tolist())
        code = self.info.classes.codes[int(logits.argmax())]
        return Classification(path, probabilities, code, classes=self.info.classes, assessment=assessment)
