"""The paper's figure 1: one image of each class, for a report whose maker asks for it."""

from __future__ import annotations

from core.data.types import Part
from core.events import CancelToken, Emit
from core.reporting.report.content import FigureBlock, Paragraph, ReportSection
from core.reporting.report.gathering import ReportRun
from core.reporting.report.pictures import picture_grid

_TRIES = 5  # an image may be gone or damaged since the training


def examples_section(run: ReportRun, emit: Emit, token: CancelToken) -> ReportSection | None:
    """The first readable training image of each class of the run's data; None, with a warning, without any."""
    classes = run.evidence.classes
    wanted: dict[str, list[str]] = {code: [] for code in classes.codes}
    for row in run.evidence.split:
        if row.part is Part.TRAIN and row.label in wanted and len(wanted[row.label]) < _TRIES:
            wanted[row.label].append(row.image)
    named = [(f"{code}\n{name}", wanted[code]) for code, name in zip(classes.codes, classes.names, strict=True)]
    draw = picture_grid(run, named, "example images", emit, token)
    if draw is None:
        return None
    terms = str(
        run.record.data.get("terms") or "Their terms of use are not known: ask their owner before passing them on."
    )
    blocks = (
        FigureBlock(
            "examples",
            "One training image of each class (the paper's figure 1).",
            "Pictures of skin lesions, one of each class",
            draw,
        ),
        Paragraph(terms),
    )
    return ReportSection("examples", "Examples", blocks)
