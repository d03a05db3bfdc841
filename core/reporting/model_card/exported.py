"""An export of a model with its card beside it."""

from __future__ import annotations

from pathlib import Path

from core import atomic
from core.events import CancelToken, Emit, Level, Notice, ignore
from core.inference.export.exporting import ModelExportOrder, export_model
from core.inference.export.report import ExportReport
from core.reporting.model_card.content import read_card
from core.reporting.model_card.hub import beginning_of_card, card_readme


def export_with_card(order: ModelExportOrder, emit: Emit = ignore, token: CancelToken | None = None) -> ExportReport:
    """As `export_model`, and README.md beside the file where it was not refused. Raises as `export_model`; a card that
    can not be written is a warning."""
    token = token or CancelToken()
    report = export_model(order, emit, token)
    if report.file is not None:
        path = card_file(report.file)
        try:
            atomic.write_text(path, card_readme(read_card(order.source, emit, token), report))
        except OSError as error:
            emit(Notice(f"The model's card was not written to {path}: {error.strerror or error}.", Level.WARNING))
    return report


def card_file(file: Path) -> Path:
    """Where the card of an exported file goes: README.md in its folder, or beside it under the file's name where that
    is another file's card, or somebody's own."""
    readme = file.with_name("README.md")
    begins = beginning_of_card(file.name)
    try:
        with readme.open(encoding="utf-8") as text:
            own = text.read(len(begins)) == begins
    except FileNotFoundError:
        own = True
    except (OSError, UnicodeDecodeError):
        own = False
    return readme if own else file.with_name(f"{file.stem}.README.md")
