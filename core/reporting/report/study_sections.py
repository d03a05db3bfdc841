"""The sections that a journal asks for beyond scores: what the model is for, operating points, errors, robustness,
tests elsewhere, unlike pictures, exports, and checklists. Each is left out where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from core.events import CancelToken, Emit
from core.quantities import whole_percent
from core.reporting.checklists import FilledChecklist, checklist_table, checklists, fill
from core.reporting.decision_tables import called_table, decision_facts, diagnosis_note
from core.reporting.facts.told import fact_text
from core.reporting.measured_tables import (
    coverage_table,
    errors_table,
    exports_table,
    external_table,
    operating_table,
    robustness_table,
    surest_errors,
)
from core.reporting.report.content import Block, Facts, FigureBlock, Paragraph, Points, ReportSection, TableBlock
from core.reporting.report.gathering import ReportRun
from core.reporting.report.pictures import picture_grid
from core.reporting.report.results_sections import MOST_PLOTS, Selection, keyed
from core.reporting.scored_runs import scored_model
from core.reporting.table import ResultsTable
from core.reporting.tables import per_class_table
from core.runs.statement import groups_of

NO_STATEMENT = (
    "The form on intended use, origin of the images and labels was not filled. In the window: Results, Describe the "
    "study; on the command line: skinkd-cli statement RUN."
)


def statement_section(chosen: Selection) -> ReportSection:
    """What the authors wrote in the form, by its groups; of several runs each text once."""
    blocks: list[Block] = []
    for group, questions in groups_of().items():
        pairs = []
        for question in questions:
            texts = dict.fromkeys(run.record.statement.entry(question.key) for run in chosen.runs)
            pairs += [(question.title, text) for text in texts if text]
        if pairs:
            blocks += [Paragraph(f"{group}:"), Facts(tuple(pairs))]
    return ReportSection("statement", "Study and intended use", tuple(blocks) or (Paragraph(NO_STATEMENT),))


def operating_section(chosen: Selection) -> ReportSection | None:
    """Thresholds for melanoma and what they cost."""
    tables = [(key, run, operating_table(run.record)) for key, run in keyed(chosen.drawn)]
    blocks = [
        TableBlock(f"operating-{key}", _titled(table, run, chosen)) for key, run, table in tables if table is not None
    ]
    return ReportSection("operating", "Operating points", tuple(blocks)) if blocks else None


def failures_section(chosen: Selection, emit: Emit, token: CancelToken, *, pictures: bool) -> ReportSection:
    """The surest errors, with their pictures where these are asked for."""
    blocks: list[Block] = []
    for place, (key, run) in enumerate(keyed(chosen.drawn)):
        blocks.append(Paragraph(f"{run.title}: {fact_text(run.record, 'failures')}"))
        if pictures and place < MOST_PLOTS and (figure := _pictures(key, run, emit, token)) is not None:
            blocks.append(figure)
        blocks.append(TableBlock(f"errors-{key}", _titled(errors_table(run.record), run, chosen)))
    if not pictures:
        blocks.append(Paragraph("Pictures of these images are left out, as they were not asked for."))
    return ReportSection("failures", "Errors", tuple(blocks))


def robustness_section(chosen: Selection) -> ReportSection:
    """F1 against severity of blur, noise and the like."""
    from core.reporting import figures

    blocks: list[Block] = []
    for key, run in keyed(chosen.drawn):
        if (found := run.record.robustness) is None:
            continue
        blocks.append(
            FigureBlock(
                f"robustness-{key}",
                f"{run.title}: weighted F1 of the test images as they are harmed more and more.",
                fact_text(run.record, "robustness"),
                partial(figures.robustness_figure, found),
            )
        )
        blocks.append(TableBlock(f"robustness-{key}", _titled(robustness_table(found), run, chosen)))
    if not blocks:
        text = "Not measured. In the window: Results, Robustness; on the command line: skinkd-cli robustness RUN."
        blocks.append(Paragraph(text))
    return ReportSection("robustness", "Robustness", tuple(blocks))


def external_section(chosen: Selection) -> ReportSection:
    """Scores on images of other sources beside those on the run's own."""
    blocks: list[Block] = []
    for key, run in keyed(chosen.drawn):
        tests = run.record.external
        if not tests:
            continue
        blocks.append(TableBlock(f"external-{key}", _titled(external_table(tests, run.record), run, chosen)))
        for number, test in enumerate(tests, 1):
            scored = scored_model(f"{run.title} on {test.name}", test.classes, test.detailed, test.intervals)
            blocks.append(TableBlock(f"external-{key}-{number}", per_class_table(scored)))
    if not blocks:
        blocks.append(
            Paragraph(
                "None was made: nothing here tells how the model does on images of another clinic or camera. "
                "skinkd-cli evaluate RUN --data FOLDER tests it on labelled images of another source, and keeps that."
            )
        )
        why = dict.fromkeys(text for run in chosen.runs if (text := run.record.statement.entry("external_why")))
        blocks += [Paragraph(text) for text in why]
    return ReportSection("external", "External test", tuple(blocks))


def decisions_section(chosen: Selection) -> ReportSection | None:
    """Malignant, benign or unclear: what is promised, and what the test lesions say of it."""
    from core.reporting import figures

    blocks: list[Block] = []
    for key, run in keyed(chosen.drawn):
        if (found := run.record.certified) is None:
            continue
        if len(chosen.drawn) > 1:
            blocks.append(Paragraph(f"{run.title}:"))
        facts = decision_facts(found)
        blocks += [Facts(facts), Paragraph(diagnosis_note(found))]
        blocks.append(
            FigureBlock(
                f"called-benign-{key}",
                f"{run.title}: malignant test lesions that are called benign, with exact upper 95 % bounds.",
                dict(facts)["Benign"],
                partial(figures.called_benign_figure, found),
            )
        )
        blocks.append(
            FigureBlock(
                f"risk-coverage-{key}",
                f"{run.title}: wrong diagnoses among those given, against the share of test lesions that get one.",
                diagnosis_note(found),
                partial(figures.risk_coverage_figure, found),
            )
        )
        blocks.append(TableBlock(f"called-{key}", _titled(called_table(found), run, chosen)))
    return ReportSection("decisions", "Malignant, benign or unclear", tuple(blocks)) if blocks else None


def ood_section(chosen: Selection) -> ReportSection | None:
    """How the model meets pictures unlike those it knows, and what its prediction sets hold."""
    blocks: list[Block] = []
    for key, run in keyed(chosen.drawn):
        if text := fact_text(run.record, "unlike"):
            blocks.append(Paragraph(f"{run.title}: {text}" if len(chosen.drawn) > 1 else text))
        if (table := coverage_table(run.record)) is not None:
            blocks.append(TableBlock(f"coverage-{key}", _titled(table, run, chosen)))
    return ReportSection("unlike", "Unlike pictures and prediction sets", tuple(blocks)) if blocks else None


def export_section(chosen: Selection) -> ReportSection | None:
    """What exporting changed."""
    blocks = [
        TableBlock(f"exports-{key}", _titled(exports_table(run.record.exports), run, chosen))
        for key, run in keyed(chosen.drawn)
        if run.record.exports
    ]
    return ReportSection("export", "Effect of export", tuple(blocks)) if blocks else None


def filled_checklists(chosen: Selection) -> tuple[FilledChecklist, ...]:
    """All checklists as the first run fills them, the main one first."""
    return tuple(fill(checklist, chosen.runs[0].record) for checklist in checklists().values())


def checklists_section(chosen: Selection, filled: Sequence[FilledChecklist]) -> ReportSection:
    """The checklists and how much of them is filled."""
    run = chosen.runs[0]
    several = len(chosen.runs) > 1
    blocks: list[Block] = [
        Paragraph(
            "Filled by the program: from the run's own files. Filled by you: from the form of the study. An item that "
            "is not stated is left for the text of the paper."
        ),
        Points(tuple(each.sentence for each in filled)),
    ]
    if several:
        blocks.append(Paragraph(f"They are filled for {run.title}, the first run of this report."))
    blocks += [TableBlock(each.checklist.key, checklist_table(each, run.title if several else "")) for each in filled]
    return ReportSection("checklists", "Checklists", tuple(blocks))


def _titled(table: ResultsTable, run: ReportRun, chosen: Selection) -> ResultsTable:
    """The table, with the run in its title where there are several."""
    return replace(table, title=f"{table.title}: {run.title}") if len(chosen.drawn) > 1 else table


def _pictures(key: str, run: ReportRun, emit: Emit, token: CancelToken) -> FigureBlock | None:
    """The surest errors as pictures; None, with a warning, where they are not at hand."""
    wanted = [
        (f"{truth}, taken for\n{said} ({whole_percent(sure)})", [image])
        for image, truth, said, sure in surest_errors(run.record)
    ]
    draw = picture_grid(run, wanted, "pictures of errors", emit, token)
    if draw is None:
        return None
    return FigureBlock(
        f"errors-{key}",
        f"{run.title}: the surest errors on the test images, with the truth and the diagnosis.",
        "Pictures of skin lesions that were classified wrongly",
        draw,
    )
