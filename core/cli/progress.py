"""A run's events on stderr: bars on a terminal, otherwise a plain line now and then."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from core.allocator import give_back
from core.cli.console import say
from core.events import BatchFinished, Emit, EpochFinished, Event, Level, MemoryReleased, Notice, Progress, RunStarted
from core.quantities import duration, fraction
from core.terminal import cleaned_streams
from core.visible_text import visible

_LINE_SECONDS = 10.0


@contextmanager
def shown_progress() -> Iterator[Emit]:
    """An `Emit` that shows what it is told, and gives memory back when it hears of some."""
    with _bars() if sys.stderr.isatty() else nullcontext(PlainLines(say)) as show:

        def emit(event: Event) -> None:
            if isinstance(event, MemoryReleased):
                gc.collect()
                give_back()
            else:
                show(event)

        yield emit


class PlainLines:
    """Events as lines of text: each phase's begin and end, in between one line every ten seconds."""

    def __init__(self, write: Callable[[str], None], seconds: float = _LINE_SECONDS) -> None:
        self._write = write
        self._seconds = seconds
        self._phase = ""
        self._last = 0.0

    def __call__(self, event: Event) -> None:
        """Show one event."""
        line = event_line(event)
        if line:
            self._write(line)
            self._phase = self._phase if isinstance(event, Notice) else ""
            return
        phase, done, total, text = _advance(event)
        now = time.monotonic()
        begins = phase != self._phase
        ends = not begins and 1 < total <= done and not isinstance(event, BatchFinished)
        if phase and (begins or ends or now - self._last >= self._seconds):
            self._phase, self._last = phase, now
            self._write(f"{phase}: {text}" if text else phase)


def event_line(event: Event) -> str:
    """The text of an event that deserves a line of its own; empty for the others."""
    if isinstance(event, Notice):
        return f"Warning: {event.text}" if event.level is Level.WARNING else event.text
    if isinstance(event, RunStarted):
        return f"Run {event.name}: {event.folder}"
    if isinstance(event, EpochFinished):
        record = event.record
        left = f", {duration(event.seconds_left)} left at most" if event.seconds_left else ""
        return (
            f"Epoch {record.epoch}/{event.epochs}: loss {record.train_loss.total:.4f}, "
            f"validation accuracy {fraction(record.validation_accuracy)}, "
            f"weighted F1 {fraction(record.validation_weighted_f1)}{', best so far' if record.best else ''}{left}"
        )
    return ""


def _advance(event: Event) -> tuple[str, int, int, str]:
    """What a counting event shows: name of the bar, done, total, text; an empty name for other events."""
    if isinstance(event, Progress):
        count = f"{event.done:,} of {event.total:,}" if event.total > 1 else f"{event.done:,}" if event.done > 1 else ""
        return event.phase.value, event.done, event.total, count + _pace(event.per_second, event.seconds_left)
    if isinstance(event, BatchFinished):
        text = f"batch {event.batch} of {event.batches}, loss {event.loss.total:.4f}"
        name = f"Training, epoch {event.epoch} of {event.epochs}"
        return name, event.batch, event.batches, text + _pace(event.images_per_second, event.seconds_left)
    return "", 0, 0, ""


def _pace(per_second: float, seconds_left: float | None) -> str:
    rate = f", {per_second:.1f}/s" if per_second else ""
    return rate + (f", {duration(seconds_left)} left" if seconds_left and seconds_left >= 1 else "")


@contextmanager
def _bars() -> Iterator[Emit]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    layout = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"))
    # While bars are shown, rich takes over what is written to both streams; it cleans nothing.
    with Bars(*layout, console=Console(stderr=True), transient=True) as bars, cleaned_streams():
        task = bars.add_task("", total=None, text="", visible=False)

        def emit(event: Event) -> None:
            line = event_line(event)
            if line:
                bars.console.print(escape(visible(line)), highlight=False)
                return
            phase, done, total, text = _advance(event)
            if phase:
                bars.update(task, description=phase, completed=done, total=total or None, text=text, visible=True)

        yield emit
