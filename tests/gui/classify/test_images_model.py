from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtGui import QPixmap
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from core.classes import CLASS_SETS
from core.inference.results import Classification
from core.inference.review import NO_REVIEW, Review
from core.inference.triage import MelanomaThreshold
from core.inference.trust import Assessment, Verdict
from skinkd_gui.classify.cells import DECISION, DIAGNOSIS, FLAG, IMAGE, MALIGNANT, PROBABILITY, REVIEW, VERDICT
from skinkd_gui.classify.controls import make_table
from skinkd_gui.classify.images_model import ARRIVAL, ClassifiedImagesModel
from skinkd_gui.classify.kinds import Kind
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
    monkeypatch.setattr(model.pictures.loader, "request", asked.append)
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


def test_the_order_survives_a_change_of_model(model: ClassifiedImagesModel, qtbot: QtBot) -> None:
    model.add([Path(name) for name in ("a.jpg", "b.jpg", "c.jpg")])
    model.set_results([result("a.jpg", 0.1), result("b.jpg", 0.6), result("c.jpg", 0.3)])
    model.sort(MALIGNANT, Qt.SortOrder.DescendingOrder)
    selected = QPersistentModelIndex(model.index(1, DIAGNOSIS))
    assert column(model, IMAGE) == ["b.jpg", "c.jpg", "a.jpg"]
    model.forget_results()
    model.set_results([result("a.jpg", 0.6), result("b.jpg", 0.3), result("c.jpg", 0.1)])
    qtbot.waitUntil(lambda: not model.sorting)
    assert column(model, IMAGE) == ["a.jpg", "b.jpg", "c.jpg"]
    assert model.path(selected.row()) == Path("c.jpg")
    model.add([Path("d.jpg")])
    model.set_results([result("d.jpg", 0.5)])
    qtbot.waitUntil(lambda: not model.sorting)
    assert column(model, IMAGE) == ["a.jpg", "d.jpg", "b.jpg", "c.jpg"]
    model.sort(ARRIVAL)
    assert column(model, IMAGE) == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def test_urgent_images_come_first(model: ClassifiedImagesModel) -> None:
    assessed = Assessment(Verdict.UNCERTAIN, "", prediction_set=("NV",))
    unlike = Assessment(Verdict.OUT_OF_DISTRIBUTION, "")
    model.add([Path(name) for name in ("rest", "broken", "melanoma", "unlike", "waiting")])
    model.set_results(
        [
            replace(result("rest", 0.1), assessment=assessed),
            Classification(Path("broken"), None, None, "damaged", classes=ISIC2019),
            replace(result("melanoma", 0.6), assessment=assessed),
            replace(result("unlike", 0.6), assessment=unlike),
        ]
    )
    model.sort(DECISION)
    assert column(model, IMAGE) == ["melanoma", "unlike", "broken", "rest", "waiting"]
    model.set_threshold(MelanomaThreshold(0.05))
    model.sort(DECISION)
    assert column(model, IMAGE) == ["melanoma", "rest", "unlike", "broken", "waiting"]


def test_reviews_belong_to_files_whatever_the_order_and_the_model(model: ClassifiedImagesModel, qtbot: QtBot) -> None:
    files = [Path(name) for name in ("a.jpg", "b.jpg", "c.jpg")]
    nevus = Review(True, "NV", ISIC2019.name_of("NV"), "seen before")
    model.add(files)
    model.set_results([result("a.jpg", 0.1), result("b.jpg", 0.6), result("c.jpg", 0.3)])
    model.set_reviews({files[1]: nevus, files[2]: replace(nevus, note=""), Path("not listed"): nevus})
    assert column(model, REVIEW) == ["", f"Overruled: {nevus.name}", "Agreed"]
    model.sort(MALIGNANT, Qt.SortOrder.DescendingOrder)
    assert column(model, REVIEW) == [f"Overruled: {nevus.name}", "Agreed", ""]
    assert model.tally.count(Kind.OVERRULED) == model.tally.count(Kind.AGREED) == model.tally.count(Kind.TO_REVIEW) == 1
    so_far = model.reviewed_so_far()
    assert (so_far.compared, so_far.agreed) == (2, 1)
    model.forget_results()
    assert sorted(column(model, REVIEW)) == ["", f"Reviewed: {nevus.name}", f"Reviewed: {nevus.name}"]
    model.set_results([result("b.jpg", 0.1)])
    assert model.review(files[1]) == nevus
    assert model.data(model.index(model.row(files[1]), REVIEW)) == "Agreed"
    model.set_reviews({files[1]: NO_REVIEW})
    assert model.review(files[1]) == NO_REVIEW
    assert list(model.reviews) == [files[2]]


def test_images_are_removed_and_come_back_where_they_were(
    model: ClassifiedImagesModel, qtbot: QtBot, qtmodeltester: ModelTester
) -> None:
    qtmodeltester.check(model)
    files = [Path(f"{number}.jpg") for number in range(6)]
    model.add(files)
    model.set_results([result(file.name) for file in files])
    model.set_reviews({files[4]: Review(True)})
    gone = [files[1], files[2], files[4], Path("not listed")]
    model.remove(gone)
    assert model.paths == [files[0], files[3], files[5]]
    assert [model.row(file) for file in files] == [0, -1, -1, 1, -1, 2]
    assert (model.tally.count(Kind.UNKNOWN), model.reviews, len(model.results)) == (3, {}, 3)
    model.add([files[4], files[2], files[1]])
    qtbot.waitUntil(lambda: not model.sorting)
    assert model.paths == files


def test_many_images_are_removed_at_once(model: ClassifiedImagesModel) -> None:
    files = [Path(f"{number}.jpg") for number in range(1000)]
    model.add(files)
    model.remove(files[::2])
    assert model.paths == files[1::2]
    assert model.row(files[999]) == 499


def test_a_threshold_flags_what_reaches_it(model: ClassifiedImagesModel) -> None:
    model.add([Path("a.jpg"), Path("b.jpg"), Path("c.jpg")])
    model.set_results([result("a.jpg", 0.2), result("b.jpg", 0.1)])
    assert column(model, FLAG) == ["", "", ""]
    model.set_threshold(MelanomaThreshold(0.15, 0.95))
    assert column(model, FLAG) == ["Flagged", "below", ""]
    assert model.tally.count(Kind.FLAGGED) == 1
    model.set_threshold(None)
    assert model.tally.count(Kind.FLAGGED) == 0
