from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from core.classes import CLASS_SETS
from core.data.types import Part
from core.inference.results import Classification
from core.inference.trust import Assessment, Verdict
from skinkd_gui.classify.cells import (
    AGREEMENT,
    DECISION,
    DIAGNOSIS,
    IMAGE,
    PROBABILITY,
    SECOND_DIAGNOSIS,
    TRUTH,
    VERDICT,
)
from skinkd_gui.classify.images_filter import ImagesFilter
from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.classify.kinds import Kind, Which
from skinkd_gui.workers.job_slot import shut_down_jobs

ISIC2019 = CLASS_SETS["isic2019"]


def answer(name: str, share: float, verdict: Verdict = Verdict.UNCERTAIN, note: str = "") -> Classification:
    shares = (share, 1 - share, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    code = "MEL" if share > 0.5 else "NV"
    return Classification(
        Path(name), shares, code, assessment=Assessment(verdict, "A sentence."), note=note, classes=ISIC2019
    )


@pytest.fixture
def images(qtbot: QtBot) -> Iterator[ClassifiedImagesModel]:
    model = ClassifiedImagesModel()
    model.pictures.loader.request = lambda path: None  # type: ignore[method-assign]
    model.add([Path(f"{letter}.jpg") for letter in "abcd"])
    yield model
    shut_down_jobs(model)


@pytest.fixture
def shown(images: ClassifiedImagesModel) -> ImagesFilter:
    return ImagesFilter(images)


def names(shown: ImagesFilter, column: int = IMAGE) -> list[str]:
    return [shown.index(row, column).data() for row in range(shown.rowCount())]


def test_rows_come_and_go_as_results_arrive(
    images: ClassifiedImagesModel, shown: ImagesFilter, qtmodeltester: ModelTester
) -> None:
    qtmodeltester.check(shown)
    shown.show_kind(Kind.REFER)
    assert names(shown) == []
    images.set_results([answer("c.jpg", 0.2), answer("a.jpg", 0.6), answer("b.jpg", 0.6, Verdict.CONFIDENT)])
    assert names(shown) == ["a.jpg", "c.jpg"]
    images.set_results([answer("a.jpg", 0.6, Verdict.CONFIDENT)])
    assert names(shown) == ["c.jpg"]
    images.forget_results()
    assert names(shown) == []
    shown.show_kind(None)
    assert names(shown) == [f"{letter}.jpg" for letter in "abcd"]


def test_a_filtered_table_sorts_and_the_selection_stays(images: ClassifiedImagesModel, shown: ImagesFilter) -> None:
    images.set_results([answer("a.jpg", 0.6), answer("b.jpg", 0.9, Verdict.CONFIDENT), answer("d.jpg", 0.8)])
    shown.show_kind(Kind.REFER)
    kept = QPersistentModelIndex(shown.index(1, IMAGE))
    assert kept.data() == "d.jpg"
    shown.sort(PROBABILITY, Qt.SortOrder.DescendingOrder)
    assert names(shown) == ["d.jpg", "a.jpg"]
    assert (kept.row(), kept.data()) == (0, "d.jpg")
    assert images.path(shown.row_of(shown.index(0, IMAGE))) == Path("d.jpg")
    shown.show_kind(None)
    assert names(shown) == ["b.jpg", "d.jpg", "a.jpg", "c.jpg"]
    assert kept.row() == 1


def test_sorting_by_verdict_puts_the_surest_first_or_last(images: ClassifiedImagesModel, shown: ImagesFilter) -> None:
    images.set_results([answer("a.jpg", 0.6, Verdict.OUT_OF_DISTRIBUTION), answer("b.jpg", 0.6), answer("c.jpg", 0.9)])
    images.set_results([answer("d.jpg", 0.6, Verdict.CONFIDENT)])
    shown.sort(VERDICT, Qt.SortOrder.AscendingOrder)
    assert names(shown) == ["d.jpg", "c.jpg", "b.jpg", "a.jpg"]
    shown.sort(DECISION, Qt.SortOrder.AscendingOrder)
    assert names(shown) == ["c.jpg", "b.jpg", "d.jpg", "a.jpg"]


def test_a_second_model_has_its_own_columns_and_its_own_waiting(
    images: ClassifiedImagesModel, shown: ImagesFilter
) -> None:
    images.set_results([answer("a.jpg", 0.6), answer("b.jpg", 0.6), answer("c.jpg", 0.6)])
    images.set_results([answer("a.jpg", 0.7), answer("b.jpg", 0.2)], Which.SECOND)
    assert names(shown, SECOND_DIAGNOSIS) == ["Melanoma", "Melanocytic nevus", "Waiting", "Waiting"]
    assert names(shown, AGREEMENT) == ["yes", "no", "", ""]
    assert images.waiting_for(Which.SECOND) == [Path("c.jpg"), Path("d.jpg")]
    assert images.count_waiting(Which.FIRST) == 1
    shown.show_kind(Kind.DISAGREE)
    assert names(shown) == ["b.jpg"]
    images.forget_results(Which.SECOND)
    assert names(shown) == []
    assert len(images.results) == 3


def test_truths_and_parts_are_shown_and_filtered(images: ClassifiedImagesModel, shown: ImagesFilter) -> None:
    images.set_results([answer("a.jpg", 0.6), answer("b.jpg", 0.2)])
    images.set_truths({Path("a.jpg"): "MEL", Path("b.jpg"): "BCC", Path("elsewhere.jpg"): "NV"}, ISIC2019)
    images.set_parts({Path("a.jpg"): Part.TRAIN, Path("c.jpg"): Part.TEST})
    assert names(shown, TRUTH) == ["Melanoma", "Basal cell carcinoma", "–", "–"]
    assert images.truths == {Path("a.jpg"): "MEL", Path("b.jpg"): "BCC"}
    assert "training" in shown.index(0, IMAGE).data(Qt.ItemDataRole.ToolTipRole)
    shown.show_kind(Kind.WRONG)
    assert names(shown) == ["b.jpg"]
    shown.show_kind(Kind.TRAINED_ON)
    assert names(shown) == ["a.jpg"]
    images.set_parts({})
    assert names(shown) == []


def test_a_note_stands_below_the_diagnosis(images: ClassifiedImagesModel, shown: ImagesFilter) -> None:
    images.set_results([answer("a.jpg", 0.6, note="Only the first of its 3 pages was used.")])
    assert names(shown, DIAGNOSIS)[0] == "Melanoma\nOnly the first of its 3 pages was used."
    assert shown.index(0, VERDICT).data(Qt.ItemDataRole.ToolTipRole) == "A sentence."
