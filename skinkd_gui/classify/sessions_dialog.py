"""The saved sessions: save the list as one, open one, delete one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from core.sessions.files import SessionSummary, list_sessions, sessions_root
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.parts import PassingDialog, make_button
from skinkd_gui.widgets.question import Question, QuestionButton, ask

_ABOUT = (
    "A session keeps the paths of the images, what the models said, your marks, diagnoses and notes, and copies of "
    "pasted pictures; the other pictures stay where they are. It stays on this computer, in a folder that only you can "
    "open; deleting it here removes all of it."
)


class SessionsDialog(PassingDialog):
    """Tells what is wanted and does none of it; call `open`. `refresh` shows the sessions anew."""

    save_wanted = Signal(str)  # the list, under this name
    open_wanted = Signal(object)  # Path of a session's folder
    delete_wanted = Signal(object)  # the same

    def __init__(self, parent: QWidget | None, current: Path | None, name: str, *, can_save: bool) -> None:
        """`current` is the session that the list belongs to; `name` is proposed for a new one."""
        super().__init__(parent, "sessionsDialog", "Sessions", QSize(620, 460))
        self._current = current
        self._can_save = can_save
        self.name = named(QLineEdit(name, self), "sessionName", "Name of the session")
        self.name.setMaxLength(80)
        self.save = make_button("&Save the list", "sessionSaveButton", self, self._save)
        self._saved = make_label("", "muted", self, wrap=True, name="sessionState")
        self.list = named(QListWidget(self), "sessionsList", "Saved sessions")
        self.list.itemDoubleClicked.connect(self._open)
        self.list.currentRowChanged.connect(self._update)
        self.open_button = make_button("&Open", "sessionOpenButton", self, self._open)
        self.delete = make_button("&Delete...", "sessionDeleteButton", self, self._ask_to_delete)
        close = make_button("Close", "sessionCloseButton", self, self.accept)
        label = make_label("&Name", "", self, buddy=self.name)
        column_of(
            make_label("This list", "heading", self),
            row_of(label, (self.name, 1), self.save),
            self._saved,
            make_label("Saved sessions", "heading", self),
            (self.list, 1),
            row_of(self.open_button, self.delete, STRETCH, close),
            make_label(f"{_ABOUT}\n{breakable(str(sessions_root()))}", "small", self, wrap=True),
            on=self,
            margins=(18, 16, 18, 14),
            spacing=8,
        )
        self.refresh(current)

    def refresh(self, current: Path | None) -> None:
        """Read the sessions again; the list belongs to `current`."""
        self._current = current
        self.list.clear()
        mine = 0
        for number, summary in enumerate(list_sessions()):
            mine = number if summary.folder == current else mine
            item = QListWidgetItem(_words(summary, mine=summary.folder == current))
            item.setData(Qt.ItemDataRole.UserRole, summary)
            self.list.addItem(item)
        if self.list.count():
            self.list.setCurrentRow(mine)
        self._update()

    @Slot()
    def _update(self) -> None:
        chosen = self._chosen()
        self.open_button.setEnabled(chosen is not None and chosen.folder != self._current)
        self.delete.setEnabled(chosen is not None)
        self.save.setEnabled(self._can_save)
        self._saved.setText(
            "It is saved, and saved again after each change."
            if self._current is not None
            else "Not saved. Once it is, it is saved again after each change."
            if self._can_save
            else "There are no images to save."
        )

    def _chosen(self) -> SessionSummary | None:
        item = self.list.currentItem()
        found = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        return found if isinstance(found, SessionSummary) else None

    @Slot()
    def _save(self) -> None:
        self.save_wanted.emit(self.name.text().strip() or "Session")

    @Slot()
    def _open(self) -> None:
        chosen = self._chosen()
        if chosen is not None and chosen.folder != self._current:
            self.open_wanted.emit(chosen.folder)
            self.accept()

    @Slot()
    def _ask_to_delete(self) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        question = Question(
            "deleteSessionQuestion",
            "Sessions",
            f"Delete the session {chosen.name}?",
            f"Marks, diagnoses and notes on {chosen.images:,} images are lost for good. The pictures stay.",
            QuestionButton("Delete the session", "deleteSessionYes"),
            QuestionButton("Keep it", "deleteSessionNo"),
        )
        ask(self, question).accepted.connect(self._delete)

    @Slot()
    def _delete(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.delete_wanted.emit(chosen.folder)


def _words(summary: SessionSummary, *, mine: bool) -> str:
    when = summary.changed[:16].replace("T", " ")
    own = " (this list)" if mine else ""
    return f"{summary.name}{own}: {summary.images:,} images, {summary.reviewed:,} reviewed; saved {when} UTC"
