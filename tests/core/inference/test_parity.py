"""One preprocessing: what the run saw, its evaluation, the model file, and the command line give the same logits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.classes import CLASS_SETS
from core.cli.main import run
from core.data.decoding import decode_image
from core.data.reading import read_dataset
from core.data.types import Part
from core.events import CancelToken, ignore
from core.inference.classifier import Classifier
from core.inference.network import TorchNetwork
from core.models.files import load_model
from core.models.forward import forward_logits, forward_outputs
from core.models.preprocessing import normalise
from core.runs.evaluating import evaluate_on
from core.runs.folder import RunFolder

ISIC2019 = CLASS_SETS["isic2019"]


@pytest.fixture(scope="module")
def classifier(finished_run: RunFolder) -> Classifier:
    return Classifier.load(finished_run.path, device="cpu")


@pytest.fixture(scope="module")
def files(finished_run: RunFolder, sample_set: Path) -> list[Path]:
    """The test images in the order of predictions.csv."""
    paths = {record.name: record.path for record in read_dataset(sample_set, ISIC2019).records}
    return [paths[name] or Path() for name in finished_run.predictions().of(Part.TEST).names]


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    shares = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def test_five_ways_to_the_same_logits(
    finished_run: RunFolder, classifier: Classifier, files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    written = finished_run.predictions().of(Part.TEST).logits  # by the run itself
    size = classifier.info.preprocessing.image_size
    pixels = np.stack([decode_image(file, size) for file in files])
    np.testing.assert_allclose(classifier.logits(pixels), written, atol=1e-5)  # the model file

    model, info = load_model(finished_run.model_file)
    batch = normalise(torch.from_numpy(pixels), info.preprocessing)  # what a training step is given
    with torch.no_grad():
        np.testing.assert_allclose(model.eval()(batch).numpy(), written, atol=1e-5)

    shares = softmax(written, info.temperature)
    found = list(classifier.classify(files))  # the window
    np.testing.assert_allclose([answer.probabilities or () for answer in found], shares, atol=1e-5)

    assert run(["classify", str(finished_run.path), *map(str, files), "--json", "--device", "cpu"]) == 0
    rows = json.loads(capsys.readouterr().out)["images"]  # the command line
    listed = [[row["probabilities"][code] for code in ISIC2019.codes] for row in rows]
    np.testing.assert_allclose(listed, shares, atol=1e-5)
    assert [row["verdict"] for row in rows] == [answer.assessment and answer.assessment.verdict for answer in found]

    scored = evaluate_on(finished_run.path, None, part="", device="cpu", emit=ignore, token=CancelToken())
    assert scored.detailed.scores.confusion == finished_run.scores().confusion  # type: ignore[union-attr]


def test_one_forward_gives_logits_and_features(classifier: Classifier, files: list[Path]) -> None:
    import torch

    assert isinstance(classifier.network, TorchNetwork)
    module = classifier.network.module
    pixels = np.stack([decode_image(file, 32) for file in files])
    logits, features = classifier.features(pixels)
    assert features is not None
    with torch.no_grad():
        batch = normalise(torch.from_numpy(pixels), classifier.info.preprocessing)
        np.testing.assert_array_equal(logits, module(batch).numpy())  # to the bit
        again = module.get_classifier()(torch.from_numpy(features))  # type: ignore[operator]
        pooled = module.forward_head(module.forward_features(batch), pre_logits=True)  # type: ignore[operator]
    np.testing.assert_allclose(again.numpy(), logits, atol=1e-5)
    np.testing.assert_allclose(pooled.numpy(), features, atol=1e-5)


@pytest.mark.parametrize(
    "architecture", ["test_vit", "test_efficientnet", "test_convnext", "mobilenetv3_small_050", "test_nfnet"]
)
def test_features_come_from_networks_of_all_kinds(architecture: str) -> None:
    from core.models.factory import create_model

    loaded = create_model(architecture, weights="none", image_size=64, classes=ISIC2019)
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)

    def gather(indices: np.ndarray) -> np.ndarray:
        return np.asarray(images[indices])

    every = np.arange(5)
    logits, features = forward_outputs(loaded.model, loaded.preprocessing, gather, every, device="cpu")
    assert features is not None
    assert features.shape[0] == 5
    assert features.std() > 0
    plain = forward_logits(loaded.model, loaded.preprocessing, gather, every, device="cpu")
    np.testing.assert_array_equal(logits, plain)


def test_a_turned_picture_with_exif_is_judged_upright(
    classifier: Classifier, files: list[Path], tmp_path: Path, make_turned: Callable[[Path, Path], Path]
) -> None:
    turned = make_turned(files[0], tmp_path / "turned.png")
    first, second = classifier.classify([files[0], turned])
    assert first.assessment is not None
    assert second.assessment is not None
    assert first.code == second.code
    assert first.assessment.verdict is second.assessment.verdict
    np.testing.assert_allclose(first.probabilities or (), second.probabilities or (), atol=0.02)


@pytest.fixture
def make_turned() -> Callable[[Path, Path], Path]:
    """Save a picture turned by a quarter with the EXIF note that says so."""

    def make(source: Path, target: Path) -> Path:
        with Image.open(source) as image:
            exif = Image.Exif()
            exif[0x0112] = 6
            image.convert("RGB").transpose(Image.Transpose.ROTATE_90).save(target, exif=exif)
        return target

    return make
