"""The sections of a report on how students learned: the parts of their loss, what their first batches held, and whose
errors they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path

from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.comparison import LabelledLogits
from core.evaluation.inherited import Inheritance, SharedConfusion, inheritance
from core.events import CancelToken, Emit
from core.reporting.curriculum_tables import first_batches_table
from core.reporting.inherited_tables import confusions_table, inheritance_table, same_first
from core.reporting.loss_tables import loss_parts_table, loss_scales_table
from core.reporting.report.content import Block, FigureBlock, Paragraph, ReportSection, TableBlock
from core.reporting.report.gathering import ReportRun
from core.reporting.report.pictures import picture_grid
from core.reporting.report.results_sections import MOST_TABLES, Selection, keyed
from core.runs.evidence import labelled, labelled_parts
from core.runs.first_epoch import first_epoch_of
from core.runs.folder import RunFolder
from core.runs.teachers import find_teacher

_MOST_PAIRS, _PICTURES_OF_EACH = 4, 2


def losses_section(chosen: Selection) -> ReportSection | None:
    """L_KD and L_CLS by epoch with their ratio, and what alpha makes of it; None without a distilled student."""
    from core.reporting import figures

    distilled = [(key, run) for key, run in keyed(chosen.runs) if run.recipe.alpha is not None and run.history]
    if not distilled:
        return None
    listed = [(run.title, run.recipe.alpha or 0.0, run.history) for _, run in distilled]
    histories = tuple((run.title, run.history) for _, run in distilled if run in chosen.drawn)
    blocks: list[Block] = [TableBlock("loss-scales", loss_scales_table(listed))]
    if histories:
        blocks += [
            FigureBlock(
                "curve-classification-loss",
                "The labels' part of the training loss, L_CLS, by epoch (L_KD stands with the training).",
                "Curves of the classification loss",
                partial(figures.overlaid_curves, histories, "classification_loss"),
            ),
            FigureBlock(
                "curve-loss-ratio",
                "L_KD / L_CLS by epoch, before alpha.",
                "Curves of the ratio of both losses",
                partial(figures.overlaid_curves, histories, "loss_ratio"),
            ),
        ]
    for number, (key, run) in enumerate(distilled):
        table = loss_parts_table(run.title, run.recipe.alpha or 0.0, run.history)
        blocks.append(TableBlock(f"losses-{key}", table, quiet=number >= MOST_TABLES or run not in chosen.drawn))
    return ReportSection("losses", "Parts of the loss", tuple(blocks))


def first_batches_section(chosen: Selection) -> ReportSection | None:
    """Which classes the first batches held; None without a curriculum, or where no run recorded it."""
    from core.reporting import figures

    ordered = [run for run in chosen.drawn if run.recipe.applied_curriculum.unusual]
    if not ordered:
        return None
    shown = [*ordered, *(run for run in chosen.drawn if run not in ordered and run.recipe.task == "student")]
    known = [(run.title, first) for run in shown if (first := first_epoch_of(run.folder)) is not None]
    if not known:
        text = "The runs were made by a version of SkinKD that did not record what the first batches held."
        return ReportSection("first-batches", "First batches", (Paragraph(text),))
    classes = ordered[0].evidence.classes
    blocks = (
        FigureBlock(
            "first-batches",
            "The classes of the images in the first epoch, tenth by tenth, in the order in which they were shown: with "
            "a curriculum and without.",
            "Stacked bars of the classes in each tenth of the first epoch",
            partial(figures.first_epoch_bars, known, classes),
        ),
        TableBlock("first-batches", first_batches_table(known)),
    )
    return ReportSection("first-batches", "First batches", blocks)


def inherited_section(chosen: Selection, emit: Emit, token: CancelToken, *, pictures: bool) -> ReportSection | None:
    """The teacher's most frequent confusions beside each student's; None where no student has its teacher at hand."""
    teacher_of = cache(partial(_teacher, chosen))  # read once for all students that share it
    students = [(run, found) for run in chosen.drawn if (found := _beside_teacher(run, run, teacher_of)) is not None]
    taught = [(run, found) for run, found in students if run.recipe.needs_teacher]
    if not taught:
        return None
    plain = _plain_beside(taught[0][0], chosen, teacher_of)
    rows = [(run.title, found) for run, found in taught] + ([] if plain is None else [plain])
    blocks: list[Block] = [TableBlock("inherited", inheritance_table(rows))]
    titles = {run.folder: key for key, run in keyed(chosen.runs)}
    for number, (run, found) in enumerate(taught):
        token.check()
        quiet = number >= MOST_TABLES
        table = confusions_table(run.title, found, plain)
        blocks.append(TableBlock(f"inherited-{titles[run.folder]}", table, quiet=quiet))
        figure = None if quiet or not pictures else _shared_pictures(titles[run.folder], run, found, emit, token)
        blocks += [figure] if figure is not None else [Paragraph(f"{run.title}: {same_first(found)}")]
    if not pictures:
        blocks.append(Paragraph("Pictures of shared errors are left out, as they were not asked for."))
    return ReportSection("inherited", "Errors shared with the teacher", tuple(blocks))


_TeacherOf = Callable[[str, Path], LabelledLogits | None]


def _beside_teacher(run: ReportRun, taught: ReportRun, teacher_of: _TeacherOf) -> Inheritance | None:
    """A run's errors beside those of the teacher of `taught`."""
    if not taught.recipe.teacher.run or taught.recipe.task != "student":
        return None
    teacher = teacher_of(taught.recipe.teacher.run, taught.folder.parent)
    return None if teacher is None else inheritance(teacher, labelled(run.evidence))


def _teacher(chosen: Selection, name: str, root: Path) -> LabelledLogits | None:
    """What the teacher that recipes of runs in `root` name so said of its test images; None where it is not at hand, or
    was not tested."""
    try:
        folder = find_teacher(name, root).path
    except SkinKDError:
        return None
    for other in chosen.runs:
        if other.folder == folder.resolve():
            return labelled(other.evidence)
    try:
        (tested,) = labelled_parts(RunFolder(folder), Part.TEST)
    except SkinKDError:
        return None
    return tested if tested.names else None


def _plain_beside(taught: ReportRun, chosen: Selection, teacher_of: _TeacherOf) -> tuple[str, Inheritance] | None:
    """The control: a student without a teacher, beside the teacher of another."""
    for run in chosen.runs:
        if run.recipe.task == "student" and not run.recipe.needs_teacher:
            found = _beside_teacher(run, taught, teacher_of)
            return None if found is None else (run.title, found)
    return None


def _shared_pictures(
    key: str, run: ReportRun, inherited: Inheritance, emit: Emit, token: CancelToken
) -> FigureBlock | None:
    """Pictures that teacher and student get wrong alike, of the most frequent confusions; None without any at hand."""
    wanted = [
        (f"{pair.truth}, taken for\n{pair.said} by both", [image]) for image, pair in _spread(inherited.confusions)
    ]
    draw = picture_grid(run, wanted, "pictures of shared errors", emit, token)
    if draw is None:
        return None
    return FigureBlock(
        f"inherited-{key}",
        f"{run.title}: test images that it and its teacher get wrong in the same way. {same_first(inherited)}",
        "Pictures of skin lesions that teacher and student classified wrongly alike",
        draw,
    )


def _spread(confusions: Sequence[SharedConfusion]) -> list[tuple[str, SharedConfusion]]:
    """Some images of the most frequent confusions that have shared ones: two of each of the first four."""
    pairs = [pair for pair in confusions if pair.both][:_MOST_PAIRS]
    return [(image, pair) for pair in pairs for image in pair.both[:_PICTURES_OF_EACH]]
