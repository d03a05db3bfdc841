"""Pages of a report that stand for lesions: all pictures of one lesion at one date, and the lesion over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.decoding import UnreadableImageError, decode_picture
from core.events import CancelToken, Emit, Phase, Progress, ignore
from core.inference.classifier import Classifier
from core.inference.patients.lesions import LesionOverTime, LesionVisit
from core.inference.results import Classification
from core.quantities import probability
from core.reporting.classification_report import CaptionedPicture, ReportImage, ReportLesion, gather_images
from core.reporting.lesions_table import date_of, said_of

_SMALL = 300


def gather_lesions(
    lesions: Sequence[LesionOverTime],
    classifier: Classifier | None = None,
    *,
    most: int,
    emit: Emit = ignore,
    token: CancelToken | None = None,
) -> tuple[ReportImage, ...]:
    """A page for each lesion at each date, at most `most`, with its pictures and, with a `classifier`, the heat map of
    the diagnosis on the first. Reads the pictures again. Reports `Progress`; raises `Cancelled`."""
    token = token or CancelToken()
    wanted = [(lesion, visit) for lesion in lesions for visit in lesion.visits][:most]
    pages = []
    for number, (lesion, visit) in enumerate(wanted):
        token.check()
        emit(Progress(Phase.REPORTING, number, len(wanted)))
        pages.append(_lesion_page(lesion, visit, classifier, token))
    emit(Progress(Phase.REPORTING, len(wanted), len(wanted)))
    return tuple(pages)


def _lesion_page(
    lesion: LesionOverTime, visit: LesionVisit, classifier: Classifier | None, token: CancelToken
) -> ReportImage:
    gone = {path for path, _ in visit.left_out}
    counted = [row for row in visit.pictures if row.path not in gone] or list(visit.pictures)
    first = counted[0]
    result = visit.result or first
    (page,) = gather_images(
        [replace(result, path=first.path)], None if visit.result is None else classifier, token=token
    )
    reasons = dict(visit.left_out)
    beside = tuple(_captioned(row, reasons.get(row.path, "")) for row in visit.pictures if row.path != first.path)
    history = tuple(_dated(each) for each in lesion.visits) if len(lesion.visits) > 1 else ()
    withheld = visit.conflict or ("" if visit.result is not None else visit.how)
    how = "" if withheld else visit.how
    return replace(page, facts=visit.facts.words, lesion=ReportLesion(visit.title, how, withheld, beside, history))


def _captioned(row: Classification, reason: str) -> CaptionedPicture:
    said = f"does not count: {reason}" if reason else f"alone: {row.name}, {probability(row.probability)}"
    return CaptionedPicture(f"{row.path.name}, {said}", _read(row.path))


def _dated(visit: LesionVisit) -> CaptionedPicture:
    return CaptionedPicture(f"{date_of(visit)}: {said_of(visit)}", _read(visit.pictures[0].path))


def _read(path: Path) -> np.ndarray | None:
    try:
        return np.asarray(decode_picture(path, _SMALL, _SMALL))
    except UnreadableImageError:
        return None
