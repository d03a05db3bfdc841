"""What an ONNX file must keep to before onnxruntime sees it: it may come from a stranger.

Everything that could reach outside the file, run something else than plain arithmetic or want absurd amounts of memory
is refused.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.inference.export.onnx_bytes import FEATURES, IMAGES, LOGITS, check_checksum, read_metadata, unusable
from core.inference.export.onnx_work import Work, work_of

if TYPE_CHECKING:
    import onnx

_MAX_NODES = 50_000
_MAX_ELEMENTS = 2**28  # of one intermediate result for one image
_SLACK = 4
_ANY = 2e9  # products; of tiny networks most places are finer
_STANDARD = ("", "ai.onnx")


@dataclass(frozen=True, eq=False)
class CheckedFile:
    """The content of an exported file that may be opened, its SHA-256 in hex, the names of its outputs, and how many
    products it computes for an image."""

    content: bytes
    sha256: str
    outputs: tuple[str, ...]
    work: float


@dataclass(frozen=True)
class Promised:
    """What the description of a file says of its network: the side of its images in pixels, how many classes it tells
    apart, and over how many flips and turns of an image it takes the mean."""

    image_size: int
    classes: int
    positions: int


def read_checked(path: Path, promised: Promised) -> CheckedFile:
    """An exported file that may be opened. Raises `SkinKDError` for one that SkinKD would not have written."""
    read_metadata(path)  # what is no such file is not parsed
    check_checksum(path)
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        content = path.read_bytes()
        # From bytes: nothing beside the file is looked for, whatever the file says.
        model = onnx.load_model_from_string(content)
    except MemoryError as error:
        raise unusable(path, f"It needs more memory than is free; it has {path.stat().st_size:,} bytes.") from error
    except (OSError, DecodeError, ValueError) as error:
        raise unusable(path, "It is damaged, or not all of it is there.", str(error)) from error
    work, fault = None, _fault(model) or _interface_fault(model, promised)
    if not fault:
        work, fault = _counted(model, promised)
    if fault or work is None:
        raise unusable(path, f"{fault}. SkinKD opens only files as it writes them.")
    outputs = tuple(output.name for output in model.graph.output)
    return CheckedFile(content, hashlib.sha256(content).hexdigest(), outputs, work.products)


def _fault(model: onnx.ModelProto) -> str:
    """What in a network reaches beyond plain arithmetic inside the file, in words, or nothing."""
    graph = model.graph
    if model.functions or model.training_info or graph.sparse_initializer:
        return "It holds functions, training steps or sparse weights"
    if len(graph.node) > _MAX_NODES:
        return f"It holds {len(graph.node):,} operations"
    if any(opset.domain not in _STANDARD for opset in model.opset_import):
        return "It asks for operations beyond the ONNX standard"
    fault = next((fault for tensor in graph.initializer if (fault := _tensor_fault(tensor))), "")
    if fault:
        return fault
    return next((fault for node in graph.node for fault in _node_faults(node)), "")


def _node_faults(node: onnx.NodeProto) -> Iterator[str]:
    if node.domain not in _STANDARD:
        yield f"It asks for the operation {node.domain[:40]}.{node.op_type[:40]}, which is not of the ONNX standard"
    for attribute in node.attribute:
        if attribute.HasField("g") or attribute.graphs:
            yield f"Its operation {node.op_type[:40]} holds a network of its own"
        if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
            yield "It holds sparse weights"
        yield from filter(None, (_tensor_fault(tensor) for tensor in (attribute.t, *attribute.tensors)))


def _interface_fault(model: onnx.ModelProto, promised: Promised) -> str:
    """How inputs and outputs differ from what the description promises, in words, or nothing."""
    import onnx

    size = promised.image_size
    if [item.name for item in model.graph.input] != [IMAGES]:
        return f"Its one input must be called {IMAGES}"
    kind, shape = _type_of(model.graph.input[0])
    if kind != onnx.TensorProto.UINT8 or len(shape) != 4 or shape[0] is not None or shape[1:] != [size, size, 3]:
        return f"Its input must be uint8 of the shape [batch, {size}, {size}, 3]"
    names = [item.name for item in model.graph.output]
    if names not in ([LOGITS], [LOGITS, FEATURES]):
        return f"Its outputs must be called {LOGITS} and {FEATURES}"
    kind, shape = _type_of(model.graph.output[0])
    if kind != onnx.TensorProto.FLOAT or shape != [None, promised.classes]:
        return f"Its output must be float32 of the shape [batch, {promised.classes}]"
    return ""


def _counted(model: onnx.ModelProto, promised: Promised) -> tuple[Work | None, str]:
    """What the network computes, or what is wrong with that, in words."""
    import onnx

    try:
        work = work_of(model)
    except onnx.shape_inference.InferenceError as error:
        return None, f"Its operations do not fit together ({str(error)[:100]})"
    except (ValueError, RuntimeError, TypeError, LookupError) as error:
        return None, str(error)[:200] or type(error).__name__
    if work.largest > _MAX_ELEMENTS:
        return None, "One of its operations wants more memory than any network for lesion images"
    most = most_products(work.weights, promised)
    if work.products > most:
        return None, (
            f"For one image it would compute {work.products:.2g} products; no network of {work.weights:,.0f} weights "
            f"for images of {promised.image_size} pixels computes more than {most:.2g}"
        )
    return work, ""


def most_products(weights: float, promised: Promised) -> float:
    """The most products for an image that a network of timm with so many weights computes, times `_SLACK`.

    Each weight is used at most once in each place that the network looks at, of 8 by 8 pixels and more where most
    weights are; transformers compare these places with each other besides, for each weight at most places / 1,152
    times (6 times the narrowest width, 192). The mean over flips and turns takes eight times that.
    """
    places = (promised.image_size / 8) ** 2
    return promised.positions * (_SLACK * weights * places * (1 + places / 1152) + _ANY)


def _tensor_fault(tensor: onnx.TensorProto) -> str:
    """What is wrong with where a weight's numbers are, in words, or nothing."""
    if tensor.data_location or tensor.external_data:
        return "Its weights lie in another file"
    # Two 4-bit numbers fit into a byte; onnxruntime would make room for all before it misses any.
    if any(size < 0 for size in tensor.dims) or math.prod(tensor.dims) > 2 * tensor.ByteSize() + 1:
        return "It promises more weights than it holds"
    return ""


def _type_of(item: onnx.ValueInfoProto) -> tuple[int, list[int | None]]:
    """The element type and the shape of a value; None for a size that is free."""
    tensor = item.type.tensor_type
    return tensor.elem_type, [size.dim_value if size.HasField("dim_value") else None for size in tensor.shape.dim]
