"""Results as JSON values and as lines of text: the same facts for programs and for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from core.classes import ClassSet
from core.cli.console import columns, many, percent
from core.data.types import DataSet, Problem, ProblemKind
from core.evaluation.scores import Scores
from core.inference.results import SYNTHETIC_WARNING
from core.quantities import area
from core.reporting.words import interval_of, kind_of_run, no_width, score_name
from core.runs.status import RunSummary

if TYPE_CHECKING:
    from core.evaluation.detailed import DetailedScores
    from core.evaluation.intervals import ScoreIntervals

SHOWN_PROBLEMS = 20

_HEADLINE = ("weighted_f1", "accuracy", "balanced_accuracy", "macro_f1")


def scores_document(scores: Scores) -> dict[str, Any]:
    """The scores with the names that every file and command uses."""
    from core.evaluation.metrics import scores_to_json

    return scores_to_json(scores)


def scores_text(scores: Scores, classes: ClassSet | None) -> str:
    """Scores as a short table with one line per class; without `classes` the codes stand for the names."""
    head = (
        f"accuracy {percent(scores.accuracy)}, weighted F1 {percent(scores.weighted_f1)}, "
        f"macro F1 {percent(scores.macro_f1)}, balanced accuracy {percent(scores.balanced_accuracy)}"
    )
    rows = [
        [
            item.code,
            item.code if classes is None else classes.name_of(item.code),
            percent(item.precision),
            percent(item.recall),
            percent(item.f1),
            f"{item.support:,}",
        ]
        for item in scores.per_class
    ]
    titles = ["class", "name", "precision", "recall", "F1", "images"]
    return head + "\n\n" + columns(titles, rows, right=titles[2:])


def evaluation_text(detailed: DetailedScores, intervals: ScoreIntervals, classes: ClassSet) -> str:
    """All scores of an evaluation with their intervals, as two tables and what they mean."""
    scores = detailed.scores
    headline = [(score_name(name), getattr(scores, name), getattr(intervals, name)) for name in _HEADLINE]
    if classes.melanoma is not None:
        melanoma = detailed.per_class[classes.melanoma]
        headline.append(("Melanoma sensitivity", melanoma.sensitivity, intervals.melanoma_sensitivity))
        headline.append(("  at 90 % specificity", detailed.melanoma_sensitivity_at_90_specificity, None))
    values = [[name, interval_of(value, bounds)] for name, value, bounds in headline]
    overall = columns(["score", "value"], [*values, ["Macro AUC", area(detailed.macro_auc)]])
    rows = [
        [
            item.code,
            classes.name_of(item.code),
            percent(item.precision),
            percent(item.sensitivity),
            percent(item.specificity),
            "-" if item.f1 is None else interval_of(item.f1, bounds),
            "-" if item.auc is None else area(item.auc),
            f"{item.support:,}",
        ]
        for item, bounds in zip(detailed.per_class, intervals.per_class_f1, strict=True)
    ]
    titles = ["class", "name", "precision", "sensitivity", "specificity", "F1", "AUC", "images"]
    drawn = "lesions" if intervals.by_lesion else "images, as their lesions are not known"
    notes = [
        f"In brackets: 95 % bootstrap intervals ({intervals.resamples:,} resamples of {drawn}; class by class). "
        "A dash: undefined."
    ]
    notes += no_width((*intervals.per_class_f1, intervals.melanoma_sensitivity))
    return "\n\n".join([overall, columns(titles, rows, right=titles[2:]), *notes])


def run_document(summary: RunSummary) -> dict[str, Any]:
    """A run as `runs`, `train` and `resume` give it; `test` holds the scores of the final test, or None."""
    status, recipe = summary.status, summary.recipe
    student = recipe if recipe is not None and recipe.task == "student" else None
    return {
        "folder": str(summary.folder),
        "name": status.name,
        "state": status.state.value,
        "message": status.message,
        "resumable": summary.resumable,
        "created": status.created,
        "updated": status.updated,
        "epoch": status.epoch,
        "epochs": status.epochs,
        "seconds": status.seconds,
        "device": status.device,
        "synthetic": status.synthetic,
        "parameters": summary.parameters,
        "task": recipe.task if recipe else None,
        "architecture": recipe.trained.architecture if recipe else None,
        "method": student.distillation.method if student else None,
        "curriculum": student.curriculum.order if student else None,
        "curriculum_settings": student.curriculum.model_dump(mode="json") if student else None,
        "test": scores_document(summary.scores) if summary.scores else None,
    }


def runs_text(summaries: Iterable[RunSummary]) -> str:
    """Runs as a table, one line each."""
    titles = ["run", "state", "kind", "architecture", "epoch", "weighted F1", "accuracy"]
    rows = []
    for summary in summaries:
        status, recipe, scores = summary.status, summary.recipe, summary.scores
        name = f"{summary.folder.name}{' (synthetic data)' if status.synthetic else ''}"
        rows.append(
            [
                name,
                status.state.value,
                kind_of_run(recipe),
                recipe.trained.architecture if recipe else "-",
                f"{status.epoch}/{status.epochs}",
                percent(scores.weighted_f1 if scores else None),
                percent(scores.accuracy if scores else None),
            ]
        )
    return columns(titles, rows, right=titles[4:])


def result_text(summary: RunSummary) -> str:
    """What a finished run has to say."""
    lines = [f"{summary.status.name} ({summary.status.state.value}): {summary.folder}"]
    if summary.status.message:
        lines.append(summary.status.message)
    recipe = summary.recipe
    if summary.scores:
        lines.append(f"Test set: {scores_text(summary.scores, recipe.class_set if recipe else None)}")
    if summary.status.synthetic:
        lines.append(SYNTHETIC_WARNING)
    return "\n".join(lines)


def problems_document(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Every problem with every name."""
    return [
        {
            "kind": problem.kind.name.lower(),
            "text": problem.kind.value,
            "subject": problem.subject,
            "reason": problem.reason,
            "names": list(problem.names),
            "excludes": problem.excludes,
        }
        for problem in problems
    ]


def problems_text(problems: Iterable[Problem]) -> str:
    """Problems by kind, the first twenty of each kind by name."""
    by_kind: dict[ProblemKind, list[Problem]] = {}
    for problem in problems:
        by_kind.setdefault(problem.kind, []).append(problem)
    lines: list[str] = []
    for kind, group in by_kind.items():
        lines.append(f"{kind.value}: {many(len(group), 'case')}")
        lines += [f"    {problem.subject}: {problem.reason}" for problem in group[:SHOWN_PROBLEMS]]
        if len(group) > SHOWN_PROBLEMS:
            lines.append(f"    and {len(group) - SHOWN_PROBLEMS:,} more (--json lists all)")
    return "\n".join(lines) or "No problems found."


def data_document(dataset: DataSet) -> dict[str, Any]:
    """What a data set holds."""
    lesions = [record.lesion for record in dataset.records if record.lesion]
    return {
        "path": str(dataset.root),
        "layout": dataset.layout,
        "images": len(dataset.records),
        "classes": dataset.classes.name,
        "counts": dataset.counts,
        "unknown_labels": dict(dataset.unknown_labels),
        "lesions": {"known": len(set(lesions)), "images_with_lesion": len(lesions)},
        "synthetic": dataset.synthetic,
        "terms": dataset.terms,
    }


def data_text(dataset: DataSet) -> str:
    """What a data set holds, for people."""
    lesions = [record.lesion for record in dataset.records if record.lesion]
    total = max(1, len(dataset.records))
    rows = [
        [code, name, f"{count:,}", f"{100 * count / total:.1f} %"]
        for (code, count), name in zip(dataset.counts.items(), dataset.classes.names, strict=True)
    ]
    known = f"{many(len(set(lesions)), 'lesion')} known for {many(len(lesions), 'image')}" if lesions else "none known"
    lines = [
        f"{dataset.root}",
        f"Layout: {dataset.layout}",
        f"Images: {len(dataset.records):,}",
        f"Lesions: {known}",
        "",
        columns(["class", "name", "images", "share"], rows, right=["images", "share"]),
    ]
    if dataset.unknown_labels:
        lines += ["", *_unknown_labels(dataset)]
    if dataset.synthetic:
        lines += ["", "This is the built-in synthetic sample set, not patient data."]
    if dataset.terms:
        lines += ["", f"Terms: {dataset.terms}"]
    return "\n".join(lines)


def _unknown_labels(dataset: DataSet) -> list[str]:
    """The labels that mean no class, and what can be done with them."""
    from core.data.reading import OWN_CLASSES

    found = dataset.unknown_labels
    rows = [[label, f"{count:,}"] for label, count in found[:SHOWN_PROBLEMS]]
    more = [f"and {len(found) - SHOWN_PROBLEMS:,} more (--json lists all)"] if len(found) > SHOWN_PROBLEMS else []
    return [
        f"Labels that are none of the {len(dataset.classes)} classes of {dataset.classes.name}:",
        columns(["label", "images"], rows, right=["images"]),
        *more,
        f"{OWN_CLASSES[0].upper()}{OWN_CLASSES[1:]} inspect --recipe RECIPE shows the data with them.",
    ]
