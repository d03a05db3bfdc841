"""The tables of results: scores of runs, classes, differences, groups of people, studies, recipes that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.data.types import Part, made_parts
from core.quantities import NONE, area, duration, fraction, million, p_value
from core.reporting.parts import PART_TITLES
from core.reporting.table import ResultsTable, latex
from core.reporting.words import interval_of, kind_of_run, no_width, points, score_name, unique_titles

if TYPE_CHECKING:
    from core.classes import ClassSet
    from core.evaluation.comparison import Comparison, Difference
    from core.evaluation.scores import Scores
    from core.evaluation.subgroups import Subgroup
    from core.recipe import Recipe
    from core.runs.evidence import Evidence
    from core.runs.tables import SplitRow
    from core.study.results import StudyResults, StudyRow

__all__ = [
    "ResultsTable",
    "class_f1_table",
    "comparisons_table",
    "confusion_table",
    "counts_table",
    "departures_table",
    "differences_table",
    "latex",
    "per_class_table",
    "recipes_table",
    "runs_table",
    "same_test_images",
    "scores_table",
    "study_table",
    "subgroups_table",
]

HEADLINE = ("weighted_f1", "accuracy", "balanced_accuracy", "macro_f1")
"""The scores that stand for a run, in the order in which they are shown."""

_INTERVALS = "In brackets: 95 % bootstrap intervals over the test images"
_SMALL = 10
_MOST_COLUMNS = 24  # of a matrix
_MOST_CONFUSIONS = 50
_KINDS = {"age": "Age", "sex": "Sex", "site": "Site on the body"}


def scores_table(evidences: Sequence[Evidence], titles: Sequence[str] = ()) -> ResultsTable:
    """The headline scores of runs with their intervals; the best of each is bold where all were tested alike.

    `titles` name the runs; without them their own names do.
    """
    titles = titles or unique_titles([item.name for item in evidences])
    rows = []
    for title, item in zip(titles, evidences, strict=True):
        cells = [interval_of(_value(item, name), getattr(item.intervals, name)) for name in HEADLINE]
        rows.append((title, kind_of_run(item.summary.recipe), *cells))
    alike = len(evidences) > 1 and same_test_images(evidences)
    notes = [_interval_note(evidences)]
    if len(evidences) > 1 and not alike:
        notes.append("These runs were not all tested on the same images: their scores do not compare like with like.")
    notes += no_width(getattr(item.intervals, name) for item in evidences for name in HEADLINE)
    return ResultsTable(
        "Scores on the test images",
        ("Run", "Kind", *(score_name(name) for name in HEADLINE)),
        tuple(rows),
        tuple(notes),
        text_columns=2,
        bold=_best(evidences, first=2) if alike else frozenset(),
    )


def runs_table(evidences: Sequence[Evidence], titles: Sequence[str] = ()) -> ResultsTable:
    """What else tells runs apart: AUC, melanoma where it is a class, size, images and computing time. `titles` as for
    `scores_table`."""
    titles = titles or unique_titles([item.name for item in evidences])
    melanoma = any(item.classes.melanoma is not None for item in evidences)
    rows = []
    for title, item in zip(titles, evidences, strict=True):
        rows.append(
            (
                title,
                area(item.detailed.macro_auc),
                *(_melanoma_cells(item) if melanoma else ()),
                million(item.summary.parameters),
                f"{len(item.predictions.names):,}",
                duration(item.summary.status.seconds),
            )
        )
    found = ("Melanoma found", "at 90 % specificity") if melanoma else ()
    header = ("Run", "Macro AUC", *found, "Parameters", "Test images", "Computing time")
    notes = ["Macro AUC: mean area under the ROC curve of the classes, each against the rest"]
    if melanoma:
        notes.append("Melanoma found: share of the test images of melanoma that are given that diagnosis")
        notes += no_width(item.intervals.melanoma_sensitivity for item in evidences)
    return ResultsTable("Melanoma, size and time" if melanoma else "Size and time", header, tuple(rows), tuple(notes))


def per_class_table(evidence: Evidence, title: str = "") -> ResultsTable:
    """All scores of each class of one run; `title` names it instead of its own name."""
    intervals = evidence.intervals.per_class_f1
    rows = [
        (
            item.code,
            f"{item.support:,}{'*' if item.support < _SMALL else ''}",
            fraction(item.precision),
            fraction(item.sensitivity),
            fraction(item.specificity),
            interval_of(item.f1, interval),
            area(item.auc),
        )
        for item, interval in zip(evidence.detailed.per_class, intervals, strict=True)
    ]
    few = [f"* fewer than {_SMALL} images: uncertain"] if any("*" in row[1] for row in rows) else []
    header = ("Class", "Test images", "Precision", "Sensitivity", "Specificity", "F1", "AUC")
    return ResultsTable(
        f"Classes: {title or evidence.name}",
        header,
        tuple(rows),
        (_interval_note([evidence]), *no_width(intervals), *few),
    )


def class_f1_table(evidences: Sequence[Evidence], titles: Sequence[str] = ()) -> ResultsTable:
    """F1 of each class, a column per run. `titles` as for `scores_table`."""
    titles = titles or unique_titles([item.name for item in evidences])
    found = [{each.code: each for each in item.detailed.scores.per_class} for item in evidences]
    rows = []
    for code in dict.fromkeys(code for item in evidences for code in item.classes.codes):
        counts = sorted({item[code].support for item in found if code in item})
        number = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,}–{counts[-1]:,}"
        mark = "*" if counts[0] < _SMALL else ""
        rows.append((code, f"{number}{mark}", *(fraction(item[code].f1) if code in item else NONE for item in found)))
    few = (f"* fewer than {_SMALL} images: uncertain",) if any("*" in row[1] for row in rows) else ()
    return ResultsTable("F1 of each class", ("Class", "Test images", *titles), tuple(rows), few)


def confusion_table(scores: Scores, name: str) -> ResultsTable:
    """Numbers of images: a row per true class, a column per prediction; of many classes the largest confusions."""
    if len(scores.classes) > _MOST_COLUMNS:
        return _confusions_table(scores, name)
    rows = [
        (code, *(f"{count}" for count in line), f"{sum(line)}")
        for code, line in zip(scores.classes, scores.confusion, strict=True)
    ]
    return ResultsTable(f"Truth (rows) and prediction: {name}", ("Truth", *scores.classes, "Images"), tuple(rows))


def _confusions_table(scores: Scores, name: str) -> ResultsTable:
    cells = [
        (count, truth, said)
        for truth, line in zip(scores.classes, scores.confusion, strict=True)
        for said, count in zip(scores.classes, line, strict=True)
        if count and truth != said
    ]
    cells.sort(key=lambda cell: -cell[0])
    rows = tuple((truth, said, f"{count}") for count, truth, said in cells[:_MOST_CONFUSIONS])
    more = len(cells) - len(rows)
    notes = (f"{more:,} further pairs of classes were confused less often.",) if more else ()
    return ResultsTable(
        f"Most frequent confusions: {name}", ("Truth", "Prediction", "Images"), rows, notes, text_columns=2
    )


def differences_table(comparison: Comparison, baseline: str = "Baseline", other: str = "Other") -> ResultsTable:
    """Score differences of two runs on their common test images, with intervals and what they mean."""
    rows = [
        (
            score_name(item.score),
            fraction(item.baseline),
            fraction(item.other),
            points(item.difference, item.interval),
            _verdict(item),
        )
        for item in comparison.differences
    ]
    drawn = "lesions" if comparison.by_lesion else "images"
    notes = (
        f"On the {comparison.common:,} test images that both runs have. Differences in percentage points with paired "
        f"95 % bootstrap intervals over {drawn}; inside the noise: the interval holds 0.",
        *comparison.notes,
    )
    return ResultsTable(
        f"{other} against {baseline}", ("Score", baseline, other, "Difference", "Meaning"), tuple(rows),
        notes if comparison.comparable else (comparison.why_not,),
    )  # fmt: skip


def comparisons_table(baseline: str, comparisons: Sequence[tuple[str, Comparison]]) -> ResultsTable:
    """Several runs (title, comparison) against one baseline, a row each: the main differences and McNemar's test."""
    rows = []
    for title, item in comparisons:
        found = {each.score: points(each.difference, each.interval) for each in item.differences}
        scores = [found.get(name, NONE) for name in HEADLINE[:3]]
        test = NONE if item.mcnemar is None else p_value(item.mcnemar.p_value)
        won = f"{len(item.won):,} / {len(item.lost):,}" if item.comparable else NONE
        rows.append((title, f"{item.common:,}", *scores, won, test))
    notes = [
        "Differences in percentage points with paired 95 % intervals. Won / lost: images that only this run, or only "
        "the baseline, got right. McNemar: the two-sided p-value of the exact test on those.",
    ]
    if len(comparisons) > 1:
        notes.append(
            "The more runs are compared, the likelier one of them differs by chance; nothing here corrects that."
        )
    header = ("Run", "Common images", *(score_name(name) for name in HEADLINE[:3]), "Won / lost", "McNemar")
    return ResultsTable(f"Differences from {baseline}", header, tuple(rows), tuple(notes))


def subgroups_table(subgroups: Sequence[Subgroup], name: str = "") -> ResultsTable:
    """Scores by age band, sex and site of one run."""
    rows = [
        (
            _KINDS.get(item.kind, item.kind),
            item.name,
            f"{item.images:,}{'*' if item.small else ''}",
            interval_of(item.weighted_f1, item.interval),
            fraction(item.accuracy),
            fraction(item.balanced_accuracy),
        )
        for item in subgroups
    ]
    from core.evaluation.subgroups import SMALL_SUPPORT

    few = (f"* fewer than {SMALL_SUPPORT} images: uncertain",) if any(item.small for item in subgroups) else ()
    few = (*few, *no_width(item.interval for item in subgroups))
    header = ("Kind", "Group", "Test images", "Weighted F1", "Accuracy", "Balanced accuracy")
    title = f"Groups of people: {name}" if name else "Groups of people"
    return ResultsTable(title, header, tuple(rows), few, text_columns=2)


def study_table(results: StudyResults) -> ResultsTable:
    """Measured scores of a study, over its seeds, beside the published ones where there are any."""
    published = any(row.published_f1 is not None or row.published_accuracy is not None for row in results.rows)
    header = ["Configuration", "Runs", "Weighted F1"]
    header += ["published", "difference"] if published else []
    header += ["Accuracy"]
    header += ["published", "difference"] if published else []
    rows = [tuple(_study_cells(row, published)) for row in results.rows]
    notes = []
    if any(row.sd_f1 is not None for row in results.rows):
        notes.append("Mean ± standard deviation over the seeds.")
    if published:
        notes.append("Differences in percentage points: measured less published.")
    return ResultsTable(f"Study: {results.study.name}", tuple(header), tuple(rows), (*notes, *results.warnings))


def departures_table(results: StudyResults) -> ResultsTable:
    """How data and recipe differ from the paper's."""
    rows = [(item.what, item.paper, item.here) for item in results.departures]
    return ResultsTable("Departures from the paper", ("What", "Paper", "Here"), tuple(rows), text_columns=3)


def counts_table(rows: Sequence[SplitRow], classes: ClassSet) -> ResultsTable:
    """Images per class and part of a split."""
    counts = Counter((row.label, row.part) for row in rows)
    left = any(row.part is None for row in rows)
    parts: list[Part | None] = [*made_parts(row.part for row in rows), *([None] if left else [])]
    body = [[counts[code, part] for part in parts] for code in classes.codes]
    body.append([sum(column) for column in zip(*body, strict=True)])
    lines = [
        (code, *(f"{count:,}" for count in line), f"{sum(line):,}")
        for code, line in zip((*classes.codes, "All"), body, strict=True)
    ]
    titles = ["not used" if part is None else PART_TITLES[part] for part in parts]
    return ResultsTable("Images per class", ("Class", *titles, "All"), tuple(lines))


def recipes_table(recipes: Sequence[tuple[str, Recipe]]) -> ResultsTable:
    """The fields in which recipes (title, recipe) differ, a column per recipe; no rows when they are the same."""
    flat = [_flat(recipe.model_dump(mode="json")) for _, recipe in recipes]
    keys = dict.fromkeys(key for values in flat for key in values)
    rows = [
        (key, *(_shown(values.get(key)) for values in flat))
        for key in keys
        if len({repr(values.get(key)) for values in flat}) > 1
    ]
    titles = unique_titles([title for title, _ in recipes])
    return ResultsTable("Settings that differ", ("Setting", *titles), tuple(rows), text_columns=1 + len(recipes))


def same_test_images(evidences: Sequence[Evidence]) -> bool:
    """Whether runs were tested on the same images (by name) with the same labels."""
    named = [item.predictions.named_as(evidences[0].predictions.names) for item in evidences]
    sets = {tuple(sorted(zip(rows.names, rows.labels.tolist(), strict=True))) for rows in named}
    return len(sets) <= 1


def _study_cells(row: StudyRow, published: bool) -> list[str]:
    count = str(len(row.points)) if len(row.points) == row.planned else f"{len(row.points)} of {row.planned}"
    cells = [row.title, count]
    for mean, deviation, printed in (
        (row.mean_f1, row.sd_f1, row.published_f1),
        (row.mean_accuracy, row.sd_accuracy, row.published_accuracy),
    ):
        measured = NONE if mean is None else fraction(mean)
        cells.append(measured if deviation is None else f"{measured} ± {100 * deviation:.1f}")
        if published:
            cells.append(NONE if printed is None else fraction(printed))
            cells.append(NONE if mean is None or printed is None else points(mean - printed))
    return cells


def _melanoma_cells(item: Evidence) -> tuple[str, str]:
    place = item.classes.melanoma
    if place is None:
        return NONE, NONE
    recall = item.detailed.scores.per_class[place].recall
    at_90 = fraction(item.detailed.melanoma_sensitivity_at_90_specificity)
    return interval_of(recall, item.intervals.melanoma_sensitivity), at_90


def _value(evidence: Evidence, name: str) -> float:
    return float(getattr(evidence.detailed.scores, name))


def _best(evidences: Sequence[Evidence], first: int) -> frozenset[tuple[int, int]]:
    found = set()
    for column, name in enumerate(HEADLINE, first):
        values = [_value(item, name) for item in evidences]
        found |= {(row, column) for row, value in enumerate(values) if value == max(values)}
    return frozenset(found)


def _interval_note(evidences: Sequence[Evidence]) -> str:
    by_lesion = any(item.intervals.by_lesion for item in evidences)
    counts = sorted({item.intervals.resamples for item in evidences})
    return f"{_INTERVALS}{', drawn lesion by lesion' if by_lesion else ''} ({counts[0]:,} resamples)."


def _verdict(item: Difference) -> str:
    if item.difference is None:
        return "undefined"
    if item.within_noise:
        return "inside the noise"
    return "better" if item.difference > 0 else "worse"


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        own = None if value == [] else value
        found |= _flat(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": own}
    return found


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_shown(item) for item in value.values() if item)
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NONE if value in (None, "") else f"{value:g}" if isinstance(value, float) else str(value)
