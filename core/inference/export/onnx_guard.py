"""What an ONNX file must keep to before onnxruntime sees it: it may come from a stranger.

Everything that could reach outside the file, run something else than plain arithmetic or want absurd amounts of memory
is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.inference.export.onnx_file import FEATURES, IMAGES, LOGITS, read_onnx_info, unusable
from core.models.info import ModelInfo

if TYPE_CHECKING:
    import onnx

_MAX_NODES = 50_000
_MAX_ELEMENTS = 2**28  # of one intermediate result for one image
_STANDARD = ("", "ai.onnx")


def read_checked(path: Path) -> tuple[bytes, ModelInfo, tuple[str, ...]]:
    """The content of an exported file that may be opened, its description, and the names of its outputs.

    Raises `SkinKDError` for a file that SkinKD would not have written.
    """
    info = read_onnx_info(path)
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
    fault = _fault(model) or _interface_fault(model, info) or _size_fault(model)
    if fault:
        raise unusable(path, f"{fault}. SkinKD opens only files as it writes them.")
    return content, info, tuple(output.name for output in model.graph.output)


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


def _interface_fault(model: onnx.ModelProto, info: ModelInfo) -> str:
    """How inputs and outputs differ from what the description promises, in words, or nothing."""
    import onnx

    size = info.preprocessing.image_size
    if [item.name for item in model.graph.input] != [IMAGES]:
        return f"Its one input must be called {IMAGES}"
    kind, shape = _type_of(model.graph.input[0])
    if kind != onnx.TensorProto.UINT8 or len(shape) != 4 or shape[0] is not None or shape[1:] != [size, size, 3]:
        return f"Its input must be uint8 of the shape [batch, {size}, {size}, 3]"
    names = [item.name for item in model.graph.output]
    if names not in ([LOGITS], [LOGITS, FEATURES]):
        return f"Its outputs must be called {LOGITS} and {FEATURES}"
    kind, shape = _type_of(model.graph.output[0])
    if kind != onnx.TensorProto.FLOAT or shape != [None, len(info.classes)]:
        return f"Its output must be float32 of the shape [batch, {len(info.classes)}]"
    return ""


def _size_fault(model: onnx.ModelProto) -> str:
    """Whether a result on the way is larger than any network's, as far as shapes can be told beforehand."""
    import onnx

    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError) as error:
        return f"Its operations do not fit together ({str(error)[:100]})"
    for item in (*inferred.graph.value_info, *inferred.graph.output):
        shape = _type_of(item)[1]
        if np.prod([float(size) for size in shape if size is not None], dtype=np.float64) > _MAX_ELEMENTS:
            return "One of its operations wants more memory than any network for lesion images"
    return ""


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
