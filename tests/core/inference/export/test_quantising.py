from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.errors import Cancelled
from core.events import CancelSource, CancelToken, ignore
from core.inference.export import quantising
from core.inference.export.quantising import ScaleImages, quantise
from core.inference.onnx_session import open_session

CHANNELS = 8
IMAGES = np.random.default_rng(1).integers(0, 256, (24, 16, 16, 3), np.uint8)
CALIBRATION = ScaleImages(lambda indices: IMAGES[indices], np.arange(24))


def network(wild: float, varies: float = 1e-3) -> onnx.ModelProto:
    """Convolution, depthwise convolution, two more: one channel is next to constant and weighs `wild` in the second."""
    random = np.random.default_rng(0)
    tensors = {
        "w1": random.normal(0, 0.01, (CHANNELS, 3, 3, 3)),
        "b1": random.uniform(0, 0.5, CHANNELS),
        "w2": random.normal(0, 1, (CHANNELS, 1, 3, 3)),
        "b2": random.normal(0, 0.1, CHANNELS),
        "w3": random.normal(0, 0.5, (CHANNELS, CHANNELS, 1, 1)),
        "b3": random.normal(0, 0.1, CHANNELS),
        "w4": random.normal(0, 0.5, (64, CHANNELS, 1, 1)),
        "b4": np.zeros(64),
        "w5": random.normal(0, 0.3, (8, 64)),
        "b5": np.zeros(8),
    }
    tensors["w1"][0] *= varies
    # Large weights that take each other back, as batch normalisation leaves them on a dead channel.
    signs = np.array([1, -1, 1, -1, 0, 1, -1, 1, -1]).reshape(3, 3)
    tensors["w2"][0, 0] = wild * signs + random.normal(0, 0.2, (3, 3))
    nodes = [
        ("Cast", ["images"], "f", {"to": TensorProto.FLOAT}),
        ("Transpose", ["f"], "x", {"perm": [0, 3, 1, 2]}),
        ("Conv", ["x", "w1", "b1"], "c1", {}),
        ("Clip", ["c1", "low", "high"], "a1", {}),
        ("Conv", ["a1", "w2", "b2"], "c2", {"group": CHANNELS}),
        ("Clip", ["c2", "low", "high"], "a2", {}),
        ("Conv", ["a2", "w3", "b3"], "c3", {}),
        ("Conv", ["c3", "w4", "b4"], "c4", {}),
        ("Clip", ["c4", "low", "high"], "a4", {}),
        ("GlobalAveragePool", ["a4"], "p", {}),
        ("Flatten", ["p"], "d", {}),
        ("Gemm", ["d", "w5", "b5"], "logits", {"transB": 1}),
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [out], name=out, **rest) for kind, inputs, out, rest in nodes],
        "small",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 16, 16, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 8])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in tensors.items()]
        + [numpy_helper.from_array(np.float32(value), name) for name, value in (("low", 0), ("high", 6))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def ask(model: onnx.ModelProto, *, optimised: bool = True) -> Any:
    import onnxruntime

    if optimised:
        session = open_session(model.SerializeToString(), ["CPUExecutionProvider"], 1)
    else:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"images": IMAGES})[0]


def error(model: onnx.ModelProto, other: onnx.ModelProto) -> float:
    expected, found = ask(model), ask(other)
    return float(np.sqrt(np.square(found - expected).sum() / np.square(expected - expected.mean(axis=0)).sum()))


def test_a_layer_that_8_bits_spoil_keeps_32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network(wild=300.0)
    careful = quantise(model, CALIBRATION, tmp_path, ignore, CancelToken())
    assert 0 < careful.unquantised < careful.layers == 5
    with monkeypatch.context() as patch:
        patch.setattr(quantising, "_to_keep", lambda *_: set())
        careless = quantise(model, CALIBRATION, tmp_path, ignore, CancelToken())
    assert careless.unquantised == 0
    assert error(model, careful.model) < 0.5 * error(model, careless.model)


def test_corrected_biases_win_back_what_a_dead_channel_costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network(wild=300.0, varies=0)
    monkeypatch.setattr(quantising, "_to_keep", lambda *_: set())
    corrected = quantise(model, CALIBRATION, tmp_path, ignore, CancelToken())
    monkeypatch.setattr(quantising, "with_corrected_biases", lambda as_it_is, *_: as_it_is)
    bare = quantise(model, CALIBRATION, tmp_path, ignore, CancelToken())
    assert error(model, corrected.model) < 0.5 * error(model, bare.model)


def test_a_good_natured_network_gets_8_bits_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantising, "_SPOILT", 0.5)
    model = network(wild=1.0)
    done = quantise(model, CALIBRATION, tmp_path, ignore, CancelToken())
    assert (done.layers, done.unquantised) == (5, 0)
    assert error(model, done.model) < 0.5
    weights = {item.name: item for item in done.model.graph.initializer}
    scales = [item for name, item in weights.items() if "w2" in name and "scale" in name]
    assert [list(item.dims) for item in scales] == [[CHANNELS]]  # one per channel of the depthwise layer
    assert ask(done.model).shape == (24, 8)


def test_onnxruntime_does_not_round_what_is_to_keep_32_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network(wild=300.0)
    with monkeypatch.context() as patch:
        patch.setattr(quantising, "_to_keep", lambda *_: {"c2"})
        done = quantise(model, CALIBRATION, tmp_path, ignore, CancelToken())
        patch.setattr(quantising, "shield", lambda _: 0)
        bare = quantise(model, CALIBRATION, tmp_path, ignore, CancelToken())
    assert done.unquantised == 1
    shielded = np.abs(ask(done.model) - ask(done.model, optimised=False)).max()
    # Once onnxruntime leaves such layers alone by itself, this fails, and `shield` can go.
    assert np.abs(ask(bare.model) - ask(bare.model, optimised=False)).max() > 10 * shielded


def test_biases_need_no_zero_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network(wild=1.0)
    done = quantise(model, CALIBRATION, tmp_path, ignore, CancelToken())
    monkeypatch.setattr(quantising, "drop_zero_points", lambda _: 0)
    larger = quantise(model, CALIBRATION, tmp_path, ignore, CancelToken())
    np.testing.assert_array_equal(ask(done.model), ask(larger.model))
    assert done.model.ByteSize() < larger.model.ByteSize()


def layer(name: str, size: int) -> Any:
    return quantising._Layer(name, (name,), size)


@pytest.mark.parametrize(
    ("errors", "kept"),
    [
        ((0.01, 0.01, 0.01), set()),
        ((0.5, 0.01, 0.01), {"a"}),
        ((0.5, float("inf"), 0.01), {"a", "b"}),
        ((0.01, 0.01, 0.5), set()),  # too large a share of the weights
        ((0.09, 0.09, 0.01), {"a"}),  # more for its bytes
    ],
)
def test_what_costs_most_for_its_bytes_stays(errors: Sequence[float], kept: set[str]) -> None:
    layers = [layer("a", 10), layer("b", 20), layer("c", 200)]
    assert quantising._to_keep(layers, dict(zip("abc", errors, strict=True))) == kept


def test_it_can_be_cancelled(tmp_path: Path) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        quantise(network(1.0), CALIBRATION, tmp_path, ignore, source.token)
