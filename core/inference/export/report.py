"""What the check of an exported model found, and its words for window, command line and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.quantities import file_size

PLAIN, INT8 = "", "int8"

LARGEST_PLAIN_DIFFERENCE = 0.001
"""A probability of a plain ONNX file may differ from the original's by this much: only the order of sums differs."""


@dataclass(frozen=True)
class ExportRow:
    """One network in the check: the original (the first row) or the exported file.

    `agreement` is the share of images with the original's diagnosis, `largest_difference` that of any calibrated
    probability to the original's (both None for the original itself). `weighted_f1` is None where no labelled images
    were at hand. Milliseconds are medians: for one image alone, and per image in a batch; normalisation included,
    decoding not.
    """

    name: str
    agreement: float | None
    largest_difference: float | None
    weighted_f1: float | None
    size_bytes: int
    milliseconds: float
    batch_milliseconds: float


@dataclass(frozen=True)
class ExportReport:
    """The check of one export. `file` is None when it was refused; then `refused` says why and nothing was left.

    `part` of the data (`test`, `validation`) with `images` images was looked at; empty without data: then they were
    generated patterns. `f1_loss` is the original's weighted F1 minus the file's (negative: it gained), None without
    data. `calibration_images` counts the training images that the int8 scales come from. `machine` names processor
    and threads of the timing.
    """

    file: Path | None
    source: Path
    architecture: str
    quantisation: str
    part: str
    images: int
    tolerance: float
    f1_loss: float | None
    rows: tuple[ExportRow, ...]
    refused: str
    notes: tuple[str, ...]
    calibration_images: int
    machine: str
    batch: int

    @property
    def checked_on(self) -> str:
        """What the file was compared on, in words."""
        if not self.part:
            return f"{self.images:,} generated patterns (no pictures of lesions were at hand)"
        return f"the {self.images:,} {self.part} images"


HEADER = ("", "Same diagnosis", "Largest change", "Weighted F1", "Size", "ms, one image", "ms, in a batch")


def explanation(report: ExportReport) -> str:
    """What the columns mean, in a few sentences."""
    return (
        "Largest change: of any probability (0 to 1) in any image. Milliseconds: median per image on "
        f"{report.machine}, for one image alone and in a batch of {report.batch}, without decoding."
    )


def table_rows(report: ExportReport) -> tuple[tuple[str, ...], ...]:
    """The check as texts under `HEADER`; a dash where something was not checked or makes no sense."""
    return tuple(
        (
            row.name,
            _percent(row.agreement),
            "-" if row.largest_difference is None else f"{row.largest_difference:.2g}",
            _percent(row.weighted_f1),
            file_size(row.size_bytes),
            f"{row.milliseconds:.2f}",
            f"{row.batch_milliseconds:.2f}",
        )
        for row in report.rows
    )


def verdict(report: ExportReport) -> str:
    """The outcome in a sentence or two."""
    if report.refused:
        return report.refused
    loss = report.f1_loss
    if loss is None:
        said = "was compared with the original" if report.quantisation else "gives the original's numbers"
        return f"The file {said} on generated patterns. Its scores on real images were not checked."
    points = f"{100 * abs(loss):.2f} points of weighted F1"
    if points.startswith("0.00"):
        return f"The file keeps the original's weighted F1 on {report.checked_on}."
    return f"The file {'loses' if loss > 0 else 'gains'} {points} on {report.checked_on}."


def report_to_json(report: ExportReport) -> dict[str, Any]:
    """The report as plain values for a JSON document: fractions, bytes and milliseconds."""
    values = asdict(report)
    values["file"] = None if report.file is None else str(report.file)
    values["source"] = report.source.name
    values["checked_on"] = report.checked_on
    values["verdict"] = verdict(report)
    values["rows"] = [asdict(row) for row in report.rows]
    values["notes"] = list(report.notes)
    return values


def report_to_markdown(report: ExportReport) -> str:
    """The report as a Markdown document with the table."""
    name = report.file.name if report.file else "refused"
    lines = [f"# Check of {_cell(name)}", "", verdict(report), "", _line(HEADER), _line(["---"] * len(HEADER))]
    lines += [_line(row) for row in table_rows(report)]
    lines += ["", f"- Network: {report.architecture}, from {_cell(report.source.name)}"]
    lines += [f"- Checked on {report.checked_on}; allowed loss of weighted F1: {100 * report.tolerance:g} points"]
    if report.calibration_images:
        lines += [f"- int8 scales from {report.calibration_images:,} training images"]
    lines += [f"- {explanation(report)}", *[f"- {note}" for note in report.notes]]
    return "\n".join(lines) + "\n"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
