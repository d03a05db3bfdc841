"""The section of a report on a study that withholds its test part, and the report on one whose part is untouched."""

from __future__ import annotations

from core.documents import some
from core.errors import SkinKDError
from core.reporting.cross_validation_tables import chosen_sentence, cross_validation_table, sentence_of_test_part
from core.reporting.privacy import without_paths
from core.reporting.report.content import Block, Paragraph, ReportSection, TableBlock
from core.reporting.report.facts_sections import classes_figure
from core.reporting.tables import counts_table
from core.runs.folder import RunFolder
from core.study.results import StudyResults


def cross_validation_section(results: StudyResults) -> ReportSection:
    """Candidates by their validation scores, and whether, when and for which the test part was used."""
    validated = results.cross_validation
    blocks = study_warnings(results)
    if validated is not None:
        said = (sentence_of_test_part(validated), chosen_sentence(validated))
        blocks[:0] = [Paragraph(text) for text in said]
        blocks.append(TableBlock("cross-validation", cross_validation_table(validated)))
    return ReportSection("study", f"Study: {without_paths(results.study.name)}", tuple(blocks))


def study_warnings(results: StudyResults) -> list[Block]:
    """What must be said above the results of a study, whichever kind it is: runs without a result, and its warnings."""
    blocks: list[Block] = []
    if results.missing:
        names = some([f"{item.title} (seed {item.seed})" for item in results.missing], 8)
        blocks.append(Paragraph(f"{len(results.missing)} runs have no result yet: {names}.", "warning"))
    return [*blocks, *(Paragraph(text, "warning") for text in results.warnings)]


def untouched_sections(results: StudyResults) -> tuple[ReportSection, ...]:
    """All that can be reported before any model was tested: the candidates, and the images that they learned from.
    Raises `SkinKDError` when nothing is finished yet."""
    validated = results.cross_validation
    runs = [run for item in validated.candidates for run in item.runs] if validated is not None else []
    if not runs:
        raise SkinKDError("There is nothing to report", "The study has no finished run yet.")
    return (cross_validation_section(results), _data_section(RunFolder(runs[0].folder), runs[0].fold))


def _data_section(run: RunFolder, fold: int) -> ReportSection:
    rows, classes = run.split_rows, run.recipe().class_set
    blocks: tuple[Block, ...] = (
        Paragraph(f"The division of fold {fold}; the test part is the same in all folds."),
        TableBlock("images", counts_table(rows, classes)),
        classes_figure(rows, classes),
    )
    return ReportSection("data", "Images and their division", blocks)
