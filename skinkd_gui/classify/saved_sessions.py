"""Saving the list of images as a session, and opening one again; both read or hash files, off the GUI thread."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from core.digests import file_digest
from core.errors import SkinKDError
from core.events import CancelSource, CancelToken, Emit
from core.inference.patients.facts import NOTHING_KNOWN, PatientFacts
from core.inference.results import Classification
from core.sessions.files import PICTURES, delete_session, new_folder, read_session, write_session
from core.sessions.moved import find_moved, with_moved
from core.sessions.saved import (
    PicturesCheck,
    SavedImage,
    SavedModel,
    SavedSession,
    check_pictures,
    file_mark,
    without_changed,
)
from skinkd_gui.classify.classify_worker import Collected
from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.classify.kinds import Which
from skinkd_gui.classify.session import ClassifySession, Listed
from skinkd_gui.widgets.parts import delay
from skinkd_gui.workers.job_slot import JobSlot

_log = logging.getLogger(__name__)

_PATIENCE_MILLISECONDS = 2000

Marks = dict[Path, tuple[int, int, str]]
"""Size, time of change and fingerprint of files: a file is read again only when it has changed."""


@dataclass(frozen=True)
class SavedAs:
    """A session was saved: its folder and its name."""

    folder: Path
    name: str


@dataclass(frozen=True)
class OpenedSession:
    """A session as it can be shown today: nothing in it that was said of pictures or by models that changed since.

    `check` names pictures that are gone or have changed, `other_models` the sources of models that are gone or have
    changed: their results are not in the session.
    """

    folder: Path
    session: SavedSession
    check: PicturesCheck
    other_models: tuple[Path, ...]


class SessionKeeper(QObject):
    """Knows which session the list belongs to. Once saved, it is saved again a moment after each change."""

    changed = Signal()  # another session, or none
    due = Signal()  # the list has changed: call `save` with what it holds now
    opened = Signal(object)  # OpenedSession
    failed = Signal(object)  # SkinKDError

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._current: SavedAs | None = None
        self._dirty = False
        self._marks: Marks = {}
        self._saving = JobSlot(self, succeeded=self._take_saved, failed=self._fail)
        self._opening = JobSlot(self, succeeded=self.opened, failed=self.failed)
        self._patience = delay(self, self.due, _PATIENCE_MILLISECONDS)

    @property
    def current(self) -> SavedAs | None:
        """The session that the list belongs to, None while it was not saved."""
        return self._current

    @property
    def unsaved(self) -> bool:
        """Whether something has changed since the list was saved."""
        return self._dirty

    @property
    def busy(self) -> bool:
        """Whether a session is being saved or opened."""
        return self._saving.running or self._opening.running

    def note_change(self) -> None:
        """The list, a review or a setting of it has changed."""
        self._dirty = True
        if self._current is not None:
            self._patience.start()

    def save(self, session: SavedSession, pasted: Path | None) -> None:
        """Save the list under its name, as a new session where the list belongs to none. Pictures in the folder
        `pasted` are copied."""
        self._patience.stop()
        self._dirty = False
        folder = None if self._current is None else self._current.folder
        self._saving.start_next(partial(save, folder, session, pasted, self._marks))

    def save_now(self, session: SavedSession, pasted: Path | None) -> None:
        """Save the session at once in this thread, as the window closes; what goes wrong is logged."""
        self._patience.stop()
        self._saving.stop()
        if self._current is not None:
            try:
                save(self._current.folder, session, pasted, self._marks, _ignore, CancelSource().token)
                self._dirty = False
            except SkinKDError as error:
                _log.warning("%s: %s", error.title, error.summary)

    def belong_to(self, current: SavedAs | None) -> None:
        """The list is now of another session, or of none."""
        self._patience.stop()
        self._current = current
        self._dirty = False
        self.changed.emit()

    def open(self, folder: Path, pictures: Path | None = None) -> None:
        """Read a session; `opened` or `failed` follows. Pictures that are gone are looked for below `pictures`."""
        self._opening.start(partial(open_session, folder, pictures))

    def delete(self, folder: Path) -> None:
        """Delete a session for good; the list stays, and belongs to none if it was its. Raises `SkinKDError`."""
        mine = self._current is not None and self._current.folder == folder
        if mine:
            self._patience.stop()
            self._saving.stop()
        delete_session(folder)
        if mine:
            self._current, self._dirty = None, True
            self.changed.emit()

    @Slot(object)
    def _take_saved(self, saved: SavedAs) -> None:
        if saved != self._current:
            self._current = saved
            self.changed.emit()

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        self._dirty = True
        self.failed.emit(error)


def _ignore(event: object) -> None:
    """Nobody listens."""


def save(
    folder: Path | None, session: SavedSession, pasted: Path | None, marks: Marks, emit: Emit, token: CancelToken
) -> SavedAs:
    """Save a session with the fingerprints of its pictures and models. Raises `SkinKDError`."""
    made = new_folder(session.name) if folder is None else folder
    images = []
    for image in session.images:
        token.check()
        path = _copied(image.path, made) if pasted is not None and image.path.parent == pasted else image.path
        images.append(replace(image, path=path, mark=_mark(path, marks)))
    paths = {before.path: after.path for before, after in zip(session.images, images, strict=True)}
    models = tuple(
        replace(model, digest=_digest(model.source, model.digest), results=_at(model, paths))
        for model in session.models
    )
    write_session(made, replace(session, images=tuple(images), models=models))
    return SavedAs(made, session.name)


def open_session(folder: Path, pictures: Path | None, emit: Emit, token: CancelToken) -> OpenedSession:
    """Read a session and compare pictures and models with what they were. Raises `SkinKDError` or `Cancelled`."""
    session = read_session(folder)
    check = check_pictures(session)
    if pictures is not None and check.gone:
        session = with_moved(session, find_moved(session, check.gone, pictures, token))
        check = check_pictures(session)
    session = without_changed(session, check)
    others = tuple(
        model.source for model in session.models if not model.digest or _digest(model.source) != model.digest
    )
    models = tuple(replace(model, results=()) if model.source in others else model for model in session.models)
    return OpenedSession(folder, replace(session, models=models), check, others)


def _at(model: SavedModel, paths: dict[Path, Path]) -> tuple[Classification, ...]:
    return tuple(replace(result, path=paths.get(result.path, result.path)) for result in model.results)


def _copied(path: Path, folder: Path) -> Path:
    """A pasted picture in the folder of the session, where it outlasts the program."""
    target = folder / PICTURES / path.name
    try:
        if not target.exists():
            shutil.copyfile(path, target)
    except OSError as error:
        summary = f"{path.name} can not be copied to {folder}."
        raise SkinKDError("The session was not saved", summary, str(error)) from error
    return target


def _mark(path: Path, marks: Marks) -> str:
    try:
        state = path.stat()
    except OSError:
        return ""
    known = marks.get(path)
    if known is None or known[:2] != (state.st_size, state.st_mtime_ns):
        known = (state.st_size, state.st_mtime_ns, file_mark(path))
        marks[path] = known
    return known[2]


def _digest(source: Path, loaded: str = "") -> str:
    """The SHA-256 of a model's file, and of its calibration on own images where there is one; "" where it can not be
    read. `loaded` is that of the file that gave the results, where it is known: another may lie there by now."""
    from core.inference.classifier import model_file_of
    from core.inference.local_calibration import local_file

    try:
        file = model_file_of(source)
        local = local_file(file)
        return (loaded or file_digest(file)) + (f" {file_digest(local)}" if local.is_file() else "")
    except (OSError, SkinKDError):
        return ""


def snapshot(
    name: str,
    images: ClassifiedImagesModel,
    session: ClassifySession,
    roots: tuple[Path, ...],
    facts: Mapping[Path, PatientFacts],
) -> SavedSession:
    """What the list holds now, to be saved."""
    listed = session.listed(roots)
    pictures = tuple(
        SavedImage(path, "", images.review(path), facts.get(path, NOTHING_KNOWN)) for path in listed.collected.files
    )
    models = tuple(
        SavedModel(source, "" if (loaded := session.classifier(which)) is None else loaded.digest, results)
        for which, source, results in zip(Which, listed.sources, listed.results, strict=True)
        if source is not None
    )
    return SavedSession(name, pictures, roots, models, listed.averaged, session.level, session.threshold)


def as_listed(session: SavedSession) -> Listed:
    """A saved session as the list takes it."""
    files = tuple(image.path for image in session.images)
    sources = [*(model.source for model in session.models), None, None][: len(Which)]
    results = [*(model.results for model in session.models), (), ()][: len(Which)]
    reviews = {image.path: image.review for image in session.images if image.review}
    collected = Collected(session.roots, files)
    return Listed(collected, tuple(sources), session.averaged, tuple(results), reviews)
