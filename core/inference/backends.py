"""PyTorch or ONNX Runtime: whichever answers faster on this computer, where a CPU computes.

Which one is faster depends on network and processor, so both are timed. ONNX Runtime needs the network as a graph,
which is made once and kept in the cache folder. A graph is never trusted: its name seals its content and the model file
that it was made of, it is checked as a file from a stranger, and each time it must answer as the network does.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.atomic import temporary_folder
from core.data.decoding import Decoded
from core.errors import Cancelled, SkinKDError
from core.events import CancelToken, Level, Notice, Phase, Progress, Report, ignore
from core.inference.network import BATCH, Network, worker_count, workers_for
from core.paths import cache_root, make_private

if TYPE_CHECKING:
    from core.inference.classifier import Classifier
    from core.inference.onnx_network import OnnxNetwork

FEWEST = 4_000
"""Files from which on making a graph pays: it takes 20 s of one core, and a MobileNetV2 at 224 px then needs 5 ms less
of one for each image, larger networks more. At 128 px it is 1.4 ms: there it takes four such folders to gain."""

_FORMAT = 1  # of graphs: another one whenever `to_onnx` or what is checked changes
_KEPT = 12  # graphs, those made last
_CHECKED = 16  # images
_SAME, _SAME_ON_NOISE = 1e-4, 1e-3  # of the largest number of the network's answer; noise is no picture
_TURNS = 3
_SECONDS = 1.0  # of timing, about; in batches as large as a folder's where they fit in, smaller ones tell another ratio
_TICK = 1e-3  # the least of CPU seconds that is believed: Windows counts them in steps of 16 ms

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BackendChoice:
    """What computes a classifier's answers: `name` is `torch` or `onnxruntime`, `reason` says why in a sentence.

    Rates are images per second of one core, decoding not included; None where there was nothing to choose from.
    """

    name: str
    torch_rate: float | None
    onnx_rate: float | None
    reason: str

    @property
    def words(self) -> str:
        """What computes, and how much faster it is or why there was no choice, for people."""
        names = {"torch": "PyTorch", "onnxruntime": "ONNX Runtime"}
        if self.torch_rate is None or self.onnx_rate is None:
            return f"{names[self.name]}. {self.reason}"
        fast, slow = max(self.torch_rate, self.onnx_rate), min(self.torch_rate, self.onnx_rate)
        other = names["torch" if self.name == "onnxruntime" else "onnxruntime"]
        return f"{names[self.name]}, {fast / slow:.1f} times as fast as {other} on this computer"


UNTRIED = BackendChoice("torch", None, None, f"ONNX Runtime is tried with the first folder of {FEWEST:,} images.")
ON_GPU = BackendChoice("torch", None, None, "A GPU computes.")
EXPORTED = BackendChoice("onnxruntime", None, None, "The model is a file for ONNX Runtime.")


def settle(classifier: Classifier, report: Report = ignore) -> None:
    """Let a classifier of torch that was just loaded take the faster of the two, if a graph of its model is there.

    A graph that is damaged, or answers otherwise than the network, is removed and said.
    """
    folder = cache_root() / "graphs"
    if classifier.backend != UNTRIED or not any(folder.glob("*.onnx")):
        return
    for file in folder.glob(f"{_key(classifier.source)}-*.onnx"):
        try:
            _take_faster(classifier, _open(classifier, file), report)
            return
        except Exception:  # see `prepare`
            _log.warning("the graph %s is not used", file.name, exc_info=True)
            file.unlink(missing_ok=True)
            text = "The network's form for ONNX Runtime was damaged and is removed; PyTorch computes. The next large "
            report(Notice(f"{text}folder makes it anew."))


def prepare(
    classifier: Classifier, files: Sequence[Path], report: Report = ignore, token: CancelToken | None = None
) -> None:
    """Before `files` are classified: make the graph of the model where it pays and there is none, check it on some of
    them, and take the faster of the two.

    What goes wrong is said once and leaves torch in charge. Raises `Cancelled`; then nothing is left behind.
    """
    if classifier.backend != UNTRIED or len(files) < FEWEST:
        return
    token = token or CancelToken()
    report(Progress(Phase.PREPARING, 0, 1))
    try:
        graph = _make(classifier, files, token)
        report(Progress(Phase.PREPARING, 1, 1))
        _take_faster(classifier, graph, report)
    except Cancelled:
        raise
    except Exception as error:  # torch's exporter and onnxruntime raise whatever they like; the folder can do without
        _log.warning("no graph of %s", classifier.source, exc_info=True)
        why = error.summary if isinstance(error, SkinKDError) else f"{type(error).__name__}: {error}"
        classifier.backend = BackendChoice("torch", None, None, f"ONNX Runtime can not compute this network: {why}")
        report(Notice(f"PyTorch computes. {classifier.backend.reason}", Level.WARNING))


def _make(classifier: Classifier, files: Sequence[Path], token: CancelToken) -> OnnxNetwork:
    """The graph of a classifier's model, checked and kept. Raises `Cancelled` and whatever libraries raise."""
    import onnx

    from core.inference.export.apart import write_apart
    from core.inference.export.onnx_file import attach, metadata
    from core.inference.onnx_network import load_onnx

    key, info = _key(classifier.source), classifier.info
    folder = make_private(cache_root() / "graphs")
    with temporary_folder(folder) as work:
        model = write_apart(classifier.source, work, token)
        attach(model, metadata(info, terms="", quantisation="", reference=None), "kept by SkinKD for itself")
        path = work / "graph.onnx"
        onnx.save_model(model, path)
        graph, _ = load_onnx(path, "cpu")
        token.check()
        _check(classifier, graph, _some_of(classifier, files), _SAME)
        token.check()
        path.replace(folder / _name(key, path.read_bytes()))
    for old in sorted(folder.glob("*.onnx"), key=lambda file: -file.stat().st_mtime_ns)[_KEPT:]:
        old.unlink(missing_ok=True)
    return graph


def _open(classifier: Classifier, file: Path) -> OnnxNetwork:
    """A graph from the cache. Raises `SkinKDError` or OSError unless it is whole and the classifier's."""
    from core.inference.onnx_network import load_onnx

    if file.name != _name(_key(classifier.source), file.read_bytes()):
        raise SkinKDError("The graph can not be used", "Its content is not what was written.")
    graph, _ = load_onnx(file, "cpu")
    _check(classifier, graph, _noise(classifier, 1), _SAME_ON_NOISE)
    return graph


def _check(classifier: Classifier, graph: Network, images: NDArray[np.uint8], same: float) -> None:
    """Raise `SkinKDError` unless a graph gives the network's answers, within `same` of the largest, and verdicts."""
    expected, found = classifier.network.answer(images), graph.answer(images)
    for name, one, other in zip(("logits", "features"), expected, found, strict=True):
        if one is None and other is None:
            continue
        # Written so that NaN is refused.
        if one is None or other is None or not np.abs(one - other).max() <= same * np.abs(one).max():
            raise SkinKDError("The graph can not be used", f"Its {name} are not those of the network.")
    verdicts = [
        [(int(row.argmax()), found.verdict, found.prediction_set) for row, found in zip(logits, judged, strict=True)]
        for logits, judged in (
            (answer[0], classifier.judge.assess(*answer, images, classifier.level)) for answer in (expected, found)
        )
    ]
    if verdicts[0] != verdicts[1]:
        raise SkinKDError("The graph can not be used", "Its verdicts are not those of the network.")


def _take_faster(classifier: Classifier, graph: OnnxNetwork, report: Report) -> None:
    """Time both as a folder asks them, in turns. The CPU's time counts, which other programs take nothing of; by the
    clock, on two cores that ten programs wanted, the one seemed six times as fast as the other, and was 1.4 times."""
    report(Progress(Phase.TIMING, 0, 1))
    networks, workers = (classifier.network, graph), worker_count()
    classifier.network.answer(_noise(classifier, 1))  # the first pass of a network is slow
    begin = time.process_time()
    classifier.network.answer(_noise(classifier, 1))
    seconds = max(_TICK, time.process_time() - begin) * _TURNS * len(networks)  # with one image in each batch
    batch = _noise(classifier, max(1, min(BATCH // workers, int(_SECONDS / seconds))))
    turns = [[_cpu_seconds(network, batch, workers) for network in networks] for _ in range(_TURNS)]
    images = _TURNS * workers * len(batch)
    torch_rate, onnx_rate = (images / max(_TICK, sum(taken)) for taken in zip(*turns, strict=True))
    name = "onnxruntime" if onnx_rate > torch_rate else "torch"
    classifier.backend = BackendChoice(name, torch_rate, onnx_rate, "It was the faster one when both were timed.")
    classifier.answering = graph if name == "onnxruntime" else classifier.network
    rates = f"a core answers {onnx_rate:.0f} images per second with ONNX Runtime, {torch_rate:.0f} with PyTorch"
    report(Notice(f"Computing with {classifier.backend.words} ({rates})."))


def _cpu_seconds(network: Network, batch: NDArray[np.uint8], workers: int) -> float:
    """What it takes of all cores when each worker asks for a batch."""
    with workers_for(network, "cpu", workers) as pool:
        list(pool.map(network.answer, [batch[:1]] * workers))  # the threads start
        begin = time.process_time()
        list(pool.map(network.answer, [batch] * workers))
        return time.process_time() - begin


def _some_of(classifier: Classifier, files: Sequence[Path]) -> NDArray[np.uint8]:
    """Some of the files, decoded. Raises `SkinKDError` when none of those tried can be read."""
    chosen = [files[int(place)] for place in np.linspace(0, len(files) - 1, _CHECKED)]
    read = [found.pixels for found in map(classifier._decode, chosen) if isinstance(found, Decoded)]
    if not read:
        raise SkinKDError("The graph can not be checked", "None of the files that were tried for a check can be read.")
    return np.stack(read)


def _noise(classifier: Classifier, count: int) -> NDArray[np.uint8]:
    size = classifier.info.preprocessing.image_size
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


def _key(model_file: Path) -> str:
    """Names a model file's graph: by its content and by whose code the graph is made of and for."""
    import onnxruntime
    import torch

    from core.inference.record import file_digest

    facts = [_FORMAT, file_digest(model_file), torch.__version__, onnxruntime.__version__]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _name(key: str, content: bytes) -> str:
    """The file name of a graph: a file that was changed, or made for another model, does not have it."""
    return f"{key}-{hashlib.sha256(key.encode() + content).hexdigest()[:32]}.onnx"
