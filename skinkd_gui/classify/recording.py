"""The record of what was classified, written from a worker; a failure is said once and stops nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from core.errors import SkinKDError
from core.events import Level, Notice, Report
from core.inference.record import RecordBook, entries_for, record_file
from core.inference.results import Classification
from core.models.info import ModelInfo


class Recorder:
    """Adds classifications to the record while it is switched on. The switch may be turned from any thread."""

    def __init__(self, book: RecordBook | None = None) -> None:
        self._book = book
        self._on = threading.Event()
        self._on.set()
        self._failed = False

    @property
    def on(self) -> bool:
        """Whether the user wants a record."""
        return self._on.is_set()

    def switch(self, on: bool) -> None:
        """Write, or do not write, from now on."""
        if on:
            self._on.set()
        else:
            self._on.clear()

    def begin(self) -> None:
        """A batch begins: an earlier failure is tried, and said, again."""
        self._failed = False

    def write(self, rows: Sequence[Classification], info: ModelInfo, model: Path, report: Report) -> None:
        """Record classifications made with the model file `model`; a failure becomes a `Notice`, once per batch."""
        if self._failed or not rows or not self._on.is_set():
            return
        try:
            book = self._book or RecordBook(record_file())
            book.append(entries_for(rows, info, model))
        except SkinKDError as error:
            self._failed = True
            report(Notice(f"{error.title}; classifying goes on without it. {error.summary}", Level.WARNING))
