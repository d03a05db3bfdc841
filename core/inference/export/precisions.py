"""The numbers that an exported file computes with: what each asks for, and how a network gets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.events import CancelToken, Emit
from core.inference.export.report import INT8, PLAIN

if TYPE_CHECKING:
    import onnx

    from core.inference.export.quantising import ScaleImages

FP16 = "fp16"

Convert = Callable[
    ["onnx.ModelProto", "ScaleImages | None", Path, Emit, CancelToken], "tuple[onnx.ModelProto, tuple[str, ...]]"
]
"""The network with other numbers, and notes. Works in the folder; raises `SkinKDError` or `Cancelled`."""


@dataclass(frozen=True)
class Precision:
    """`name` is what orders and files say, `title` what tables do. `tolerance`: the weighted F1 that may be lost unless
    the user says otherwise. `scales`: whether its scales come from training images. Without `convert` the numbers are
    the original's, so probabilities may differ by rounding alone, and verdicts hold as they are."""

    name: str
    title: str
    tolerance: float
    scales: bool = False
    convert: Convert | None = None


def _halved(
    network: onnx.ModelProto, images: ScaleImages | None, folder: Path, emit: Emit, token: CancelToken
) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    """16-bit floating point; input and outputs stay as they are."""
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    token.check()
    half = OnnxModel(convert_float_to_float16(network, keep_io_types=True))
    half.topological_sort()
    del half.model.graph.value_info[:]  # of the types before
    return half.model, ()


def _quantised(
    network: onnx.ModelProto, images: ScaleImages | None, folder: Path, emit: Emit, token: CancelToken
) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    from core.inference.export.quantising import quantise

    assert images is not None
    done = quantise(network, images, folder, emit, token)
    layers = f"{done.unquantised} of {done.layers} layers"
    note = f"{layers} keep 32-bit numbers, because 8 bits would spoil the answers."
    return done.model, (note,) if done.unquantised else ()


PRECISIONS = {
    each.name: each
    for each in (
        Precision(PLAIN, "ONNX", 0.001),
        Precision(FP16, "ONNX, fp16", 0.005, convert=_halved),
        Precision(INT8, "ONNX, int8", 0.02, scales=True, convert=_quantised),
    )
}
"""By name, in the order in which they are offered."""
