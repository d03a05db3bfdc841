"""Small documents of ours (JSON, TOML) that a person may have edited, or another version of SkinKD written.

Read in bounds, brought up to date where they are older, refused where they are newer; a misspelt name is told the
nearest one.
"""

from __future__ import annotations

import difflib
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from core import atomic
from core.errors import SkinKDError

MOST_BYTES = 16_000_000
"""More than this is in no document that SkinKD writes."""

_JOINERS = "\u200c\u200d"  # Persian words and emoji need them

Migration = Callable[[dict[str, Any]], dict[str, Any]]
"""From the values of one version to those of the next; it need not change the version itself."""


class NewerVersionError(SkinKDError):
    """A file that a newer SkinKD wrote: nothing of it is guessed, and it is not replaced."""


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    """The text of a plain file (UTF-8, a byte order mark is skipped).

    Raises OSError when it can not be read, ValueError when it is no plain file, too long or no text.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for, a device has no end
        raise ValueError("it is not a file")
    with path.open("rb") as file:
        content = read_at_most(file, most + 1)
    if len(content) > most:
        raise ValueError(f"it is longer than {most:,} bytes")
    return content.decode("utf-8-sig")


def read_at_most(file: BinaryIO, most: int) -> bytes:
    """The bytes of a plain file that was just opened, the first `most` of a longer one. `file.read(most)` would reserve
    that much memory first, however short the file is."""
    return file.read(min(os.fstat(file.fileno()).st_size, most))


def read_json(path: Path, most: int = MOST_BYTES) -> dict[str, Any]:
    """The JSON object in a file. Raises OSError and ValueError as `read_text`, ValueError for anything else."""
    try:
        values = json.loads(read_text(path, most))
    except RecursionError as error:
        raise ValueError("its values are nested too deep") from error
    if not isinstance(values, dict):
        raise ValueError("it is not a JSON object")
    return values


def write_json(path: Path, values: Any) -> None:
    """Replace a document by these values, for people to read, whole or not at all. Raises OSError."""
    text = json.dumps(values, indent=2, ensure_ascii=False)
    # JSON's own escapes for names that are no UTF-8: they are read as they were.
    atomic.write_text(path, text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def nearest(name: str, known: Iterable[str]) -> str:
    """What to say of an unknown name: "did you mean ...?", or all the known ones."""
    names = list(known)
    # Python's matcher is slow on long texts, and a long text is near to no name.
    near = difflib.get_close_matches(name[:80].lower(), names, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"


def shown(value: Any, most: int = 60) -> str:
    """A value for a message: one line, shortened."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number with too many digits, a table in too many tables
        return "too large to be shown"
    return text if len(text) <= most else f"{text[:most]}..."


def some(names: Sequence[str], most: int) -> str:
    """Names with commas; of more than `most` the first, and how many more: "a, b and 3 more"."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def listed(names: Sequence[str], most: int | None = None) -> str:
    """Names (one at least) as a sentence has them: "a", "a and b", "a, b and c"; of more than `most` as `some`."""
    if most is not None and len(names) > most:
        return some(names, most)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def printable(text: str, keep: str = "") -> str:
    """A text with blanks for what is no sign: line breaks, control characters, turns of the direction of writing. On a
    terminal they are commands, in a list they feign another name. `keep` stays."""
    return "".join(sign if sign.isprintable() or sign in _JOINERS or sign in keep else " " for sign in text)


def one_line(text: str) -> str:
    """A text as a name: printable, single blanks, none at its ends."""
    return " ".join(printable(text).split())


def up_to_date(
    values: Mapping[str, Any],
    what: str,
    current: int,
    migrations: Mapping[int, Migration],
    *,
    key: str = "version",
    absent: int = 1,
) -> dict[str, Any]:
    """The values as the `current` version has them: `migrations[n]` goes from version n to n + 1.

    `absent` is the version of values that name none. Raises `NewerVersionError`, beginning with `what`, for a newer
    one, and ValueError for what is no version or one that can not be brought up to date.
    """
    version = values.get(key, absent)
    if type(version) is not int:
        raise ValueError(f"{key}: expected a whole number up to {current}; it is {shown(version)}")
    if version > current:
        raise NewerVersionError(
            f"{what} is from a newer SkinKD",
            f"It has {key} {shown(version)}; this program reads up to {current}. Update SkinKD to use it.",
        )
    found = dict(values)
    for step in range(version, current):
        if step not in migrations:
            raise ValueError(f"{key}: {step} is none that SkinKD ever wrote; it reads up to {current}")
        found = migrations[step](found)
    return {**found, key: current} if key in values or version < current else found
