"""Results as JSON values and as lines of text: the same facts for programs and for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from core.classes import GUESSES
from core.cli.console import columns, many, table_lines
from core.data.choices import Choice
from core.data.types import DataSet, LabelCount, Part, Problem, ProblemKind
from core.documents import some
from core.evaluation.scores import Scores
from core.inference.results import SYNTHETIC_WARNING
from core.quantities import fraction
from core.reporting.words import STATE_WORDS
from core.runs.status import RunSummary

if TYPE_CHECKING:
    from core.reporting.scored_runs import ScoredRun

SHOWN_PROBLEMS = 20

_LISTED = ("folder", "state", "kind", "architecture", "data", "epochs", "weighted_f1", "accuracy")
"""The columns of a list of runs."""


def scores_document(scores: Scores) -> dict[str, Any]:
    """The scores with the names that every file and command uses."""
    from core.evaluation.metrics import scores_to_json

    return scores_to_json(scores)


def evaluation_lines(run: ScoredRun) -> list[str]:
    """All scores of an evaluation with their intervals, as two tables and what they mean."""
    from core.reporting.tables import evaluation_table, per_class_table

    return [*table_lines(evaluation_table(run)), "", *table_lines(per_class_table(run))]


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


def runs_lines(summaries: Sequence[RunSummary]) -> list[str]:
    """Runs as a table, one line each."""
    from core.reporting.run_columns import runs_list

    return table_lines(runs_list(summaries, _LISTED))


def result_lines(summary: RunSummary) -> list[str]:
    """What a finished run has to say."""
    lines = [f"{summary.status.name} ({STATE_WORDS[summary.status.state].lower()}): {summary.folder}"]
    if summary.status.message:
        lines.append(summary.status.message)
    if summary.scores:
        from core.reporting.scored_runs import scored_run

        lines += evaluation_lines(scored_run(summary, None, summary.status.name))
    if summary.status.synthetic:
        lines.append(SYNTHETIC_WARNING)
    return lines


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


def problems_lines(problems: Iterable[Problem]) -> list[str]:
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
    return lines or ["No problems found."]


def labels_document(labels: Iterable[LabelCount]) -> list[dict[str, Any]]:
    """Labels as they were found; `code` is "" for images that are left out and null where nobody said what they are."""
    return [
        {
            "label": item.label,
            "images": item.count,
            "code": item.code,
            "how": item.how,
            "none_of_these": item.says_none,
            "examples": [str(path) for path in item.examples],
        }
        for item in labels
    ]


def choices_document(choices: Iterable[Choice]) -> list[dict[str, Any]]:
    """What the data leave open, and what is taken now."""
    return [
        {"setting": choice.setting, "taken": choice.taken, "options": [item.value for item in choice.options]}
        for choice in choices
    ]


def choices_lines(choices: Iterable[Choice]) -> list[str]:
    """The same for people."""
    return [
        f"{choice.question}: {choice.taken or 'all'}, of {', '.join(item.value for item in choice.options)} "
        f"({choice.setting})."
        for choice in choices
    ]


def data_document(dataset: DataSet) -> dict[str, Any]:
    """What a data set holds."""
    lesions = [record.lesion for record in dataset.records if record.lesion]
    patients = [record.patient for record in dataset.records if record.patient]
    return {
        "path": str(dataset.root),
        "layout": dataset.layout,
        "images": len(dataset.records),
        "classes": dataset.classes.name,
        "counts": dataset.counts,
        "unknown_labels": dict(dataset.unknown_labels),
        "labels": labels_document(dataset.label_counts),
        "lesions": {"known": len(set(lesions)), "images_with_lesion": len(lesions)},
        "patients": {"known": len(set(patients)), "images_with_patient": len(patients)},
        "parts": dict(Counter(record.part.value for record in dataset.records if record.part)),
        "choices": choices_document(dataset.choices),
        "synthetic": dataset.synthetic,
        "terms": dataset.terms,
    }


def data_lines(dataset: DataSet) -> list[str]:
    """What a data set holds, for people."""
    lesions = [record.lesion for record in dataset.records if record.lesion]
    patients = {record.patient for record in dataset.records if record.patient}
    total = max(1, len(dataset.records))
    rows = [
        [code, name, f"{count:,}", fraction(count / total)]
        for (code, count), name in zip(dataset.counts.items(), dataset.classes.names, strict=True)
    ]
    known = f"{many(len(set(lesions)), 'lesion')} known for {many(len(lesions), 'image')}" if lesions else "none known"
    lines = [
        f"{dataset.root}",
        f"Layout: {dataset.layout}",
        f"Images: {len(dataset.records):,}",
        f"Lesions: {known}",
        *([f"Patients: {many(len(patients), 'patient')}"] if patients else []),
        *([f"Parts of the data's own: {listed}"] if (listed := _parts(dataset)) else []),
        "",
        *columns(["class", "name", "images", "share"], rows, right=["images", "share"]),
    ]
    guessed = [item for item in dataset.label_counts if item.code and item.how in GUESSES]
    if guessed:
        named = some([f"{item.label} is {item.code} ({item.how})" for item in guessed], SHOWN_PROBLEMS)
        lines += ["", f"Labels that were guessed: {named}."]
    if dataset.unknown_labels:
        lines += ["", *_unknown_labels(dataset)]
    if dataset.choices:
        lines += ["", *choices_lines(dataset.choices)]
    if dataset.synthetic:
        lines += ["", "This is the built-in synthetic sample set, not patient data."]
    if dataset.terms:
        lines += ["", f"Terms: {dataset.terms}"]
    return lines


def _parts(dataset: DataSet) -> str:
    counts = Counter(record.part for record in dataset.records)
    return ", ".join(f"{part.word} {counts[part]:,}" for part in Part if counts[part])


def _unknown_labels(dataset: DataSet) -> list[str]:
    """The labels that mean no class, and what can be done with them."""
    from core.data.reading import OWN_CLASSES

    found = dataset.unknown_labels
    rows = [[label, f"{count:,}"] for label, count in found[:SHOWN_PROBLEMS]]
    more = [f"and {len(found) - SHOWN_PROBLEMS:,} more (--json lists all)"] if len(found) > SHOWN_PROBLEMS else []
    return [
        f"Labels that are none of the {len(dataset.classes)} classes of {dataset.classes.name}:",
        *columns(["label", "images"], rows, right=["images"]),
        *more,
        f"{OWN_CLASSES[0].upper()}{OWN_CLASSES[1:]} inspect --recipe RECIPE shows the data with them.",
    ]
