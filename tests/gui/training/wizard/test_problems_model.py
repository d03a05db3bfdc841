"""The tree of problems, also when there are very many."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from core.data.types import Problem, ProblemKind
from skinkd_gui.training.wizard.data_widgets import ProblemsBox
from skinkd_gui.training.wizard.problems_model import ProblemsModel

_PROBLEMS = (
    Problem(ProblemKind.UNREADABLE, "b", "cut off", ("b",)),
    Problem(ProblemKind.MISSING_ROW, "c.jpg", "no row", excludes=False),
    Problem(ProblemKind.UNREADABLE, "a", "no image", ("a",)),
)


def _texts(model: ProblemsModel, parent: QModelIndex | None = None) -> list[tuple[str, str]]:
    above = parent or QModelIndex()
    rows = range(model.rowCount(above))
    return [(model.index(row, 0, above).data(), model.index(row, 1, above).data()) for row in rows]


def test_problems_are_grouped_by_kind_with_counts(qtmodeltester: ModelTester) -> None:
    model = ProblemsModel()
    model.show_problems(_PROBLEMS)
    qtmodeltester.check(model, force_py=True)
    assert _texts(model) == [
        ("Image without a table row (1)", "to be known, leaves no image out"),
        ("Unreadable image (2)", "2 images concerned"),
    ]
    assert _texts(model, model.index(1, 0)) == [("b", "cut off"), ("a", "no image")]
    assert model.problem(model.index(1, 0, model.index(1, 0))) == _PROBLEMS[2]


def test_the_decision_is_asked_for_only_when_images_are_left_out(qtbot: QtBot) -> None:
    box = ProblemsBox()
    qtbot.addWidget(box)
    box.show_problems(_PROBLEMS, excluded=2, skip=False, usable=10)
    assert not box.isHidden()
    assert box.skip.text() == "Go on without these 2 images"
    with qtbot.waitSignal(box.decided) as decided:
        box.skip.click()
    assert decided.args == [True]
    box.show_problems(_PROBLEMS[1:2], excluded=0, skip=True, usable=10)
    assert box.skip.isHidden()
    box.show_problems((), excluded=0, skip=False, usable=10)
    assert box.isHidden()


@pytest.mark.timeout(60)  # a widget per problem takes minutes
def test_25_000_problems_do_not_hang_the_window(qtbot: QtBot) -> None:
    many = tuple(Problem(ProblemKind.MISSING_IMAGE, f"ISIC_{n}", "not there", (f"ISIC_{n}",)) for n in range(25_000))
    box = ProblemsBox()
    qtbot.addWidget(box)
    box.resize(800, 300)
    box.show_problems(many, excluded=25_000, skip=False, usable=5)
    box.show()
    QApplication.processEvents()
    assert not box.view.isExpanded(box.view.model().index(0, 0))
    box.view.expandAll()
    QApplication.processEvents()
    assert box.view.model().rowCount(box.view.model().index(0, 0)) == 25_000
