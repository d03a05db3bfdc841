"""What people add to a run: tags, notes, the study it belongs to. Kept beside the results, in
annotations.json, so that nothing a run was computed from ever changes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.documents import one_line, printable, read_json, up_to_date, write_json
from core.errors import SkinKDError

FILE_NAME = "annotations.json"
LONGEST_TAG = 40
ANNOTATIONS_VERSION = 1  # a file without a version is of the first one


@dataclass(frozen=True)
class Annotations:
    """annotations.json. `study` is the slug of the study that the run is a member of, `configuration` its key there;
    both are empty for a run that was started by itself."""

    tags: tuple[str, ...] = ()
    notes: str = ""
    study: str = ""
    configuration: str = ""


def read_annotations(folder: Path) -> Annotations:
    """A run's annotations; empty where there are none, and each part by itself where the file is damaged."""
    try:
        values = read_json(folder / FILE_NAME)
    except (OSError, ValueError):
        return Annotations()
    tags = values.get("tags")
    words = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    notes = printable(_text(values, "notes"), keep="\n\t")
    return Annotations(
        clean_tags(words), notes, one_line(_text(values, "study")), one_line(_text(values, "configuration"))
    )


def write_annotations(folder: Path, annotations: Annotations) -> None:
    """Replace a run's annotations.

    Raises `SkinKDError` when the folder can not be written, `NewerVersionError` when a newer SkinKD wrote the file.
    """
    with suppress(OSError, ValueError):  # what is damaged is replaced
        up_to_date(read_json(folder / FILE_NAME), "The run's annotations.json", ANNOTATIONS_VERSION, {})
    try:
        write_json(folder / FILE_NAME, asdict(annotations))
    except OSError as error:
        raise unwritable(folder, error) from error


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are kept: without commas and outer spaces, at most 40 characters, each once whatever its case."""
    found: dict[str, str] = {}
    for tag in tags:
        text = one_line(tag.replace(",", " "))[:LONGEST_TAG].rstrip()
        if text:
            found.setdefault(text.casefold(), text)
    return tuple(found.values())


def _text(values: dict[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def unwritable(folder: Path, error: OSError) -> SkinKDError:
    """What to say of a run whose folder can not be written."""
    return SkinKDError(
        "The run's folder can not be written",
        f"The change was not kept, because {folder} can not be written. Ask for write access, or copy the run.",
        str(error),
    )
