"""The record of what was classified, written beside the classifying; a failure is said once and stops nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from core.errors import SkinKDError
from core.events import Emit, Level, Notice
from core.inference.local_calibration import LocalCalibration
from core.inference.record import RecordBook, entries_for, record_file
from core.inference.results import Classification
from core.models.info import ModelInfo

Rows = tuple[Classification, ...]


class Recorder:
    """Adds classifications to the record while it is switched on. The switch may be turned from any thread."""

    def __init__(self) -> None:
        self._on = threading.Event()
        self._on.set()

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

    @contextmanager
    def recording(
        self, info: ModelInfo, model: str, emit: Emit, local: LocalCalibration | None = None
    ) -> Iterator[Callable[[Rows], None]]:
        """Takes the classifications of a batch, made with the model file of the SHA-256 `model` and, where there is
        one, its calibration on the user's own images; at the end all are on the disk.

        A thread of its own hashes the images and waits for the disk. A failure becomes a `Notice`, once per batch.
        """
        failed = False

        def write(rows: Rows) -> None:
            nonlocal failed
            if failed:
                return
            try:
                RecordBook(record_file()).append(entries_for(rows, info, model, local))
            except SkinKDError as error:
                failed = True
                emit(Notice(f"{error.title}; classifying goes on without it. {error.summary}", Level.WARNING))

        writing: list[Future[None]] = []
        with ThreadPoolExecutor(1, thread_name_prefix="record") as pool:
            yield lambda rows: writing.append(pool.submit(write, rows)) if self.on else None
        for done in writing:
            done.result()
