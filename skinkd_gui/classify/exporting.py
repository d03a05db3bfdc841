"""Write answers as a table or as a PDF, in whatever thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from core.events import CancelToken, Emit, Notice
from core.inference.patients.facts import NOTHING_KNOWN
from core.inference.patients.lesions import LesionOverTime
from core.inference.patients.tables import NO_PATIENTS, PatientColumns
from core.inference.results import Classification
from core.inference.review import Review
from core.inference.triage import MelanomaThreshold
from core.inference.trust import DEFAULT_READERSHIP, Readership
from core.models.info import ModelInfo

if TYPE_CHECKING:
    from core.inference.classifier import Classifier

MOST_IN_PDF = 1000
"""How many images a PDF takes: its table has 30 to a page, and 100 get a page of their own."""


class Form(Enum):
    """What can be written; the value is the file's ending."""

    CSV = ".csv"
    JSON = ".json"
    PDF = ".pdf"


@dataclass(frozen=True, eq=False)
class ExportSource:
    """What there is to write: the answers of all images, of those shown, of those selected; and what they rest on.

    `second` are the answers of a second model for the same images, as far as there are; `patients` what is known of
    whose pictures they are; `reviews` are the reader's, and `threshold` is the one in use on the melanoma probability.
    """

    classifier: Classifier
    name: str
    every: tuple[Classification, ...]
    shown: tuple[Classification, ...]
    selected: tuple[Classification, ...]
    level: float
    reader: Readership = DEFAULT_READERSHIP
    truths: Mapping[Path, str] = field(default_factory=dict)
    second: tuple[Classification, ...] = ()
    second_info: ModelInfo | None = None
    patients: PatientColumns = NO_PATIENTS
    reviews: Mapping[Path, Review] = field(default_factory=dict)
    threshold: MelanomaThreshold | None = None


@dataclass(frozen=True, eq=False)
class ClassificationExportOrder:
    """What to write where; `heat` puts heat maps into a PDF, `by_lesion` gives each lesion a page in place of each
    image."""

    source: ExportSource
    rows: tuple[Classification, ...]
    form: Form
    target: Path
    heat: bool = True
    by_lesion: bool = False

    @property
    def lesions(self) -> tuple[LesionOverTime, ...]:
        """Those that any of the images shows."""
        paths = {row.path for row in self.rows}
        lesions = self.source.patients.lesions
        return tuple(each for each in lesions if any(row.path in paths for one in each.visits for row in one.pictures))


@dataclass(frozen=True)
class Written:
    """The file, and the number of its pages (0 for tables)."""

    file: Path
    pages: int = 0


def export(order: ClassificationExportOrder, emit: Emit, token: CancelToken) -> Written:
    """Write it. Raises `SkinKDError` or `Cancelled`; then no file was changed."""
    if order.form is Form.PDF:
        return Written(order.target, _write_pdf(order, emit, token))
    from core.inference.export_table import Beside, write_table

    source = order.source
    paths = {row.path for row in order.rows}
    facts = {path: known for path, known in source.patients.facts.items() if path in paths}
    beside = Beside(
        source.truths,
        {result.path: result for result in source.second},
        source.second_info,
        reviews=source.reviews,
        threshold=source.threshold,
        patients=PatientColumns(facts, order.lesions),
        local=source.classifier.local,
    )
    write_table(order.target, order.rows, source.classifier.info, beside)
    return Written(order.target)


def _write_pdf(order: ClassificationExportOrder, emit: Emit, token: CancelToken) -> int:
    from core.reporting.classification_report import ReportSubject, classification_report_html, gather_images
    from core.reporting.lesion_pages import gather_lesions
    from skinkd_gui.results.pdf_report import write_pdf

    source, rows = order.source, order.rows[:MOST_IN_PDF]
    if len(rows) < len(order.rows):
        emit(Notice(f"The PDF holds the first {len(rows):,} of {len(order.rows):,} images."))
    classifier = source.classifier if order.heat else None
    if order.by_lesion:
        images = gather_lesions(order.lesions, classifier, most=MOST_IN_PDF, emit=emit, token=token)
    else:
        images = gather_images(rows, classifier, emit=emit, token=token)
        known = source.patients.facts
        images = tuple(replace(image, facts=known.get(image.result.path, NOTHING_KNOWN).words) for image in images)
    token.check()
    local = source.classifier.local
    own = () if local is None else (("Calibration", local.sentence),)
    settings = (
        *own,
        ("Certainty of the verdicts", f"{100 * source.level:.3g} %"),
        ("Device", source.classifier.device),
    )
    subject = ReportSubject(source.name, source.classifier.info, source.classifier.digest, settings, source.reader)
    html = classification_report_html(images, subject, made=datetime.now().astimezone())
    token.check()
    return write_pdf(html, order.target, emit=emit, token=token)
