"""A study's plan and results as JSON values and as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.cli.console import columns, many, table_lines
from core.quantities import duration
from core.reporting.cross_validation_tables import cross_validation_table
from core.reporting.family_tables import arms_table, study_family_table
from core.reporting.paper_tables import study_tables
from core.reporting.words import STATE_WORDS
from core.study.cross_validation import CrossValidation
from core.study.departures import READINGS, headline
from core.study.execute import StudyOutcome
from core.study.families import study_family
from core.study.folder import StudyFolder, StudyMember
from core.study.outlook import StudyOutlook
from core.study.published import published_table
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


def outlook_document(outlook: StudyOutlook | None) -> dict[str, Any]:
    """What can be said of the paper's study before it is begun; an empty headline of any other study."""
    if outlook is None:
        return {"headline": ""}
    return {
        "headline": headline(outlook.departures),
        "departures": [asdict(item) for item in outlook.departures],
        "readings": [asdict(item) for item in READINGS],
        "parts": {part.value: count for part, count in outlook.parts},
        "leakage": None if outlook.leakage is None else asdict(outlook.leakage.total),
        "coverage": None if outlook.coverage is None else asdict(outlook.coverage),
        "teacher": outlook.teacher,
    }


def outlook_lines(outlook: StudyOutlook | None) -> list[str]:
    """The same as lines of text."""
    if outlook is None:
        return []
    parts = ", ".join(f"{part.word} {count:,}" for part, count in outlook.parts)
    lines = [headline(outlook.departures), f"Images: {parts}." if parts else "", outlook.teacher]
    lines += [outlook.leakage.sentence] if outlook.leakage else []
    lines += [f"Curriculum: {outlook.coverage.sentence}"] if outlook.coverage and outlook.coverage.sentence else []
    return [*lines, "What the paper leaves open:", *(f"  {item.sentence}" for item in READINGS)]


def plan_lines(name: str, members: Sequence[StudyMember], *said: str) -> list[str]:
    """The runs of a study in order, below what is said of it."""
    rows = [[str(number), member.key, member.title, _state(member)] for number, member in enumerate(members, 1)]
    left = sum(not member.finished for member in members)
    lines = [f"{name}: {many(len(members), 'run')}, {left} to do"]
    return [*lines, *said, "", *columns(["", "configuration", "run", "state"], rows, right=[""])]


def studies_lines(studies: Sequence[tuple[str, Sequence[StudyMember]]]) -> list[str]:
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
        **_compared(results),
        "missing": [_member(member) for member in results.missing],
        "failed": [{"configuration": key, "seed": seed, "message": text} for key, seed, text in failed],
        "source": published_table().source if results.study.paper else None,
    }


def results_lines(folder: StudyFolder, results: StudyResults) -> list[str]:
    """The table: measured, published and difference, with what differs from the paper above it."""
    lines = [f"{results.study.name}: {folder.path}"]
    if results.study.paper:
        lines += ["", results.headline]
    if results.cross_validation is not None:
        lines += ["", *table_lines(cross_validation_table(results.cross_validation)), ""]
        lines += _next_step(folder, results.cross_validation)
    else:
        family = study_family(results)
        tables = [
            *(table for _, table in study_tables(results)),
            arms_table(results, family),
            study_family_table(results, family),
        ]
        lines += [line for table in tables for line in ("", *table_lines(table))]
        lines.append("")
    lines.append(f"Computing time: {duration(results.seconds)}.")
    lines += [f"Warning: {text}" for text in results.warnings]
    for member in results.missing:
        reason = f" ({member.message})" if member.message else ""
        lines.append(f"Missing: {member.title}: {_state(member).lower()}{reason}")
    return lines


def _compared(results: StudyResults) -> dict[str, Any]:
    """By validation scores where the test part is withheld until a model is chosen, otherwise by test scores."""
    found = results.cross_validation
    if found is None:
        family = study_family(results)
        return {
            "tables": {key: table.to_document() for key, table in study_tables(results)},
            "family": study_family_table(results, family).to_document(),
            "configurations": arms_table(results, family).to_document(),
        }
    table = cross_validation_table(found).to_document()
    use = None if found.use is None else asdict(found.use)
    best = None if found.best is None else found.best.key
    return {"cross_validation": {**table, "score": found.score, "best": best, "test_part": use}}


def _next_step(folder: StudyFolder, validated: CrossValidation) -> list[str]:
    """How the best candidate is tested, while none was."""
    if validated.best is None or (validated.use is not None and validated.use.finished):
        return []
    chosen = validated.best.key if validated.use is None else validated.use.candidate
    return [f"Evaluate the chosen model on the test part, once: skinkd-cli study {folder.slug} --test {chosen}", ""]


def _row(row: StudyRow) -> dict[str, Any]:
    return {
        "configuration": row.key,
        "title": row.title,
        "method": row.method,
        "alpha": row.alpha,
        "curriculum": row.curriculum,
        "redraw": row.redraw or None,
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
