"""How near a folder of files comes to what decoding and the network's forward pass allow on this machine."""

from __future__ import annotations

import core  # noqa: F401  (before numpy: it says how its threads wait)

# isort: split
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from photographs import write_photographs
from ratios import Ratio, Settings, rounds
from ratios import middle as middle_round

from core.classes import CLASS_SETS
from core.data.decoding import Decoded
from core.data.store import ImageStore, open_store
from core.data.types import DataSet, Part
from core.events import CancelSource, Event, ignore
from core.inference.calibrating import PartOutputs, calibrate
from core.inference.classifier import BATCH, Classifier
from core.inference.network import TorchNetwork, thread_setter
from core.models.factory import create_model
from core.models.files import load_model, save_model
from core.models.forward import forward_outputs
from core.models.info import ModelInfo
from core.training.hardware import available_cores
from skinkd_gui.classify.classify_worker import ChunkReady, ClassifyTask, classify_files
from skinkd_gui.classify.kinds import Which
from skinkd_gui.classify.recording import Recorder

ISIC2019 = CLASS_SETS["isic2019"]

ARCHITECTURE = "mobilenetv2_100"
SIZES = (128, 224)
UNIT = "images/s"


def measure(settings: Settings) -> list[Ratio]:
    """Files to recorded verdicts, as the window's worker does it, at two image sizes."""
    images = 64 if settings.quick else 384
    dataset = write_photographs(settings.folder / "photographs", images, min(images, 128))
    return [ratio for size in SIZES for ratio in _measure_at(size, dataset, settings)]


def _measure_at(size: int, dataset: DataSet, settings: Settings) -> list[Ratio]:
    folder = settings.folder / str(size)
    folder.mkdir()
    subject = _Subject(dataset, size, folder)
    found: list[tuple[float, ...]] = [
        (decode, forward, folder_rate, min(decode, forward), 1 / (1 / decode + 1 / forward), plain, apart)
        for decode, forward, apart, plain, folder_rate in rounds(
            settings.turns, subject.decode, subject.forward, subject.forward_apart, subject.plain, subject.classify
        )
    ]
    middle = partial(middle_round, found, 2)
    name = f"folder at {size} px"
    return [
        Ratio(f"{name} / the slower of decode and forward", *middle(3), UNIT, 0.9),
        Ratio(f"{name} / both on the same cores", *middle(4), UNIT, 0.9, note="1 / (1 / decode + 1 / forward)"),
        Ratio(f"{name} / forward of the plain network", *middle(5), UNIT, note="normalisations not folded"),
        Ratio(f"forward at {size} px / plain", *middle_round(found, 1, 5), UNIT, note="normalisations folded"),
        Ratio(f"forward at {size} px by workers / together", *middle_round(found, 6, 1), UNIT, note="a core each"),
    ]


class _Subject:
    """A network that knows nothing, with the reference of one that was trained (the cost is the same), and files."""

    def __init__(self, dataset: DataSet, size: int, folder: Path) -> None:
        store = open_store(dataset, size, cache=folder / "cache")
        self._files = [record.path for record in dataset.records if record.path is not None]
        self._classifier = _classifier(store, folder)
        decoded = [self._classifier._decode(file) for file in self._files]
        self._pixels = np.stack([item.pixels for item in decoded if isinstance(item, Decoded)])
        model, info = load_model(self._classifier.source)
        self._plain = TorchNetwork(model, info.preprocessing, "cpu")
        self.forward()  # the first pass of a network is slower
        self.plain()

    def decode(self) -> float:
        """Decoding alone, with all cores."""
        begin = time.perf_counter()
        with ThreadPoolExecutor(available_cores()) as pool:
            list(pool.map(self._classifier._decode, self._files))
        return self._rate(begin)

    def forward(self) -> float:
        """The forward pass alone, all cores at one batch."""
        return self._answering(self._classifier.network.answer)

    def plain(self) -> float:
        """The same of the network as it was trained."""
        return self._answering(self._plain.answer)

    def forward_apart(self) -> float:
        """The forward pass alone, each core at its own batch."""
        cores = available_cores()
        parts = np.array_split(self._pixels, -(-len(self._pixels) * cores // BATCH))
        with ThreadPoolExecutor(cores, initializer=thread_setter(1)) as pool:
            begin = time.perf_counter()
            list(pool.map(self._classifier.network.answer, parts))
            return self._rate(begin)

    def classify(self) -> float:
        """Files to recorded verdicts: all that the window's worker does."""
        done = 0

        def count(event: Event) -> None:
            nonlocal done
            done += len(event.results) if isinstance(event, ChunkReady) else 0

        task = ClassifyTask(
            Which.FIRST, self._classifier.source, False, self._classifier, tuple(self._files), 0.9, 0.95, Recorder()
        )
        begin = time.perf_counter()
        classify_files(task, count, CancelSource().token)
        assert done == len(self._files)
        return self._rate(begin)

    def _answering(self, answer: Callable[[np.ndarray], object]) -> float:
        begin = time.perf_counter()
        for start in range(0, len(self._pixels), BATCH):
            answer(self._pixels[start : start + BATCH])
        return self._rate(begin)

    def _rate(self, begin: float) -> float:
        return len(self._files) / (time.perf_counter() - begin)


def _classifier(store: ImageStore, folder: Path) -> Classifier:
    created = create_model(ARCHITECTURE, weights="none", image_size=store.image_size, classes=ISIC2019)
    token = CancelSource().token
    half = len(store) // 2
    validation, train = np.arange(half, dtype=np.int64), np.arange(half, len(store), dtype=np.int64)
    logits, features = forward_outputs(created.model.eval(), created.preprocessing, store, validation, device="cpu")
    answered = PartOutputs(Part.VALIDATION, validation, store.labels[validation], logits, features)
    found = calibrate(
        created.model,
        created.preprocessing,
        store,
        train,
        answered,
        answered.at(validation[:0]),
        np.arange(len(store)),
        ISIC2019,
        device="cpu",
        seed=0,
        emit=ignore,
        token=token,
    )
    file = folder / "classifying.safetensors"
    save_model(file, created.model, ModelInfo(ARCHITECTURE, created.preprocessing, classes=ISIC2019), found.statistics)
    return Classifier.load(file, "cpu")
