"""The paper's tables 1, 2 and 3, each beside the published numbers, and all tables of a study in their order."""

from __future__ import annotations

from dataclasses import replace

from core.reporting import cells
from core.reporting.cross_validation_tables import cross_validation_table
from core.reporting.curriculum_tables import curriculum_table
from core.reporting.study_tables import study_table
from core.reporting.table import Column, ResultsTable
from core.study.paper import CANDIDATES, FINE_ALPHAS
from core.study.published import counted_parameters, fine_sweep_table, published_facts
from core.study.results import StudyResults, StudyRow

_BEST_ALPHA = "kl-0.1"
_NAMES = {
    "resnetv2_50": "ResNet50V2",
    "resnetv2_101": "ResNet101V2",
    "tf_efficientnet_b7": "EfficientNet-B7",
    "mobilenetv2_100": "MobileNetV2",
}
UNPRINTED = "not in the text we have"
"""Stands for a published number that is in the paper's table and not in the text that SkinKD was made from."""


def study_tables(results: StudyResults) -> tuple[tuple[str, ResultsTable], ...]:
    """The tables of a study with short names for files, the main one first: candidates where the test part is withheld,
    the paper's three for its study; with and without curriculum where both were trained."""
    if results.cross_validation is not None:
        return (("cross-validation", cross_validation_table(results.cross_validation)),)
    found = [("study", _second(results) if results.study.paper else study_table(results))]
    if results.study.paper:
        found += [("table-1", sizes_table(results)), ("table-3", fine_table(results))]
    ordered = curriculum_table(results)
    return (*found, *([("curriculum", ordered)] if ordered.rows else []))


def sizes_table(results: StudyResults) -> ResultsTable:
    """Table 1: the sizes of the networks that the paper considered for the teacher, and of its student; those of this
    study beside. Networks that were not trained here were counted by SkinKD with the paper's 8 classes."""
    trained = {row.architecture.partition(".")[0]: row.parameters for row in results.rows if row.parameters}
    published = {key.removesuffix("_parameters"): value for key, value in published_facts().items()}
    names = dict.fromkeys([*CANDIDATES, "mobilenetv2_100", *trained])
    rows = tuple(
        (
            cells.words(_NAMES.get(name, name), name),
            cells.words("yes" if name in trained else "no"),
            cells.count(trained.get(name, counted_parameters().get(name))),
            cells.count(published[name]) if name in published else cells.words(UNPRINTED, ""),
        )
        for name in names
    )
    columns = (
        Column("Network", words=True),
        Column("Trained here", words=True),
        Column("Parameters"),
        Column("published", fields=("Parameters published",)),
    )
    notes = (
        "Table 1 names three candidates for the teacher. Two of its numbers are in section 4.1 of the text; the others "
        "are not in the text we have.",
        "The paper chose its teacher by cross-validation and prints no scores of that: skinkd-cli cross-validate paper "
        "--teacher-candidates repeats the choice by mean validation scores over 5 folds.",
    )
    return ResultsTable("Table 1: sizes of the networks", columns, rows, notes)


def fine_table(results: StudyResults) -> ResultsTable:
    """Table 3: KL at finer alphas, with Table 2's 0.1 among them. Its published numbers are not in the text we have."""
    fine = {f"kl-{alpha:g}" for alpha in FINE_ALPHAS} | {_BEST_ALPHA}
    rows = [row for row in results.rows if _plain_key(row) in fine]
    table = study_table(replace(results, rows=tuple(sorted(rows, key=lambda row: row.alpha or 0.0))))
    note = f"{fine_sweep_table().note} The published row is that of Table 2."
    if not any(_plain_key(row) != _BEST_ALPHA for row in rows):
        note += " No finer alpha was trained here (--fine-sweep)."
    notes = tuple(dict.fromkeys((*(text for text in table.notes if text != fine_sweep_table().note), note)))
    return replace(table, title="Table 3: KL at finer alphas", notes=notes)


def _second(results: StudyResults) -> ResultsTable:
    """Table 2: the teacher, the plain student and the distilled ones, without what belongs to the other tables."""
    fine = {f"kl-{alpha:g}" for alpha in FINE_ALPHAS}
    rows = tuple(row for row in results.rows if _plain_key(row) not in fine)
    table = study_table(replace(results, rows=rows))
    return replace(table, title="Table 2: teacher, plain student and distilled students")


def _plain_key(row: StudyRow) -> str:
    """A row's key without its test fold."""
    return row.candidate or row.key
