"""Put a report together from finished runs, and from a study where there is one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import SkinKDError
from core.evaluation.comparison import compare
from core.events import CancelToken, Emit, Phase, Progress, ignore
from core.inference.results import RESEARCH_USE
from core.reporting.baseline import choose_baseline
from core.reporting.family_tables import arms_table, study_family_table
from core.reporting.paper_tables import study_tables
from core.reporting.privacy import without_paths
from core.reporting.report.content import (
    STANDARD,
    Block,
    FigureBlock,
    Include,
    Paragraph,
    ReportContent,
    ReportSection,
    TableBlock,
)
from core.reporting.report.cross_validation_section import cross_validation_section, study_warnings, untouched_sections
from core.reporting.report.examples import examples_section
from core.reporting.report.facts_sections import data_section, limits_section, model_section, repeat_section
from core.reporting.report.gathering import ReportRun, gather
from core.reporting.report.learning_sections import first_batches_section, inherited_section, losses_section
from core.reporting.report.results_sections import MOST_DRAWN, SECTIONS, Selection, confusion_of, scores_section
from core.reporting.report.study_sections import (
    checklists_section,
    decisions_section,
    export_section,
    external_section,
    failures_section,
    filled_checklists,
    ood_section,
    operating_section,
    robustness_section,
    statement_section,
)
from core.reporting.study_tables import departures_table
from core.reporting.words import unique_titles
from core.runs.environment import package_version
from core.runs.evidence import labelled, named_as
from core.study.families import study_family
from core.study.results import StudyResults, study_results

if TYPE_CHECKING:
    from core.reporting.study_figures import BestRun

_SYNTHETIC = (
    "These runs know only the built-in synthetic sample set: generated pictures, not photographs of skin. The scores "
    "show that everything works and say nothing of real lesions."
)
_PARTLY_SYNTHETIC = (
    "Some of these runs ({names}) know only generated pictures: their scores say nothing of real lesions."
)


def collect(
    runs: Sequence[Path],
    *,
    study: Path | None = None,
    baseline: Path | None = None,
    include: Collection[Include] = STANDARD,
    emit: Emit = ignore,
    token: CancelToken | None = None,
) -> ReportContent:
    """Everything that a report on these run folders says, without drawing it.

    With a `study` (its folder), the study's results come first, and `runs` may be empty: all its finished runs. The
    `baseline` is added when it is not among the runs; without one it is the first plain student, or the first run.
    Unfinished runs are named in a `Notice` and left out. Raises `SkinKDError`, or `Cancelled`.
    """
    token = token or CancelToken()
    results = None if study is None else _study_results(study)
    folders = [*runs] or ([] if results is None else [folder for row in results.rows for folder in row.folders])
    if baseline is not None and baseline.resolve() not in {folder.resolve() for folder in folders}:
        folders.insert(0, baseline)
    if not folders and results is not None and results.cross_validation is not None:
        return ReportContent(_title((), results), _made(), (RESEARCH_USE,), untouched_sections(results))
    if not folders:
        raise SkinKDError("There is nothing to report", "No run is chosen, or the study has no finished run yet.")
    found = gather(folders, emit, token)
    if results is not None:
        found = _without_prefix(found, f"{results.study.name}: ")
    chosen = _compared(_select(found, baseline, results), include, emit, token)
    sections: list[ReportSection] = []
    if results is not None:
        withheld = results.cross_validation is not None
        sections.append(cross_validation_section(results) if withheld else _study_section(results, found))
    sections += [scores_section(chosen), statement_section(chosen)]
    for part, make in SECTIONS.items():
        token.check()
        section = make(chosen) if part in include else None
        sections += [section] if section is not None else []
    sections += _learning_sections(chosen, include, emit, token)
    sections += [data_section(found), model_section(chosen), *_measured_sections(chosen, include, emit, token)]
    examples = examples_section(found[0], emit, token) if Include.EXAMPLES in include else None
    sections += [examples] if examples is not None else []
    sections.append(repeat_section(chosen, recipes=Include.RECIPES in include))
    sections.append(limits_section(chosen))
    filled = filled_checklists(chosen) if Include.CHECKLISTS in include else ()
    sections += [checklists_section(chosen, filled)] if filled else []
    return ReportContent(_title(found, results), _made(), _warnings(found), tuple(sections), filled)


def _measured_sections(
    chosen: Selection, include: Collection[Include], emit: Emit, token: CancelToken
) -> list[ReportSection]:
    """What was measured beyond scores, as far as it was."""
    made = (
        operating_section(chosen),
        failures_section(chosen, emit, token, pictures=Include.EXAMPLES in include),
        robustness_section(chosen),
        external_section(chosen),
        decisions_section(chosen),
        ood_section(chosen),
        export_section(chosen),
    )
    return [section for section in made if section is not None]


def _learning_sections(
    chosen: Selection, include: Collection[Include], emit: Emit, token: CancelToken
) -> list[ReportSection]:
    """How the students learned, as far as these parts are wanted and there is something to say."""
    pictures = Include.EXAMPLES in include
    made = (
        losses_section(chosen) if Include.CURVES in include else None,
        first_batches_section(chosen) if Include.CURVES in include else None,
        inherited_section(chosen, emit, token, pictures=pictures) if Include.CONFUSION in include else None,
    )
    return [section for section in made if section is not None]


def _study_results(folder: Path) -> StudyResults:
    from core.study.folder import StudyFolder

    return study_results(StudyFolder(folder))


def _without_prefix(runs: tuple[ReportRun, ...], prefix: str) -> tuple[ReportRun, ...]:
    """Runs of a study bear its name in front of their own; in its report that goes without saying."""
    titles = unique_titles([run.title.removeprefix(prefix) for run in runs])
    return tuple(replace(run, title=title) for run, title in zip(runs, titles, strict=True))


def _select(runs: tuple[ReportRun, ...], baseline: Path | None, results: StudyResults | None) -> Selection:
    """What is drawn: all runs where a figure holds them, otherwise a study's best or the first ones."""
    if baseline is None:
        automatic = choose_baseline([run.evidence.summary for run in runs])
        baseline = runs[0].folder if automatic is None else automatic.folder
    first = next((run for run in runs if run.folder == baseline.resolve()), runs[0])
    best: tuple[ReportRun, ...] = ()
    if results is not None:
        from core.reporting.study_figures import best_runs

        folders = {item.folder.resolve() for item in best_runs(results)}
        best = tuple(run for run in runs if run.folder in folders)
    drawn = (best or runs)[:MOST_DRAWN]
    if len(runs) > 1 and first not in drawn:
        drawn = (first, *drawn[: MOST_DRAWN - 1])
    return Selection(runs, drawn, first if len(runs) > 1 else None, study=bool(best))


def _compared(chosen: Selection, include: Collection[Include], emit: Emit, token: CancelToken) -> Selection:
    if chosen.baseline is None or Include.COMPARISON not in include:
        return chosen
    baseline = chosen.baseline.evidence
    base, found = labelled(baseline), []
    others = [run for run in chosen.drawn if run is not chosen.baseline]
    for place, run in enumerate(others):
        token.check()
        emit(Progress(Phase.REPORTING, place, len(others)))
        found.append((run, compare(base, labelled(named_as(run.evidence, baseline)))))
    return replace(chosen, comparisons=tuple(found))


def _study_section(results: StudyResults, runs: Sequence[ReportRun]) -> ReportSection:
    """The paper's figures from what was measured: 8, 9, 10 and 11."""
    from core.reporting.study_figures import best_runs, f1_over_alpha, how_chosen

    blocks: list[Block] = []
    if results.headline:
        blocks.append(Paragraph(results.headline, "warning" if results.departures else ""))
    blocks += study_warnings(results)
    blocks += [TableBlock(key, table) for key, table in study_tables(results)]
    family = study_family(results)
    blocks.append(TableBlock("study-configurations", arms_table(results, family)))
    blocks.append(TableBlock("study-family", study_family_table(results, family)))
    blocks.append(
        FigureBlock(
            "f1-over-alpha",
            "Weighted F1 over alpha (the paper's figure 8), with the teacher and the plain student as level lines.",
            "Lines of weighted F1 over alpha",
            partial(f1_over_alpha, results),
        )
    )
    blocks += _best_blocks(best_runs(results), runs, how_chosen(results))
    if results.study.paper:
        blocks.append(TableBlock("departures", departures_table(results)))
    return ReportSection("study", f"Study: {without_paths(results.study.name)}", tuple(blocks))


def _best_blocks(best: Sequence[BestRun], runs: Sequence[ReportRun], chosen: str) -> list[Block]:
    from core.reporting import figures

    by_folder = {run.folder: run for run in runs}
    found = [(item, by_folder.get(item.folder.resolve())) for item in best]
    shown = [(item, run) for item, run in found if run is not None]
    if not shown:
        return []
    bars = tuple(
        figures.BarRun(item.title, run.evidence.detailed.scores, run.evidence.intervals, item.role)
        for item, run in shown
    )
    matrices = tuple((item.title, run.evidence.detailed.scores) for item, run in shown)
    return [
        FigureBlock(
            "best-by-class",
            f"F1 of each class for the best run of each method (the paper's figure 9). {chosen}",
            "Bars of F1 by class for the best runs",
            partial(figures.per_class_bars, bars),
        ),
        FigureBlock(
            "best-confusion",
            "Confusion matrices of the best run of each method (the paper's figures 10 and 11), in per cent of the "
            "true class.",
            "Confusion matrices of the best runs",
            confusion_of(matrices),
        ),
    ]


def _title(runs: Sequence[ReportRun], results: StudyResults | None) -> str:
    if results is not None:
        return f"Study: {without_paths(results.study.name)}"
    return runs[0].title if len(runs) == 1 else f"{len(runs)} runs compared"


def _made() -> str:
    version = package_version("skinkd")
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"Made by SkinKD{f' {version}' if version else ''}, {when}"


def _warnings(runs: Sequence[ReportRun]) -> tuple[str, ...]:
    synthetic = [run.title for run in runs if run.synthetic]
    if not synthetic:
        return (RESEARCH_USE,)
    if len(synthetic) == len(runs):
        return (RESEARCH_USE, _SYNTHETIC)
    return (RESEARCH_USE, _PARTLY_SYNTHETIC.format(names=", ".join(synthetic)))
