"""The session that the list belongs to: its dialog, saving it after changes, and what to say when one is opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from core.documents import some
from core.errors import SkinKDError
from core.events import Level, Notice
from core.sessions.saved import SavedSession
from skinkd_gui.classify.folder_facts import FolderFacts
from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.classify.incoming import Incoming
from skinkd_gui.classify.patients import Patients
from skinkd_gui.classify.saved_sessions import OpenedSession, SavedAs, SessionKeeper, snapshot
from skinkd_gui.classify.session import ClassifySession
from skinkd_gui.classify.sessions_dialog import SessionsDialog
from skinkd_gui.widgets.helper import Helper
from skinkd_gui.widgets.question import Question, QuestionButton, ask

_MOST_NAMED = 3


class ListSessions(Helper[QWidget]):
    """Belongs to the tab, which shows what `opened` brings."""

    changed = Signal()  # the list belongs to another session, or to none
    opened = Signal(object)  # OpenedSession, to be shown
    noticed = Signal(object)  # Notice
    failed = Signal(object)  # SkinKDError

    def __init__(
        self,
        owner: QWidget,
        images: ClassifiedImagesModel,
        session: ClassifySession,
        facts: FolderFacts,
        incoming: Incoming,
        patients: Patients,
    ) -> None:
        super().__init__(owner)
        self._images, self._session, self._facts = images, session, facts
        self._incoming, self._patients = incoming, patients
        self._name = ""
        self._dialog: SessionsDialog | None = None
        self._asked: OpenedSession | None = None
        self.keeper = SessionKeeper(self)
        self.keeper.changed.connect(self._tell_change)
        self.keeper.due.connect(self.save)
        self.keeper.opened.connect(self._take_opened)
        self.keeper.failed.connect(self.failed)
        images.reviewed.connect(self._note)
        images.rowsRemoved.connect(self._note)
        session.idle.connect(self._note)
        patients.changed.connect(self._note)

    @property
    def current(self) -> SavedAs | None:
        """The session that the list belongs to, None while it was not saved."""
        return self.keeper.current

    @property
    def unsaved_reviews(self) -> int:
        """How many reviews would be lost with the list: those of a list that belongs to no session."""
        return len(self._images.reviews) if self.current is None else 0

    @Slot()
    def open_dialog(self) -> None:
        """Show the saved sessions."""
        current = self.current
        name = current.name if current is not None else self._proposed_name()
        folder = None if current is None else current.folder
        dialog = SessionsDialog(self.owner, folder, name, can_save=self._images.rowCount() > 0)
        dialog.save_wanted.connect(self.save_as)
        dialog.open_wanted.connect(self.open)
        dialog.delete_wanted.connect(self._delete)
        dialog.destroyed.connect(self._forget_dialog)
        self._dialog = dialog
        dialog.open()

    @Slot(str)
    def save_as(self, name: str) -> None:
        """Save the list; under another name than it has, as another session."""
        if self.current is not None and self.current.name != name:
            self.leave()
        self._name = name
        self.save()

    @Slot()
    def save(self) -> None:
        """Save the list under its name."""
        name = self._name or (self.current.name if self.current is not None else self._proposed_name())
        session = self._snapshot(name)
        self.keeper.save(session, self._incoming.pasted_folder)

    def _snapshot(self, name: str) -> SavedSession:
        return snapshot(name, self._images, self._session, self._facts.roots, self._patients.facts)

    def flush(self) -> None:
        """Save what has changed of a session at once, and wait for it; what goes wrong is logged."""
        current = self.current
        if current is not None and self.keeper.unsaved:
            session = self._snapshot(current.name)
            self.keeper.save_now(session, self._incoming.pasted_folder)

    def leave(self) -> None:
        """The list is about to be another one: save this one, and belong to none."""
        self.flush()
        self._name = ""
        self.keeper.belong_to(None)

    def return_to(self, current: SavedAs | None) -> None:
        """The list is again that of a session."""
        self._name = "" if current is None else current.name
        self.keeper.belong_to(current)

    @Slot(object)
    def open(self, folder: Path) -> None:
        """Read a saved session."""
        self.flush()
        self.keeper.open(folder)

    @Slot(object)
    def _delete(self, folder: Path) -> None:
        try:
            self.keeper.delete(folder)
        except SkinKDError as error:
            self.failed.emit(error)
        if self._dialog is not None:
            self._dialog.refresh(None if self.current is None else self.current.folder)

    @Slot()
    def _note(self) -> None:
        self.keeper.note_change()

    @Slot()
    def _tell_change(self) -> None:
        if self._dialog is not None:
            self._dialog.refresh(None if self.current is None else self.current.folder)
        self.changed.emit()

    @Slot()
    def _forget_dialog(self) -> None:
        self._dialog = None

    def _proposed_name(self) -> str:
        roots = self._facts.roots
        first = roots[0] if roots else None
        return "Session" if first is None else first.stem if first.is_file() else first.name

    # --- opened ---

    @Slot(object)
    def _take_opened(self, opened: OpenedSession) -> None:
        gone = opened.check.gone
        if not gone:
            self._show(opened)
            return
        self._asked = opened
        names = some([path.name for path in gone], _MOST_NAMED)
        question = Question(
            "movedPicturesQuestion",
            "Session",
            f"{len(gone):,} of {len(opened.session.images):,} pictures are not where they were.",
            f"{names} were in {gone[0].parent}. They can be found by name and content in another folder; what was said "
            "of them stays in any case.",
            QuestionButton("Look in a folder...", "movedPicturesLook"),
            QuestionButton("Go on without", "movedPicturesGoOn"),
        )
        box = ask(self.owner, question)
        box.accepted.connect(self._search)
        box.rejected.connect(self._go_on)

    @Slot()
    def _search(self) -> None:
        opened, self._asked = self._asked, None
        if opened is None:
            return
        name = QFileDialog.getExistingDirectory(self.owner, "The folder of the pictures")
        if name:
            self.keeper.open(opened.folder, Path(name))
        else:
            self._show(opened)

    @Slot()
    def _go_on(self) -> None:
        opened, self._asked = self._asked, None
        if opened is not None:
            self._show(opened)

    def _show(self, opened: OpenedSession) -> None:
        self.opened.emit(opened)
        for text in _remarks(opened):
            self.noticed.emit(Notice(text, Level.WARNING))


def _remarks(opened: OpenedSession) -> list[str]:
    """What is not as it was when the session was saved."""
    found = []
    gone, changed = len(opened.check.gone), len(opened.check.changed)
    if gone:
        found.append(f"{gone:,} pictures of the session are not where they were; what was said of them is shown.")
    if changed:
        found.append(
            f"{changed:,} pictures have changed since the session was saved: they are classified anew and have to be "
            "reviewed again."
        )
    found += [
        f"The model {source} is gone or has changed since the session was saved. What it said is not shown; the images "
        "are classified anew. Your reviews stay."
        for source in opened.other_models
    ]
    return found
