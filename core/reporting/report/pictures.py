"""Pictures of a run's images for its report, from the data set that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Level, Notice
from core.reporting.report.content import Build
from core.reporting.report.gathering import ReportRun

_PIXELS = 224


def picture_grid(
    run: ReportRun, wanted: Sequence[tuple[str, Sequence[str]]], what: str, emit: Emit, token: CancelToken
) -> Build | None:
    """Draws a picture for each of the `wanted` (what stands with it, names of images): the first of its images that
    can be read. None without any; where the data set is not at hand, a warning says that the report has no `what`."""
    from core.data.decoding import UnreadableImageError, decode_image
    from core.reporting import figures
    from core.runs.pictures import locate_images

    try:
        files = locate_images(run.folder, {name for _, names in wanted for name in names}, token)
    except SkinKDError as error:
        emit(Notice(f"The report has no {what}. {error.title}: {error.summary}", Level.WARNING))
        return None
    shown = []
    for text, names in wanted:
        for name in names:
            token.check()
            try:
                shown.append((text, decode_image(files[name], _PIXELS)))
            except (KeyError, UnreadableImageError):
                continue
            break
    return partial(figures.class_examples, shown, longest=24) if shown else None
