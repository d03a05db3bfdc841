"""Tables for papers and spreadsheets."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.evaluation.comparison import compare
from core.recipe import Recipe, set_values
from core.reporting.comparison_tables import comparisons_table, differences_table
from core.reporting.recipe_tables import recipes_table
from core.reporting.scored_runs import same_test_images, scored_model, scored_runs
from core.reporting.table import Cell, Column, ResultsTable, latex, of_texts
from core.reporting.tables import (
    class_f1_table,
    counts_table,
    evaluation_table,
    per_class_table,
    scores_table,
    subgroups_table,
)
from core.runs.evidence import labelled, load_evidence

ISIC2019 = CLASS_SETS["isic2019"]

LABELS = np.array([0] * 12 + [1] * 20 + [2] * 12)


def evidence(write_run, name="run", wrong=3, **more):
    predicted = LABELS.copy()
    predicted[:wrong] = 1
    return load_evidence(write_run(name, LABELS, predicted, **more), resamples=50)


def test_csv_runs_no_formula_and_keeps_numbers():
    table = of_texts("T", ("Run", "=cmd"), [("@SUM(A1)", "+2.1"), ("\nx", "-1 %"), ("a, b", "−3.1 (−4.0 to +1.0)")])
    rows = list(csv.reader(io.StringIO(table.to_csv(), newline="")))
    assert rows == [
        ["Run", "'=cmd"],
        ["'@SUM(A1)", "+2.1"],
        ["'\nx", "-1 %"],
        ["a, b", "−3.1 (−4.0 to +1.0)"],
    ]


def test_latex_escapes_what_latex_would_run():
    assert latex(r"a_b & 5 % \input{x}") == r"a\_b \& 5 \% \textbackslash{}input\{x\}"
    assert latex("$x^2$ #1 ~") == r"\$x\textasciicircum{}2\$ \#1 \textasciitilde{}"
    table = of_texts("A_b", ("Run", "F1"), [("x", "1"), ("y", "2")], notes=["50 % off"])
    text = replace(table, bold=frozenset({(1, 1)})).to_latex()
    assert r"\caption{A\_b}" in text
    assert r"y & \textbf{2} \\" in text
    assert r"50 \% off" in text


def test_markdown_escapes_and_aligns():
    text = replace(of_texts("T", ("Run", "F1"), [("a|b *c* <i>", "1")]), bold=frozenset({(0, 1)})).to_markdown()
    assert text.splitlines()[2:] == ["| Run | F1 |", "| :-- | --: |", r"| a\|b \*c\* \<i\> | **1** |"]


def test_the_best_is_bold_only_when_all_were_tested_alike(write_run):
    good, bad = evidence(write_run, "good", 1), evidence(write_run, "bad", 6)
    assert scores_table(scored_runs([bad, good])).bold == {(1, column) for column in (2, 3, 4, 5)}
    elsewhere = evidence(write_run, "elsewhere", 0, begin=5)
    table = scores_table(scored_runs([bad, elsewhere]))
    assert not table.bold
    assert "not all tested on the same images" in " ".join(table.notes)


def test_one_model_alone_is_not_said_to_be_tested_on_other_images(write_run):
    found = evidence(write_run)
    model = scored_model("model", found.classes, found.detailed, found.intervals)
    assert same_test_images([model])
    for table in (evaluation_table(model), per_class_table(model)):
        assert "not all tested on the same images" not in " ".join(table.notes)
        assert "95 % bootstrap intervals" in table.notes[0]


def test_runs_of_one_name_are_told_apart(write_run):
    table = class_f1_table(scored_runs([evidence(write_run, "same"), evidence(write_run, "same")]))
    assert [column.heading for column in table.columns[2:]] == ["same", "same (2)"]


def test_what_is_undefined_is_a_word(write_run):
    table = per_class_table(scored_runs([evidence(write_run)])[0])
    rows = {row[0].values[0]: [cell.text for cell in row] for row in table.rows}
    assert rows["VASC"][1] == "0*"
    assert rows["VASC"][5] == "undefined"
    assert rows["MEL"][:3] == ["Melanoma (MEL)", "12", "75.0 %"]


def test_differences_say_what_they_mean(write_run):
    one, two = evidence(write_run, "one", 10), evidence(write_run, "two", 0)
    found = compare(labelled(one), labelled(two), resamples=200)
    rows = {row[0]: row for row in differences_table(found, "one", "two").texts}
    assert rows["Accuracy"][3].startswith("+22.7 (")
    assert rows["Accuracy"][4] == "better"
    assert rows["F1 of VASC"][3:] == ("undefined", "undefined")
    same = compare(labelled(one), labelled(one), resamples=50)
    assert {row[4] for row in differences_table(same).texts} == {"may be chance", "undefined"}
    overview = comparisons_table("one", [("two", found)]).texts[0]
    assert overview[1] == "44"
    assert overview[5] == "10 / 0"
    assert overview[6] == "p = 0.002"


def test_runs_that_can_not_be_compared_have_no_numbers(write_run):
    one, two = evidence(write_run, "one"), evidence(write_run, "two", begin=1000)
    found = compare(labelled(one), labelled(two))
    table = differences_table(found)
    assert not table.rows
    assert table.notes == (found.why_not,)
    assert comparisons_table("one", [("two", found)]).texts[0][1:] == ("0", "–", "–", "–", "–", "–")


def test_recipes_differ_in_the_fields_named(write_run):
    first, second = evidence(write_run, "a"), evidence(write_run, "b", 3)
    changed = set_values(second.summary.recipe, ["distillation.method=kl", "distillation.alpha=0.3"])
    table = recipes_table([("a", first.summary.recipe), ("b", changed)])
    shown = {row[0].values[0]: (row[0].text, *(cell.text for cell in row[1:])) for row in table.rows}
    assert shown["distillation.method"] == ("Distillation: Method", "none", "kl")
    assert shown["distillation.alpha"] == ("Distillation: Alpha", "–", "0.3")
    assert "optimisation.epochs" not in shown


def test_settings_without_effect_are_no_difference():
    """KL students whose recipes were written with DIST's settings, or with a teacher's network that nothing trains."""
    ours = set_values(Recipe(), ["distillation.method=kl"])
    theirs = set_values(ours, ["teacher.architecture=resnet18", "curriculum.difficulty=teacher_true_class"])
    assert not recipes_table([("a", ours), ("b", theirs)]).rows
    dist = recipes_table([("a", ours), ("b", set_values(ours, ["distillation.method=dist"]))])
    assert ("Distillation: DIST gamma", "–", "1") in dist.texts


def test_counts_by_part_sum_up(write_run):
    table = counts_table(evidence(write_run, train=[("x", ""), ("y", "")]).split, ISIC2019)
    assert table.texts[1] == ("NV", "2", "0", "20", "22")
    assert table.texts[-1] == ("All", "2", "0", "44", "46")


def test_small_groups_are_marked():
    from core.evaluation.intervals import Interval
    from core.evaluation.subgroups import Subgroup

    groups = (
        Subgroup("sex", "female", 30, 0.5, 0.5, 0.5, Interval(0.3, 0.7), small=False),
        Subgroup("sex", "not known", 3, None, None, None, None, small=True),
    )
    table = subgroups_table(groups)
    assert table.texts[0] == ("Sex", "female", "30", "50.0 % (30.0 to 70.0)", "50.0 %", "50.0 %")
    assert table.texts[1] == ("Sex", "not known", "3*", "undefined", "undefined", "undefined")


@pytest.mark.parametrize("table", [of_texts("", ("A",), ()), of_texts("T", ("A", "B"), ()), ResultsTable("")])
def test_empty_tables_are_written(table):
    assert all([table.to_csv(), table.to_latex(), table.to_markdown()])


def test_a_row_that_does_not_fit_its_columns_is_no_table():
    with pytest.raises(ValueError, match="does not fit"):
        ResultsTable("T", (Column("F1", fields=("F1", "low", "high")),), ((Cell("1 %", (0.01,)),),))
