"""The table of runs: Qt's own checks, sorting by value, searching, and a thousand rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QPixmap

from core.classes import CLASS_SETS
from core.evaluation.scores import Scores
from core.recipe import Recipe
from core.recipe.learning import CurriculumRecipe, DistillationRecipe
from core.recipe.schema import DataRecipe
from core.reporting.run_columns import COLUMN_NUMBERS, COLUMNS
from core.runs.annotations import Annotations
from core.runs.status import RunState, RunStatus, RunSummary
from skinkd_gui.results.arranging import Filters, StudyFacts, choices
from skinkd_gui.results.runs_model import RunsModel

ISIC2019 = CLASS_SETS["isic2019"]

CURRICULUM = Recipe(
    data=DataRecipe(path="/data/isic2019"),
    distillation=DistillationRecipe(method="kl"),
    curriculum=CurriculumRecipe(order="easy_first"),
)
COLUMN = {column.column.heading: number for number, column in enumerate(COLUMNS)}


def summary(name: str, f1: float | None = None, parameters: int | None = None, **status: object) -> RunSummary:
    state = RunStatus(RunState.FINISHED, name, "2026-03-01T10:00:00+00:00", "2026-03-01T10:00:00+00:00")
    scores = None if f1 is None else Scores(ISIC2019.codes, f1, f1, f1, f1, (), ())
    recipe = Recipe(data=DataRecipe(path="/data/isic2019"), distillation=DistillationRecipe(method="kl"))
    return RunSummary(Path("/runs") / name, replace(state, **status), recipe, scores, parameters)


@pytest.fixture
def model(qapp) -> RunsModel:
    return RunsModel()


def shown(model: RunsModel) -> list[str]:
    """The rows from top to bottom: names of runs, headings in brackets."""
    rows = []
    for row in range(model.rowCount()):
        run, heading = model.run(row), model.heading(row)
        rows.append(f"[{heading.text}]" if heading is not None else run.status.name)
    return rows


def in_study(run: RunSummary, slug: str, **annotations: object) -> RunSummary:
    return replace(run, annotations=Annotations(study=slug, **annotations))


def test_models_keep_qts_rules(model, qtmodeltester):
    model.set_runs([summary("a", 0.5), summary("b"), replace(summary("c"), recipe=None)])
    qtmodeltester.check(model)
    qtmodeltester.check(model)


@pytest.mark.parametrize("order", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
def test_numbers_sort_as_numbers_and_missing_ones_stay_last(model, order):
    runs = [
        summary("small", 0.1, 900_000),
        summary("none"),
        summary("large", 0.9, 63_807_448),
        summary("mid", 0.5, 2_234_120),
    ]
    model.set_runs(runs)
    falling = order is Qt.SortOrder.DescendingOrder
    for title in ("Weighted F1", "Parameters"):
        model.sort(COLUMN[title], order)
        assert shown(model) == [*(["large", "mid", "small"] if falling else ["small", "mid", "large"]), "none"]


def test_times_sort_by_length_and_not_by_text(model):
    model.set_runs(
        [summary("day", seconds=90_000.0), summary("seconds", seconds=41.0), summary("hours", seconds=7500.0)]
    )
    model.sort(COLUMN["Time"], Qt.SortOrder.AscendingOrder)
    assert shown(model) == ["seconds", "hours", "day"]


def test_dates_of_other_time_zones_sort_by_the_instant(model):
    model.set_runs(
        [
            summary("later", created="2026-03-01T01:00:00+00:00"),
            summary("earlier", created="2026-03-01T02:00:00+02:00"),
            summary("unknown", created=""),
        ]
    )
    model.sort(COLUMN["Started"], Qt.SortOrder.AscendingOrder)
    assert shown(model) == ["earlier", "later", "unknown"]


def test_search_wants_all_words_anywhere(model):
    model.set_runs(
        [summary("First try", 0.5), replace(summary("second"), recipe=None), summary("third", synthetic=True)]
    )
    for text, expected in [
        ("", ["First try", "second", "third"]),
        ("FIRST kl", ["First try"]),
        ("isic2019", ["First try", "third"]),
        ("mobilenetv2_100 synthetic", ["third"]),
        ("first second", []),
    ]:
        model.search(text)
        assert sorted(shown(model)) == sorted(expected)


def test_failed_runs_explain_themselves(model):
    model.set_runs([summary("broken", state=RunState.FAILED, message="The disk is full")])
    index = model.index(0, COLUMN["State"])
    assert index.data() == "Failed"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "The disk is full"
    assert model.index(0, COLUMN["Weighted F1"]).data() == "–"


def test_every_column_of_a_run_that_can_not_be_read(model):
    broken = RunSummary(Path("/runs/x"), RunStatus(RunState.FAILED, "x", "", ""), None, None)
    model.set_runs([broken])
    assert [model.index(0, column).data() for column in range(4)] == ["x", "Unknown", "–", "Failed"]


def test_a_thousand_runs_sort_and_filter_right(model):
    model.set_runs([summary(f"run {number}", (number * 37 % 1000) / 1000) for number in range(1000)])
    model.sort(COLUMN["Accuracy"], Qt.SortOrder.DescendingOrder)
    scores = [run.scores.accuracy for run in model.passing()]
    assert scores == sorted(scores, reverse=True)
    model.search("run 99")
    assert model.rowCount() == 19


def test_filters_are_joined_and_offer_what_there_is(model):
    runs = [
        in_study(summary("a", 0.5), "paper", tags=("good", "poster")),
        summary("b", state=RunState.FAILED),
        replace(summary("c"), recipe=Recipe(task="teacher", data=DataRecipe(path="/data/other"))),
        replace(summary("d", 0.4), recipe=CURRICULUM),
    ]
    model.set_runs(runs)
    for filters, expected in [
        (Filters(), "abcd"),
        (Filters(kind="KL student"), "abd"),
        (Filters(kind="With curriculum"), "d"),
        (Filters(kind="Teacher"), "c"),
        (Filters(state="Failed"), "b"),
        (Filters(study="paper"), "a"),
        (Filters(study=""), "bcd"),
        (Filters(tag="poster"), "a"),
        (Filters(tag=""), "bcd"),
        (Filters(data="other"), "c"),
        (Filters(kind="KL student", state="Finished", tag=""), "d"),
        (Filters(kind="Teacher", state="Failed"), ""),
    ]:
        model.filter(filters)
        assert sorted(shown(model)) == list(expected), filters
        assert filters.active is (filters != Filters())
    assert choices(model.facts, "kind") == (("KL student", 3), ("Teacher", 1), ("With curriculum", 1))
    assert choices(model.facts, "tag") == (("good", 1), ("poster", 1), ("", 3))
    model.filter(Filters(state="Finished"))
    model.search("poster")
    assert shown(model) == ["a"]


def test_studies_stand_under_headings_that_fold(model, qtmodeltester):
    paper = StudyFacts("paper", "The paper's study", 22, Path("/runs/studies/paper"))
    model.set_runs(
        [
            in_study(summary("old", 0.4, created="2026-01-01T00:00:00+00:00"), "other"),
            in_study(summary("best", 0.9), "paper"),
            in_study(summary("broken", state=RunState.FAILED), "paper"),
            in_study(summary("mid", 0.5), "paper"),
            summary("alone", 0.7, created="2026-09-01T00:00:00+00:00"),
        ],
        {"paper": paper},
    )
    model.sort(COLUMN["Weighted F1"], Qt.SortOrder.DescendingOrder)
    model.group(True)
    qtmodeltester.check(model)
    heading = "[The paper's study: 2 of 22 done]"
    rest = ["[other: 1 of 1 done]", "old", "[Not part of a study: 1 run]", "alone"]
    assert shown(model) == [heading, "best", "mid", "broken", *rest]
    model.fold("paper", True)
    assert shown(model) == [heading, *rest]
    assert model.row_of(Path("/runs/best")) == -1
    assert [run.status.name for run in model.passing()] == ["best", "mid", "broken", "old", "alone"]
    assert not model.flags(model.index(0, 0)) & Qt.ItemFlag.ItemIsSelectable
    model.search("the paper's broken")
    model.fold("paper", False)
    assert shown(model) == ["[The paper's study: 2 of 22 done, 1 run shown]", "broken"]
    assert model.index(1, COLUMN["Study"]).data() == "The paper's study"


def test_every_column_has_a_key_and_a_tip_and_takes_every_run(model):
    broken = RunSummary(Path("/runs/x"), RunStatus(RunState.FAILED, "x", "", ""), None, None)
    model.set_runs([summary("a", 0.5, 1_000, seconds=3.0), broken])
    assert len(COLUMN_NUMBERS) == len(COLUMNS)
    for number, column in enumerate(COLUMNS):
        assert column.column.tip, column.key
        for order in Qt.SortOrder:
            model.sort(number, order)
            assert model.rowCount() == 2
        assert all(isinstance(model.index(row, number).data(), str) for row in range(2))


def test_columns_of_the_recipe(model):
    model.set_runs(
        [summary("a"), replace(summary("t"), recipe=Recipe(task="teacher")), replace(summary("c"), recipe=CURRICULUM)]
    )
    rows = {run.status.name: row for row in range(3) if (run := model.run(row))}

    def cells(name: str) -> list[str]:
        titles = ("Method", "Alpha", "Temperature", "Curriculum", "Model", "Image size", "Seed")
        return [model.index(rows[name], COLUMN[title]).data() for title in titles]

    assert cells("a") == ["KL", "0.1", "1", "No", "mobilenetv2_100", "224", "0"]
    assert cells("c") == ["KL", "0.1", "1", "Easiest first", "mobilenetv2_100", "224", "0"]
    assert cells("t") == ["–", "–", "–", "–", "tf_efficientnet_b7", "224", "0"]


def test_a_strangers_words_are_shown_as_they_are(model):
    model.set_runs([replace(summary("<b>bold</b>"), annotations=Annotations(notes="<img src='file:///x'>"))])
    tip = model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;bold" in tip
    assert "<img" not in tip


def test_the_baseline_is_marked(model):
    model.set_runs([summary("a"), summary("b")])
    pin = QIcon(QPixmap(8, 8))
    with_pin = []
    model.dataChanged.connect(lambda *_: with_pin.append(True))
    model.set_baseline(Path("/runs/b"), pin)
    marks = [model.index(row, 0).data(Qt.ItemDataRole.DecorationRole) is not None for row in range(2)]
    assert marks == [model.run(row).folder.name == "b" for row in range(2)]
    assert with_pin
    assert "baseline" in model.index(marks.index(True), 0).data(Qt.ItemDataRole.ToolTipRole)
