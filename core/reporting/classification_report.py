"""What was said of images, to print or to file: HTML for Qt's QTextDocument (and any browser), everything inside it.

Each image's verdict stands before its probabilities, and "research use only" before everything. Texts that come from
files are escaped; of paths only as much is shown as tells the images apart.
"""

from __future__ import annotations

import base64
import io
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.classes import ClassSet, Malignancy
from core.data.decoding import UnreadableImageError, decode_image, decode_picture
from core.documents import listed
from core.errors import SkinKDError
from core.evaluation.decisions import Decision
from core.events import CancelToken, Emit, Phase, Progress, ignore
from core.inference.classifier import Classifier
from core.inference.heatmap import HEAT_MAP_MEANING, NO_HEAT, heat_map, overlay
from core.inference.results import RESEARCH_USE, SYNTHETIC_WARNING, Classification
from core.inference.similar import SimilarCase
from core.inference.trust import DEFAULT_READERSHIP, Assessment, Readership, Verdict
from core.models.info import ModelInfo
from core.quantities import NONE, probability
from core.visible_text import visible

PICTURE_SIDE = 560
"""Pixels of the longest side of a picture in a report; more makes the file large and shows nothing more on paper."""

MOST_DETAILED = 100
"""How many images of a batch get a page of their own by default; all are in the table."""

MOST_CLASSES = 25
"""How many classes of a group a page lists for one image."""

_SMALL_SIDE = 150
_SHOWN_WIDTH, _SHOWN_SMALL = 228, 88  # pixels of 1/96 inch on the page
_IN_STRIP, _STRIPS_ON_PAGE = 5, 2  # small pictures beside each other; rows of them on a page with everything else
_SMALLER = (1.0, 0.7, 0.5)
_OVERLAY_OPACITY = 0.7
_NO_ASSESSMENT = "This model can not tell whether its answer can be trusted."
_GROUPS = {
    Malignancy.MALIGNANT: "Malignant",
    Malignancy.PRECANCEROUS: "Precancerous",
    Malignancy.BENIGN: "Benign",
    Malignancy.UNSPECIFIED: "Other classes",
}
_TONES = {
    Verdict.CONFIDENT: "#e3f2ee",
    Verdict.UNCERTAIN: "#fff4e5",
    Verdict.OUT_OF_DISTRIBUTION: "#fdeaea",
    Verdict.UNKNOWN: "#eef2f5",
}

_DECIDED_TONES = {
    Decision.MALIGNANT: "#fdeaea",
    Decision.BENIGN: "#e3f2ee",
    Decision.UNCLEAR: "#fff4e5",
    Decision.OUT_OF_DISTRIBUTION: "#fdeaea",
    None: "#eef2f5",
}


@dataclass(frozen=True, eq=False)
class CaptionedPicture:
    """A picture, uint8 RGB (h, w, 3), or None where it can not be had, and what stands below it."""

    caption: str
    picture: NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class ReportLesion:
    """A lesion at one date: how the one answer of its pictures was made, or why there is none (`withheld`); its
    further pictures of that date, and the lesion at all its dates."""

    title: str
    how: str
    withheld: str = ""
    beside: tuple[CaptionedPicture, ...] = ()
    history: tuple[CaptionedPicture, ...] = ()


@dataclass(frozen=True, eq=False)
class ReportImage:
    """One classified image with what is to be shown of it: uint8 RGB pictures (h, w, 3) of any size.

    `heat` is the heat map of the class `heat_code`, float32 (S, S) in 0..1; `no_heat` says why there is none. Without a
    `picture` the image stands in the table only. `facts` are (name, value) of whose picture it is; `lesion` is there
    where it stands for one. With either there is space for the reader's own assessment and signature.
    """

    result: Classification
    picture: NDArray[np.uint8] | None = None
    heat: NDArray[np.float32] | None = None
    heat_code: str = ""
    no_heat: str = ""
    similar: tuple[SimilarCase, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    lesion: ReportLesion | None = None


@dataclass(frozen=True)
class ReportSubject:
    """The model that answered, and with which settings: `settings` are (name, value) in plain words; who the report is
    for says what is advised."""

    name: str
    info: ModelInfo
    digest: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    reader: Readership = DEFAULT_READERSHIP


@dataclass(frozen=True)
class _Row:
    name: str
    group: str
    share: str
    width: int
    first: bool


@dataclass(frozen=True)
class _Group:
    title: str
    share: str
    rows: tuple[_Row, ...]


@dataclass(frozen=True)
class _Picture:
    address: str
    width: int
    height: int
    caption: str = ""


@dataclass(frozen=True)
class _Page:
    """One image as the template shows it."""

    name: str
    decision: str
    why_decided: str
    title: str
    sentence: str
    tone: str
    prediction_set: str
    likeliest: str
    groups: tuple[_Group, ...]
    pictures: tuple[_Picture, ...]
    heat_text: str
    similar: tuple[_Picture, ...]
    note: str
    facts: tuple[tuple[str, str], ...] = ()
    how: str = ""
    beside: tuple[_Picture, ...] = ()
    history: tuple[_Picture, ...] = ()
    signed: bool = False
    signed_below: bool = False


def gather_images(
    rows: Sequence[Classification],
    classifier: Classifier | None = None,
    *,
    most: int = MOST_DETAILED,
    emit: Emit = ignore,
    token: CancelToken | None = None,
) -> tuple[ReportImage, ...]:
    """The images of a report with their pictures and, with a `classifier`, the heat map of each diagnosis.

    Reads at most `most` pictures again; further images come without. A picture that is gone meanwhile is left out, and
    so is the heat map of a network that has none. Reports `Progress`; raises `Cancelled`.
    """
    token = token or CancelToken()
    images: list[ReportImage] = []
    wanted = min(most, sum(row.code is not None for row in rows))
    shown = 0
    for row in rows:
        token.check()
        if row.code is None or shown >= wanted:
            images.append(ReportImage(row))
            continue
        emit(Progress(Phase.REPORTING, shown, wanted))
        images.append(_with_pictures(row, classifier))
        shown += 1
    emit(Progress(Phase.REPORTING, wanted, wanted))
    return tuple(images)


def classification_report_html(
    images: Sequence[ReportImage], subject: ReportSubject, *, made: datetime, title: str = ""
) -> str:
    """The report of one image or of a batch; `made` carries its time zone. Raises ValueError without images."""
    from core.reporting.report.page import page_environment

    if not images:
        raise ValueError("a report needs images")
    paths = display_names([image.result.path for image in images])
    names = [_name(image.lesion.title) if image.lesion else name for image, name in zip(images, paths, strict=True)]
    detailed = [(image, name) for image, name in zip(images, names, strict=True) if image.picture is not None]
    reasons = [_why_none(image) for image in images]
    answered = [image.result for image, reason in zip(images, reasons, strict=True) if not reason]
    left = [(name, reason) for name, reason in zip(names, reasons, strict=True) if reason]
    things = "lesion" if any(image.lesion for image in images) else "image"
    noun = "skin lesion" if things == "lesion" else "skin lesion image"
    return (
        page_environment()
        .get_template("classification.html.j2")
        .render(
            title=title or (noun.capitalize() if len(images) == 1 else f"{len(images):,} {noun}s"),
            made=made.strftime("%Y-%m-%d %H:%M %Z").strip(),
            warnings=[RESEARCH_USE, *([SYNTHETIC_WARNING] if subject.info.synthetic else [])],
            subject=subject.name,
            things=things,
            facts=_facts(subject),
            counts=_counts(answered, len(left)) if len(images) > 1 else [],
            table=_table(images, names) if len(images) > 1 else [],
            pages=[_with_facts(_page(image, name, subject.reader), image) for image, name in detailed],
            undetailed=sum(image.picture is None and not reason for image, reason in zip(images, reasons, strict=True)),
            left=left,
            meaning=HEAT_MAP_MEANING,
            malignant=_malignant(subject.info.classes),
        )
    )


def _why_none(image: ReportImage) -> str:
    """Why nothing is said of an image or lesion, or nothing."""
    if image.lesion is not None and image.lesion.withheld:
        return image.lesion.withheld
    return image.result.error or NONE if image.result.code is None else ""


def _malignant(classes: ClassSet) -> str:
    """What the malignant total counts; nothing where the classes have no such group."""
    names = [classes.names[place].lower() for place in classes.of_group(Malignancy.MALIGNANT)]
    if not names:
        return ""
    if len(names) > MOST_CLASSES:
        return f"Malignant: the probabilities of the {len(names)} malignant classes together."
    if len(names) == 1:
        return f"Malignant: the probability of {names[0]}."
    return f"Malignant: the probabilities of {listed(names)} together."


def display_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Names that tell the files apart, without the folders that all of them lie in; control characters escaped."""
    if len({path.name for path in paths}) == len(paths):
        return tuple(_name(path.name) for path in paths)
    try:
        common = os.path.commonpath([path.absolute().parent for path in paths])
    except ValueError:  # on several drives
        return tuple(_name(str(path)) for path in paths)
    return tuple(_name(path.absolute().relative_to(common).as_posix()) for path in paths)


def _name(text: str) -> str:
    return visible(text)


def _with_pictures(row: Classification, classifier: Classifier | None) -> ReportImage:
    try:
        picture = np.asarray(decode_picture(row.path, PICTURE_SIDE, PICTURE_SIDE))
        found = ReportImage(row, picture)
        if classifier is None or row.code is None:
            return found
        pixels = decode_image(row.path, classifier.info.preprocessing.image_size)
        return replace(found, heat=heat_map(classifier, pixels, row.code), heat_code=row.code)
    except UnreadableImageError:
        return ReportImage(row)
    except SkinKDError as error:
        return replace(found, no_heat=error.summary)


def _facts(subject: ReportSubject) -> list[tuple[str, str]]:
    info = subject.info
    temperature = "not calibrated" if info.temperature == 1.0 else f"calibrated, temperature {info.temperature:.3g}"
    facts = [
        ("Model", subject.name),
        ("Network", f"{info.architecture}, images of {info.preprocessing.image_size} pixels"),
        ("Trained on", info.trained_on or NONE),
        ("Probabilities", temperature),
        *subject.settings,
        ("SkinKD that trained it", info.skinkd_version or NONE),
    ]
    return [*facts, ("Model file (SHA-256)", subject.digest)] if subject.digest else facts


def _counts(rows: Iterable[Classification], left: int) -> list[tuple[str, str]]:
    rows = list(rows)
    verdicts = Counter(row.assessment.verdict for row in rows if row.assessment is not None)
    decided = Counter(_decided(row.assessment) for row in rows if row.assessment is not None)
    counts = [(f"Decision: {title}", f"{count:,}") for title, count in decided.most_common() if title != NONE]
    counts += [(verdict.words, f"{verdicts[verdict]:,}") for verdict in Verdict if verdicts[verdict]]
    names = Counter(row.name for row in rows if row.code)
    counts += [(f"Likeliest: {name}", f"{count:,}") for name, count in names.most_common()]
    return [*counts, ("Not classified", f"{left:,}")] if left else counts


def _table(images: Sequence[ReportImage], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Image, decision, verdict, prediction set, likeliest class with its probability, malignant total."""
    rows: list[tuple[str, ...]] = []
    for image, name in zip(images, names, strict=True):
        row = image.result
        if _why_none(image):
            continue
        assessment = row.assessment
        rows.append(
            (
                name,
                _decided(assessment),
                assessment.verdict.words if assessment else NONE,
                _codes(assessment),
                row.name,
                probability(row.probability),
                probability(row.malignant),
            )
        )
    return rows


def _decided(assessment: Assessment | None, otherwise: str = NONE) -> str:
    return otherwise if assessment is None or assessment.decision is None else assessment.decision.title


def _codes(assessment: Assessment | None) -> str:
    if assessment is None or not _has_set(assessment):
        return NONE
    return ", ".join(assessment.prediction_set) or "none"


def _page(image: ReportImage, name: str, reader: Readership) -> _Page:
    row, assessment = image.result, image.result.assessment
    verdict = assessment.verdict if assessment else Verdict.UNKNOWN
    decision = assessment.decision if assessment else None
    return _Page(
        name=name,
        decision=_decided(assessment, ""),
        why_decided=decision.sentence if decision else "",
        title=verdict.words,
        sentence=assessment.sentence_for(reader) if assessment else _NO_ASSESSMENT,
        tone=_DECIDED_TONES[decision.decision] if decision else _TONES[verdict],
        prediction_set=_prediction_set(row),
        likeliest=f"Likeliest: {row.name}, {probability(row.probability)}",
        groups=_groups(row),
        pictures=_pictures(image),
        heat_text=_heat_text(image),
        similar=_similar(image.similar, row.classes),
        note=row.note,
    )


def _with_facts(page: _Page, image: ReportImage) -> _Page:
    """The page with whose picture it shows, and what the pictures of a lesion say together."""
    page = replace(page, facts=tuple((name, _name(value)) for name, value in image.facts), signed=bool(image.facts))
    lesion = image.lesion
    if lesion is None:
        return page
    page = replace(
        page, how=lesion.how, beside=_captioned(lesion.beside), history=_captioned(lesion.history), signed=True
    )
    strips = [-(-len(strip) // _IN_STRIP) for strip in (page.beside, page.history)]
    smaller = _SMALLER[min(sum(strips), len(_SMALLER) - 1)]  # that all of it stands on one page, where it can
    page = replace(page, pictures=tuple(_scaled(picture, smaller) for picture in page.pictures))
    page = replace(page, signed_below=sum(strips) > _STRIPS_ON_PAGE)
    if not lesion.withheld:
        return page
    # What one of its pictures says alone must not stand for the lesion.
    tone = _TONES[Verdict.UNKNOWN]
    said = replace(page, title="No answer for this lesion", sentence=_name(lesion.withheld), tone=tone)
    return replace(said, decision="", why_decided="", prediction_set="", likeliest="", groups=(), similar=(), note="")


def _scaled(picture: _Picture, by: float) -> _Picture:
    return replace(picture, width=round(by * picture.width), height=round(by * picture.height))


def _captioned(pictures: Sequence[CaptionedPicture]) -> tuple[_Picture, ...]:
    return tuple(
        _Picture("", 0, 0, _name(each.caption))
        if each.picture is None
        else _picture(each.picture, _SMALL_SIDE * 2, _SHOWN_SMALL, _name(each.caption))
        for each in pictures
    )


def _has_set(assessment: Assessment) -> bool:
    """Whether the prediction set means anything: not without calibration, and not for what is no such image."""
    return assessment.verdict not in (Verdict.UNKNOWN, Verdict.OUT_OF_DISTRIBUTION)


def _prediction_set(row: Classification) -> str:
    assessment = row.assessment
    if assessment is None or not _has_set(assessment):
        return ""
    names = ", ".join(row.classes.name_of(code) for code in assessment.prediction_set) or "none of the classes"
    return f"Can not be excluded at {100 * assessment.level:.3g} %: {names}."


def _groups(row: Classification) -> tuple[_Group, ...]:
    """The classes in their groups, malignant first, likeliest first in each; a group's total is of its classes."""
    shares = row.probabilities or ()
    groups = []
    for group in Malignancy if shares else ():
        places = row.classes.of_group(group)
        if not places:
            continue
        found = [(shares[place], row.classes.classes[place]) for place in places]
        found.sort(key=lambda pair: -pair[0])
        rows = tuple(
            _Row(item.name, group.value, probability(share), round(160 * share), item.code == row.code)
            for share, item in found[:MOST_CLASSES]
        )
        left = len(found) - len(rows)
        more = f" ({left} less likely ones are not listed)" if left else ""
        groups.append(_Group(f"{_GROUPS[group]}{more}", probability(min(1.0, sum(share for share, _ in found))), rows))
    return tuple(groups)


def _pictures(image: ReportImage) -> tuple[_Picture, ...]:
    if image.picture is None:
        return ()
    pictures = [_picture(image.picture, PICTURE_SIDE, _SHOWN_WIDTH, "The image")]
    if image.heat is not None:
        mixed = overlay(_bounded(image.picture, PICTURE_SIDE), image.heat, _OVERLAY_OPACITY)
        pictures.append(
            _picture(mixed, PICTURE_SIDE, _SHOWN_WIDTH, f"Heat map for {image.result.classes.name_of(image.heat_code)}")
        )
    return tuple(pictures)


def _heat_text(image: ReportImage) -> str:
    if image.heat is None:
        return image.no_heat
    return HEAT_MAP_MEANING if float(image.heat.max()) > 0 else NO_HEAT


def _similar(cases: Sequence[SimilarCase], classes: ClassSet) -> tuple[_Picture, ...]:
    found = []
    for case in cases:
        mark = " (this very image)" if case.same_picture else " (the same lesion)" if case.same_lesion else ""
        caption = f"{classes.name_of(case.code)}{mark}, similarity {case.similarity:.2f}"
        try:
            picture = decode_picture(case.path, _SMALL_SIDE, _SMALL_SIDE) if case.path else None
        except UnreadableImageError:
            picture = None
        if picture is None:
            found.append(_Picture("", 0, 0, caption))
        else:
            found.append(_picture(np.asarray(picture), _SMALL_SIDE, _SHOWN_SMALL, caption))
    return tuple(found)


def _picture(pixels: NDArray[np.uint8], side: int, shown: int, caption: str) -> _Picture:
    """A picture for the page: at most `side` pixels inside, at most `shown` wide and high on the page."""
    small = _bounded(pixels, side)
    height, width = small.shape[:2]
    content = io.BytesIO()
    Image.fromarray(small).save(content, "JPEG", quality=88)
    scale = shown / max(width, height)
    address = f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
    return _Picture(address, max(1, round(width * scale)), max(1, round(height * scale)), caption)


def _bounded(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    if max(pixels.shape[:2]) <= side:
        return pixels
    image = Image.fromarray(pixels)
    image.thumbnail((side, side))
    return np.asarray(image)
