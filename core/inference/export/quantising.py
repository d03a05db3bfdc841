"""Numbers of 8 bits in place of 32: static, per channel, scales from training images, in onnxruntime's QDQ form.

Depthwise networks suffer from it: a channel whose weights are a hundred times those of its neighbours turns the
rounding of one layer into nonsense for the whole network. Biases that make up for it (`bias_correction`) cure most of
that. Then every layer is tried alone, and those that 8 bits spoil, for the bytes they would save, keep 32.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase, Progress
from core.inference.export.bias_correction import input_means, with_corrected_biases
from core.inference.export.onnx_bytes import IMAGES, LOGITS

_KINDS = ("Conv", "Gemm", "MatMul", "Clip", "Relu")
_LAYERS = ("Conv", "Gemm", "MatMul")
_ACTIVATIONS = ("Clip", "Relu")
_BATCH = 16
_PROBES = 48
_SPOILT = 0.1
"""The error of all 8-bit layers together that is aimed at, as a share of the spread of the logits."""
_MOST_FLOAT = 0.25
"""The share of the weights that may stay at 32 bits for it; a file that keeps more is hardly smaller."""

_LOWEST = "lowest_number"

Gather = Callable[[NDArray[np.int64]], NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class ScaleImages:
    """The images that the scales come from: `gather` by the numbers in `indices`, uint8 (n, S, S, 3)."""

    gather: Gather
    indices: NDArray[np.int64]


@dataclass(frozen=True)
class Quantised:
    """`model` with 8-bit layers; `unquantised` of its `layers` stayed at 32 bits."""

    model: onnx.ModelProto
    layers: int
    unquantised: int


@dataclass(frozen=True)
class _Layer:
    """A layer with weights, and the activation behind it. `bytes` counts its weights at 32 bits."""

    name: str
    nodes: tuple[str, ...]
    bytes: int


def quantise(
    model: onnx.ModelProto, calibration: ScaleImages, folder: Path, emit: Emit, token: CancelToken
) -> Quantised:
    """The network with 8-bit weights and activations where it bears them. Works in `folder`, which must exist.

    Raises `SkinKDError` when onnxruntime can not convert it, and `Cancelled`.
    """
    try:
        with _quiet():
            return _Converter(model, calibration, folder, emit, token).convert()
    except (ValueError, RuntimeError, KeyError, AttributeError, NotImplementedError, AssertionError) as error:
        raise SkinKDError(
            "This network can not be converted to 8 bits",
            "onnxruntime could not do it. Export it without --quantize (in the window: with all its numbers).",
            f"{type(error).__name__}: {error}",
        ) from error


class _Converter:
    """Tries layers and keeps what is known of them."""

    def __init__(
        self, model: onnx.ModelProto, calibration: ScaleImages, folder: Path, emit: Emit, token: CancelToken
    ) -> None:
        from onnxruntime.quantization.shape_inference import quant_pre_process

        self._folder, self._emit, self._token = folder, emit, token
        self._calibration = calibration
        self._float = folder / "float.onnx"
        raw = folder / "raw.onnx"
        onnx.save_model(model, raw)
        # Symbolic shapes are for transformers; they would ask for a batch of fixed size.
        quant_pre_process(raw, self._float, skip_symbolic_shape=True)
        self._model = onnx.load_model(self._float)
        self._layers = _layers(self._model)
        self._means = input_means(self._model, _Reader(calibration, token).batches())
        self._probes = calibration.gather(calibration.indices[:_PROBES])
        self._expected = self._ask(self._float)

    def convert(self) -> Quantised:
        """The network with those layers at 8 bits that bear it."""
        errors = self._errors()
        unquantised = _to_keep(self._layers, errors)
        found = onnx.load_model(self._write([layer for layer in self._layers if layer.name not in unquantised]))
        shield(found)
        drop_zero_points(found)
        return Quantised(found, len(self._layers), len(unquantised))

    def _errors(self) -> dict[str, float]:
        """The error that each layer makes when it alone has 8 bits, as a share of the spread of the logits."""
        errors: dict[str, float] = {}
        for done, layer in enumerate(self._layers):
            self._token.check()
            self._emit(Progress(Phase.QUANTISING, done, len(self._layers)))
            found = self._ask(self._write([layer]))
            spread = np.square(self._expected - self._expected.mean(axis=0)).sum()
            error = np.square(found - self._expected).sum() / max(float(spread), 1e-12)
            errors[layer.name] = math.sqrt(error) if math.isfinite(error) else math.inf
        self._emit(Progress(Phase.QUANTISING, len(self._layers), len(self._layers)))
        return errors

    def _write(self, layers: Sequence[_Layer]) -> Path:
        """The network with these layers at 8 bits; the ranges of all values are measured at the first call."""
        from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

        path, corrected = self._folder / "int8.onnx", self._folder / "corrected.onnx"
        onnx.save_model(with_corrected_biases(self._model, {layer.name for layer in layers}, self._means), corrected)
        quantize_static(
            corrected,
            path,
            _Reader(self._calibration, self._token),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_KINDS),
            per_channel=True,
            reduce_range=False,  # `open_session` asks processors whose 8-bit products overflow for exact ones
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=[name for layer in layers for name in layer.nodes],
            calibrate_method=CalibrationMethod.MinMax,
            # 256 steps are too few for the logits themselves.
            extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm"]},
            calibration_cache_path=self._folder / "ranges.json",
        )
        return path

    def _ask(self, path: Path) -> NDArray[np.float64]:
        from core.inference.onnx_session import open_session

        session = open_session(path.read_bytes(), ["CPUExecutionProvider"], 0)
        parts = [self._probes[start : start + _BATCH] for start in range(0, len(self._probes), _BATCH)]
        return np.concatenate([session.run([LOGITS], {IMAGES: part})[0] for part in parts]).astype(np.float64)


class _Reader:
    """Hands the calibration images to onnxruntime in batches of one size (its `CalibrationDataReader`): so images that
    do not fill the last one are left out, where there are others."""

    def __init__(self, calibration: ScaleImages, token: CancelToken) -> None:
        self._calibration, self._token = calibration, token
        self._batches = self.batches()

    def batches(self) -> Iterator[NDArray[np.uint8]]:
        """All batches."""
        indices = self._calibration.indices
        whole = len(indices) // _BATCH * _BATCH or len(indices)
        for start in range(0, whole, _BATCH):
            self._token.check()
            yield self._calibration.gather(indices[start : start + _BATCH])

    def get_next(self) -> dict[str, Any] | None:
        """The next batch, None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {IMAGES: batch}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while (batch := self.get_next()) is not None:
            yield batch

    def __next__(self) -> dict[str, Any]:
        batch = self.get_next()
        if batch is None:
            raise StopIteration
        return batch


def _layers(model: onnx.ModelProto) -> list[_Layer]:
    """The layers with weights of their own, each with the activation that follows, in order."""
    weights = {item.name: math.prod(item.dims) * 4 for item in model.graph.initializer}
    readers = _readers(model)
    found = []
    for node in model.graph.node:
        if node.op_type not in _LAYERS or len(node.input) < 2 or node.input[1] not in weights:
            continue
        after = readers.get(node.output[0], [])
        nodes = [node.name]
        if len(after) == 1 and after[0].op_type in _ACTIVATIONS:
            nodes.append(after[0].name)
        found.append(_Layer(node.name, tuple(nodes), weights[node.input[1]]))
    return found


def _readers(model: onnx.ModelProto) -> dict[str, list[onnx.NodeProto]]:
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    return readers


def _to_keep(layers: Sequence[_Layer], errors: dict[str, float]) -> set[str]:
    """The layers that stay at 32 bits: those that cost most accuracy for the bytes they save, until enough is won.

    Errors of single layers are taken to add up like independent ones (their squares).
    """
    left = sum(error**2 for error in errors.values())
    budget = _MOST_FLOAT * sum(layer.bytes for layer in layers)
    unquantised: set[str] = set()
    for layer in sorted(layers, key=lambda item: -(errors[item.name] ** 2) / item.bytes):
        if left <= _SPOILT**2:
            break
        # A layer with no more than its fair share of the error does not help where a large one can not be afforded.
        if layer.bytes <= budget and errors[layer.name] ** 2 > _SPOILT**2 / len(layers):
            budget -= layer.bytes
            unquantised.add(layer.name)
            left = sum(errors[item.name] ** 2 for item in layers if item.name not in unquantised)
    return unquantised


def shield(model: onnx.ModelProto) -> int:
    """Keep onnxruntime from rounding the weights of layers that are to keep 32 bits; returns how many there were.

    Where such a layer has an 8-bit value before and behind it, onnxruntime converts its weights while loading, with one
    scale for all channels, which is what it bears least. An operation behind the layer that changes nothing, and that
    no optimiser takes out, makes it look like any other: the larger of a number and the lowest number.
    """
    made_by = {name: node for node in model.graph.node for name in node.output}
    weights = {item.name for item in model.graph.initializer}
    exposed = [
        node
        for node in model.graph.node
        if node.op_type in _LAYERS
        and node.input[1] in weights
        and node.input[0] in made_by
        and made_by[node.input[0]].op_type == "DequantizeLinear"
    ]
    for node in exposed:
        name = node.output[0]
        node.output[0] = f"{name}_32_bits"
        larger = onnx.helper.make_node("Max", [node.output[0], _LOWEST], [name], name=f"{node.name}_32_bits")
        model.graph.node.insert(list(model.graph.node).index(node) + 1, larger)
    if exposed:
        lowest = np.array(np.finfo(np.float32).min, np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(lowest, _LOWEST))
    return len(exposed)


def drop_zero_points(model: onnx.ModelProto) -> int:
    """Take out the zero points of biases, one 0 for each channel, which a file may leave away; returns how many there
    were. Those of weights are looked for by onnxruntime where it joins operations."""
    values = {item.name: item for item in model.graph.initializer}
    dropped = 0
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear" or len(node.input) < 3 or node.input[0] not in values:
            continue
        if values[node.input[0]].data_type == onnx.TensorProto.INT32 and node.input[2] in values:
            del node.input[2:]
            dropped += 1
    read = {name for node in model.graph.node for name in node.input}
    kept = [item for item in model.graph.initializer if item.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return dropped


@contextmanager
def _quiet() -> Iterator[None]:
    """Without onnxruntime's advice on the root logger: it is for those who convert by hand."""
    root = logging.getLogger()
    root.addFilter(_no_advice)
    try:
        yield
    finally:
        root.removeFilter(_no_advice)


def _no_advice(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR
