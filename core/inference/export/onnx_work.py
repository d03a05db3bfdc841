"""How much a network computes for an image, counted from the shapes of its values before it runs.

Shapes that depend on the picture can not be counted, and no network that SkinKD writes has one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

IMAGES_COUNTED = 32
"""With so many at a time: work that grows faster than their number is seen."""

Shape = tuple[int, ...]

_SMALL = 64  # elements of a constant that shapes may depend on
_ROUNDS = 8


@dataclass(frozen=True)
class Work:
    """Of one image: `products` multiplications with additions or, where there are none, elements that are worked on;
    `largest` elements of the largest value on the way. `weights` is how many numbers the network itself holds."""

    products: float
    largest: float
    weights: float


def work_of(model: onnx.ModelProto) -> Work:
    """What the network of a file computes. Raises ValueError, in words, for operations that are not known and for
    shapes that can not be told before it runs; onnx's own errors pass through."""
    graph, shapes = _with_shapes(model)
    products, changing = 0.0, {graph.input[0].name}
    for node in graph.node:
        if node.op_type not in OPERATIONS:
            raise ValueError(f"It asks for the operation {node.op_type[:40]}, which no network of SkinKD's has")
        sizes = [shapes.get(name, ()) for name in node.input], [shapes.get(name, ()) for name in node.output]
        by_image = not changing.isdisjoint(node.input)
        products += OPERATIONS[node.op_type](node, *sizes) / (IMAGES_COUNTED if by_image else 1)
        changing.update(node.output if by_image else ())
    largest = max((math.prod(shape) for shape in shapes.values()), default=0)
    weights = sum(math.prod(item.dims) for item in model.graph.initializer)
    return Work(products, largest / IMAGES_COUNTED, weights)


def _with_shapes(model: onnx.ModelProto) -> tuple[onnx.GraphProto, dict[str, Shape]]:
    """The graph for so many images with what shapes depend on computed, and the shapes of all its values."""
    import onnx

    bare, doubtful = _without_weights(model), ""
    for _ in range(_ROUNDS):
        found = onnx.shape_inference.infer_shapes(bare, data_prop=True).graph
        shapes = {item.name: _shape(item) for item in (*found.input, *found.value_info, *found.output)}
        shapes |= {item.name: tuple(item.dims) for item in bare.graph.initializer}
        unknown = next(
            (node for node in bare.graph.node if any(shapes.get(name) is None for name in node.output if name)), None
        )
        known = {name: shape for name, shape in shapes.items() if shape is not None}
        if unknown is None:
            return bare.graph, known
        doubtful = unknown.op_type[:40]
        if not _fold(bare, known):
            break
    raise ValueError(f"How much its operation {doubtful} computes can not be told beforehand")


def _without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy for so many images in which weights are inputs of known shapes. What it says of its own shapes is left
    out: it may be wrong."""
    import onnx

    graph = model.graph
    small = [item for item in graph.initializer if math.prod(item.dims) <= _SMALL]
    large = [
        onnx.helper.make_tensor_value_info(item.name, item.data_type, list(item.dims))
        for item in graph.initializer
        if math.prod(item.dims) > _SMALL
    ]
    images = onnx.ValueInfoProto()
    images.CopyFrom(graph.input[0])
    images.type.tensor_type.shape.dim[0].dim_value = IMAGES_COUNTED
    outputs = [
        onnx.helper.make_tensor_value_info(item.name, item.type.tensor_type.elem_type, None) for item in graph.output
    ]
    bare = onnx.helper.make_graph(list(graph.node), "bare", [images, *large], outputs, small)
    return onnx.helper.make_model(bare, opset_imports=list(model.opset_import), ir_version=model.ir_version)


def _fold(model: onnx.ModelProto, shapes: Mapping[str, Shape]) -> bool:
    """Replace operations on a few known numbers by their result; returns whether there were any."""
    import onnx

    known = {item.name: onnx.numpy_helper.to_array(item) for item in model.graph.initializer}
    done: dict[str, Any] = {}
    left = []
    for node in model.graph.node:
        value = _value(node, known, shapes)
        if value is None:
            left.append(node)
        else:
            known[node.output[0]] = done[node.output[0]] = value
    del model.graph.node[:]
    model.graph.node.extend(left)
    model.graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in done.items())
    return bool(done)


def _value(node: onnx.NodeProto, known: Mapping[str, Any], shapes: Mapping[str, Shape]) -> Any:
    """What an operation gives, where that is a few numbers that are known before any image is; otherwise None."""
    import onnx

    attributes = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
    if node.op_type == "Shape" and node.input[0] in shapes:
        shape = shapes[node.input[0]]
        return np.array(shape[attributes.get("start", 0) : attributes.get("end", len(shape))], np.int64)
    compute = _ON_SHAPES.get(node.op_type)
    inputs = [known.get(name) for name in node.input if name]
    if compute is None or len(node.output) != 1 or any(value is None for value in inputs):
        return None
    value = np.asarray(compute(inputs, attributes))
    return value if value.size <= _SMALL else None


def _slice(inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    values, starts, ends = inputs[:3]
    axes = inputs[3] if len(inputs) > 3 else np.arange(len(starts))
    steps = inputs[4] if len(inputs) > 4 else np.ones(len(starts), np.int64)
    wanted = [slice(None)] * values.ndim
    for axis, start, stop, step in zip(axes, starts, ends, steps, strict=True):
        wanted[axis] = slice(int(start), int(stop) if stop >= -values.shape[axis] else None, int(step))
    return values[tuple(wanted)]


def _reshaped(inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    values, shape = inputs
    return values.reshape([values.shape[axis] if size == 0 else int(size) for axis, size in enumerate(shape)])


def _squeezed(inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    return np.squeeze(inputs[0], tuple(map(int, inputs[1])) if len(inputs) > 1 else None)


_ON_SHAPES: dict[str, Callable[[Sequence[Any], Mapping[str, Any]], Any]] = {
    "Add": lambda values, _: np.add(*values),
    "Sub": lambda values, _: np.subtract(*values),
    "Mul": lambda values, _: np.multiply(*values),
    "Concat": lambda values, given: np.concatenate(values, given["axis"]),
    "Gather": lambda values, given: np.take(values[0], values[1], given.get("axis", 0)),
    "Identity": lambda values, _: values[0],
    "Reshape": _reshaped,
    "Slice": _slice,
    "Squeeze": _squeezed,
    "Unsqueeze": lambda values, _: np.expand_dims(values[0], tuple(map(int, values[1]))),
}
"""What is done with the few numbers that shapes are."""


def _shape(item: onnx.ValueInfoProto) -> Shape | None:
    kind = item.type.tensor_type
    if not kind.HasField("shape") or not all(size.HasField("dim_value") for size in kind.shape.dim):
        return None
    return tuple(size.dim_value for size in kind.shape.dim)


Shapes = Sequence[Shape]


def _elements(node: onnx.NodeProto, inputs: Shapes, outputs: Shapes) -> float:
    """Each element that goes in or comes out, once."""
    return float(sum(map(math.prod, (*inputs, *outputs))))


def _convolution(node: onnx.NodeProto, inputs: Shapes, outputs: Shapes) -> float:
    """For each output element a kernel (out, in / groups, height, width); Conv's weight is its second input."""
    return float(math.prod(outputs[0]) * math.prod(inputs[1][1:]))


def _transposed(node: onnx.NodeProto, inputs: Shapes, outputs: Shapes) -> float:
    return float(math.prod(inputs[0]) * math.prod(inputs[1][1:]))


def _product(node: onnx.NodeProto, inputs: Shapes, outputs: Shapes) -> float:
    """Of matrices: for each output element as many products as the rows and columns are long."""
    first, second = inputs[0], inputs[1]
    inner = max(first[-2:] or (1,)) if node.op_type == "Gemm" else (first[-1:] or second[-2:-1] or (1,))[0]
    return float(math.prod(outputs[0]) * inner) + _elements(node, inputs, outputs)


def _einsum(node: onnx.NodeProto, inputs: Shapes, outputs: Shapes) -> float:
    """The sizes of all indices together."""
    equation = next(item.s.decode() for item in node.attribute if item.name == "equation").replace(" ", "")
    terms = equation.partition("->")[0].split(",")
    if not equation.replace(",", "").replace("->", "").isalpha() or list(map(len, terms)) != list(map(len, inputs)):
        raise ValueError("How much its operation Einsum computes can not be told beforehand")
    sizes = {
        letter: size
        for term, shape in zip(terms, inputs, strict=True)
        for letter, size in zip(term, shape, strict=True)
    }
    return float(math.prod(sizes.values()))


def _window(node: onnx.NodeProto, inputs: Shapes, outputs: Shapes) -> float:
    """Pooling: for each output element its window."""
    kernel = next((item.ints for item in node.attribute if item.name == "kernel_shape"), inputs[0][2:])
    return float(math.prod(outputs[0]) * math.prod(kernel)) + _elements(node, inputs, outputs)


def _resized(node: onnx.NodeProto, inputs: Shapes, outputs: Shapes) -> float:
    """Cubic interpolation looks at four by four; anti-aliasing at all that come together in one."""
    return 16 * _elements(node, inputs, outputs)


def _sorted(node: onnx.NodeProto, inputs: Shapes, outputs: Shapes) -> float:
    elements = _elements(node, inputs, outputs)
    return elements * max(1.0, math.log2(max(elements, 1)))


_BY_ELEMENT = """
Abs Add And Atan BatchNormalization BitShift Cast CastLike Ceil Celu Clip Concat Constant ConstantOfShape Cos CumSum
DepthToSpace DequantizeLinear Div Dropout Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements GatherND Gelu
GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish Hardmax Identity
InstanceNormalization IsInf IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Max Mean
MeanVarianceNormalization Min Mish Mod Mul Neg Not OneHot Or PRelu Pad Pow QuantizeLinear DynamicQuantizeLinear Range
Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
ReduceSumSquare Relu Reshape Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Size Slice Softmax Softplus
Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh ThresholdedRelu Tile Transpose Trilu Unsqueeze Where Xor
"""

Count = Callable[["onnx.NodeProto", Shapes, Shapes], float]

OPERATIONS: dict[str, Count] = {
    **dict.fromkeys(_BY_ELEMENT.split(), _elements),
    **dict.fromkeys(("Conv", "ConvInteger"), _convolution),
    "QLinearConv": lambda node, inputs, outputs: _convolution(node, (inputs[0], inputs[3]), outputs),
    "ConvTranspose": _transposed,
    **dict.fromkeys(("MatMul", "MatMulInteger", "Gemm"), _product),
    "QLinearMatMul": lambda node, inputs, outputs: _product(node, (inputs[0], inputs[3]), outputs),
    "Einsum": _einsum,
    **dict.fromkeys(("AveragePool", "MaxPool", "LpPool"), _window),
    "Resize": _resized,
    **dict.fromkeys(("TopK", "GridSample"), _sorted),
}
"""Operations that networks of timm are made of, and what each computes. There are none that repeat others, draw at
random, or whose result has a size of its own."""
