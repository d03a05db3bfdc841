"""The paper's figure 1: one image of each class, for a report whose maker asks for it."""

from __future__ import annotations

from functools import partial

from core.data.types import Part
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Level, Notice
from core.reporting.report.content import FigureBlock, Paragraph, ReportSection
from core.reporting.report.gathering import ReportRun

_PIXELS = 224
_TRIES = 5  # an image may be gone or damaged since the training


def examples_section(run: ReportRun, emit: Emit, token: CancelToken) -> ReportSection | None:
    """The first readable training image of each class of the run's data; None, with a warning, without any."""
    from core.data.decoding import UnreadableImageError, decode_image
    from core.reporting import figures
    from core.runs.pictures import locate_images

    classes = run.evidence.classes
    wanted: dict[str, list[str]] = {code: [] for code in classes.codes}
    for row in run.evidence.split:
        if row.part is Part.TRAIN and row.label in wanted and len(wanted[row.label]) < _TRIES:
            wanted[row.label].append(row.image)
    try:
        files = locate_images(run.folder, {name for names in wanted.values() for name in names}, token)
    except SkinKDError as error:
        emit(Notice(f"The report has no example images. {error.title}: {error.summary}", Level.WARNING))
        return None
    shown = []
    for code, name in zip(classes.codes, classes.names, strict=True):
        for image in wanted[code]:
            token.check()
            try:
                shown.append((f"{code}\n{name}", decode_image(files[image], _PIXELS)))
            except (KeyError, UnreadableImageError):
                continue
            break
    if not shown:
        return None
    terms = str(
        run.record.data.get("terms") or "Their terms of use are not known: ask their owner before passing them on."
    )
    blocks = (
        FigureBlock(
            "examples",
            "One training image of each class (the paper's figure 1).",
            "Pictures of skin lesions, one of each class",
            partial(figures.class_examples, shown, longest=24),
        ),
        Paragraph(terms),
    )
    return ReportSection("examples", "Examples", blocks)
