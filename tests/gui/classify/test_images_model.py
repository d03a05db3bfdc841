from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtGui import QPixmap
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from core.classes import CLASS_SETS
from core.inference.results import Classification
from skinkd_gui.classify.cells import DIAGNOSIS, IMAGE, MALIGNANT, PROBABILITY, VERDICT
from skinkd_gui.classify.controls import make_table
from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.workers.job_slot import shut_down_jobs

ISIC2019 = CLASS_SETS["isic2019"]

SHARES = (0.1, 0.6, 0.1, 0.1, 0.025, 0.025, 0.025, 0.025)


def result(name: str, first: float = 0.1) -> Classification:
    shares = (first, 0.7 - first, *SHARES[2:])
    return Classification(Path(name), shares, "MEL" if first > 0.35 else "NV", classes=ISIC2019)


def column(model: ClassifiedImagesModel, number: int) -> list[str]:
    return [model.index(row, number).data() for row in range(model.rowCount())]


@pytest.fixture
def model(qtbot: QtBot) -> Iterator[ClassifiedImagesModel]:
    images = ClassifiedImagesModel()
    yield images
    shut_down_jobs(images)


def test_it_is_a_sound_model(model: ClassifiedImagesModel, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(model)
    model.add([Path("b.jpg"), Path("a.jpg"), Path("b.jpg")])
    model.set_results([result("a.jpg")])
    model.sort(IMAGE)
    model.clear()
    model.add([Path("c.jpg")])


def test_each_file_is_listed_once(model: ClassifiedImagesModel) -> None:
    assert model.add([Path("x/a.jpg"), Path("y/a.jpg"), Path("x/a.jpg")]) == 2
    assert model.add([Path("x/a.jpg")]) == 0
    assert column(model, IMAGE) == ["a.jpg", "a.jpg"]


def test_rows_wait_and_are_filled_in(model: ClassifiedImagesModel, qtbot: QtBot) -> None:
    model.add([Path("a.jpg"), Path("b.jpg"), Path("c.jpg")])
    assert column(model, DIAGNOSIS) == ["Waiting"] * 3
    failed = Classification(Path("c.jpg"), None, None, "It is damaged.", classes=ISIC2019)
    with qtbot.waitSignal(model.dataChanged) as changed:
        model.set_results([result("a.jpg", 0.6), failed, result("not listed.jpg")])
    assert [changed.args[0].row(), changed.args[1].row()] == [0, 0]  # and row 2 apart: what lies between is the same
    assert column(model, DIAGNOSIS) == ["Melanoma", "Waiting", "It is damaged."]
    assert column(model, VERDICT) == ["Not assessed", "Waiting", "Not classified"]
    assert column(model, PROBABILITY) == ["60.0 %", "", ""]
    assert column(model, MALIGNANT) == ["72.5 %", "", ""]
    assert model.waiting == [Path("b.jpg")]
    assert [item.path.name for item in model.results] == ["a.jpg", "c.jpg"]
    model.forget_results()
    assert len(model.waiting) == 3


def test_sorting_keeps_selections_on_their_files_and_unclassified_ones_last(model: ClassifiedImagesModel) -> None:
    model.add([Path(name) for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg")])
    model.set_results([result("a.jpg", 0.1), result("b.jpg", 0.6), result("d.jpg", 0.3)])
    kept = QPersistentModelIndex(model.index(1, DIAGNOSIS))
    model.sort(MALIGNANT, Qt.SortOrder.DescendingOrder)
    assert column(model, IMAGE) == ["b.jpg", "d.jpg", "a.jpg", "c.jpg"]
    assert (kept.row(), kept.column()) == (0, DIAGNOSIS)
    model.sort(MALIGNANT, Qt.SortOrder.AscendingOrder)
    assert column(model, IMAGE) == ["a.jpg", "d.jpg", "b.jpg", "c.jpg"]
    model.set_results([result("c.jpg", 0.2)])
    assert model.result(3) == result("c.jpg", 0.2)


def test_thousands_of_rows_make_thumbnails_only_for_those_seen(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ClassifiedImagesModel()
    asked: list[Path] = []
    monkeypatch.setattr(model._loader, "request", asked.append)
    table = make_table(model, None)  # type: ignore[arg-type]
    qtbot.addWidget(table)
    table.resize(600, 400)
    table.show()
    files = [Path(f"{number:05}.jpg") for number in range(10_000)]
    model.add(files)
    for start in range(0, 10_000, 100):
        model.set_results([result(file.name) for file in files[start : start + 100]])
    qtbot.waitUntil(lambda: bool(asked))
    table.grab()
    assert len(set(asked)) < 30
    assert model.waiting == []


def test_thumbnails_all_take_the_same_space(qtbot: QtBot, pictures: list[Path], tmp_path: Path) -> None:
    model = ClassifiedImagesModel()
    bad = tmp_path / "bad.jpg"
    bad.write_text("no image")
    model.add([pictures[0], bad])
    before = [model.index(row, IMAGE).data(Qt.ItemDataRole.DecorationRole) for row in range(2)]
    with qtbot.waitSignals([model.dataChanged] * 2):
        pass
    after = [model.index(row, IMAGE).data(Qt.ItemDataRole.DecorationRole) for row in range(2)]
    assert {pixmap.size().toTuple() for pixmap in before + after} == {before[0].size().toTuple()}
    assert after[0].toImage() != before[0].toImage()
    assert isinstance(after[1], QPixmap)
    shut_down_jobs(model)
