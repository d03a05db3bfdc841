"""What is written to terminals and logs. All of it passes `visible`: no name commands a terminal or feigns a line."""

from __future__ import annotations

import copy
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from core.visible_text import visible


class CleanStream:
    """A stream of text in front of another one. What reaches it has line ends of its own, so they stay; names with line
    ends are made visible before, where they become part of a line.

    It stands for `sys.stdout` and `sys.stderr`, for what libraries and Python itself write there: warnings, stories of
    errors, remarks.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what of the text is seen; returns its length."""
        self._stream.write(visible(text, keep="\n"))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several."""
        for text in lines:
            self.write(text)

    @property
    def rich_proxied_file(self) -> Any:
        """The terminal itself, where rich writes: bars and help are made of commands. What it is to show is cleaned
        before it gets it."""
        found: Any = self._stream
        while hasattr(found, "rich_proxied_file"):
            found = found.rich_proxied_file
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def clean_streams() -> None:
    """Let whatever this process writes to stdout and stderr pass, from now on."""
    sys.stdout, sys.stderr = _clean(sys.stdout), _clean(sys.stderr)


@contextmanager
def cleaned_streams() -> Iterator[None]:
    """The same inside the block, for streams that somebody put in place of ours."""
    before = sys.stdout, sys.stderr
    clean_streams()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _clean(stream: Any) -> Any:
    return stream if isinstance(stream, CleanStream) else CleanStream(stream)


class LogFormatter(logging.Formatter):
    """A record as one line; the story of an error follows on lines of its own, set in, which none of it can leave."""

    def format(self, record: logging.LogRecord) -> str:
        """The record for a file; another formatter may have kept the story of its error as it was."""
        own = copy.copy(record)
        own.exc_text = None
        return super().format(own)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        """The line of a record."""
        return visible(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The story of an error."""
        return _set_in(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """Where a record was made."""
        return _set_in(super().formatStack(stack_info))


def _set_in(text: str) -> str:
    return "\n".join(f"    {line}" for line in visible(text, keep="\n").split("\n"))
