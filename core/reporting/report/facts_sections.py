"""The sections of a report that say on what, with what and how: so that another group can repeat it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from core.classes import ClassSet
from core.data.types import Part
from core.quantities import NONE
from core.recipe import recipe_to_toml
from core.reporting.facts.people import people_table
from core.reporting.facts.results import limit_points
from core.reporting.facts.told import fact_pairs, fact_text
from core.reporting.privacy import paths_of, shareable, without_paths
from core.reporting.recipe_tables import recipes_table
from core.reporting.report.content import (
    Block,
    Facts,
    FigureBlock,
    Listing,
    Paragraph,
    Points,
    ReportSection,
    TableBlock,
)
from core.reporting.report.gathering import ReportRun
from core.reporting.report.results_sections import Selection, keyed
from core.reporting.table import ResultsTable, of_texts
from core.reporting.tables import counts_table
from core.runs.tables import SplitRow
from core.training.legs import beginning_of, changes_text

_MOST_LISTINGS = 4


def data_section(runs: Sequence[ReportRun]) -> ReportSection:
    """The images, their terms and their division; once for all runs that share them."""
    from core.reporting import figures

    groups: dict[tuple[str, str], list[ReportRun]] = {}
    for run in runs:
        groups.setdefault((run.recipe.data.path, run.split_sha256), []).append(run)
    blocks: list[Block] = []
    if len(groups) > 1:
        text = "The runs do not share one division of the images: scores of different divisions do not compare."
        blocks.append(Paragraph(text, "warning"))
    for number, group in enumerate(groups.values(), 1):
        suffix = "" if len(groups) == 1 else f"-{number}"
        if len(groups) > 1:
            blocks.append(Paragraph(f"Runs on this division: {', '.join(run.title for run in group)}."))
        blocks.append(Facts(_data_facts(group[0])))
        rows, classes = group[0].evidence.split, group[0].evidence.classes
        if rows:
            blocks.append(
                FigureBlock(
                    f"flow{suffix}",
                    "Images that were found, left out and used, and the parts that they stand in.",
                    fact_text(group[0].record, "flow"),
                    partial(figures.flow_diagram, group[0].record),
                )
            )
            blocks.append(TableBlock(f"images{suffix}", counts_table(rows, classes)))
            blocks.append(TableBlock(f"people{suffix}", people_table(rows)))
            blocks.append(classes_figure(rows, classes, suffix))
    return ReportSection("data", "Images and their division", tuple(blocks))


def classes_figure(rows: Sequence[SplitRow], classes: ClassSet, suffix: str = "") -> FigureBlock:
    """The training images of each class in a division, for reports with several of them with a `suffix` to its key."""
    from core.reporting import figures

    counts = Counter(row.label for row in rows if row.part is Part.TRAIN)
    return FigureBlock(
        f"classes-of-images{suffix}",
        "Images of each class in the training part (the paper's figure 2).",
        "Bars of training images by class",
        partial(figures.class_distribution, {code: counts[code] for code in classes.codes}, classes),
    )


def model_section(chosen: Selection) -> ReportSection:
    """What was trained, from what, how and with which settings: the drawn runs."""
    blocks: list[Block] = []
    for run in chosen.drawn:
        name = (("Run", run.title),) if len(chosen.drawn) > 1 else ()
        blocks.append(Facts((*name, *fact_pairs(run.record, _MODEL))))
    recipes = [(run.title, shareable(run.recipe)) for run in chosen.drawn]
    blocks.append(TableBlock("all-settings", _with_effect(recipes_table(recipes, only_different=False))))
    return ReportSection("model", "Model and training", tuple(blocks))


def _with_effect(table: ResultsTable) -> ResultsTable:
    """The settings without those that say nothing or have no effect in any of the runs."""
    rows = tuple(row for row in table.rows if any(cell.text != NONE for cell in row[1:]))
    return replace(table, rows=rows, bold=frozenset(), notes=("Settings without an effect here are left out.",))


def repeat_section(chosen: Selection, *, recipes: bool) -> ReportSection:
    """Versions, machine, hashes and recipes."""
    blocks: list[Block] = [
        Paragraph(
            "To repeat a run: install the versions named here, put the same images into a folder, and give its recipe "
            "to skinkd-cli train RECIPE --data FOLDER. The same split.csv (compare its SHA-256) holds the same images "
            "in the same parts. On another processor or device, numbers may differ in the last digits and training may "
            "take another way from there. The recipe's hash covers it as it stood on the computer where it ran, with "
            "the full names of its folders, which are shortened here."
        )
    ]
    listed = keyed(chosen.runs)
    facts = [_run_facts(run) for run in chosen.runs]
    common = [pair for pair in facts[0] if len(facts) > 1 and all(pair in each for each in facts)]
    if common:
        blocks.append(Facts((("Runs", "all"), *common)))
    for number, (key, run) in enumerate(listed):
        own = [pair for pair in facts[number] if pair not in common]
        blocks.append(Facts((("Run", run.title), *own)))
        if len(run.legs) > 1:
            blocks.append(TableBlock(f"recipes-{key}", legs_table(run)))
            blocks += _earlier_recipes(run, key) if recipes else []
        if recipes:
            text = recipe_to_toml(shareable(run.recipe), comments=False)
            title = f"Recipe of {run.title}"
            blocks.append(Listing(title, text, f"{key}.toml", quiet=number >= _MOST_LISTINGS))
    if recipes and len(listed) > _MOST_LISTINGS:
        more = len(listed) - _MOST_LISTINGS
        blocks.append(Paragraph(f"The recipes of the other {more} runs are in the report's folder, under recipes."))
    return ReportSection("repeat", "How to repeat it", tuple(blocks))


def legs_table(run: ReportRun) -> ResultsTable:
    """Under which recipe each epoch of a run was trained that went on under another than it began with."""
    shared = [replace(leg, recipe=None if leg.recipe is None else shareable(leg.recipe)) for leg in run.legs]
    changes = ["as it began", *(changes_text(last, new) or "a place alone" for last, new in pairwise(shared))]
    rows = tuple((beginning_of(leg), leg.hash, change) for leg, change in zip(shared, changes, strict=True))
    notes: tuple[str, ...] = ("The column recipe of history.csv names the recipe of each epoch by its hash.",)
    if any(leg.recipe is None for leg in shared):
        notes += ("? : an older version of SkinKD trained these epochs and did not record its recipe.",)
    return of_texts(f"Recipes of {run.title}", ("from", "recipe hash", "changed"), rows, words=3, notes=notes)


def _earlier_recipes(run: ReportRun, key: str) -> list[Block]:
    """The whole recipes before the last one."""
    return [
        Listing(
            f"Recipe of {run.title} before {beginning_of(after)}",
            recipe_to_toml(shareable(leg.recipe), comments=False),
            f"{key}-before-{number}.toml",
            quiet=True,
        )
        for number, (leg, after) in enumerate(pairwise(run.legs), 1)
        if leg.recipe is not None
    ]


def limits_section(chosen: Selection) -> ReportSection:
    """What the numbers do not show, and what the authors know of it."""
    runs = chosen.runs
    items = list(dict.fromkeys(text for run in runs for text in limit_points(run.record)))
    if len(runs) > 1:
        items.append("A run that is picked because its test score is the highest of many is flattered by that choice.")
    why = [f"{run.title}: {comparison.why_not}" for run, comparison in chosen.comparisons if not comparison.comparable]
    items += [f"Not comparable with the baseline: {text}" for text in why]
    told = ("Images:", "Few test images", "There is no image of")  # the report says these in its own words
    noted = dict.fromkeys(note for run in runs for note in run.notes if not note.startswith(told))
    written = dict.fromkeys(text for run in runs if (text := run.record.statement.entry("limits")))
    return ReportSection("limits", "Limits", (Points(tuple(dict.fromkeys((*items, *noted, *written)))),))


def _data_facts(run: ReportRun) -> tuple[tuple[str, str], ...]:
    unknown = () if run.record.data.get("terms") else (("Terms of use", "not known: ask the owner of the images"),)
    digest = (("SHA-256 of split.csv", run.split_sha256),) if run.split_sha256 else ()
    parts = () if fact_text(run.record, "flow") else ("parts",)
    return (*fact_pairs(run.record, (*_DATA, *parts)), *unknown, *digest)


def _run_facts(run: ReportRun) -> list[tuple[str, str]]:
    hashes = [
        ("Recipe hash", run.hash),
        ("SHA-256 of model.safetensors", run.model_sha256 or NONE),
        ("SHA-256 of split.csv", run.split_sha256 or NONE),
    ]
    facts = [*fact_pairs(run.record, ("model",)), *hashes, *fact_pairs(run.record, _REPEAT)]
    notes = run.evidence.summary.annotations
    if notes.tags:
        facts.append(("Tags", ", ".join(notes.tags)))
    if notes.notes:
        facts.append(("Notes", without_paths(notes.notes, (str(Path.home()), *paths_of(run.recipe)))))
    return facts


_DATA = (
    *("data_set", "terms", "exclusion", "flow", "subsets", "grouping", "leak", "split_seed", "fold"),
    *("people", "skin_tone", "missing", "preprocessing", "imbalance", "test_size", "synthetic"),
    *("corrections_digest", "corrections"),
)
_MODEL = (
    *("kind", "architecture", "weights", "teacher", "objective_function", "optimisation", "augmentation", "epochs"),
    *("selection", "tried", "ensemble", "output", "explainability"),
)
_REPEAT = ("epochs", "seeds", "started", "time", "energy", "system", "software")
