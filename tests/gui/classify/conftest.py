"""A runs folder with two finished runs, and pictures to classify."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from core.classes import CLASS_SETS
from core.models.info import ModelInfo
from core.recipe import Recipe
from core.runs.folder import create_run
from core.runs.status import RunState
from skinkd_gui.classify.classify_tab import ClassifyTab
from skinkd_gui.classify.images_model import ARRIVAL
from skinkd_gui.workers.job_slot import shut_down_jobs
from tests.core.inference.skins import skins

ISIC2019 = CLASS_SETS["isic2019"]

if TYPE_CHECKING:
    from torch import nn

MakeTab = Callable[[Path], ClassifyTab]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two finished runs (`Real`, and the newer `Synthetic`) and one without a model."""
    from core.models.factory import create_model
    from core.models.files import save_model

    root = tmp_path_factory.mktemp("runs")
    for second, (name, synthetic) in enumerate((("Real", False), ("Synthetic", True))):
        loaded = create_model("test_resnet", weights="none", image_size=32, seed=second, classes=ISIC2019)
        run = create_run(Recipe(), runs=root, name=name)
        save_model(
            run.model_file,
            loaded.model,
            ModelInfo("test_resnet", loaded.preprocessing, synthetic=synthetic, classes=ISIC2019),
        )
        run.set_status(state=RunState.FINISHED, synthetic=synthetic, created=f"2026-01-01T00:00:0{second}+00:00")
    create_run(Recipe(), runs=root, name="Unfinished")
    return root


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Six small pictures in a folder."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    files = [folder / f"picture-{number}.png" for number in range(6)]
    for number, file in enumerate(files):
        Image.new("RGB", (60, 40), (40 * number, 90, 255 - 40 * number)).save(file)
    return files


@pytest.fixture
def make_tab(qtbot: QtBot) -> Iterator[MakeTab]:
    """A shown tab whose list of models has been read."""
    made: list[ClassifyTab] = []

    def make(root: Path) -> ClassifyTab:
        tab = ClassifyTab(None, root)
        qtbot.addWidget(tab)
        made.append(tab)
        tab.resize(1100, 650)
        tab.show()
        tab._pane.table.sortByColumn(ARRIVAL, Qt.SortOrder.AscendingOrder)  # tests know images by their rows
        qtbot.waitUntil(lambda: not tab._catalog.busy)
        return tab

    yield make
    for tab in made:
        shut_down_jobs(tab)


@pytest.fixture
def tab(make_tab: MakeTab, runs: Path) -> ClassifyTab:
    return make_tab(runs)


@pytest.fixture(scope="session")
def weighed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder with two finished runs, `First` and the older `Second`, whose models give verdicts on `skins`."""
    from core.inference.classifier import Classifier
    from core.inference.out_of_distribution import Descriptors, appearance_of, fit_statistics
    from core.models.factory import create_model
    from core.models.files import load_model, save_model

    root = tmp_path_factory.mktemp("weighed")
    images = np.stack([resized(pixels, 64) for pixels in skins(240, 0, 64)])
    for seed, name in enumerate(("Second", "First")):
        loaded = create_model("test_resnet", weights="none", image_size=64, seed=5, classes=ISIC2019)
        run = create_run(Recipe(), runs=root, name=name)
        info = ModelInfo("test_resnet", loaded.preprocessing, trained_on="skins", classes=ISIC2019)
        _spread(loaded.model, run.model_file, info, images, seed)
        logits, features = Classifier.load(run.path).features(images)
        # Labels of which the model knows something, and not all.
        labels = (logits + np.random.default_rng(seed).normal(0, 1.5, logits.shape)).argmax(axis=1)
        assert features is not None
        validation, training = slice(0, 160), slice(160, 240)
        seen = [Descriptors(features[part], appearance_of(images[part])) for part in (validation, training)]
        statistics = fit_statistics(logits[validation], labels[validation], *seen)
        save_model(run.model_file, load_model(run.model_file)[0], info, statistics)
        run.set_status(state=RunState.FINISHED, created=f"2026-01-01T00:00:0{seed}+00:00")
    return root


def _spread(model: nn.Module, file: Path, info: ModelInfo, images: NDArray[np.uint8], seed: int) -> None:
    """Change the last layer such that the answers differ from image to image, and save; another seed, other answers."""
    import torch

    from core.inference.classifier import Classifier
    from core.models.files import save_model

    last = model.get_submodule("fc")
    with torch.no_grad():
        last.weight += 0.5 * seed * last.weight.std() * torch.randn(last.weight.shape, generator=torch.manual_seed(1))
        save_model(file, model, info)
        logits = torch.from_numpy(Classifier.load(file).logits(images))
        scale = 3 / logits.std(dim=0)
        last.weight *= scale[:, None]
        last.bias.copy_((last.bias - logits.mean(dim=0)) * scale)
    save_model(file, model, info)


def resized(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """As the classifier decodes it."""
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


@pytest.fixture
def lesions(tmp_path: Path) -> list[Path]:
    """Twelve pictures like those that `weighed` knows, then a blank page and a file that is no image."""
    folder = tmp_path / "lesions"
    folder.mkdir()
    files = [folder / f"lesion-{number:02}.png" for number in range(12)]
    for file, pixels in zip(files, skins(12, 7, 64), strict=True):
        Image.fromarray(pixels).save(file)
    Image.new("RGB", (200, 260), "white").save(folder / "page.png")
    (folder / "zz-notes.jpg").write_text("no image")
    return [*files, folder / "page.png", folder / "zz-notes.jpg"]
