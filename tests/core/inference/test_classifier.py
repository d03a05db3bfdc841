from __future__ import annotations

import itertools
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.classes import CLASS_SETS
from core.data.decoding import decode_image
from core.data.reading import read_dataset
from core.digests import file_digest
from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, CancelToken, Event, Phase, Progress
from core.inference.classifier import BATCH, Classification, Classifier
from core.inference.record import entries_for
from core.models import files
from core.models.files import load_model, save_model
from core.models.info import ModelInfo, Preprocessing
from core.runs.folder import RunFolder

ISIC2019 = CLASS_SETS["isic2019"]


@pytest.fixture(scope="module")
def classifier(finished_run: RunFolder) -> Classifier:
    return Classifier.load(finished_run.path, device="cpu")


@pytest.fixture(scope="module")
def images(sample_set: Path) -> list[Path]:
    return sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[: 2 * BATCH + 5]


def test_logits_are_those_of_the_runs_own_test(
    classifier: Classifier, finished_run: RunFolder, sample_set: Path
) -> None:
    files = {record.name: record.path for record in read_dataset(sample_set, ISIC2019).records}
    predictions = finished_run.predictions()
    size = classifier.info.preprocessing.image_size
    pixels = np.stack([decode_image(files[name] or Path(), size) for name in predictions.names])
    np.testing.assert_allclose(classifier.logits(pixels), predictions.logits, rtol=1e-4, atol=1e-4)
    assert np.ptp(predictions.logits) > 0.01  # not all the same, or the line above says little


def test_probabilities_are_the_softmax_of_the_runs_logits(
    classifier: Classifier, finished_run: RunFolder, sample_set: Path
) -> None:
    files = {record.name: record.path for record in read_dataset(sample_set, ISIC2019).records}
    predictions = finished_run.predictions()
    results = list(classifier.classify([files[name] or Path() for name in predictions.names]))
    scaled = predictions.logits / classifier.info.temperature
    shares = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose([result.probabilities or () for result in results], shares, atol=1e-4)
    expected = [ISIC2019.codes[index] for index in predictions.logits.argmax(axis=1)]
    assert [result.code for result in results] == expected


def test_temperature_softens_and_keeps_the_diagnosis(
    finished_run: RunFolder, images: list[Path], tmp_path: Path
) -> None:
    model, info = load_model(finished_run.model_file)
    save_model(tmp_path / "hard.safetensors", model, replace(info, temperature=1.0))
    save_model(tmp_path / "soft.safetensors", model, replace(info, temperature=4.0))
    hard = next(Classifier.load(tmp_path / "hard.safetensors", device="cpu").classify(images[:1]))
    soft = next(Classifier.load(tmp_path / "soft.safetensors", device="cpu").classify(images[:1]))
    assert soft.code == hard.code
    assert (soft.probability or 1) < (hard.probability or 0)
    expected = np.array(hard.probabilities) ** 0.25
    np.testing.assert_allclose(soft.probabilities or (), expected / expected.sum(), atol=1e-6)


def test_a_model_that_is_replaced_while_it_classifies_stays_the_one_that_was_loaded(
    finished_run: RunFolder, images: list[Path], tmp_path: Path
) -> None:
    file = tmp_path / "model.safetensors"
    shutil.copy(finished_run.model_file, file)
    loaded, digest = Classifier.load(file, "cpu"), file_digest(file)
    expected = [row.probabilities for row in loaded.classify(images[:40])]
    rows = loaded.classify(images[:40])
    found = [next(rows)]
    model, info = load_model(file)
    save_model(file, model.apply(lambda part: [value.data.zero_() for value in part.parameters(False)]), info)
    found += rows
    assert [row.probabilities for row in found] == expected
    assert loaded.digest == digest != file_digest(file)
    assert entries_for(found[:1], loaded.info, loaded.digest)[0].model == digest


@pytest.mark.parametrize("when", ["read_model_info", "read_weights", "load_statistics"])
def test_a_model_that_is_replaced_while_it_is_read_is_never_a_mixture(
    finished_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    file = tmp_path / "model.safetensors"
    shutil.copy(finished_run.model_file, file)
    model, info = load_model(file)
    save_model(tmp_path / "other.safetensors", model, replace(info, temperature=9.0))
    read = getattr(files, when)

    def reading(path: Path, *others: object, **named: object) -> object:
        result = read(path, *others, **named)
        if (tmp_path / "other.safetensors").exists():
            (tmp_path / "other.safetensors").replace(file)
        return result

    monkeypatch.setattr(files, when, reading)
    with pytest.raises(SkinKDError, match="changed while it was read"):
        Classifier.load(file, "cpu")
    assert Classifier.load(file, "cpu").info.temperature == 9.0


def test_unreadable_files_stay_in_their_place_with_a_reason(
    classifier: Classifier, images: list[Path], tmp_path: Path
) -> None:
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(images[0].read_bytes()[:800])
    text = tmp_path / "text.jpg"
    text.write_text("no image")
    files = [cut, *images[:40], text, tmp_path / "absent.png", *images[40:]]
    results = list(classifier.classify(files))
    assert [result.path for result in results] == files
    failed = [result for result in results if result.code is None]
    assert [result.path for result in failed] == [cut, text, tmp_path / "absent.png"]
    assert all(result.error and result.probabilities is None and result.malignant is None for result in failed)
    assert "cut off" in failed[0].error
    assert "does not exist" in failed[2].error


def test_what_must_be_known_of_a_file_stands_beside_its_answer(
    classifier: Classifier, images: list[Path], tmp_path: Path
) -> None:
    with Image.open(images[0]) as image:
        image.save(tmp_path / "pages.tif", save_all=True, append_images=[image])
    first, second = classifier.classify([tmp_path / "pages.tif", images[0]])
    assert first.note == "Only the first of its 2 pages was used."
    assert first.code
    assert second.note == ""


def test_an_image_gets_the_same_alone_and_among_others(classifier: Classifier, images: list[Path]) -> None:
    together = list(classifier.classify(images))[-1]
    alone = next(classifier.classify([images[-1]]))
    np.testing.assert_allclose(alone.probabilities or (), together.probabilities or (), atol=1e-5)


def test_progress_reaches_the_end_and_counts_every_file(classifier: Classifier, images: list[Path]) -> None:
    events: list[Event] = []
    assert len(list(classifier.classify(images, events.append))) == len(images)
    counts = [(event.done, event.total) for event in events if isinstance(event, Progress)]
    assert counts[0] == (0, 69)
    assert counts[-1] == (69, 69)
    assert [total for _, total in counts] == [69] * len(counts)
    steps = [after[0] - before[0] for before, after in itertools.pairwise(counts)]
    assert all(step > 0 for step in steps)
    assert all(event.phase is Phase.CLASSIFYING for event in events if isinstance(event, Progress))


def test_cancel_stops_within_a_batch(classifier: Classifier, images: list[Path]) -> None:
    source = CancelSource()
    done: list[Classification] = []

    def work() -> None:
        for result in classifier.classify(images * 20, token=source.token):
            done.append(result)
            source.cancel()

    with pytest.raises(Cancelled):
        work()
    assert 1 <= len(done) <= BATCH


class _Watched:
    """A network that answers nothing in particular and keeps in which threads, and how many images at a time."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []

    def infer(
        self, images: NDArray[np.uint8], token: CancelToken | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        self.asked.append((threading.get_ident(), len(images)))
        return np.zeros((len(images), 8), np.float32), None


@pytest.mark.parametrize(
    ("cores", "device", "largest"), [(1, "cpu", 32), (2, "cpu", 16), (64, "cpu", 4), (2, "cuda", 32)]
)
def test_workers_share_what_lies_in_memory(
    images: list[Path], monkeypatch: pytest.MonkeyPatch, cores: int, device: str, largest: int
) -> None:
    monkeypatch.setattr("core.training.hardware.available_cores", lambda: cores)
    network = _Watched()
    info = ModelInfo("none", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), classes=ISIC2019)
    files = [*images, *images]
    results = list(Classifier(network, info, device, Path()).classify(files))
    assert [result.path for result in results] == files
    assert sum(count for _, count in network.asked) == len(files)
    assert max(count for _, count in network.asked) == largest
    assert threading.get_ident() not in {thread for thread, _ in network.asked}


def test_few_files_are_shared_among_the_workers(images: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.training.hardware.available_cores", lambda: 2)
    network = _Watched()
    info = ModelInfo("none", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), classes=ISIC2019)
    list(Classifier(network, info, "cpu", Path()).classify(images[:3]))
    assert sorted(count for _, count in network.asked) == [1, 2]


def test_a_failure_in_a_worker_reaches_the_caller_and_leaves_no_thread(images: list[Path]) -> None:
    class Failing:
        def infer(
            self, images: NDArray[np.uint8], token: CancelToken | None = None
        ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
            raise SkinKDError("The model can not compute", "made up")

    info = ModelInfo("none", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), classes=ISIC2019)
    with pytest.raises(SkinKDError, match="can not compute"):
        list(Classifier(Failing(), info, "cpu", Path()).classify(images * 20))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("classify")]


def test_classifying_leaves_the_threads_of_a_training_alone(classifier: Classifier, images: list[Path]) -> None:
    import torch

    def counted() -> list[int]:
        counts: list[int] = []
        thread = threading.Thread(target=lambda: counts.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        return [*counts, torch.get_num_threads()]

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert list(classifier.classify(images))
        assert counted() == [3, 3]  # of a thread that starts afterwards, and of this one
    finally:
        torch.set_num_threads(before)


def test_no_files_give_no_results(classifier: Classifier) -> None:
    assert list(classifier.classify([])) == []


def test_the_malignant_total_adds_three_classes(classifier: Classifier, images: list[Path]) -> None:
    result = next(classifier.classify(images[:1]))
    shares = dict(zip(ISIC2019.codes, result.probabilities or (), strict=True))
    assert result.malignant == pytest.approx(shares["MEL"] + shares["BCC"] + shares["SCC"])


def test_a_model_that_gives_no_numbers_gives_no_diagnosis(images: list[Path]) -> None:
    class Broken:
        def infer(
            self, images: NDArray[np.uint8], token: CancelToken | None = None
        ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
            return np.full((len(images), 8), np.nan, np.float32), None

    info = ModelInfo("none", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), classes=ISIC2019)
    result = next(Classifier(Broken(), info, "cpu", Path()).classify(images[:1]))
    assert result.code is None
    assert "no usable numbers" in result.error


def _empty_folder(tmp_path: Path) -> Path:
    return tmp_path


def _absent(tmp_path: Path) -> Path:
    return tmp_path / "absent"


def _text_file(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_text("hello")
    return tmp_path


@pytest.mark.parametrize("make", [_empty_folder, _absent, _text_file])
def test_what_is_no_model_is_refused(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    with pytest.raises(SkinKDError):
        Classifier.load(make(tmp_path), device="cpu")
