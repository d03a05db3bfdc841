"""The sections of a report that say on what, with what and how: so that another group can repeat it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from core.data.groups import together
from core.quantities import NONE, duration, million, moment
from core.recipe import recipe_to_toml
from core.reporting.parts import purposes
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
from core.reporting.report.privacy import name_of, paths_of, shareable, without_paths
from core.reporting.report.results_sections import Selection, keyed
from core.reporting.table import ResultsTable, of_texts
from core.reporting.tables import counts_table
from core.reporting.words import fold_words
from core.training.legs import beginning_of, changes_text

_MOST_LISTINGS = 4
_FEW = 10


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
        blocks.append(Facts(tuple(_data_facts(group[0]))))
        rows, classes = group[0].evidence.split, group[0].evidence.classes
        if rows:
            counts = Counter(row.label for row in rows)
            blocks.append(TableBlock(f"images{suffix}", counts_table(rows, classes)))
            blocks.append(
                FigureBlock(
                    f"classes-of-images{suffix}",
                    "Images of each class, in all parts together.",
                    "Bars of images by class",
                    partial(figures.class_distribution, {code: counts[code] for code in classes.codes}, classes),
                )
            )
    return ReportSection("data", "Images and their division", tuple(blocks))


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


def limits_section(chosen: Selection, *, study: bool = False) -> ReportSection:
    """What the numbers do not show."""
    runs = chosen.runs
    items = [
        "The test images come from the same source as the training images. How well a model does on images of another "
        "clinic, camera or population is not measured here.",
        "The intervals say how much another draw of test images could have changed a score; they say nothing of what "
        "another training of the same recipe (another seed) or another division would have given.",
        "The best epoch is chosen by the validation images, so scores on those are too high; all scores here are of "
        "the test images.",
        *_leak_limits(runs),
        *_support_limits(runs),
    ]
    if len(runs) > 1:
        items.append("A run that is picked because its test score is the highest of many is flattered by that choice.")
    if study:
        items.append("The best configuration of each method is chosen by its test score, as in the paper.")
    why = [f"{run.title}: {comparison.why_not}" for run, comparison in chosen.comparisons if not comparison.comparable]
    items += [f"Not comparable with the baseline: {text}" for text in why]
    items.append("Skin tone, camera and clinic are not recorded, so whether the models serve all alike is not known.")
    told = ("Images:", "Few test images", "There is no image of")  # the report says these in its own words
    noted = dict.fromkeys(note for run in runs for note in run.notes if not note.startswith(told))
    return ReportSection("limits", "Limits", (Points(tuple(dict.fromkeys((*items, *noted)))),))


def _data_facts(run: ReportRun) -> list[tuple[str, str]]:
    data, recipe = run.data, run.recipe.data
    rows = run.evidence.split
    parts = Counter(row.part for row in rows)
    division = ", ".join(purposes(parts))
    facts = [
        ("Data set", name_of(recipe.path) or NONE),
        ("Layout", str(data.get("layout", recipe.layout))),
        ("Usable images", f"{data.get('images', len(rows)):,}"),
    ]
    left_out = _left_out(data)
    if left_out:
        facts.append(("Left out", left_out))
    facts += [
        ("Division", division),
        ("Divided", _grouping(run)),
        ("Leaking", run.evidence.leakage.sentence),
        ("Seed of the division", str(recipe.seed)),
    ]
    if folds := fold_words(recipe):
        facts.append(("Fold", folds))
    facts += [
        ("Image size", f"{recipe.image_size} × {recipe.image_size} pixels"),
        ("Terms of use", str(data.get("terms") or "not known: ask the owner of the images")),
    ]
    if digest := data.get("corrections_sha256"):
        facts.append(("SHA-256 of corrections.csv", str(digest)))
    if run.corrected is not None:
        facts.append(("Corrected test images", run.corrected.sentence))
    if run.split_sha256:
        facts.append(("SHA-256 of split.csv", run.split_sha256))
    return facts


def _left_out(data: dict[str, Any]) -> str:
    found = data.get("left_out")
    if not isinstance(found, dict):
        return ""
    counts = {str(kind): len(names) if isinstance(names, list) else names for kind, names in found.items()}
    return ", ".join(f"{count} ({kind})" for kind, count in counts.items() if count)


def _grouping(run: ReportRun) -> str:
    rows, by = run.evidence.split, run.recipe.data.group_by
    lesions, patients = sum(bool(row.lesion) for row in rows), sum(bool(row.patient) for row in rows)
    known = f"lesions are known of {lesions:,} and patients of {patients:,} of {len(rows):,} images"
    return f"{together(by)}; {known}"


def _run_facts(run: ReportRun) -> list[tuple[str, str]]:
    environment, status = run.environment, run.evidence.summary.status
    packages = environment.get("packages")
    versions = (
        ", ".join(f"{name} {version}" for name, version in packages.items()) if isinstance(packages, dict) else ""
    )
    best = [record.epoch for record in run.history if record.best]
    size = f"{million(run.evidence.summary.parameters)} parameters"
    facts = [
        ("Model", f"{run.recipe.trained.architecture}, {size}"),
        ("Recipe hash", run.hash),
        ("SHA-256 of model.safetensors", run.model_sha256 or NONE),
        ("SHA-256 of split.csv", run.split_sha256 or NONE),
        ("Epochs", f"{len(run.history)}, the best was {best[-1]}" if best else str(len(run.history))),
        ("Started", moment(status.created)),
        ("Computing time", duration(status.seconds)),
        ("Device", str(status.device or environment.get("device_name") or NONE)),
        ("System", ", ".join(str(environment[name]) for name in ("os", "cpu") if environment.get(name)) or NONE),
        ("Versions", f"Python {environment.get('python', NONE)}, {versions}" if versions else NONE),
    ]
    for name, title in (("cuda", "CUDA"), ("cudnn", "cuDNN")):
        if environment.get(name):
            facts.append((title, str(environment[name])))
    notes = run.evidence.summary.annotations
    if notes.tags:
        facts.append(("Tags", ", ".join(notes.tags)))
    if notes.notes:
        facts.append(("Notes", without_paths(notes.notes, (str(Path.home()), *paths_of(run.recipe)))))
    return facts


def _leak_limits(runs: Sequence[ReportRun]) -> list[str]:
    leaks = [run.evidence.leakage for run in runs]
    return [text for leak in leaks for text in ([leak.sentence] if leak.total.leaking else [leak.unknown]) if text]


def _support_limits(runs: Sequence[ReportRun]) -> list[str]:
    classes = runs[0].evidence.detailed.per_class
    absent = [item.code for item in classes if not item.support]
    few = [f"{item.code} ({item.support})" for item in classes if 0 < item.support < _FEW]
    items = []
    if absent:
        items.append(f"No test image of {', '.join(absent)}: their scores are undefined and in no mean.")
    if few:
        items.append(f"Few test images, so rough guesses: {', '.join(few)}.")
    return items
