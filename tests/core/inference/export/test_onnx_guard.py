from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load, save

from core.errors import SkinKDError
from core.events import Event, Notice
from core.inference.classifier import Classifier, info_of
from core.inference.export.onnx_bytes import write_onnx
from core.inference.export.onnx_file import read_onnx_info, read_onnx_statistics
from core.inference.export.onnx_guard import CheckedFile, Promised, read_checked
from core.inference.onnx_network import load_onnx
from core.inference.onnx_session import CPU, open_session
from core.inference.trust import Verdict

Change = Callable[[onnx.ModelProto], None]


PROMISED = Promised(32, 8, 1)


def checked(path: Path) -> CheckedFile:
    """What the process that opens foreign files does with one first, in this process."""
    info = read_onnx_info(path)
    return read_checked(path, Promised(info.preprocessing.image_size, len(info.classes), info.positions))


def external(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")


def hidden_external(model: onnx.ModelProto) -> None:
    tensor = TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[1])
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.node.append(helper.make_node("Constant", [], ["odd"], value=tensor))


def foreign_operation(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("PyOp", ["images"], ["odd"], domain="ai.onnx.contrib"))


def foreign_set(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.someone", 1))


def endless_loop(model: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", [], ["odd"], body=body))


def function(model: onnx.ModelProto) -> None:
    model.functions.append(helper.make_function("x", "F", [], [], [], []))


def much_memory(model: onnx.ModelProto) -> None:
    shape = numpy_helper.from_array(np.array([2**20, 2**20], np.int64), "vast")
    model.graph.initializer.append(shape)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["vast"], ["odd"]))


def hollow_weights(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(TensorProto(name="vast", data_type=TensorProto.FLOAT, dims=[2**20, 2**20]))


def negative_weights(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(TensorProto(name="odd", data_type=TensorProto.FLOAT, dims=[-1, 4]))


def nested_external(model: onnx.ModelProto) -> None:
    tensor = TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    inner = helper.make_graph([], "inner", [], [], [tensor])
    model.graph.node.append(helper.make_node("If", ["images"], ["odd"], then_branch=inner, else_branch=inner))


def other_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def second_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def other_size(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 48


def fixed_batch(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def other_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "answers"


def fewer_classes(model: onnx.ModelProto) -> None:
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 7


def no_description(model: onnx.ModelProto) -> None:
    kept = [item for item in model.metadata_props if item.key != "skinkd"]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)


def described_twice(model: onnx.ModelProto) -> None:
    model.metadata_props.append(next(item for item in model.metadata_props if item.key == "skinkd"))


def other_description(model: onnx.ModelProto) -> None:
    next(
        item for item in model.metadata_props if item.key == "skinkd"
    ).value = '{"format": 1, "architecture": "a/../b"}'


def unknown_operation(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("NoSuchThing", ["images"], ["odd"]))


def misfitting_weights(model: onnx.ModelProto) -> None:
    tensor = next(item for item in model.graph.initializer if len(item.dims) == 4)
    tensor.dims[0] += 1


def with_result_of(file: Path, nodes: Callable[[], list[onnx.NodeProto]]) -> onnx.ModelProto:
    """The network of a file with a number added to its logits: `last`, which `nodes` make of `most`, the largest value
    of the images, (1,)."""
    model = onnx.load_model(file)
    added = [
        helper.make_node("Cast", ["images"], ["whole"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["whole"], ["most"], keepdims=0),
        *nodes(),
        helper.make_node("Add", ["logits_before", "last"], ["logits"]),
    ]
    next(node for node in model.graph.node if "logits" in node.output).output[0] = "logits_before"
    model.graph.node.extend(added)
    return model


def chained_products(model: onnx.ModelProto) -> None:
    """37 MB that compute for hours: one matrix is multiplied with itself 20,000 times."""
    weights = np.zeros((1024, 1024), np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weights, "w0"))
    for number in range(20_000):
        model.graph.node.append(helper.make_node("MatMul", [f"w{number}", "w0"], [f"w{number + 1}"]))


def chained_convolutions(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((256, 256, 3, 3), np.float32), "w0"))
    shape = numpy_helper.from_array(np.array([1, 256, 128, 128], np.int64), "vast")
    model.graph.initializer.append(shape)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["vast"], ["x0"]))
    for number in range(20):
        model.graph.node.append(helper.make_node("Conv", [f"x{number}", "w0"], [f"x{number + 1}"], pads=[1, 1, 1, 1]))


def work_by_the_picture(model: onnx.ModelProto) -> None:
    """How much depends on the picture, so no shape tells it beforehand."""
    for name, value in (("vast", 2**26), ("none", 0), ("one", 1)):
        model.graph.initializer.append(numpy_helper.from_array(np.int64(value), name))
    model.graph.node.extend(
        [
            helper.make_node("Cast", ["images"], ["whole"], to=TensorProto.INT64),
            helper.make_node("ReduceMax", ["whole"], ["most"], keepdims=0),
            helper.make_node("Add", ["most", "vast"], ["end"]),
            helper.make_node("Range", ["none", "end", "one"], ["numbers"]),
        ]
    )


def at_random(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("RandomNormalLike", ["images"], ["odd"], dtype=TensorProto.FLOAT))


def work_in_einsum(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((4096, 4096), np.float32), "w0"))
    model.graph.node.append(helper.make_node("Einsum", ["w0", "w0"], ["odd"], equation="ij,kl->ik"))


CHANGES: tuple[Change, ...] = (
    external, hidden_external, foreign_operation, foreign_set, endless_loop, function, much_memory, other_input,
    second_input, other_size, fixed_batch, other_output, fewer_classes, no_description, described_twice,
    other_description, unknown_operation, misfitting_weights, hollow_weights, negative_weights, nested_external,
    chained_products, chained_convolutions, work_by_the_picture, at_random, work_in_einsum,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_skinkd_would_not_have_written_is_refused(file: Path, tmp_path: Path, change: Change) -> None:
    model = onnx.load_model(file)
    change(model)
    odd = tmp_path / "odd.onnx"
    write_onnx(model, odd)
    with pytest.raises(SkinKDError):  # noqa: PT012  (what only onnxruntime notices is opened as users open it)
        checked(odd)
        load_onnx(odd, "cpu", 1)


def test_refused_work_is_said_in_numbers(file: Path, tmp_path: Path) -> None:
    for change, words in (
        (
            chained_products,
            r"For one image it would compute 2\.2e\+13 products; no network of [\d,]+ weights for images of",
        ),
        (work_by_the_picture, "How much its operation Range computes can not be told beforehand"),
        (at_random, "the operation RandomNormalLike, which no network of SkinKD's has"),
    ):
        model = onnx.load_model(file)
        change(model)
        write_onnx(model, tmp_path / "odd.onnx")
        with pytest.raises(SkinKDError, match=words):
            checked(tmp_path / "odd.onnx")


def test_the_file_as_it_was_is_not_refused(file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.onnx"
    write_onnx(onnx.load_model(file), again)
    assert Classifier.load(again, "cpu").info == info_of(file)


def test_damaged_files_are_said_to_be_damaged(file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    odd = tmp_path / "odd.onnx"
    for text in (b"", b"no model", content[: len(content) // 2], content[:-3], b"\xff" * 1000, bytes(1000)):
        odd.write_bytes(text)
        with pytest.raises(SkinKDError):
            read_checked(odd, PROMISED)
        with pytest.raises(SkinKDError):
            load_onnx(odd, "cpu")
    with pytest.raises(SkinKDError, match="no file"):
        read_onnx_info(tmp_path / "absent.onnx")
    with pytest.raises(SkinKDError):
        read_onnx_info(tmp_path)


def test_changed_bytes_end_in_a_said_error_or_nowhere(file: Path, tmp_path: Path) -> None:
    model = onnx.load_model(file)
    del model.metadata_props[-1]  # as files of before, which have no checksum that would end it all
    content, random = model.SerializeToString(), np.random.default_rng(0)
    structure = [place for place in range(len(content)) if not content[place - 2 : place + 2].isalnum()]
    for _ in range(40):
        changed = bytearray(content)
        for place in random.choice(structure, 3):
            changed[place] = random.integers(256)
        (tmp_path / "odd.onnx").write_bytes(bytes(changed))
        try:
            open_session(checked(tmp_path / "odd.onnx").content, [CPU], 1)
            read_onnx_statistics(tmp_path / "odd.onnx")
        except SkinKDError as error:
            assert error.summary  # noqa: PT017  (most changes hit a weight and raise nothing)
        except Exception as error:
            assert type(error).__module__.startswith("onnxruntime")  # noqa: PT017  (the process says so in words)


def test_a_damaged_reference_is_refused(file: Path, tmp_path: Path) -> None:
    for text in ("%%%", "AAAA", ""):
        model = onnx.load_model(file)
        next(item for item in model.metadata_props if item.key == "skinkd.reference").value = text
        write_onnx(model, tmp_path / "odd.onnx")
        with pytest.raises(SkinKDError, match="calibration images"):
            Classifier.load(tmp_path / "odd.onnx", "cpu")


def test_the_reference_of_another_version_costs_the_verdicts_alone(
    file: Path, sample_set: Path, tmp_path: Path
) -> None:
    model = onnx.load_model(file)
    stored = next(item for item in model.metadata_props if item.key == "skinkd.reference")
    arrays = load(base64.b64decode(stored.value))
    stored.value = base64.b64encode(save({**arrays, "more": np.zeros(1, np.float32)})).decode()
    write_onnx(model, tmp_path / "newer.onnx")
    notices: list[Event] = []
    classifier = Classifier.load(tmp_path / "newer.onnx", "cpu", notices.append)
    assert any(isinstance(item, Notice) and "there is no verdict" in item.text for item in notices)
    row = next(iter(classifier.classify([next((sample_set / "ISIC_2019_Training_Input").iterdir())])))
    assert row.code is not None
    assert row.assessment is not None
    assert row.assessment.verdict is Verdict.UNKNOWN


def test_metadata_without_end_is_refused(file: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.onnx"
    odd.write_bytes(file.read_bytes() + b"\x28\x01" * 20_000)  # 20,000 times the field model_version
    with pytest.raises(SkinKDError, match="not an ONNX file"):
        read_onnx_info(odd)
    with odd.open("wb") as content:
        content.write(b"\x72\x80\x80\x80\x20")  # a metadata field of 64 MiB
        content.truncate(70_000_000)
    with pytest.raises(SkinKDError, match="not an ONNX file"):
        read_onnx_info(odd)


def test_a_network_that_wants_endless_memory_is_stopped(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a gigabyte, which no guard refuses, is too much here."""
    model = with_result_of(file, lambda: [
        helper.make_node("Expand", ["most", "vast"], ["large"]),
        helper.make_node("ReduceMax", ["large"], ["last"], keepdims=0),
    ])  # fmt: skip
    model.graph.initializer.append(numpy_helper.from_array(np.array([2**27], np.int64), "vast"))
    write_onnx(model, tmp_path / "odd.onnx")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=800_000_000))
    load_onnx(file, "cpu", 1)[0].close()
    with pytest.raises(SkinKDError, match="The model can not compute"):
        load_onnx(tmp_path / "odd.onnx", "cpu", 1)


def test_weights_that_are_no_numbers_give_no_diagnosis(file: Path, sample_set: Path, tmp_path: Path) -> None:
    model = onnx.load_model(file)
    bias = next(item for item in model.graph.initializer if item.dims == [8])
    bias.CopyFrom(numpy_helper.from_array(np.full(8, np.nan, np.float32), bias.name))
    write_onnx(model, tmp_path / "odd.onnx")
    image = next((sample_set / "ISIC_2019_Training_Input").iterdir())
    row = next(Classifier.load(tmp_path / "odd.onnx", "cpu").classify([image]))
    assert row.code is None
    assert "no usable numbers" in row.error


def test_another_device_is_not_silently_replaced(file: Path) -> None:
    with pytest.raises(SkinKDError, match="mps"):
        Classifier.load(file, "mps")


def test_images_that_were_scaled_already_are_refused(file: Path) -> None:
    network, _ = load_onnx(file, "cpu")
    with pytest.raises(TypeError, match="uint8"):
        network.infer(np.zeros((1, 32, 32, 3), np.float32))  # type: ignore[arg-type]
    with pytest.raises(SkinKDError, match="could not run"):
        network.infer(np.zeros((1, 16, 16, 3), np.uint8))
