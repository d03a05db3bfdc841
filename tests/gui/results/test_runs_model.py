"""The table of runs: Qt's own checks, sorting by value, searching, and a thousand rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from core.data.types import CLASS_CODES
from core.evaluation.scores import Scores
from core.recipe import Recipe
from core.recipe.schema import DataRecipe, DistillationRecipe
from core.runs.status import RunState, RunStatus, RunSummary
from skinkd_gui.results.columns import COLUMNS
from skinkd_gui.results.runs_model import RunsModel, RunsProxy

COLUMN = {column.title: number for number, column in enumerate(COLUMNS)}


def summary(name: str, f1: float | None = None, parameters: int | None = None, **status: object) -> RunSummary:
    state = RunStatus(RunState.FINISHED, name, "2026-03-01T10:00:00+00:00", "2026-03-01T10:00:00+00:00")
    scores = None if f1 is None else Scores(CLASS_CODES, f1, f1, f1, f1, (), ())
    recipe = Recipe(data=DataRecipe(path="/data/isic2019"), distillation=DistillationRecipe(method="kl"))
    return RunSummary(Path("/runs") / name, replace(state, **status), recipe, scores, parameters)


@pytest.fixture
def proxy(qapp) -> RunsProxy:
    model = RunsModel()
    proxy = RunsProxy(model)
    proxy.kept = model
    return proxy


def shown(proxy: RunsProxy) -> list[str]:
    return [run.status.name for run in proxy.runs()]


def test_models_keep_qts_rules(proxy, qtmodeltester):
    proxy.kept.set_runs([summary("a", 0.5), summary("b"), replace(summary("c"), recipe=None)])
    qtmodeltester.check(proxy.kept)
    qtmodeltester.check(proxy)


@pytest.mark.parametrize("order", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
def test_numbers_sort_as_numbers_and_missing_ones_stay_last(proxy, order):
    runs = [
        summary("small", 0.1, 900_000),
        summary("none"),
        summary("large", 0.9, 63_807_448),
        summary("mid", 0.5, 2_234_120),
    ]
    proxy.kept.set_runs(runs)
    falling = order is Qt.SortOrder.DescendingOrder
    for title in ("Weighted F1", "Parameters"):
        proxy.sort(COLUMN[title], order)
        assert shown(proxy) == [*(["large", "mid", "small"] if falling else ["small", "mid", "large"]), "none"]


def test_times_sort_by_length_and_not_by_text(proxy):
    proxy.kept.set_runs(
        [summary("day", seconds=90_000.0), summary("seconds", seconds=41.0), summary("hours", seconds=7500.0)]
    )
    proxy.sort(COLUMN["Time"], Qt.SortOrder.AscendingOrder)
    assert shown(proxy) == ["seconds", "hours", "day"]


def test_dates_of_other_time_zones_sort_by_the_instant(proxy):
    proxy.kept.set_runs(
        [
            summary("later", created="2026-03-01T01:00:00+00:00"),
            summary("earlier", created="2026-03-01T02:00:00+02:00"),
            summary("unknown", created=""),
        ]
    )
    proxy.sort(COLUMN["Started"], Qt.SortOrder.AscendingOrder)
    assert shown(proxy) == ["earlier", "later", "unknown"]


def test_search_wants_all_words_anywhere(proxy):
    proxy.kept.set_runs(
        [summary("First try", 0.5), replace(summary("second"), recipe=None), summary("third", synthetic=True)]
    )
    for text, expected in [
        ("", ["First try", "second", "third"]),
        ("FIRST kl", ["First try"]),
        ("isic2019", ["First try", "third"]),
        ("mobilenetv2_100 synthetic", ["third"]),
        ("first second", []),
    ]:
        proxy.search(text)
        assert sorted(shown(proxy)) == sorted(expected)


def test_failed_runs_explain_themselves(proxy):
    proxy.kept.set_runs([summary("broken", state=RunState.FAILED, message="The disk is full")])
    index = proxy.index(0, COLUMN["State"])
    assert index.data() == "Failed"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "The disk is full"
    assert proxy.index(0, COLUMN["Weighted F1"]).data() == "–"


def test_every_column_of_a_run_that_can_not_be_read(proxy):
    broken = RunSummary(Path("/runs/x"), RunStatus(RunState.FAILED, "x", "", ""), None, None)
    proxy.kept.set_runs([broken])
    assert [proxy.index(0, column).data() for column in range(4)] == ["x", "Unknown", "–", "Failed"]


def test_a_thousand_runs_sort_and_filter_right(proxy):
    proxy.kept.set_runs([summary(f"run {number}", (number * 37 % 1000) / 1000) for number in range(1000)])
    proxy.sort(COLUMN["Accuracy"], Qt.SortOrder.DescendingOrder)
    scores = [run.scores.accuracy for run in proxy.runs()]
    assert scores == sorted(scores, reverse=True)
    proxy.search("run 99")
    assert proxy.rowCount() == 19
