from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, CancelToken, Event, Level, Notice, Phase, Progress
from core.inference import backends
from core.inference.backends import BackendChoice, prepare
from core.inference.classifier import Classification, Classifier
from core.inference.export import apart
from core.inference.export.onnx_writing import to_onnx
from core.inference.onnx_network import OnnxNetwork
from core.inference.record import entries_for, file_digest
from core.models.files import load_model
from core.runs.folder import RunFolder

write_in_another_process = apart.write_apart  # as it is in the product


@pytest.fixture(scope="module")
def images(sample_set: Path) -> list[Path]:
    return sorted((sample_set / "ISIC_2019_Training_Input").iterdir())


@pytest.fixture(scope="module")
def written(finished_run: RunFolder) -> bytes:
    """The run's network, really exported, once."""
    content: bytes = to_onnx(*load_model(finished_run.model_file)).SerializeToString()
    return content


@pytest.fixture
def exports(written: bytes, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The exporter gives the one that is there (another process takes seconds to start); lists what was asked for."""
    asked: list[Path] = []

    def once(model_file: Path, folder: Path, token: CancelToken) -> onnx.ModelProto:
        asked.append(model_file)
        return onnx.load_model_from_string(written)

    monkeypatch.setattr(apart, "write_apart", once)
    return asked


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any folder is a large one; the stopwatch is soon happy."""
    monkeypatch.setattr(backends, "FEWEST", 20)
    monkeypatch.setattr(backends, "_SECONDS", 0.0)


@pytest.fixture
def graphs(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "skinkd-cache" / "graphs"
    yield folder
    assert not list(folder.glob(".*"))  # nothing unfinished, whatever happened


def fast(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let one of the two be the faster."""

    def seconds(network: object, batch: NDArray[np.uint8], workers: int) -> float:
        rate = 170.0 if isinstance(network, OnnxNetwork) == (name == "onnxruntime") else 100.0
        return workers * len(batch) / rate

    monkeypatch.setattr(backends, "_cpu_seconds", seconds)


def same(one: list[Classification], other: list[Classification]) -> None:
    """The same verdicts, and the same numbers within rounding."""
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert (a.path, a.code) == (b.path, b.code)
        np.testing.assert_allclose(a.probabilities or (), b.probabilities or (), atol=1e-5)
        assert a.assessment is not None
        assert b.assessment is not None
        assert a.assessment.verdict is b.assessment.verdict
        assert a.assessment.prediction_set == b.assessment.prediction_set
        assert a.assessment.sentence == b.assessment.sentence
        assert a.assessment.distance == pytest.approx(b.assessment.distance, rel=1e-3)


def test_verdicts_are_the_same_whichever_computes(
    finished_run: RunFolder, images: list[Path], exports: list[Path], graphs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast(monkeypatch, "onnxruntime")
    classifier = Classifier.load(finished_run.path, "cpu")
    by_torch = list(classifier.classify(images))
    assert len({row.assessment.prediction_set for row in by_torch if row.assessment}) > 1  # or it says little
    prepare(classifier, images)
    assert isinstance(classifier.answering, OnnxNetwork)
    assert exports == [finished_run.model_file]
    same(list(classifier.classify(images)), by_torch)
    same([next(classifier.classify([image])) for image in images[:20]], by_torch[:20])
    # The next time the graph is there.
    again = Classifier.load(finished_run.path, "cpu")
    assert isinstance(again.answering, OnnxNetwork)
    prepare(again, images)
    assert len(exports) == 1
    same(list(again.classify(images)), by_torch)
    assert len(list(graphs.iterdir())) == 1


def test_the_faster_one_is_taken_and_said(
    finished_run: RunFolder, images: list[Path], exports: list[Path], graphs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Event] = []
    classifier = Classifier.load(finished_run.path, "cpu")
    assert classifier.backend.words == "PyTorch. ONNX Runtime is tried with the first folder of 4,000 images."
    fast(monkeypatch, "torch")
    prepare(classifier, images, events.append)
    assert (classifier.backend.name, classifier.answering) == ("torch", classifier.network)
    assert (classifier.backend.torch_rate, classifier.backend.onnx_rate) == pytest.approx((170, 100))
    assert Progress(Phase.PREPARING, 0, 1) in events
    fast(monkeypatch, "onnxruntime")
    again = Classifier.load(finished_run.path, "cpu", events.append)
    assert again.backend.name == "onnxruntime"
    expected = "Computing with ONNX Runtime, 1.7 times as fast as PyTorch on this computer (a core answers 170 images "
    assert events[-1] == Notice(f"{expected}per second with ONNX Runtime, 100 with PyTorch).")


def test_both_are_really_timed(
    finished_run: RunFolder, images: list[Path], exports: list[Path], graphs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "_SECONDS", 0.1)
    classifier = Classifier.load(finished_run.path, "cpu")
    prepare(classifier, images)
    choice = classifier.backend
    assert choice.torch_rate
    assert choice.onnx_rate
    assert (choice.name == "onnxruntime") == (choice.onnx_rate > choice.torch_rate)
    assert isinstance(classifier.answering, OnnxNetwork) == (choice.name == "onnxruntime")


def test_a_small_folder_and_a_gpu_make_no_graph(
    finished_run: RunFolder, images: list[Path], exports: list[Path], graphs: Path
) -> None:
    classifier = Classifier.load(finished_run.path, "cpu")
    prepare(classifier, images[:19])
    prepare(Classifier(classifier.network, classifier.info, "cuda", classifier.source), images)
    assert not exports
    assert not graphs.exists()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def _flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x40
    file.write_bytes(content)


def _foreign(file: Path) -> None:
    """Another model's graph, whole, under the name of this one's."""
    other = backends._name("0" * 32, file.read_bytes())
    file.rename(file.with_name(file.name.partition("-")[0] + "-" + other.partition("-")[2]))


def _sealed_but_other(file: Path) -> None:
    """Well sealed, and answering something else."""
    model = onnx.load_model(file)
    for weights in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weights)
        if values.dtype == np.float32 and values.ndim == 4:
            weights.CopyFrom(onnx.numpy_helper.from_array(1.5 * values, weights.name))
    file.unlink()
    key = file.name.partition("-")[0]
    (file.parent / backends._name(key, model.SerializeToString())).write_bytes(model.SerializeToString())


@pytest.mark.parametrize("spoil", [_cut, _flipped, _foreign, _sealed_but_other])
def test_a_spoilt_graph_is_noticed_and_made_anew(
    finished_run: RunFolder,
    images: list[Path],
    exports: list[Path],
    graphs: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
) -> None:
    fast(monkeypatch, "onnxruntime")
    prepare(Classifier.load(finished_run.path, "cpu"), images)
    (file,) = graphs.iterdir()
    spoil(file)
    notices: list[Event] = []
    classifier = Classifier.load(finished_run.path, "cpu", notices.append)
    assert classifier.answering is classifier.network
    assert any(isinstance(event, Notice) and "damaged" in event.text for event in notices)
    assert not list(graphs.iterdir())
    prepare(classifier, images)
    assert isinstance(classifier.answering, OnnxNetwork)
    assert len(exports) == 2


def test_a_graph_is_of_one_model_file_only(
    finished_run: RunFolder, images: list[Path], exports: list[Path], graphs: Path, tmp_path: Path
) -> None:
    prepare(Classifier.load(finished_run.path, "cpu"), images)
    changed = tmp_path / "changed.safetensors"
    shutil.copy(finished_run.model_file, changed)
    assert Classifier.load(changed, "cpu").backend.onnx_rate  # the same file under another name
    content = changed.read_bytes()
    last = np.frombuffer(content[-4:], np.uint8)[0]
    changed.write_bytes(content[:-4] + bytes([int(last) ^ 1]) + content[-3:])
    assert Classifier.load(changed, "cpu").backend == backends.UNTRIED
    assert len(list(graphs.iterdir())) == 1


def _broken(model_file: Path, folder: Path, token: CancelToken) -> Any:
    raise SkinKDError("This network can not be exported", "torch could not write it.")


def _no_network(model_file: Path, folder: Path, token: CancelToken) -> onnx.ModelProto:
    return onnx.ModelProto()


@pytest.mark.parametrize("write", [_broken, _no_network])
def test_an_export_that_fails_is_said_once_and_costs_nothing(
    finished_run: RunFolder,
    images: list[Path],
    graphs: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[..., onnx.ModelProto],
) -> None:
    monkeypatch.setattr(apart, "write_apart", write)
    notices: list[Event] = []
    classifier = Classifier.load(finished_run.path, "cpu")
    prepare(classifier, images, notices.append)
    prepare(classifier, images, notices.append)
    (told,) = [event for event in notices if isinstance(event, Notice)]
    assert told.level is Level.WARNING
    assert "PyTorch computes" in told.text
    assert all(row.code for row in classifier.classify(images))
    assert not list(graphs.iterdir())


def test_a_graph_with_other_verdicts_is_refused(
    finished_run: RunFolder, images: list[Path], exports: list[Path], graphs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = OnnxNetwork.answer

    def other(self: OnnxNetwork, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Any]:
        logits, features = answer(self, pictures)
        return logits + np.float32(1e-3) * np.abs(logits).max(), features

    monkeypatch.setattr(OnnxNetwork, "answer", other)
    classifier = Classifier.load(finished_run.path, "cpu")
    prepare(classifier, images)
    assert classifier.answering is classifier.network
    assert "logits" in classifier.backend.reason
    assert not list(graphs.iterdir())


def test_without_a_readable_picture_nothing_is_trusted(
    finished_run: RunFolder, exports: list[Path], graphs: Path, tmp_path: Path
) -> None:
    classifier = Classifier.load(finished_run.path, "cpu")
    prepare(classifier, [tmp_path / f"{number}.jpg" for number in range(30)])
    assert classifier.answering is classifier.network
    assert not list(graphs.iterdir())


def test_a_cancelled_export_leaves_no_file_and_no_process(
    finished_run: RunFolder, images: list[Path], graphs: Path
) -> None:
    assert apart.write_apart is write_in_another_process
    source = CancelSource()
    started: list[int] = []

    class Watched(CancelToken):
        def check(self) -> None:
            started.extend(child.pid or 0 for child in multiprocessing.active_children())
            source.cancel()
            source.token.check()

    classifier = Classifier.load(finished_run.path, "cpu")
    with pytest.raises(Cancelled):
        prepare(classifier, images, token=Watched())
    assert started  # there was one to stop
    assert not multiprocessing.active_children()
    assert not list(graphs.iterdir())
    assert classifier.backend == backends.UNTRIED  # the next folder may try again


def test_the_record_names_the_model_file(
    finished_run: RunFolder, images: list[Path], exports: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast(monkeypatch, "onnxruntime")
    classifier = Classifier.load(finished_run.path, "cpu")
    prepare(classifier, images)
    assert isinstance(classifier.answering, OnnxNetwork)
    rows = list(classifier.classify(images[:2]))
    entries = entries_for(rows, classifier.info, classifier.source)
    assert {entry.model for entry in entries} == {file_digest(finished_run.model_file)}


def test_the_words_name_the_faster_one_first() -> None:
    assert BackendChoice("torch", 30.0, 20.0, "").words == (
        "PyTorch, 1.5 times as fast as ONNX Runtime on this computer"
    )
    assert backends.EXPORTED.words == "ONNX Runtime. The model is a file for ONNX Runtime."
