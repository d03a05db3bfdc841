"""A run's progress for others to read: TensorBoard events and run.log, both in the run's folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.errors import SkinKDError
from core.evaluation.scores import Scores
from core.events import Emit, EpochFinished, EpochRecord, Event, Level, Notice
from core.terminal import LogFormatter

_log = logging.getLogger(__name__)


class EventWriter:
    """TensorBoard events: one point per epoch for each loss part, score and the learning rate.

    Written at once, by the caller's thread: tensorboardX's SummaryWriter hands points to a thread that dies when the
    disk is full, after which the run would wait for it for ever. Points that can not be written are given up, which is
    said in the log: the run has its own history.
    """

    def __init__(self, folder: Path, first_epoch: int) -> None:
        from tensorboardX.proto.event_pb2 import SessionLog
        from tensorboardX.record_writer import RecordWriter

        self._writer: RecordWriter | None = None
        with self._giving_up():
            # TensorBoard reads the files of a folder in the order of their names.
            self._writer = RecordWriter(str(folder / f"events.out.tfevents.{time.time():017.6f}"))
            self._event(0, file_version="brain.Event:2")
            if first_epoch > 1:
                # Points that a lost part of an interrupted run wrote are hidden by those of the resumed one.
                self._event(first_epoch, session_log=SessionLog(status=SessionLog.START))
            self._writer.flush()

    def epoch(self, record: EpochRecord) -> None:
        """Write an epoch's points."""
        loss = record.train_loss
        values = {
            "loss/total": loss.total,
            "loss/classification": loss.classification,
            "loss/distillation": loss.distillation,
            "loss/validation": record.validation_loss,
            "accuracy/train": record.train_accuracy,
            "accuracy/validation": record.validation_accuracy,
            "weighted_f1/validation": record.validation_weighted_f1,
            "balanced_accuracy/validation": record.validation_balanced_accuracy,
            "learning_rate": record.learning_rate,
            "images_per_second": record.images_per_second,
        }
        self._write(values, record.epoch)

    def final(self, part: str, scores: Scores, epoch: int) -> None:
        """Write the scores of the kept weights on the images of a part, at the best epoch."""
        names = ("accuracy", "weighted_f1", "balanced_accuracy")
        self._write({f"final/{part}_{name}": getattr(scores, name) for name in names}, epoch)

    def close(self) -> None:
        """Flush and end."""
        if self._writer is not None:
            with self._giving_up():
                self._writer.close()

    def _write(self, values: dict[str, float | None], step: int) -> None:
        from tensorboardX.summary import scalar

        if self._writer is None:
            return
        with self._giving_up():
            for name, value in values.items():
                if value is not None:
                    self._event(step, summary=scalar(name, value))
            self._writer.flush()

    def _event(self, step: int, **content: Any) -> None:
        from tensorboardX.proto.event_pb2 import Event as Point

        assert self._writer is not None
        self._writer.write(Point(wall_time=time.time(), step=step, **content).SerializeToString())

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._writer is not None:
                with suppress(OSError):
                    self._writer.close()
            self._writer = None
            _log.warning("TensorBoard's events can not be written: %s", error)


@contextmanager
def run_log(path: Path) -> Iterator[None]:
    """Let what `core` logs inside the block also go to run.log, after what is there. A log that can not be written
    is no reason to end a run, nor may it hide the reason why one ended."""
    try:
        handler = _QuietHandler(path, encoding="utf-8")
    except OSError as error:
        _log.warning("%s can not be written: %s", path, error)
        yield
        return
    handler.setFormatter(LogFormatter("%(asctime)s %(levelname)-7s %(message)s"))
    logger = logging.getLogger("core")
    level = logger.level
    if logger.getEffectiveLevel() > logging.INFO:
        logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        with suppress(OSError):
            handler.close()


class _QuietHandler(logging.FileHandler):
    """Writes a log, and says nothing where that fails: on a full disk each line would say the same."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Leave the line out."""


def logged(emit: Emit) -> Emit:
    """The same report that also writes notices and epochs to the log."""

    def both(event: Event) -> None:
        if isinstance(event, Notice):
            _log.log(logging.WARNING if event.level is Level.WARNING else logging.INFO, "%s", event.text)
        elif isinstance(event, EpochFinished):
            _log.info("%s", epoch_line(event.record, event.epochs))
        emit(event)

    return both


def epoch_line(record: EpochRecord, epochs: int) -> str:
    """An epoch in one line."""
    return (
        f"epoch {record.epoch}/{epochs}: loss {record.train_loss.total:.4f}, "
        f"validation accuracy {record.validation_accuracy:.4f}, weighted F1 {record.validation_weighted_f1:.4f}, "
        f"{record.seconds:.1f} s{', best so far' if record.best else ''}"
    )


def describe_failure(error: BaseException) -> str:
    """A failed run's message: what a person understands for expected errors, the bare facts for bugs."""
    if isinstance(error, SkinKDError):
        return f"{error.title}: {error.summary}"
    return f"Unexpected error: {type(error).__name__}: {error}"
