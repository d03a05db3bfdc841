"""`compare`: runs side by side, with intervals and paired tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import JsonOption, RunsOption, many, print_json, print_text, say, table_lines
from core.cli.run_commands import find_run
from core.paths import runs_root
from core.quantities import p_value

if TYPE_CHECKING:
    from core.evaluation.comparison import Comparison
    from core.reporting.table import ResultsTable
    from core.runs.evidence import Evidence

_SEED_NOTE = (
    "Intervals and tests tell how much depends on which images were in the test set. Another training with another "
    "seed moves scores too, and one run per recipe does not show by how much."
)
_SHOWN_IMAGES = 5


def add_to(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("compare")(compare)


def compare(
    runs_given: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Finished runs (folder or name).")],
    baseline: Annotated[
        str,
        typer.Option(
            "--baseline",
            metavar="RUN",
            help="What the others are compared with; default: the oldest plain student, or the oldest run.",
        ),
    ] = "",
    resamples: Annotated[int, typer.Option("--resamples", min=100, max=100_000, help="Bootstrap resamples.")] = 2000,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare finished runs on the test images that they have in common."""
    from core.reporting.baseline import choose_baseline
    from core.runs.evidence import compare_runs, load_evidence

    folders = _folders(([baseline] if baseline else []) + runs_given, runs or runs_root())
    evidences = [load_evidence(folder, resamples) for folder in folders]
    if not baseline:
        automatic = choose_baseline([item.summary for item in evidences])
        evidences.sort(key=lambda item: item.summary is not automatic)
    comparisons = [compare_runs(evidences[0], other, resamples=resamples) for other in evidences[1:]]
    if as_json:
        print_json(_document(evidences, comparisons, resamples))
        return
    _print_runs(evidences, resamples)
    titles = _titles(evidences)
    for title, comparison in zip(titles[1:], comparisons, strict=True):
        _print_comparison(comparison, titles[0], title)
    for note in _closing_notes(comparisons):
        say(f"Note: {note}")


def _folders(texts: Sequence[str], root: Path) -> list[Path]:
    """The run folders, the baseline first, each once."""
    found = list(dict.fromkeys(find_run(text, root) for text in texts))
    if len(found) < 2:
        raise typer.BadParameter("Name at least two different runs; `skinkd-cli runs` lists them.")
    return found


def _titles(evidences: Sequence[Evidence]) -> tuple[str, ...]:
    """The runs' names; the folders' names where two runs have the same."""
    names = [item.name for item in evidences]
    return tuple(
        name if names.count(name) == 1 else item.summary.folder.name
        for name, item in zip(names, evidences, strict=True)
    )


def _print_runs(evidences: Sequence[Evidence], resamples: int) -> None:
    tables = _tables(evidences, resamples)
    for table in tables[:-1]:
        print_text(*table_lines(table), "")
    print_text(*(table_lines(tables[-1]) if tables[-1].rows else ["The recipes are the same."]), "")


def _tables(evidences: Sequence[Evidence], resamples: int) -> tuple[ResultsTable, ...]:
    """Scores, what else tells the runs apart, classes, several runs as one family, settings that differ."""
    from core.reporting.family_tables import family_table
    from core.reporting.recipe_tables import recipes_table
    from core.reporting.scored_runs import scored_runs
    from core.reporting.tables import class_f1_table, runs_table, scores_table
    from core.runs.evidence import compare_as_family, family_key

    titles = _titles(evidences)
    runs = scored_runs(evidences, titles)
    recipes = [(title, item.summary.recipe) for title, item in zip(titles, evidences, strict=True)]
    family = compare_as_family(evidences[0], evidences[1:], resamples=resamples)
    names = dict(zip((family_key(item.summary) for item in evidences), titles, strict=True))
    together = () if family is None else (family_table(family, names),)
    return scores_table(runs), runs_table(runs), class_f1_table(runs), *together, recipes_table(recipes)


def _print_comparison(comparison: Comparison, baseline: str, other: str) -> None:
    from core.reporting.comparison_tables import differences_table

    if not comparison.comparable:
        print_text(f"{other} against {baseline}", comparison.why_not, "")
        return
    print_text(*table_lines(differences_table(comparison, baseline, other)))
    assert comparison.mcnemar is not None
    print_text(
        f"Won (right where {baseline} is wrong): {many(len(comparison.won), 'image')}{_some(comparison.won)}",
        f"Lost (wrong where {baseline} is right): {many(len(comparison.lost), 'image')}{_some(comparison.lost)}",
        f"Exact McNemar test of won against lost: {p_value(comparison.mcnemar.p_value)}"
        + (" (takes every image by itself, not by patient or lesion)" if comparison.by_group else ""),
        "",
    )


def _some(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN_IMAGES:,} more (--json names all)" if len(names) > _SHOWN_IMAGES else ""
    return f": {', '.join(names[:_SHOWN_IMAGES])}{more}"


def _closing_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """What holds for all of the tables."""
    notes = [_SEED_NOTE]
    counted = [item for comparison in comparisons for item in comparison.differences if item.interval is not None]
    beyond = sum(not item.within_noise for item in counted)
    if beyond:
        notes.append(
            f"{beyond} of {len(counted)} differences are more than chance explains; about one in twenty would seem so "
            "by chance alone, if there were no difference at all."
        )
    return notes


def _document(evidences: Sequence[Evidence], comparisons: Sequence[Comparison], resamples: int) -> dict[str, Any]:
    return {
        "baseline": str(evidences[0].summary.folder),
        "runs": [_run_document(item) for item in evidences],
        "comparisons": [
            {"run": str(item.summary.folder), **_comparison_document(comparison)}
            for item, comparison in zip(evidences[1:], comparisons, strict=True)
        ],
        "tables": [table.to_document() for table in _tables(evidences, resamples)],
        "notes": _closing_notes(comparisons),
    }


def _run_document(evidence: Evidence) -> dict[str, Any]:
    from core.cli.documents import run_document
    from core.evaluation.detailed import detailed_to_json
    from core.evaluation.intervals import intervals_to_json

    intervals = intervals_to_json(evidence.intervals, evidence.classes)
    scores = detailed_to_json(evidence.detailed, evidence.classes)
    test = {"images": len(evidence.predictions.names), **scores, "intervals": intervals}
    return {**run_document(evidence.summary), "test": test, "notes": list(evidence.notes)}


def _comparison_document(comparison: Comparison) -> dict[str, Any]:
    from core.evaluation.intervals import interval_to_json
    from core.reporting.comparison_tables import meaning

    test = comparison.mcnemar
    return {
        "comparable": comparison.comparable,
        "why_not": comparison.why_not,
        "common": comparison.common,
        "only_baseline": comparison.only_baseline,
        "only_other": comparison.only_other,
        "relabelled": list(comparison.relabelled),
        "by_lesion": comparison.by_group,
        "differences": [
            {
                "score": item.score,
                "baseline": item.baseline,
                "other": item.other,
                "difference": item.difference,
                "interval": interval_to_json(item.interval),
                "within_noise": item.within_noise,
                "meaning": meaning(item),
            }
            for item in comparison.differences
        ],
        "mcnemar": None
        if test is None
        else {
            "only_baseline_right": test.only_baseline_right,
            "only_other_right": test.only_other_right,
            "p_value": test.p_value,
        },
        "won": list(comparison.won),
        "lost": list(comparison.lost),
        "notes": list(comparison.notes),
    }
