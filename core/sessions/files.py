"""Saved sessions on the disk: `<state>/sessions/<YYYYMMDD-HHMMSS-name>/`, a folder that only its owner may open.

`session.json` has the facts, `images.jsonl` a line for each image with its review, `results-1.jsonl` and
`results-2.jsonl` a line for each result of a model after a first one with its classes; `pictures/` holds what was
pasted.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from core import atomic
from core.classes import ClassSet, class_set_from_document, class_set_to_document
from core.documents import Migration, NewerVersionError, one_line, read_json, read_text, up_to_date, write_json
from core.errors import SkinKDError
from core.inference.results import Classification
from core.paths import make_private, state_root
from core.sessions.saved import SavedImage, SavedModel, SavedSession

_VERSION = 1
_MIGRATIONS: Mapping[int, Migration] = {}
_FACTS, _IMAGES, PICTURES = "session.json", "images.jsonl", "pictures"
_MOST_BYTES = 512_000_000  # of a table of results: 100,000 images with a dozen classes are less
_LONGEST_NAME = 80


@dataclass(frozen=True)
class SessionSummary:
    """A session in the list: `changed` is when it was last saved, UTC in ISO 8601."""

    folder: Path
    name: str
    created: str
    changed: str
    images: int
    reviewed: int


def sessions_root() -> Path:
    """Where sessions are saved. Not created here."""
    return state_root() / "sessions"


def new_folder(name: str) -> Path:
    """Make the folder of a new session, open to its owner only. Raises `SkinKDError`."""
    slug = re.sub(r"[^\w\-]+", "-", name.lower()).strip("-")[:40] or "session"
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{slug}"
    root = sessions_root()
    free = (root / (stem if not number else f"{stem}-{number + 1}") for number in range(1000))
    folder = next(folder for folder in free if not folder.exists())
    try:
        make_private(folder / PICTURES)
        for own in (root, folder):
            own.chmod(0o700)  # also where an older folder of another mode was there
    except OSError as error:
        raise _failed("The session was not saved", folder, error) from error
    return folder


def write_session(folder: Path, session: SavedSession) -> None:
    """Save a session in its folder; each file is replaced whole or not at all. Raises `SkinKDError`."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    facts = {
        "version": _VERSION,
        "name": one_line(session.name)[:_LONGEST_NAME],
        "created": session.created or now,
        "changed": now,
        "images": len(session.images),
        "reviewed": sum(image.review.reviewed for image in session.images),
        "roots": [str(root) for root in session.roots],
        "models": [{"source": str(model.source), "digest": model.digest} for model in session.models],
        "averaged": session.averaged,
        "level": session.level,
        "threshold": None if session.threshold is None else asdict(session.threshold),
    }
    try:
        for number, model in enumerate(session.models):
            _write_lines(_results_file(folder, number), _result_lines(model.results))
        _write_lines(
            folder / _IMAGES, (_adapter(SavedImage).dump_python(image, mode="json") for image in session.images)
        )
        write_json(folder / _FACTS, facts)
    except OSError as error:
        raise _failed("The session was not saved", folder, error) from error


def read_session(folder: Path) -> SavedSession:
    """The session of a folder. Results that can not be read are left out: they can be had again from the model.

    Raises `NewerVersionError` for one of a newer SkinKD, `SkinKDError` when facts or reviews can not be read.
    """
    try:
        facts = _facts(folder)
        models = tuple(
            SavedModel(Path(found["source"]), str(found["digest"]), _read_results(_results_file(folder, number)))
            for number, found in enumerate(facts.pop("models"))
        )
        images = tuple(_adapter(SavedImage).validate_python(line) for line in _lines(folder / _IMAGES))
        known = {key: facts[key] for key in ("name", "roots", "averaged", "level", "threshold", "created")}
        session: SavedSession = _adapter(SavedSession).validate_python(known)
    except NewerVersionError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:  # pydantic's is a ValueError
        raise SkinKDError(
            "The session can not be opened", f"{folder} does not hold a session that SkinKD wrote.", str(error)
        ) from error
    return replace(session, images=images, models=models)


def list_sessions() -> tuple[SessionSummary, ...]:
    """The saved sessions, the one saved last first. Folders that hold none, or a damaged one, are passed over."""
    try:
        folders = [path for path in sessions_root().iterdir() if path.is_dir()]
    except OSError:
        return ()
    found = [summary for folder in folders if (summary := _summary(folder)) is not None]
    return tuple(sorted(found, key=lambda summary: summary.changed, reverse=True))


def find_session(name: str) -> SessionSummary:
    """The saved session with this name or folder name, the newest of several. Raises `SkinKDError`."""
    sessions = list_sessions()
    for summary in sessions:
        if name in (summary.name, summary.folder.name, str(summary.folder)):
            return summary
    names = ", ".join(summary.name for summary in sessions[:10]) or "none"
    raise SkinKDError("There is no such session", f"{one_line(name)} is not among those saved: {one_line(names)}.")


def delete_session(folder: Path) -> None:
    """Delete a session with everything that was saved of it; the pictures that were classified stay where they are.

    Raises `SkinKDError` for a folder that is none of `sessions_root`, or when it can not be deleted.
    """
    if folder.parent != sessions_root():
        raise SkinKDError("The session was not deleted", f"{folder} is no saved session.")
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise _failed("The session was not deleted", folder, error) from error


# --- files ---


def _facts(folder: Path) -> dict[str, Any]:
    return up_to_date(read_json(folder / _FACTS), "The session", _VERSION, _MIGRATIONS)


def _summary(folder: Path) -> SessionSummary | None:
    try:
        facts = _facts(folder)
        counts = int(facts["images"]), int(facts["reviewed"])
        return SessionSummary(folder, str(facts["name"]), str(facts["created"]), str(facts["changed"]), *counts)
    except (OSError, ValueError, KeyError, TypeError, SkinKDError):
        return None


def _results_file(folder: Path, number: int) -> Path:
    return folder / f"results-{number + 1}.jsonl"


def _result_lines(results: Iterable[Classification]) -> Iterator[Any]:
    """The class set, then the results; another class set among them is written where it begins."""
    classes: ClassSet | None = None
    for result in results:
        if result.classes is not classes:
            classes = result.classes
            yield {"classes": class_set_to_document(classes)}
        yield _adapter(Classification).dump_python(result, mode="json", exclude={"classes"})


def _read_results(file: Path) -> tuple[Classification, ...]:
    found: list[Classification] = []
    classes: ClassSet | None = None
    try:
        for line in _lines(file):
            if set(line) == {"classes"}:
                classes = class_set_from_document(line["classes"])
            else:
                found.append(_adapter(Classification).validate_python({**line, "classes": classes}))
    except (OSError, ValueError, TypeError):
        return ()
    return tuple(found)


def _write_lines(path: Path, lines: Iterable[Any]) -> None:
    atomic.write_text(path, "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for text in read_text(path, _MOST_BYTES).splitlines():
        line = json.loads(text)
        if not isinstance(line, dict):
            raise ValueError(f"{path.name} holds something else than objects")
        yield line


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    from core.evaluation.decisions import RightOf  # what results name without importing it
    from core.inference.decisions import ImageDecision

    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    adapter.rebuild(force=True, _types_namespace={"ImageDecision": ImageDecision, "RightOf": RightOf})
    return adapter


def _failed(title: str, folder: Path, error: OSError) -> SkinKDError:
    return SkinKDError(
        title, f"{folder}: {error.strerror or error}. Is the disk full, or the folder closed?", str(error)
    )
