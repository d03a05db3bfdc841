from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.inference.export.bias_correction import input_means, with_corrected_biases
from core.inference.onnx_session import open_session

IMAGES = np.random.default_rng(1).integers(0, 256, (12, 8, 8, 4), np.uint8)


def network(groups: int, *, opset: int = 18, transposed: int = 1) -> onnx.ModelProto:
    """A grouped convolution over all pixels of a position alone, the mean, a linear layer."""
    random = np.random.default_rng(0)
    tensors = {
        "w1": random.normal(0, 1, (8, 4 // groups, 1, 1)),
        "b1": random.normal(0, 1, 8),
        "w2": random.normal(0, 1, (3, 8) if transposed else (8, 3)),
        "b2": random.normal(0, 1, 3),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["f"], ["x"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["x", "w1", "b1"], ["c"], name="conv", group=groups),
        helper.make_node("GlobalAveragePool", ["c"], ["p"]),
        helper.make_node("Flatten", ["p"], ["d"]),
        helper.make_node("Gemm", ["d", "w2", "b2"], ["logits"], name="gemm", transB=transposed),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 8, 8, 4])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def batches() -> Iterator[NDArray[np.uint8]]:
    yield IMAGES[:8]
    yield IMAGES[8:]


def mean_logits(model: onnx.ModelProto) -> Any:
    session = open_session(model.SerializeToString(), ["CPUExecutionProvider"], 1)
    return session.run(["logits"], {"images": IMAGES})[0].astype(np.float64).mean(axis=0)


def rounded(model: onnx.ModelProto) -> onnx.ModelProto:
    """With weights of 8 bits, a scale for each channel, kept as numbers of 32."""
    copied = onnx.ModelProto.FromString(model.SerializeToString())
    for item in copied.graph.initializer:
        if item.name in ("w1", "w2"):
            values = numpy_helper.to_array(item)
            scale = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True) / 127
            item.CopyFrom(numpy_helper.from_array((np.round(values / scale) * scale).astype(np.float32), item.name))
    return copied


@pytest.mark.parametrize("opset", [13, 18])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_mean_logits_are_as_before_once_the_weights_are_rounded(groups: int, opset: int) -> None:
    model = network(groups, opset=opset)
    means = input_means(model, batches())
    np.testing.assert_allclose(means["conv"], IMAGES.mean(axis=(0, 1, 2)), rtol=1e-5)
    corrected = with_corrected_biases(model, {"conv", "gemm"}, means)
    off = np.abs(mean_logits(rounded(model)) - mean_logits(model)).max()
    assert np.abs(mean_logits(rounded(corrected)) - mean_logits(model)).max() < 0.02 * off


def test_layers_that_keep_32_bits_keep_their_biases() -> None:
    model = network(1)
    corrected = with_corrected_biases(model, {"gemm"}, input_means(model, batches()))
    changed = [
        before.name
        for before, after in zip(model.graph.initializer, corrected.graph.initializer, strict=True)
        if before != after
    ]
    assert changed == ["b2"]


def test_layers_whose_weights_lie_otherwise_are_left_alone() -> None:
    assert set(input_means(network(1, transposed=0), batches())) == {"conv"}
