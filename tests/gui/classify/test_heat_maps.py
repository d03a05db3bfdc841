from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from core.inference.classifier import Classifier
from core.inference.heatmap import overlay
from skinkd_gui.classify.heat_map_job import HeatKey, HeatMap, HeatMaps, heat_image
from skinkd_gui.workers.job_slot import shut_down_jobs


@pytest.fixture
def classifier(weighed: Path) -> Classifier:
    return Classifier.load(next(folder for folder in weighed.iterdir() if folder.name.endswith("first")), device="cpu")


def key(path: Path, code: str = "MEL") -> HeatKey:
    return HeatKey(path, Path("model"), code)


def test_what_is_laid_over_a_picture_is_the_overlay_of_the_core() -> None:
    generator = np.random.default_rng(0)
    heat = generator.random((6, 6)).astype(np.float32)
    picture = generator.integers(0, 256, (6, 6, 3), np.uint8)
    drawn = heat_image(heat)
    expected = overlay(picture, heat, 1.0)
    for y in range(6):
        for x in range(6):
            colour = drawn.pixelColor(x, y)
            alpha = colour.alphaF()
            mixed = [
                picture[y, x, band] * (1 - alpha) + value * alpha
                for band, value in enumerate((colour.red(), colour.green(), colour.blue()))
            ]
            assert np.abs(np.array(mixed) - expected[y, x]).max() < 4


def test_a_map_is_computed_once_per_image_and_class(
    qtbot: QtBot, classifier: Classifier, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import core.inference.heatmap as module

    asked: list[str] = []
    original = module.heat_map
    monkeypatch.setattr(module, "heat_map", lambda c, p, code: asked.append(code) or original(c, p, code))
    maps = HeatMaps()
    got: list[HeatMap] = []
    maps.ready.connect(got.append)
    for code in ("MEL", "NV", "MEL"):
        count = len(got)
        maps.request(key(pictures[0], code), classifier)
        qtbot.waitUntil(lambda count=count: len(got) > count and not maps.busy)
    assert asked == ["MEL", "NV"]
    assert [found.key.code for found in got] == ["MEL", "NV", "MEL"]
    assert all(found.image is not None and found.error == "" for found in got)
    shut_down_jobs(maps)


def test_only_the_last_wish_is_told(
    qtbot: QtBot, classifier: Classifier, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import core.inference.heatmap as module

    gate, original = threading.Event(), module.heat_map

    def slow(*arguments: object) -> object:
        gate.wait(60)
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "heat_map", slow)
    maps = HeatMaps()
    got: list[Path] = []
    maps.ready.connect(lambda found: got.append(found.key.path))
    for file in pictures[:3]:
        maps.request(key(file), classifier)
    gate.set()
    qtbot.waitUntil(lambda: bool(got) and not maps.busy)
    assert got == [pictures[2]]
    shut_down_jobs(maps)


def test_why_there_is_none_is_told(qtbot: QtBot, classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no image")
    maps = HeatMaps()
    with qtbot.waitSignal(maps.ready) as told:
        maps.request(key(tmp_path / "bad.png"), classifier)
    assert told.args is not None
    assert told.args[0].image is None
    assert "not an image" in told.args[0].error
    qtbot.waitUntil(lambda: not maps.busy)


def test_shutting_down_in_the_middle_leaves_no_thread(classifier: Classifier, tmp_path: Path, qtbot: QtBot) -> None:
    Image.new("RGB", (50, 50), "brown").save(tmp_path / "a.png")
    maps = HeatMaps()
    maps.request(key(tmp_path / "a.png"), classifier)
    assert shut_down_jobs(maps)
    assert not maps.busy
