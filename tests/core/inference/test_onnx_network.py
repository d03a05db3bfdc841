"""Exported networks compute in a process that is ended by a stop, a time-out and the end of the program, and that is
not trusted."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper

from core.classes import CLASS_SETS
from core.errors import Cancelled, SkinKDError
from core.events import CancelSource
from core.inference import onnx_network
from core.inference.export.onnx_bytes import write_onnx
from core.inference.export.onnx_file import attach, metadata
from core.inference.onnx_network import OnnxNetwork, load_onnx
from core.models.info import ModelInfo, Preprocessing

INFO = ModelInfo(
    "test_efficientnet", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), classes=CLASS_SETS["isic2019"]
)
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


def small_network(path: Path, scale: float = 1.0, *, slow: int = 0) -> Path:
    """The first eight numbers of an image times `scale`; `slow` seconds and more later, as far as no guard can tell."""
    nodes = [
        helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["numbers"], ["flat"]),
        helper.make_node("Slice", ["flat", "from", "to", "along"], ["eight"]),
        helper.make_node("Mul", ["eight", "scale"], ["logits"]),
    ]
    weights = [
        *(
            onnx.numpy_helper.from_array(np.array([n], np.int64), name)
            for name, n in (("from", 0), ("to", 8), ("along", 1))
        ),
        onnx.numpy_helper.from_array(np.array(scale, np.float32), "scale"),
    ]
    if slow:
        weights.append(onnx.numpy_helper.from_array(np.array([2**23], np.int64), "vast"))
        nodes += [
            helper.make_node("ReduceMax", ["numbers"], ["x"], keepdims=0),
            helper.make_node("Expand", ["x", "vast"], ["x0"]),
            *(helper.make_node("Atan", [f"x{n}"], [f"x{n + 1}"]) for n in range(20 * slow)),
            helper.make_node("ReduceMax", [f"x{20 * slow}"], ["late"], keepdims=0),
            helper.make_node("Add", ["before", "late"], ["logits"]),
        ]
        nodes[3].output[0] = "before"
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 32, 32, 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 8])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    attach(model, metadata(INFO, terms="", quantisation="", statistics=None), "")
    write_onnx(model, path)
    return path


@pytest.fixture
def network(tmp_path: Path) -> Iterator[OnnxNetwork]:
    found, _ = load_onnx(small_network(tmp_path / "model.onnx"), "cpu", 1)
    yield found
    found.close()


def children() -> list[psutil.Process]:
    """Without the one that Python keeps for names of shared memory."""
    return [child for child in psutil.Process().children() if "resource_tracker" not in " ".join(child.cmdline())]


def test_it_computes_elsewhere_and_ends_with_whoever_asked(network: OnnxNetwork) -> None:
    logits, features = network.infer(IMAGES)
    np.testing.assert_array_equal(logits, IMAGES.reshape(3, -1)[:, :8])
    assert features is None
    assert network.infer(IMAGES[:0])[0].shape == (0, 8)
    many = np.repeat(IMAGES, 30, axis=0)
    np.testing.assert_array_equal(network.infer(many)[0], many.reshape(90, -1)[:, :8])
    assert len(children()) == 1
    network.close()
    assert children() == []


def test_one_that_is_forgotten_ends(tmp_path: Path) -> None:
    found = load_onnx(small_network(tmp_path / "model.onnx"), "cpu", 1)[0]
    assert len(children()) == 1
    del found
    assert children() == []


def test_several_threads_may_ask(network: OnnxNetwork) -> None:
    wrong: list[int] = []

    def ask(number: int) -> None:
        image = np.full((1, 32, 32, 3), number, np.uint8)
        wrong.extend(number for _ in range(20) if (network.infer(image)[0] != number).any())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_a_stop_is_heard_while_it_computes_and_the_next_question_starts_it_anew(network: OnnxNetwork) -> None:
    (child,) = children()
    child.suspend()  # as one that computes for ever
    source = CancelSource()
    threading.Timer(0.2, source.cancel).start()
    with pytest.raises(Cancelled):
        network.infer(IMAGES, source.token)
    assert children() == []
    np.testing.assert_array_equal(network.infer(IMAGES)[0], IMAGES.reshape(3, -1)[:, :8])


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_the_time_out_names_itself(network: OnnxNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_network, "_LEAST_SECONDS", 0.2)
    (child,) = children()
    child.suspend()
    with pytest.raises(SkinKDError, match=r"model\.onnx was ended: it was still computing 3 images after 0 s"):
        network.infer(IMAGES)
    assert children() == []


def test_one_that_dies_is_said_and_started_anew(network: OnnxNetwork) -> None:
    (child,) = children()
    child.kill()
    with pytest.raises(SkinKDError, match=r"The process that computes model\.onnx ended"):
        network.infer(IMAGES)
    assert network.infer(IMAGES)[0].shape == (3, 8)


def test_a_file_that_was_replaced_is_not_taken_for_the_one_that_was_loaded(
    network: OnnxNetwork, tmp_path: Path
) -> None:
    small_network(tmp_path / "model.onnx", 2.0)
    np.testing.assert_array_equal(network.infer(IMAGES)[0], IMAGES.reshape(3, -1)[:, :8])
    children()[0].kill()
    with pytest.raises(SkinKDError, match="ended"):
        network.infer(IMAGES)
    with pytest.raises(SkinKDError, match="another one than that which was loaded"):
        network.infer(IMAGES)


class TakenOver(threading.Thread):
    """As a process that a stranger has taken over."""

    exitcode = 0

    def __init__(self, connection: Connection, first: bytes, shapes: object) -> None:
        super().__init__()
        self._connection, self._first, self._shapes = Connection(os.dup(connection.fileno())), first, shapes
        self.start()

    def run(self) -> None:
        with suppress(EOFError, OSError), self._connection as connection:
            connection.recv_bytes()
            connection.send_bytes(self._first)
            connection.recv_bytes()
            connection.recv_bytes()
            connection.send_bytes(json.dumps({"shapes": self._shapes}).encode())
            connection.send_bytes(bytes(96))

    def kill(self) -> None:
        """It ends when nobody speaks to it."""


class Intruder:
    """What an attacker would put into a pickle."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return exec, ("open('executed', 'w').close()",)


def told(**changed: object) -> bytes:
    return json.dumps({"outputs": ["logits"], "sha256": "", "work": 1, "provider": "x", **changed}).encode()


@pytest.mark.skipif(sys.platform == "win32", reason="connections of another kind")
@pytest.mark.parametrize(
    ("first", "shapes"),
    [
        (pickle.dumps(Intruder()), []),
        (b"[]", []),
        (b"x" * 1_100_000, []),
        (told(outputs=["logits", "more"]), []),
        (told(work="much"), []),
        (told(), [[3, 8], [3, 8]]),
        (told(), [[3, 10**12]]),
        (told(), [[3, -8]]),
        (told(), [[2, 12]]),
        (told(), [[3, 7]]),
        (told(), "shapes"),
    ],
)
def test_nothing_that_it_says_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bytes, shapes: object
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(onnx_network, "start", lambda _, connection: TakenOver(connection, first, shapes))
    network = OnnxNetwork(small_network(tmp_path / "model.onnx"), INFO, "cpu", 1)
    with pytest.raises(SkinKDError, match=r"something that no network|ended"):
        network.infer(IMAGES)
    assert not (tmp_path / "executed").exists()


PROGRAM = """
import sys
from pathlib import Path
from core.inference.onnx_network import load_onnx
if __name__ == "__main__":
    load_onnx(Path(sys.argv[1]), "cpu", 1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_it_ends_with_a_program_that_was_killed(tmp_path: Path) -> None:
    file = small_network(tmp_path / "model.onnx", slow=5)
    (tmp_path / "program.py").write_text(PROGRAM)
    program = subprocess.Popen([sys.executable, str(tmp_path / "program.py"), str(file)], env=_surroundings())
    child = _computing_child(program)
    program.kill()
    program.wait()
    assert psutil.wait_procs([child], timeout=20)[1] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing there")
def test_ctrl_c_ends_both_in_words(tmp_path: Path) -> None:
    from PIL import Image

    file = small_network(tmp_path / "model.onnx", slow=5)
    Image.fromarray(IMAGES[0]).save(tmp_path / "picture.png")
    command = [sys.executable, "-m", "core.cli", "classify", str(file), str(tmp_path / "picture.png")]
    program = subprocess.Popen(
        command,
        env=_surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    child = _computing_child(program)
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does
    said, _ = program.communicate(timeout=60)
    assert program.returncode == 130
    assert "Traceback" not in said
    assert "Stopped before the end" in said
    assert psutil.wait_procs([child], timeout=20)[1] == []


def _surroundings() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}


def _computing_child(program: subprocess.Popen[str] | subprocess.Popen[bytes]) -> psutil.Process:
    """The process that computes, once it does: it has taken the memory that the network asks for."""
    for _ in range(1200):
        assert program.poll() is None
        for child in psutil.Process(program.pid).children():
            if child.is_running() and child.memory_info().rss > 150_000_000:
                return child
        time.sleep(0.1)
    raise AssertionError("it never began")
