"""Tables of what was measured beyond scores: calibration, thresholds, errors, robustness, other tests, exports."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.data.corruptions import CORRUPTIONS
from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.calibration import brier_score, reliability
from core.evaluation.operating_point import applied, operating_point
from core.evaluation.prediction_sets import nonconformity
from core.evaluation.promises import calibrating_images
from core.inference.export.report import HEADER, ExportReport, table_rows, verdict
from core.quantities import fraction, probability
from core.reporting import cells
from core.reporting.facts.record import RunRecord
from core.reporting.table import Cell, Column, ResultsTable, of_texts
from core.runs.external import ExternalTest
from core.runs.folder import RunFolder
from core.runs.robustness import CorruptedScore, Robustness

SENSITIVITIES = (0.8, 0.9, 0.95)
"""What melanoma thresholds are chosen for."""

MOST_ERRORS = 12
"""So many of the surest errors are listed."""


def brier_table(runs: Sequence[tuple[str, RunRecord]]) -> ResultsTable:
    """Expected calibration error and Brier score of each run (title, record) as trained and with its temperature."""
    rows = []
    for title, record in runs:
        assert record.evidence is not None
        tested, temperature = record.evidence.predictions, record.temperature
        for name, at in (("as trained", 1.0), ("with temperature", temperature)):
            if at is None:
                continue
            rows.append(
                (
                    cells.words(title),
                    cells.words(name),
                    cells.number(at, ".3f"),
                    cells.calibration_error(
                        reliability(tested.labels, tested.logits, at, groups=record.evidence.groups)
                    ),
                    cells.number(brier_score(tested.labels, tested.logits, at), ".3f"),
                )
            )
    columns = (
        Column("Run", words=True),
        Column("Probabilities", words=True),
        Column("Temperature"),
        Column("Calibration error", "Expected calibration error: 0 is best", cells.within("Calibration error")),
        Column("Brier score", "Mean squared distance of the probabilities from the truth: 0 is best, 2 worst"),
    )
    return ResultsTable("Calibration on the test images", columns, tuple(rows))


def operating_table(record: RunRecord) -> ResultsTable | None:
    """Melanoma thresholds that are chosen on the calibrating images, and what they do on the test images; None where no
    class is melanoma, or there is nothing to choose or to measure on."""
    classes, evidence = record.recipe.class_set, record.evidence
    if classes.melanoma is None or evidence is None:
        return None
    chosen = RunFolder(record.summary.folder).predictions().calibrating
    ill, probabilities = _melanoma(chosen.labels, chosen.logits, record)
    tested = _melanoma(evidence.predictions.labels, evidence.predictions.logits, record)
    rows = []
    for wanted in SENSITIVITIES:
        try:
            threshold = operating_point(ill, probabilities, wanted).threshold
            found = applied(threshold, *tested)
        except SkinKDError:
            return None
        rows.append(
            (
                cells.share(wanted),
                cells.number(threshold, ".4f"),
                cells.score(found.sensitivity, found.sensitivity_interval),
                cells.score(found.specificity, found.specificity_interval),
            )
        )
    columns = (
        Column("Wanted sensitivity"),
        Column("Threshold", "On the calibrated probability of melanoma"),
        Column("Sensitivity", "On the test images", cells.within("Sensitivity")),
        Column("Specificity", "On the test images", cells.within("Specificity")),
    )
    images = calibrating_images(len(chosen.labels), record.calibrated_on)
    note = f"Chosen on {images} ({int(ill.sum()):,} melanomas), measured on the test images. Wilson intervals."
    return ResultsTable("Operating points for melanoma", columns, tuple(rows), (note,))


def errors_table(record: RunRecord) -> ResultsTable:
    """The surest errors on the test images: those with the largest probability of a wrong diagnosis."""
    rows = tuple(
        (cells.words(image), cells.words(truth), cells.words(said), Cell(probability(sure), (sure,)))
        for image, truth, said, sure in surest_errors(record)
    )
    columns = (
        Column("Image", words=True),
        Column("Truth", words=True),
        Column("Diagnosis", words=True),
        Column("Probability", "Of the wrong diagnosis, calibrated"),
    )
    return ResultsTable("Surest errors on the test images", columns, rows)


def surest_errors(record: RunRecord) -> tuple[tuple[str, str, str, float], ...]:
    """Image, true class code, code of the diagnosis and its probability (0..1), the surest first; at most
    `MOST_ERRORS`."""
    assert record.evidence is not None
    rows, codes = record.evidence.predictions, record.evidence.classes.codes
    probabilities = 1 - nonconformity(rows.logits, record.temperature or 1.0)
    said = rows.logits.argmax(axis=1)
    sure = probabilities[np.arange(len(said)), said]
    wrong = np.flatnonzero(said != rows.labels)
    order = wrong[np.argsort(-sure[wrong], kind="stable")][:MOST_ERRORS]
    return tuple((rows.names[i], codes[rows.labels[i]], codes[said[i]], float(sure[i])) for i in order.tolist())


def robustness_table(measured: Robustness) -> ResultsTable:
    """Weighted F1 of each corruption (rows) at each severity, beside what the pictures gave unharmed."""
    severities = sorted({row.severity for row in measured.rows})
    rows = []
    for name in measured.corruptions:
        known = {row.severity: row for row in measured.of(name)}
        title = CORRUPTIONS[name].title if name in CORRUPTIONS else name
        made = [_severity_cell(known[at]) if at in known else cells.nothing(3) for at in severities]
        rows.append((cells.words(title, name), cells.share(measured.clean), *made))
    columns = (
        Column("Corruption", words=True),
        Column("0 (unharmed)"),
        *(Column(str(at), f"Severity {at}", cells.within(f"Severity {at}")) for at in severities),
    )
    note = f"Weighted F1 of {measured.images:,} test images by severity; saved tables hold its 95 % intervals."
    return ResultsTable("Robustness", columns, tuple(rows), (note, *corruption_notes(measured)))


def _severity_cell(row: CorruptedScore) -> Cell:
    """The score alone for people, who compare thirty of them; its interval for programs."""
    return Cell(fraction(row.weighted_f1), cells.score(row.weighted_f1, row.interval).values)


def corruption_notes(measured: Robustness) -> tuple[str, ...]:
    """What the corruptions do."""
    known = [CORRUPTIONS[name] for name in measured.corruptions if name in CORRUPTIONS]
    told = "; ".join(f"{each.title}: {each.help}" for each in known)
    return (f"{told}. After Hendrycks and Dietterich (2019); hair is drawn.",) if told else ()


def external_table(tests: Sequence[ExternalTest], record: RunRecord) -> ResultsTable:
    """The scores on each external test set below those on the run's own test images."""
    assert record.evidence is not None
    own = record.evidence
    listed = [("Own test images", len(own.predictions.labels), own.detailed, own.intervals)]
    listed += [(test.name, test.images, test.detailed, test.intervals) for test in tests]
    rows = tuple(
        (
            cells.words(name),
            cells.count(images),
            cells.score(detailed.scores.weighted_f1, intervals.weighted_f1),
            cells.score(detailed.scores.balanced_accuracy, intervals.balanced_accuracy),
            cells.score(detailed.scores.accuracy, intervals.accuracy),
            cells.roc_area(detailed.macro_auc, intervals.macro_auc),
        )
        for name, images, detailed, intervals in listed
    )
    columns = (
        Column("Test images", words=True),
        Column("Number"),
        Column("Weighted F1", fields=cells.within("Weighted F1")),
        Column("Balanced accuracy", fields=cells.within("Balanced accuracy")),
        Column("Accuracy", fields=cells.within("Accuracy")),
        Column("Macro AUC", fields=cells.within("Macro AUC")),
    )
    lost = [f"{test.name}: {test.left_out:,} images could not be used." for test in tests if test.left_out]
    notes = (*lost, *(f"{test.name}: {note}" for test in tests for note in test.notes))
    return ResultsTable("Test on images of other sources", columns, rows, notes)


def coverage_table(record: RunRecord) -> ResultsTable | None:
    """How often prediction sets hold the truth, by class; None where it was not measured."""
    sets = record.calibration.get("prediction_sets")
    per_class = sets.get("per_class") if isinstance(sets, dict) else None
    if not isinstance(per_class, dict) or not isinstance(sets, dict):
        return None
    rows = tuple(
        (
            cells.words(record.recipe.class_set.title_of(code), code),
            cells.count(item.get("images")),
            cells.share(item.get("coverage")),
            cells.count(item.get("calibrated_on")),
        )
        for code, item in per_class.items()
        if code in record.recipe.class_set.codes
    )
    columns = (Column("Class", words=True), Column("Images"), Column("Truth in the set"), Column("Calibrated on"))
    part = record.calibration.get("part", Part.TEST.value)
    title = f"Prediction sets at {fraction(float(sets.get('level', 0)))} on the {part} images"
    return ResultsTable(title, columns, rows)


def exports_table(exports: Sequence[ExportReport]) -> ResultsTable:
    """The checks of all exported files, the original above each."""
    rows = [
        ("" if report.file is None else report.file.name, *cells_)
        for report in exports
        for cells_ in table_rows(report)
    ]
    notes = tuple(f"{report.file.name if report.file else ''}: {verdict(report)}" for report in exports)
    return of_texts("Exported files against the original", ("File", "Network", *HEADER[1:]), rows, words=2, notes=notes)


def _melanoma(
    labels: NDArray[np.int64], logits: NDArray[np.float32], record: RunRecord
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which images (n,) are melanomas, and their calibrated probability of that, of a run whose classes have it."""
    place = record.recipe.class_set.melanoma
    assert place is not None
    return labels == place, 1 - nonconformity(logits, record.temperature or 1.0)[:, place]
