"""A study's plan and results as JSON values and as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.cli.console import columns, many, percent
from core.quantities import duration, million
from core.reporting.words import STATE_WORDS
from core.study.execute import StudyOutcome
from core.study.folder import StudyFolder, StudyMember
from core.study.paper import FINE_ALPHAS
from core.study.published import fine_sweep_table, published_table
from core.study.results import StudyResults, StudyRow

_NOT_BEGUN = "Not begun"


def plan_document(slug: str, members: Sequence[StudyMember]) -> dict[str, Any]:
    """A study's members and where they stand."""
    return {
        "study": slug,
        "runs": len(members),
        "finished": sum(member.finished for member in members),
        "members": [_member(member) for member in members],
    }


def plan_text(name: str, members: Sequence[StudyMember], headline: str) -> str:
    """The runs of a study in order."""
    rows = [[str(number), member.key, member.title, _state(member)] for number, member in enumerate(members, 1)]
    left = sum(not member.finished for member in members)
    lines = [f"{name}: {many(len(members), 'run')}, {left} to do"]
    lines += [headline] if headline else []
    return "\n".join([*lines, "", columns(["", "configuration", "run", "state"], rows, right=[""])])


def studies_text(studies: Sequence[tuple[str, Sequence[StudyMember]]]) -> str:
    """The studies of a runs folder, one line each."""
    rows = [
        [
            slug,
            f"{len(members)}",
            f"{sum(member.finished for member in members)}",
            f"{sum(member.failed for member in members)}",
        ]
        for slug, members in studies
    ]
    titles = ["study", "runs", "finished", "failed"]
    return columns(titles, rows, right=titles[1:])


def results_document(folder: StudyFolder, results: StudyResults, outcome: StudyOutcome | None = None) -> dict[str, Any]:
    """All of a study's results; scores are fractions in 0..1, null where undefined. `failed` is of this execution."""
    failed = outcome.failed if outcome is not None else ()
    return {
        "study": folder.slug,
        "folder": str(folder.path),
        "headline": results.headline,
        "departures": [asdict(item) for item in results.departures],
        "warnings": list(results.warnings),
        "seconds": results.seconds,
        "test_images": results.test_images,
        "rows": [_row(row) for row in results.rows],
        "missing": [_member(member) for member in results.missing],
        "failed": [{"configuration": key, "seed": seed, "message": text} for key, seed, text in failed],
        "source": published_table().source if results.study.paper else None,
    }


def results_text(folder: StudyFolder, results: StudyResults) -> str:
    """The table: measured, published and difference, with what differs from the paper above it."""
    lines = [f"{results.study.name}: {folder.path}"]
    if results.study.paper:
        lines += ["", results.headline]
    lines += ["", _table(results), "", *_notes(results)]
    lines += [f"Warning: {text}" for text in results.warnings]
    for member in results.missing:
        reason = f" ({member.message})" if member.message else ""
        lines.append(f"Missing: {member.title}: {_state(member).lower()}{reason}")
    return "\n".join(lines)


def _table(results: StudyResults) -> str:
    titles = ["configuration", "parameters", "n", "weighted F1"]
    titles += ["F1 paper", "F1 diff."] if results.study.paper else []
    titles += ["accuracy"]
    titles += ["acc. paper", "acc. diff."] if results.study.paper else []
    rows = []
    for row in results.rows:
        cells = [row.title, million(row.parameters), f"{len(row.points)}", _measured(row.mean_f1, row.sd_f1)]
        cells += [percent(row.published_f1), _difference(row.f1_difference)] if results.study.paper else []
        cells += [_measured(row.mean_accuracy, row.sd_accuracy)]
        cells += [percent(row.published_accuracy), _difference(row.accuracy_difference)] if results.study.paper else []
        rows.append(cells)
    return columns(titles, rows, right=titles[1:])


def _notes(results: StudyResults) -> list[str]:
    several = len(results.study.seeds) > 1
    count = "" if results.test_images is None else f"{results.test_images:,} "
    lines = [f"Scores of the {count}test images."]
    if results.study.paper:
        lines.append("diff.: measured less published, in percentage points.")
    if several:
        lines.append(
            "± is the standard deviation over n students of one teacher and one split, not of the test images."
        )
    else:
        lines.append(
            "One run each: a difference between two rows may be chance. Several seeds (--seeds) show the spread."
        )
    if results.study.paper:
        lines.append(f"Paper: {published_table().source}.")
        finer = {f"kl-{alpha:g}" for alpha in FINE_ALPHAS}
        lines += [fine_sweep_table().note] if any(row.key in finer for row in results.rows) else []
    lines.append(f"Computing time: {duration(results.seconds)}.")
    return lines


def _row(row: StudyRow) -> dict[str, Any]:
    return {
        "configuration": row.key,
        "title": row.title,
        "method": row.method,
        "alpha": row.alpha,
        "curriculum": row.curriculum,
        "architecture": row.architecture,
        "parameters": row.parameters,
        "planned": row.planned,
        "n": len(row.points),
        "points": [{"seed": seed, "weighted_f1": f1, "accuracy": accuracy} for seed, f1, accuracy in row.points],
        "weighted_f1": {
            "mean": row.mean_f1,
            "sd": row.sd_f1,
            "published": row.published_f1,
            "difference": row.f1_difference,
        },
        "accuracy": {
            "mean": row.mean_accuracy,
            "sd": row.sd_accuracy,
            "published": row.published_accuracy,
            "difference": row.accuracy_difference,
        },
        "folders": [str(path) for path in row.folders],
    }


def _member(member: StudyMember) -> dict[str, Any]:
    return {
        "configuration": member.key,
        "seed": member.seed,
        "title": member.title,
        "folder": None if member.folder is None else str(member.folder),
        "state": None if member.state is None else member.state.value,
        "message": member.message,
    }


def _state(member: StudyMember) -> str:
    return _NOT_BEGUN if member.state is None else STATE_WORDS[member.state]


def _measured(mean: float | None, deviation: float | None) -> str:
    if mean is None or deviation is None:
        return percent(mean)
    return f"{100 * mean:.1f} ± {100 * deviation:.1f} %"


def _difference(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.1f}"
